"""nbgrader itself on the assignments: released without solutions, then three students hand in."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course.lesson import exercises
from course.tooling import grading, notebooks

LESSONS = {grading.assignment(lesson["lesson"]): lesson["lesson"] for lesson in notebooks.lessons()}
HANDED_IN = ("lesson-0", "lesson-1-3", "lesson-3-6")  # autograded; each takes three kernels


@pytest.fixture(scope="module")
def course_folder(tmp_path_factory) -> Path:
    """The exported assignments; skipped where nbgrader is not installed, a failure where COURSE_REQUIRE=1."""
    if importlib.util.find_spec("nbgrader") is None:
        reason = "nbgrader is not installed: pip install nbgrader"
        pytest.fail(reason) if os.environ.get("COURSE_REQUIRE") == "1" else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("nbgrader")
    subprocess.run([sys.executable, "-m", "course.cli", "export", "--nbgrader", str(folder)], check=True)
    return folder


@pytest.mark.parametrize("name", LESSONS)
def test_what_students_get_holds_no_solution(course_folder: Path, name: str):
    nbgrader(course_folder, "generate_assignment", name)
    released = nbformat.read(course_folder / "release" / name / f"{name}.ipynb", 4)
    nbformat.validate(released)
    text = "\n".join(cell.source for cell in released.cells)
    declared = exercises.declared("EXERCISES", LESSONS[name])
    assert "SOLUTION" not in text
    for exercise in declared.values():
        assert exercise.solution.splitlines()[-1].strip() not in text
    tests = [cell for cell in released.cells if cell.metadata.nbgrader.grade and cell.metadata.nbgrader.locked]
    assert len(tests) == sum(exercise.kind not in grading.BY_HAND for exercise in declared.values()) > 0


@pytest.mark.parametrize("name", HANDED_IN)
def test_a_right_a_wrong_and_an_empty_submission_get_their_points(course_folder: Path, name: str):
    for student in ("right", "wrong", "empty"):
        hand_in(course_folder, name, student)
    nbgrader(course_folder, "autograde", name)
    possible = sum(e.minutes for e in graded_by_machine(name).values())
    assert scores(course_folder, name) == {"right": possible, "wrong": 0, "empty": 0}


def graded_by_machine(name: str) -> dict:
    """The exercises of the assignment that nobody grades by hand."""
    declared = exercises.declared("EXERCISES", LESSONS[name])
    return {id: exercise for id, exercise in declared.items() if exercise.kind not in grading.BY_HAND}


def hand_in(folder: Path, name: str, student: str) -> None:
    """Put the student's notebook where nbgrader collects it."""
    path = folder / "submitted" / student / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True)
    shutil.copy(folder / "release" / name / f"{name}.ipynb", path)
    notebook = nbformat.read(path, 4)
    for id, exercise in graded_by_machine(name).items():
        [cell] = [c for c in notebook.cells if c.metadata.nbgrader.grade_id == f"{id.replace('.', '-')}-answer"]
        cell.source = answer(exercise, student, cell.source)
    nbformat.write(notebook, path)


def answer(exercise: exercises.Exercise, student: str, released: str) -> str:
    """What the student types: the solution, the first of the typical wrong answers, or nothing."""
    if student == "empty":
        return released
    typed = exercise.solution if student == "right" else exercise.wrong_answers[0][0]
    if exercise.kind == "code":
        return typed
    return f"{grading.answer_name(exercise)} = {typed if exercise.kind == 'number' else repr(typed)}"


def scores(folder: Path, name: str) -> dict[str, float]:
    """{student: points so far} from the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {submission.student.id: submission.score for submission in gradebook.assignment_submissions(name)}


def nbgrader(folder: Path, *arguments: str) -> None:
    """Run nbgrader in the folder; a failure shows what it said."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it calls alembic by name
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
