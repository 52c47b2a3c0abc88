"""The kinds of exercise, each by a sample; tests/exercises runs the course's own."""

import contextlib
import signal
import threading
import time

import numpy as np
import pytest

from course.lesson import check, exercise, exercises, hint, solution
from course.lesson.exercises import watchdog
from course.lesson.exercises.checkers import close, same_shape
from course.lesson.exercises.kinds import choice, code, evaluate, explain, letters_of, number, open_ended

COMMON = {"hints": ["First.", "Second."], "minutes": 3}
SAMPLES = {
    "9.9a": code(
        "Write the cost of training.",
        stub="def flops(N, D):\n    ...",
        solution="def flops(N, D):\n    return 6 * N * D",
        cases=[(2.0, 3.0), (np.ones(2), 5.0)],
        wrong_answers=[
            ("def flops(N, D):\n    return 2 * N * D", "That is the forward pass alone."),
            ("def flops(N, D):\n    return 1 / (N - N)", "Something is subtracted from itself."),
        ],
        **COMMON,
    ),
    "9.9b": number(
        "Write the identity.",
        stub="identity = ...",
        solution="np.eye(2)",
        wrong_answers=[("np.ones((2, 2))", "All ones.")],
        **COMMON,
    ),
    "9.9c": choice(
        "Which?",
        stub="answer = ...",
        options=[("one", "Too few."), ("two", "Just right."), ("three", "Too many.")],
        right="b",
        **COMMON,
    ),
    "9.9d": explain(
        "Why?",
        stub="answer = ...",
        must_mention={"square|quadrat": "How does the width enter?", "layer": "What else counts?"},
        solution="The width enters squared, the layers once.",
        wrong_answers=[("because every layer has several matrices", "How does the width enter?")],
        **COMMON,
    ),
    "9.9e": open_ended(
        "What next?",
        stub="answer = ...",
        good_answer="It names a measurement and what it would show.",
        **COMMON,
    ),
    "9.9f": number("How many?", stub="n = ...", solution="7", wrong_answers=[("8", "One less.")], **COMMON),
}


@pytest.fixture(autouse=True)
def samples(monkeypatch):
    """The registry with the samples in place of a lesson's module."""
    real = exercises.declared
    tables = {"EXERCISES": SAMPLES, "QUIZZES": {}}
    monkeypatch.setattr(
        exercises, "declared", lambda table, lesson: tables[table] if lesson == "9.9" else real(table, lesson)
    )


@pytest.fixture
def line(capsys):
    """check() as the one line that it prints, without mark and id."""

    def printed(id, answer=None) -> str:
        check(id, answer)
        out, err = capsys.readouterr()
        assert (out.count("\n"), err) == (1, "")
        return out.rstrip("\n")

    return printed


def stub_of(id):
    return evaluate(SAMPLES[id].stub)


# code


def test_code_is_right_when_it_agrees_on_all_cases(line):
    assert line("9.9a", lambda N, D: N * D * 6.0) == "✓ 9.9a  Right."
    assert line("9.9a", lambda *both: 6 * np.multiply(*both)) == "✓ 9.9a  Right."


def test_code_that_acts_like_a_known_mistake_gets_its_hint(line):
    assert line("9.9a", lambda N, D: 2 * D * N) == "✗ 9.9a  That is the forward pass alone."


def test_code_that_raises_like_a_known_mistake_gets_its_hint(line):
    assert line("9.9a", lambda N, D: 1 / (N - N)) == "✗ 9.9a  Something is subtracted from itself."
    assert line("9.9a", lambda N, D: [][N]).startswith(
        "✗ 9.9a  For 2, 3 the answer is 36; yours gives the error TypeError: list indices"
    )


def test_other_wrong_code_is_shown_the_first_case_that_differs(line):
    assert line("9.9a", lambda N, D: N + D) == "✗ 9.9a  For 2, 3 the answer is 36; yours gives 5."
    assert line("9.9a", lambda N, D: 36.0) == (
        "✗ 9.9a  For an array of shape (2,), 5 the answer is an array of shape (2,); yours gives 36."
    )
    assert line("9.9a", lambda N, D: print(6 * N * D)).endswith("yours gives None.")
    assert line("9.9a", lambda: 36).endswith("takes 0 positional arguments but 2 were given.")


def test_code_that_writes_into_its_arguments_spoils_nothing(line):
    def writes(N, D):
        N *= 6 * D
        return N

    assert line("9.9a", writes) == "✓ 9.9a  Right."
    assert line("9.9a", writes) == "✓ 9.9a  Right."


def test_the_result_of_the_function_is_not_the_function(line):
    assert line("9.9a", 36) == "✗ 9.9a  The function itself is expected, without parentheses; this is 36."


def test_an_untouched_stub_is_to_do_under_any_layout(line):
    def flops(N, D):
        pass

    todo = "TODO 9.9a: replace the ... with your answer (about 3 min). hint('9.9a') helps."
    assert line("9.9a", stub_of("9.9a")) == line("9.9a", flops) == line("9.9a") == todo


# numbers, choices, words


def test_the_shape_of_an_array_must_be_exact(line):
    assert line("9.9b", [[1, 0], [0, 1]]) == "✓ 9.9b  Right."
    assert line("9.9b", 1.0) == "✗ 9.9b  An array of shape (2, 2) is expected; this is 1."
    assert line("9.9b", np.eye(2)[None]).endswith("this is an array of shape (1, 2, 2).")
    assert line("9.9b", np.ones((2, 2))) == "✗ 9.9b  All ones."
    assert line("9.9b", np.full((2, 2), np.nan)) == "✗ 9.9b  The answer is not finite (nan or inf)."
    assert line("9.9f", [7]) == "✗ 9.9f  One number is expected; this is a value of type list."


def test_a_number_has_a_tolerance(line):
    assert [line("9.9f", answer)[0] for answer in (7, 7.06, 6.94, 7.1, np.float32(7))] == list("✓✓✓✗✓")
    assert line("9.9f", 8) == "✗ 9.9f  One less."
    assert line("9.9f", 20) == "✗ 9.9f  First."


def test_a_choice_is_explained(line):
    assert line("9.9c", " B") == "✓ 9.9c  Right. Just right."
    assert line("9.9c", "c") == "✗ 9.9c  Too many."
    assert line("9.9c", "two") == "✗ 9.9c  One letter is expected, a, b, c, in quotation marks; this is 'two'."


def test_an_explanation_is_read_for_its_key_words(line):
    assert line("9.9d", "Quadratic in the width, linear in the layers.").startswith(
        "✓ 9.9d  The key ideas are there. Compare: The width"
    )
    assert line("9.9d", "it is squared in the width") == "✗ 9.9d  What else counts?"
    assert line("9.9d", "squared layer") == "✗ 9.9d  A few more words: at least 5."
    assert line("9.9d", 5).endswith("An answer in words is expected, in quotation marks; this is 5.")


def test_an_open_answer_is_met_with_what_a_good_one_holds(line):
    assert line("9.9e", "I would train it twice as long.") == (
        "✓ 9.9e  Noted. What a good answer holds: It names a measurement and what it would show."
    )


# what every kind does


@pytest.mark.parametrize("id", SAMPLES)
def test_solutions_pass_mistakes_get_their_hints_and_stubs_are_to_do(id, line):
    item = SAMPLES[id]
    answer = exercises.kinds.answer_from
    assert line(id, answer(item, item.solution)).startswith(f"✓ {id}")
    assert line(id, stub_of(id)) == line(id, "  ") == line(id)
    for text, told in item.wrong_answers:
        assert line(id, answer(item, text)) == f"✗ {id}  {told}"


@pytest.mark.parametrize("id", ["9.9z", "1.99a", "9.9c1", "", "a", 3, None])
def test_an_unknown_exercise_is_said(id, line, capsys):
    assert line(id, 3) == f"✗ {id}  There is no exercise with this name."
    for show in (exercise, hint, solution):
        show(id)
        assert capsys.readouterr().out == f"✗ {id}  There is no exercise with this name.\n"


def test_stop_still_stops():
    def stopped(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("9.9a", stopped)


def test_headless_the_hint_is_always_the_first(capsys):
    hint("9.9a")
    hint("9.9a")
    assert capsys.readouterr().out == 2 * "9.9a  Hint 1 of 2: First.\n"


def test_live_the_hints_follow_each_other_and_the_last_stays(capsys, monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "0")
    for _ in range(3):
        hint("9.9b")
    assert [line[6:12] for line in capsys.readouterr().out.splitlines()] == ["Hint 1", "Hint 2", "Hint 2"]


def test_a_solution_is_what_one_would_type(capsys):
    solution("9.9a")
    solution("9.9c")
    solution("9.9d")
    code = "def flops(N, D):\n    return 6 * N * D\n"
    assert capsys.readouterr().out == f"{code}b\n9.9c  Just right.\nThe width enters squared, the layers once.\n"


def test_an_exercise_shows_its_statement(capsys):
    exercise("9.9c")
    assert capsys.readouterr().out == (
        "**Exercise 9.9c** (about 3 min). Which?\n\n* **a** one\n* **b** two\n* **c** three\n"
    )


# comparing


@pytest.mark.parametrize(
    ("value", "expected", "equal"),
    [
        (1.0 + 1e-8, 1.0, True),
        (1.0 + 1e-4, 1.0, False),
        ([1, 2], np.array([1.0, 2.0]), True),
        (1.0, np.array([1.0]), False),
        (np.ones((1, 3)), np.ones(3), False),
        (np.ones((3, 1)), np.ones((3, 3)), False),
        ([0.0, 1.0], np.array([1e-9, 1.0]), True),
        (np.nan, 1.0, False),
        (np.inf, 1.0, False),
        (np.inf, np.inf, True),
        (np.nan, np.nan, True),
        ((1, np.ones(2)), (1, np.ones(2)), True),
        ((1,), (1, np.ones(2)), False),
        ({"w": 1}, {"w": 1}, True),
        ({"v": 1}, {"w": 1}, False),
        ("a", "a", True),
        ("1", 1, False),
        (1, True, False),
        (True, True, True),
        (None, None, True),
        (np.zeros(0), np.zeros(0), True),
        (1j, 1.0, False),
    ],
)
def test_close_wants_the_same_shape_and_nearly_the_same_numbers(value, expected, equal):
    assert close(value, expected) is equal


def test_same_shape_is_not_broadcastable():
    assert same_shape([1, 2], np.zeros(2))
    assert not same_shape(np.zeros((1, 2)), np.zeros(2))
    assert not same_shape("ab", np.zeros(2))


@pytest.mark.parametrize(
    ("source", "value"),
    [("3 * 4", 12), ("x = 2\ny = x + 1\nx = 5", 5), ("import math\ntau = 2 * math.pi", 2 * np.pi)],
)
def test_source_evaluates_to_its_expression_or_last_definition(source, value):
    assert evaluate(source) == value


def test_letters_follow_the_alphabet():
    assert letters_of([1, 2, 3]) == "abc"


# the watchdog


def endless():
    """Ends after all, much later than the limits below: a thread that is left behind must not burn on."""
    began = time.perf_counter()
    while time.perf_counter() - began < 20:
        time.sleep(0.001)


def test_what_ends_in_time_returns_its_value():
    assert watchdog.within(5, lambda: 3) == 3


@pytest.mark.parametrize("run", [watchdog.within, watchdog._with_thread])
def test_what_does_not_end_is_stopped(run):
    began = time.perf_counter()
    with pytest.raises(watchdog.TimeLimit):
        run(0.1, endless)
    assert time.perf_counter() - began < 5  # 0.1 s and a busy machine


def test_an_except_clause_cannot_swallow_the_limit():
    def stubborn():
        while True:
            with contextlib.suppress(Exception):
                endless()

    with pytest.raises(watchdog.TimeLimit):
        watchdog.within(0.1, stubborn)


@pytest.mark.parametrize("run", [watchdog.within, watchdog._with_thread])
def test_errors_come_through(run):
    with pytest.raises(ZeroDivisionError):
        run(5, lambda: 1 // 0)


def test_away_from_the_main_thread_the_limit_holds_too():
    caught = []

    def work():
        try:
            watchdog.within(0.1, endless)
        except watchdog.TimeLimit:
            caught.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert caught == [True]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarm")
def test_the_alarm_is_off_and_its_handler_restored_afterwards():
    before = signal.getsignal(signal.SIGALRM)
    watchdog.within(5, lambda: 3)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
