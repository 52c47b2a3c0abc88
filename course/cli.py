"""The `course` command. Each command imports what it needs when it runs, so that `course --help` is quick."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from course import cli_train

app = typer.Typer(
    help="Big Models, Small Machine: open, run and check the lessons.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
bench = typer.Typer(help="Measure the training of the language model, or the cost of lessons.", no_args_is_help=True)
train = typer.Typer(help="Train a model on a text of your own.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Lessons, as in: 1.3 start-here. All, if none is named.")]
Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="The port to listen on; otherwise the first free one from 8888 on."),
]


@app.command()
def lab(
    port: Port = None, browser: Annotated[bool, typer.Option(help="Open a browser if there is one.")] = True
) -> None:
    """Open JupyterLab on start-here, for this machine only."""
    from course.tooling.lab import launch

    raise typer.Exit(launch(port, browser))


@app.command()
def check() -> None:
    """Say whether this machine is fit for the course, and what to do if it is not."""
    from course.tooling.fitness import findings
    from course.tooling.scoreboard import fitness_table

    found = findings()
    _print(fitness_table(found))
    fit = all(finding.ok for finding in found)
    _print("This machine is fit for the course." if fit else "Not fit yet: see the lines marked ✗.")
    raise typer.Exit(0 if fit else 1)


@app.command("list")
def list_lessons() -> None:
    """List the lessons, written and planned."""
    from course.tooling import notebooks, scoreboard

    _print(scoreboard.lessons_table(notebooks.lessons(), notebooks.planned()))


@app.command()
def save(archive: Annotated[Path, typer.Argument(help="The file to make.")] = Path("my-course.zip")) -> None:
    """Pack your answers and the notebooks that you changed into one file, to download and to go on with elsewhere."""
    from course.tooling import lab, saving

    root = lab.notebooks_here(Path.cwd())
    changed, unreadable = saving.save(root, archive)
    for path in changed:
        _print(f"packed {path.relative_to(root)}")
    for path in unreadable:
        _print(f"left out {path.relative_to(root)}: it cannot be read as a notebook", stderr=True)
    _print(f"{archive} holds your answers and the notebooks that you changed: {len(changed)}.")
    _print(f"To go on elsewhere: course restore {archive}")


@app.command()
def restore(archive: Annotated[Path, typer.Argument(help="A file that `course save` has made.")]) -> None:
    """Put the saved answers and changed cells into the notebooks that are here, also after the course was updated."""
    from course.tooling import lab, saving

    root = lab.notebooks_here(Path.cwd())
    for path in saving.restore(archive, root):
        _print(f"restored {path.relative_to(root)}")
    _print("Your work is back. Notebooks open in JupyterLab: File > Reload Notebook from Disk.")


@app.command()
def progress() -> None:
    """Say which exercises and quizzes you have answered. This is kept on this machine and sent nowhere."""
    from course.lesson import answers
    from course.tooling import notebooks, scoreboard

    right = {kind: answers.right(kind) for kind in ("exercise", "quiz")}
    predicted = {answer["id"] for answer in answers.kept() if answer["kind"] == "prediction"}
    _print(scoreboard.progress_table(notebooks.lessons(), right, predicted))


@app.command()
def run(
    lessons: Names = None,
    within_budget: Annotated[bool, typer.Option("--within-budget", help="Fail when a lesson costs too much.")] = False,
) -> None:
    """Run lessons without a browser and print what they claimed and what they cost; fail when a claim does."""
    from course.tooling import notebooks, progress, scoreboard

    runs = progress.execute_all(notebooks.find(lessons or []))
    _print(scoreboard.claims_table(claim for _, run in runs for claim in run.claims))
    _print(scoreboard.cost_table(_cost_rows(runs)))
    _fail_for(_problems(runs) + (_breaches(runs) if within_budget else []))


@app.command()
def slides(
    lesson: Annotated[str, typer.Argument(help="The lesson, as in: 1.3")],
    output: Annotated[Path | None, typer.Option(help="The file to make; otherwise slides-1.3.html here.")] = None,
) -> None:
    """Make one HTML file of slides from a lesson, for a projector without a network, and print how long they take."""
    from course.tooling import notebooks, scoreboard
    from course.tooling import slides as making

    [chosen] = notebooks.find([lesson])
    notebook, path = notebooks.read(chosen["path"]), output or Path(f"slides-{chosen['lesson']}.html")
    path.write_text(making.page(notebook), encoding="utf-8")
    _print(scoreboard.plan_table(making.plan(notebook)))
    _print(f"{path} holds {len(making.slides(notebook))} slides.")
    _print("In the browser the key S opens the speaker's window, and N shows the notes below.")


@app.command()
def export(
    html: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write a site of all lessons here.")] = None,
    nbgrader: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write nbgrader's assignments here.")] = None,
) -> None:
    """Write the course in another form: a site to read, or its exercises as assignments for nbgrader."""
    from course.tooling import grading, site

    if html is None and nbgrader is None:
        raise ValueError("say what to export: --html FOLDER or --nbgrader FOLDER")
    if html is not None:
        for warning in site.build(html):
            _print(warning, stderr=True)
        _print(f"{html / 'index.html'} is the front page. The site needs no network and no server.")
    if nbgrader is not None:
        written = grading.write(nbgrader)
        _print(f"{nbgrader} holds {len(written)} assignments. Next, there: nbgrader generate_assignment NAME")


@app.command()
def refresh(
    lessons: Names = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what is stale.")] = False,
) -> None:
    """Run lessons and store them in canonical form, with all that is made from them; never a failed claim."""
    from course.tooling import canonical, derived, notebooks, progress
    from course.tooling.execute import problems

    root, chosen = notebooks.require_checkout(), notebooks.find(lessons or [])
    runs = [] if check else progress.execute_all(chosen)
    for lesson, run in runs:
        if not problems(run) and canonical.write(run.notebook, lesson["path"]):
            _print(f"stored {lesson['path'].relative_to(root)}")
    _fail_for(_problems(runs))
    paths = derived.stale(root) if check else derived.refresh(root)
    for path in paths:
        _print(f"{'stale' if check else 'made'} {path.relative_to(root)}")
    raise typer.Exit(1 if check and paths else 0)


@app.command()
def spread(lesson: Annotated[str, typer.Argument(help="The lesson, as in: 1.3")]) -> None:
    """Run a lesson with ten seeds and record how far its numbers vary; seeds already recorded are not run again."""
    from course.tooling import notebooks
    from course.tooling import spread as spreading

    [chosen] = notebooks.find([lesson])
    path = spreading.recorded_path(chosen["lesson"])
    rows = spreading.record(path, chosen["path"], on_seed=lambda seed, error: _print(f"seed {seed}: {error or 'done'}"))
    _fail_for(spreading.problems(notebooks.read(chosen["path"]), rows))


app.add_typer(train, name="train")
train.command("lm")(cli_train.train_lm)
app.command("sample")(cli_train.sample)
app.command("make")(cli_train.make)
app.add_typer(bench, name="bench")
bench.command("lm")(cli_train.bench_lm)


@bench.command("lessons")
def bench_lessons(lessons: Names = None) -> None:
    """Measure what lessons cost, one at a time, and write it into their opening cells and the README."""
    from course.tooling import budgets, derived, notebooks, progress, scoreboard

    root = notebooks.require_checkout()
    runs = progress.execute_all(notebooks.find(lessons or []))
    _fail_for(_problems(runs))
    for lesson, run in runs:
        derived.record_measured(lesson["lesson"], budgets.cost(run.usage))
    _print(scoreboard.cost_table(_cost_rows(runs)))
    for path in derived.refresh(root):
        _print(f"made {path.relative_to(root)}")


def main() -> None:
    """The command line; a mistake in it is answered with one sentence."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # Windows encodes what goes into a pipe in a code page without ✓
    try:
        app()
    except (ValueError, OSError) as error:
        _print(f"course: {error}", stderr=True)
        raise SystemExit(2) from None


def _cost_rows(runs: list) -> list[dict]:
    from course.tooling import budgets, scoreboard

    return [scoreboard.cost_row(lesson["lesson"], budgets.cost(run.usage), run.claims) for lesson, run in runs]


def _breaches(runs: list) -> list[str]:
    from course.tooling import budgets

    costs = [(lesson, budgets.cost(run.usage)) for lesson, run in runs]
    return [f"{x['lesson']}: {breach}" for x, cost in costs for breach in budgets.breaches(cost, x["budget"])]


def _problems(runs: list) -> list[str]:
    from course.tooling.execute import problems

    return [f"{lesson['lesson']}: {problem}" for lesson, run in runs for problem in problems(run)]


def _fail_for(problems: list[str]) -> None:
    """Print the problems and end with status 1, if there are any."""
    for problem in problems:
        _print(problem, stderr=True)
    if problems:
        raise typer.Exit(1)


def _print(what: object, stderr: bool = False) -> None:
    from rich.console import Console

    Console(stderr=stderr, highlight=False).print(what, markup=False, soft_wrap=isinstance(what, str))


if __name__ == "__main__":
    main()
