"""Whatever a reader types: the kit answers in a sentence, as it promises, or raises an error of ours that says why."""

import contextlib
import itertools
import math
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib import pyplot
from typer.testing import CliRunner

from course import cli, lm, zoo
from course.data import read_text
from course.facts import fact
from course.lesson import Explorer, answers, claim, exercises, figure, predict, quiz, score, show, show_source
from course.lesson.answers import parse
from course.lesson.exercises import watchdog
from course.lesson.predictions import record
from course.tooling import notebooks

few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
many = settings(few, max_examples=200)

texts = st.text(st.characters(codec=None), max_size=60)  # lone surrogates and control characters too
numbers = st.integers(-(10**400), 10**400) | st.floats() | st.complex_numbers() | st.booleans()
tables = arrays.arrays(st.sampled_from([float, int, bool, "U3", complex]), arrays.array_shapes(min_side=0, max_side=4))
anything = st.recursive(
    st.none() | numbers | texts | st.binary(max_size=20) | tables | st.just(...) | st.just(lambda *_: None),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=6,
)
IDS = [id for lesson in exercises.lessons() for id in exercises.declared("EXERCISES", lesson)]


def a_sentence(error: BaseException) -> bool:
    """Whether the error says something to a person: more than a bare value, in one line or a few."""
    said = str(error.args[0]) if error.args else ""
    return len(said.split()) >= 4


def answers_or_says_why(call) -> None:
    """Make the call; what it raises is one of ours, with a sentence."""
    raised = None
    try:
        call()
    except (ValueError, TypeError) as error:
        raised = error
    assert raised is None or a_sentence(raised), raised


@many
@given(id=st.sampled_from(IDS), answer=anything)
def test_check_answers_any_value_in_one_line(id, answer, capsys):
    exercises.check(id, answer)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    assert printed.out.startswith(("✓", "✗", "TODO"))


@few
@given(id=anything, answer=anything)
def test_an_unknown_exercise_or_quiz_is_named_in_one_line(id, answer, capsys):
    for ask in (exercises.check, quiz):
        ask(id, answer)
    exercises.hint(id)
    exercises.solution(id)
    exercises.exercise(id)
    assert "Traceback" not in capsys.readouterr().out


@few
@given(answer=anything)
def test_a_quiz_answers_any_value(answer, capsys):
    quiz("1.3q1", answer)
    assert capsys.readouterr().out.startswith(("✗", "✓", "Quiz"))


@few
@given(question=anything, choices=anything, number=anything)
def test_predict_asks_or_says_what_it_takes(question, choices, number, capsys):
    answers_or_says_why(lambda: predict("9.9p1", question, choices, number))


@few
@given(said=anything, measured=anything)
def test_score_compares_or_says_what_was_measured(said, measured, capsys):
    answers_or_says_why(lambda: record("9.9p2", said))
    score("9.9p2", measured)
    assert capsys.readouterr().out.startswith("9.9p2  measured")


@few
@given(measured=anything, band=anything, control=anything)
def test_a_claim_is_one_line_whatever_was_measured(measured, band, control, capsys):
    claim("9.9c1", "Anything is about one.", measured=measured, band=band, control=control)
    assert capsys.readouterr().out[0] in "✓✗"


@few
@given(fig=anything, alt=anything)
def test_show_wants_a_figure_and_a_description(fig, alt):
    with pytest.raises((TypeError, ValueError)) as raised:
        show(fig, alt)
    assert a_sentence(raised.value)


@few
@given(name=texts, slider=anything)
def test_an_explorer_refuses_what_is_no_slider(name, slider):
    alt = "A square without anything in it."
    answers_or_says_why(lambda: Explorer(lambda **_: figure(2, 2)[0], alt=alt, **{name: slider}))


@few
@given(name=anything)
def test_unknown_facts_models_and_lessons_are_named(name):
    for ask in (fact, zoo.load):
        with pytest.raises((KeyError, ValueError)) as raised:
            ask(name)
        assert a_sentence(raised.value)


@few
@given(name=texts.filter(lambda name: name not in {lesson["lesson"] for lesson in notebooks.lessons()}))
def test_a_lesson_that_is_not_there_is_named(name):
    with pytest.raises(ValueError, match="no lesson named"):
        notebooks.find([name])


@few
@given(given=anything)
def test_show_source_wants_a_function(given, capsys):
    answers_or_says_why(lambda: show_source(given))


@many
@given(text=texts | st.binary(max_size=80).map(lambda raw: raw.decode("utf-8", "replace")))
def test_damaged_progress_is_passed_over(text):
    assert all(answer["kind"] in ("exercise", "quiz", "prediction") for answer in parse(text))


@pytest.mark.parametrize("temperature", [math.nan, math.inf, -1.0, "hot", None])
def test_a_language_model_refuses_a_temperature_that_is_none(temperature):
    model = zoo.load("lm-27k")
    with pytest.raises((ValueError, TypeError)) as raised:
        lm.sample(model, "The king", 4, temperature=temperature)
    assert a_sentence(raised.value)


@pytest.mark.parametrize("prompt", [b"", None, 3, np.zeros((2, 2, 2)), [-1, 300]])
def test_a_language_model_refuses_a_prompt_that_is_none(prompt):
    model = zoo.load("lm-27k")
    with pytest.raises((ValueError, TypeError)) as raised:
        lm.sample(model, prompt, 4)
    assert a_sentence(raised.value)


def stubborn(*_):
    """An endless loop with the bare except that beginners write."""
    while True:
        with contextlib.suppress(BaseException):
            sum(range(1000))


def counts_for_ever(*_):
    for _ in itertools.count():
        pass


@pytest.mark.skipif(not hasattr(watchdog.signal, "setitimer"), reason="without an alarm a thread is left behind")
@pytest.mark.parametrize("endless", [stubborn, counts_for_ever])
def test_an_endless_answer_is_stopped_even_when_it_catches_everything(endless, monkeypatch, capsys):
    monkeypatch.setattr(exercises, "LIMIT_S", 0.2)
    for _ in range(3):
        exercises.check("1.3b", endless)
        assert "did not finish within 0.2 s" in capsys.readouterr().out
    assert watchdog.signal.getitimer(watchdog.signal.ITIMER_REAL) == (0, 0)


class OwnError(BaseException):
    """Not an Exception, so that `except Exception` lets it through."""


@pytest.mark.parametrize("error", [OwnError("mine"), SystemExit(3), GeneratorExit(), MemoryError(), StopIteration()])
def test_whatever_an_answer_raises_is_said_in_one_line(error, capsys):
    def answer(*_):
        raise error

    exercises.check("1.3b", answer)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert type(error).__name__ in printed


def test_what_an_answer_prints_is_not_kept():
    with watchdog.quiet():
        assert sys.stdout is sys.stderr
        assert not hasattr(sys.stdout, "getvalue")
        print("x" * 1000)


@pytest.fixture
def reader(monkeypatch, tmp_path):
    """Somebody whose answers are kept, in a folder of the test's own."""
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    monkeypatch.setattr(answers, "headless", lambda: False)


@pytest.mark.parametrize("said", ["\u2028 and \x85", "\ud800", "a\nb", "\x00", "ä" * 500])
def test_every_answer_comes_back_from_its_file(reader, said):
    record("9.9p3", said)
    assert answers.latest_prediction("9.9p3") == said


@few
@given(noise=st.binary(max_size=60))
def test_an_answer_survives_whatever_was_left_in_its_file(reader, noise):
    answers.path().write_bytes(noise)
    answers.note("quiz", "1.3q1", said="a", right=True)
    assert "1.3q1" in answers.right("quiz")


@pytest.mark.parametrize(
    "settings",
    [
        {"length": -1}, {"length": 1.5}, {"length": "long"}, {"seed": -1}, {"seed": None}, {"context": 0},
        {"top_k": 1.5}, {"top_k": 0}, {"top_p": "all"}, {"top_p": math.nan},
    ],
)  # fmt: skip
def test_a_language_model_refuses_settings_out_of_range(settings):
    (name,) = settings
    with pytest.raises(ValueError, match=f"{name} must be"):
        lm.sample(zoo.load("lm-27k"), "The king", **{"length": 4} | settings)


def test_a_text_is_named_not_given():
    with pytest.raises(TypeError, match="source must be the name or the path of a text"):
        read_text(["shakespeare"])
    with pytest.raises(ValueError, match="no text named"):
        read_text("shake\0speare")


def test_a_folder_without_models_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"no model 'lm-1\.0m' in the zoo: there are none in"):
        zoo.load("lm-1.0m", str(tmp_path))


def test_pyplot_is_no_figure():
    with pytest.raises(TypeError, match="show\\(\\) needs a matplotlib Figure, got module"):
        show(pyplot, alt="A line rises from the left to the right.")


@pytest.mark.parametrize("size", [{"width": 0}, {"width": "wide"}, {"height": math.inf}, {"height": 1000}])
def test_a_figure_has_a_size_that_memory_holds(size):
    (name,) = size
    with pytest.raises(ValueError, match=f"{name} must be a number of inches"):
        figure(**size)


def test_an_explorer_wants_a_function():
    with pytest.raises(TypeError, match="draw must be a function"):
        Explorer(figure(2, 2)[0], alt="A square without anything in it.")


@pytest.mark.parametrize(
    "command",
    [
        "lab --port -1", "lab --port 65536", "lab --port 1e3", "train lm --text x --seed -1", "sample --seed -1",
        "train lm --text x --steps 99999999999", "make sweep --scale inf", "make sweep --jobs 0", "sample --length 0",
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_refused(command):
    done = CliRunner().invoke(cli.app, command.split())
    assert done.exit_code == 2
    assert "Invalid value" in done.output


def test_a_prediction_is_compared_with_an_array_too(capsys):
    record("9.9p4", "more")
    score("9.9p4", np.array([]))
    assert "Not what you expected" in capsys.readouterr().out
