import nbformat
import pytest

from course.lesson import exercises
from course.tooling import grading, notebooks

LESSONS = notebooks.lessons()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson["lesson"])
def test_an_assignment_has_a_statement_an_answer_and_points_for_every_exercise(lesson):
    notebook = grading.notebook_of(lesson)
    nbformat.validate(notebook)
    marks = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader for cell in notebook.cells}
    assert len(marks) == len(notebook.cells)
    for id, exercise in exercises.declared("EXERCISES", lesson["lesson"]).items():
        name = id.replace(".", "-")
        assert marks[f"{name}-statement"].locked
        assert marks[f"{name}-answer"].solution
        assert not marks[f"{name}-answer"].locked
        graded = marks[f"{name}-answer" if exercise.kind in grading.BY_HAND else f"{name}-test"]
        assert (graded.grade, graded.points) == (True, exercise.minutes)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson["lesson"])
def test_the_solved_assignment_runs_through(lesson):
    namespace = {}
    for cell in grading.notebook_of(lesson).cells:
        if cell.cell_type == "code":
            exec(cell.source, namespace)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson["lesson"])
def test_without_its_solutions_every_test_fails(lesson):
    for id, exercise in exercises.declared("EXERCISES", lesson["lesson"]).items():
        if exercise.kind not in grading.BY_HAND:
            namespace = {}
            exec(released(grading.answer_source(exercise)), namespace)
            with pytest.raises(AssertionError, match=rf"^(TODO|✗) {id}"):
                exercises.assert_right(id, namespace[grading.answer_name(exercise)])


def test_a_wrong_answer_fails_with_its_hint():
    with pytest.raises(AssertionError, match="Every weight and token costs six operations"):
        exercises.assert_right("1.3a", 1.5e9 * 20 * 1.5e9)
    assert exercises.assert_right("1.3a", 6 * 1.5e9 * 20 * 1.5e9) is None


def test_what_is_exported_is_laid_out_for_nbgrader(tmp_path):
    written = grading.write(tmp_path / "new")
    assert [path.relative_to(tmp_path / "new" / "source").as_posix() for path in written][:2] == [
        "lesson-0/lesson-0.ipynb", "lesson-1-2/lesson-1-2.ipynb"
    ]  # fmt: skip
    assert "code_stub" in (tmp_path / "new" / "nbgrader_config.py").read_text(encoding="utf-8")


def released(source: str) -> str:
    """The source as nbgrader releases it: three dots in place of what stands between the marks."""
    lines, inside = [], False
    for line in source.splitlines():
        if grading.BEGIN in line:
            lines.append(line.replace(grading.BEGIN, "..."))
        inside = (inside or grading.BEGIN in line) and grading.END not in line
        if not inside and grading.END not in line:
            lines.append(line)
    return "\n".join(lines)
