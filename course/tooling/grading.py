"""The lessons' exercises as assignments for nbgrader, one notebook a lesson: same statements, solutions, checkers.

Right or wrong is decided by the course's own checkers. What is explained in words is graded by hand.
"""

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.lesson import exercises
from course.lesson.exercises import Exercise
from course.tooling import notebooks

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"  # nbgrader's marks
BY_HAND = ("explain", "open")
CONFIGURATION = """\
c = get_config()
c.CourseDirectory.course_id = "big-models-small-machine"
c.ClearSolutions.code_stub = {"python": "..."}
c.ClearSolutions.text_stub = "Your answer, in a few sentences."
"""
OPENING = """\
# {title}

The exercises of the lesson, to be handed in.
`hint("{first}")` gives a hint, `check("{first}", answer)` tries an answer.
"""
IMPORTS = "import numpy as np\n\nfrom course.lesson import assert_right, check, hint"


def write(output: Path) -> list[Path]:
    """The notebooks written below the folder, laid out as nbgrader wants them, with its configuration."""
    output.mkdir(parents=True, exist_ok=True)
    (output / "nbgrader_config.py").write_text(CONFIGURATION, encoding="utf-8")
    written = []
    for lesson in notebooks.lessons():
        name = assignment(lesson["lesson"])
        path = output / "source" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook_of(lesson), path)
        written.append(path)
    return written


def assignment(lesson: str) -> str:
    """The assignment's name: nbgrader allows no full stop in it."""
    return f"lesson-{lesson.replace('.', '-')}"


def notebook_of(lesson: dict) -> NotebookNode:
    """The lesson's assignment, with solutions: nbgrader takes them out of what students get."""
    declared = exercises.declared("EXERCISES", lesson["lesson"])
    opening = OPENING.format(title=lesson["title"], first=next(iter(declared)))
    cells = [_read_only(new_markdown_cell(opening), "opening"), _read_only(new_code_cell(IMPORTS), "imports")]
    for id, exercise in declared.items():
        cells += _cells(id, exercise)
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def _cells(id: str, exercise: Exercise) -> Iterator[NotebookNode]:
    """The statement, a cell for the answer, and, unless people grade it, a locked cell that tests the answer."""
    name = id.replace(".", "-")
    statement = f"**Exercise {id}** ({exercise.minutes} points). {exercise.statement}"
    yield _read_only(new_markdown_cell(statement), f"{name}-statement")
    if exercise.kind in BY_HAND:
        answer = new_markdown_cell(exercise.solution)
        yield _marked(answer, f"{name}-answer", solution=True, grade=True, points=exercise.minutes)
        return
    yield _marked(new_code_cell(answer_source(exercise)), f"{name}-answer", solution=True)
    test = new_code_cell(f'assert_right("{id}", {answer_name(exercise)})')
    yield _marked(test, f"{name}-test", grade=True, locked=True, points=exercise.minutes)


def answer_name(exercise: Exercise) -> str:
    """The name to which the exercise's stub gives the answer."""
    [statement] = ast.parse(exercise.stub).body
    return statement.name if isinstance(statement, ast.FunctionDef) else statement.targets[0].id


def answer_source(exercise: Exercise) -> str:
    """The stub with the solution between nbgrader's marks."""
    if exercise.kind == "code":
        [function] = [part for part in ast.parse(exercise.solution).body if isinstance(part, ast.FunctionDef)]
        lines = exercise.solution.splitlines()
        head, body = lines[: function.body[0].lineno - 1], lines[function.body[0].lineno - 1 :]
        return "\n".join([*head, f"    {BEGIN}", *body, f"    {END}"])
    answer = exercise.solution if exercise.kind == "number" else repr(exercise.solution)
    inside = textwrap.indent("\n".join([BEGIN, answer, END]), "    ")
    return f"{answer_name(exercise)} = (\n{inside}\n)"


def _read_only(cell: NotebookNode, name: str) -> NotebookNode:
    return _marked(cell, name, locked=True)


def _marked(cell: NotebookNode, name: str, **said) -> NotebookNode:
    """The cell with what nbgrader's schema wants to know of it."""
    cell.metadata["nbgrader"] = {
        "schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": False, "task": False, **said
    }  # fmt: skip
    return cell
