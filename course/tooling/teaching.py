"""What the page for instructors takes from the lessons: paths, sections with minutes, predictions, mistakes."""

import ast
import csv
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from nbformat import NotebookNode

from course.lesson import exercises
from course.tooling import notebooks, slides

PATHS = notebooks.PACKAGE / "tooling" / "teaching_paths.csv"


def paths() -> list[dict[str, str]]:
    """The ways through the course: rows of path, session, minutes, lesson (empty for none) and doing."""
    with PATHS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def paths_text(lessons: list[dict]) -> str:
    """Every path as a heading and a table, in Markdown."""
    return "\n\n".join(_path_text(name, list(rows), lessons) for name, rows in groupby(paths(), itemgetter("path")))


def lesson_text(lesson: dict) -> str:
    """What to know of one lesson in class, in Markdown: its slides' minutes, what it asks first, what goes wrong."""
    notebook = notebooks.read(lesson["path"])
    plan = slides.plan(notebook)
    minutes = ", ".join(f"{section} {max(1, round(minutes))}" for section, minutes in plan)
    asked, wrong = _list(predictions(notebook)), _list(mistakes(lesson["lesson"]))
    return (
        f"**Slides, minutes per section**, {sum(minutes for _, minutes in plan):.0f} in all: {minutes}.\n\n"
        f"**It asks before it measures.**\n\n{asked}\n\n**Where students go wrong.**\n\n{wrong}"
    )


def predictions(notebook: NotebookNode) -> list[str]:
    """The questions that the lesson's predict() calls ask, in order."""
    calls = (node for cell in notebook.cells if cell.cell_type == "code" for node in ast.walk(ast.parse(cell.source)))
    asked = (call for call in calls if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "predict")
    return [ast.literal_eval(call.args[1]) for call in asked]


def mistakes(lesson: str) -> Iterator[str]:
    """The hints that the typical wrong answers to the lesson's exercises get, each with its exercise."""
    for id, exercise in exercises.declared("EXERCISES", lesson).items():
        if exercise.kind != "open":
            for hint in dict.fromkeys(hint for _, hint in exercise.wrong_answers):
                yield f"{id}: {hint}"


def _path_text(name: str, rows: list[dict[str, str]], lessons: list[dict]) -> str:
    titles = {lesson["lesson"]: f"{lesson['lesson']} {lesson['title']}" for lesson in lessons} | {"0": "Start here"}
    unit = "session" if len({row["session"] for row in rows}) > 1 else "from minute"
    lines, began = [], 0
    for row in rows:
        when = row["session"] if unit == "session" else str(began)
        lines.append(f"| {when} | {row['minutes']} | {titles.get(row['lesson'], '')} | {row['doing']} |")
        began += int(row["minutes"])
    return "\n".join([f"### {name}", "", f"| {unit} | minutes | lesson | what is done |", "|--:|--:|:--|:--|", *lines])


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"* {item}" for item in items)
