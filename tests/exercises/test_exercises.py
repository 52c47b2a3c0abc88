"""Every exercise and quiz of the course: right answers pass, each wrong one gets its hint, nothing raises."""

import math
import re
import warnings
from pathlib import Path

import nbformat
import numpy as np
import pytest

from course.lesson import exercises, words
from course.lesson.exercises.kinds import answer_from, evaluate, letters_of
from course.lesson.quizzes import verdict as quiz_verdict

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = exercises.lessons()
EXERCISES = {id: item for lesson in LESSONS for id, item in exercises.declared("EXERCISES", lesson).items()}
QUIZZES = {id: item for lesson in LESSONS for id, item in exercises.declared("QUIZZES", lesson).items()}
SENTENCE_END = (".", "?", "!")


class Hostile:
    """Raises whatever one asks of it."""

    def _raise(self, *_):
        raise RuntimeError("touched")

    __eq__ = __lt__ = __len__ = __float__ = __array__ = __iter__ = __repr__ = __str__ = __bool__ = _raise
    __hash__ = None


def raises(*_):
    raise ZeroDivisionError("two\nlines")


def leaves(*_):
    raise SystemExit


def prints_and_warns(*_):
    print("noise")
    warnings.warn("noise", stacklevel=1)
    return "nonsense"


STRANGE = {
    "text": "text",
    "number": -12345.678,
    "list": [],
    "dict": {},
    "nan": math.nan,
    "inf": math.inf,
    "complex": 1j,
    "row": np.zeros(3),
    "one-element array": np.zeros((1, 1)),
    "huge array": np.zeros(10**6),
    "object array": np.array([None, "a"]),
    "hostile object": Hostile(),
    "hostile list": [Hostile()],
    "raising function": raises,
    "leaving function": leaves,
    "noisy function": prints_and_warns,
    "a function of nothing": lambda: None,
}


def line_of(capsys, id, answer) -> str:
    """What check() prints, which must be one line on stdout and nothing on stderr."""
    exercises.check(id, answer)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.endswith("\n")
    assert printed.out.count("\n") == 1
    return printed.out.rstrip("\n")


def every(field: str) -> list:
    """One test parameter for each entry of a field, over all exercises."""
    pairs = [(id, entry) for id, item in EXERCISES.items() for entry in getattr(item, field)]
    return [pytest.param(*pair, id=f"{pair[0]}-{k}") for k, pair in enumerate(pairs)]


@pytest.mark.parametrize("id", EXERCISES)
def test_the_solution_passes(id, capsys):
    answer = answer_from(EXERCISES[id], EXERCISES[id].solution)
    assert line_of(capsys, id, answer).startswith(f"{words.RIGHT} {id}  ")


@pytest.mark.parametrize(("id", "answer"), every("alternatives"))
def test_other_right_answers_pass(id, answer, capsys):
    assert line_of(capsys, id, answer_from(EXERCISES[id], answer)).startswith(f"{words.RIGHT} {id}  ")


@pytest.mark.parametrize(("id", "wrong"), every("wrong_answers"))
def test_every_wrong_answer_gets_its_hint(id, wrong, capsys):
    answer, hint = wrong
    line = line_of(capsys, id, answer_from(EXERCISES[id], answer))
    assert line.startswith(f"{words.WRONG} {id}  ")
    assert " ".join(hint.split()) in line


@pytest.mark.parametrize("id", EXERCISES)
def test_the_stub_is_still_to_do(id, capsys):
    for untouched in (evaluate(EXERCISES[id].stub), None, ...):
        assert line_of(capsys, id, untouched).startswith(f"{words.TODO} {id}: ")


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("id", EXERCISES)
def test_a_strange_answer_is_refused_in_a_sentence(id, strange, capsys):
    line = line_of(capsys, id, STRANGE[strange])
    assert line.startswith(f"{words.WRONG} {id}  ")
    assert line.endswith(SENTENCE_END)
    assert "Traceback" not in line


@pytest.mark.parametrize("id", EXERCISES)
def test_an_answer_that_never_ends_is_stopped(id, capsys, monkeypatch):
    def endless(*_):
        while True:
            pass

    monkeypatch.setattr(exercises, "LIMIT_S", 0.2)
    assert line_of(capsys, id, endless).startswith(f"{words.WRONG} {id}  ")


@pytest.mark.parametrize("id", EXERCISES)
def test_an_exercise_is_well_formed(id):
    item = EXERCISES[id]
    assert re.fullmatch(r"\d+(\.\d+)?[a-z]", id)
    assert item.kind in ("code", "number", "choice", "explain", "open")
    assert item.wrong_answers
    assert item.hints
    assert item.minutes > 0
    for text in (item.remark, *item.hints, *(hint for _, hint in item.wrong_answers)):
        assert text == "" or text.endswith(SENTENCE_END)


@pytest.mark.parametrize("lesson", LESSONS)
def test_ids_match_the_lesson(lesson):
    ids = [*exercises.declared("EXERCISES", lesson), *exercises.declared("QUIZZES", lesson)]
    assert ids
    assert all(re.fullmatch(rf"{re.escape(lesson)}([a-z]|q\d+)", id) for id in ids)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_notebook_holds_the_stubs_as_declared(lesson):
    name = "start-here" if lesson == "0" else f"{lesson}-*"
    for path in NOTEBOOKS.rglob(f"{name}.ipynb"):
        cells = [cell.source for cell in nbformat.reads(path.read_text(encoding="utf-8"), as_version=4).cells]
        for id, item in exercises.declared("EXERCISES", lesson).items():
            asking = [source for source in cells if re.search(rf"""check\(["']{re.escape(id)}["']""", source)]
            assert any(item.stub in source for source in asking), (
                f"{path.name}: no cell with the stub and check of {id}"
            )


@pytest.mark.parametrize("id", QUIZZES)
def test_every_option_is_explained_and_one_is_right(id):
    letters = letters_of(QUIZZES[id].options)
    assert len(letters) >= 3
    assert QUIZZES[id].question.endswith("?")
    lines = [quiz_verdict(id, QUIZZES[id], letter) for letter in letters]
    assert [line[0] for line in lines].count(words.RIGHT) == 1
    assert all(line.endswith(SENTENCE_END) for line in lines)
    assert len({line.split(": ", 1)[1] for line in lines}) == len(lines)
