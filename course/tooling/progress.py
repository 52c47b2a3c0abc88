"""Lessons run one after another, with a bar for each on the terminal."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from course.tooling.execute import Execution, execute


def execute_all(lessons: list[dict]) -> list[tuple[dict, Execution]]:
    """(lesson, its run) pairs, in order."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        bars = [progress.add_task(f"{x['lesson']} {x['title']}", start=False, total=None) for x in lessons]
        return [(lesson, _execute(lesson, progress, bar)) for lesson, bar in zip(lessons, bars, strict=True)]


def _execute(lesson: dict, progress: Progress, bar: int) -> Execution:
    progress.start_task(bar)
    run = execute(lesson["path"], on_cell=lambda done, total: progress.update(bar, completed=done, total=total))
    progress.stop_task(bar)
    return run
