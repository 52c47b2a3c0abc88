"""The kinds of exercise. A lesson's module declares its exercises with these functions: see l0.py.

Solutions and typical wrong answers are written as a student would type them, so that the tests can run them:
an expression for number(), a function's source for code(), a letter for choice(), sentences for explain() and
open_ended(). Each wrong answer stands beside the hint that it gets.

What every kind takes besides: stub (what stands in the notebook), hints, minutes, and if need be alternatives
(other right answers) and remark (what to add when the answer is right).
"""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from course.lesson import words
from course.lesson.exercises import checkers
from course.lesson.numbers import as_array, describe

FEWEST_WORDS = 5


@dataclass(frozen=True)
class Quiz:
    """A question, its options as (text, explanation), and the letter of the right one."""

    question: str
    options: Sequence[tuple[str, str]]
    right: str


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """An exercise: what to do, how to judge an answer, and the answers that the tests try."""

    kind: str  # code, number, choice, explain or open
    statement: str
    stub: str  # what stands in the notebook
    check: Callable[[object], str]  # the hint that an answer gets, empty when it is right
    solution: str
    hints: Sequence[str]
    wrong_answers: Sequence[tuple[str, str]]  # (answer, its hint or a part of it)
    minutes: int
    alternatives: Sequence[str] = ()  # other right answers
    remark: str = ""  # what to add when the answer is right


def number(statement, *, solution, wrong_answers, hints, rtol=0.01, **rest) -> Exercise:
    """An exercise whose answer is a number, or an array of exactly the solution's shape, within rtol."""

    def check(answer) -> str:
        expected = evaluate(solution)
        if not checkers.same_shape(answer, expected):
            return _wrong_kind(answer, expected)
        if checkers.close(answer, expected, rtol):
            return ""
        if not np.all(np.isfinite(as_array(answer))):
            return words.NOT_FINITE
        known = (hint for source, hint in wrong_answers if checkers.close(answer, evaluate(source), rtol))
        return next(known, hints[0])

    parts = {"statement": statement, "solution": solution, "wrong_answers": wrong_answers, "hints": hints}
    return Exercise(kind="number", check=check, **parts, **rest)


def code(statement, *, solution, cases, wrong_answers, rtol=1e-6, **rest) -> Exercise:
    """An exercise whose answer is a function. It is right when it agrees with the solution on all cases.

    cases: tuples of arguments. An answer that agrees with a wrong one on all cases gets that one's hint.
    """

    def check(answer) -> str:
        if not callable(answer):
            return words.NEEDS_FUNCTION.format(given=describe(answer))
        expected = checkers.outcomes(evaluate(solution), cases)
        given = checkers.outcomes(answer, cases)
        if checkers.agree(given, expected, rtol):
            return ""
        for source, hint in wrong_answers:
            if checkers.agree(given, checkers.outcomes(evaluate(source), cases), rtol):
                return hint
        return checkers.first_difference(given, expected, cases, rtol)

    parts = {"statement": statement, "solution": solution, "wrong_answers": wrong_answers}
    return Exercise(kind="code", check=check, **parts, **rest)


def choice(statement, *, options, right, **rest) -> Exercise:
    """An exercise whose answer is a letter. options: (text, explanation).

    The explanation of a wrong option is its hint, that of the right one the remark.
    """
    texts = dict(zip(letters_of(options), (text for text, _ in options), strict=True))
    explanations = dict(zip(letters_of(options), (explanation for _, explanation in options), strict=True))

    def check(answer) -> str:
        letter = as_letter(answer)
        if letter not in explanations:
            letters = ", ".join(explanations)
            return words.NEEDS_LETTER.format(letters=letters, given=describe(answer))
        return "" if letter == right else explanations[letter]

    return Exercise(
        kind="choice",
        check=check,
        statement="\n".join([statement, "", *(f"* **{letter}** {text}" for letter, text in texts.items())]),
        solution=right,
        wrong_answers=[(letter, hint) for letter, hint in explanations.items() if letter != right],
        remark=explanations[right],
        **rest,
    )


def explain(statement, *, must_mention, solution, wrong_answers, **rest) -> Exercise:
    """An exercise answered in words. must_mention: {pattern: hint when nothing in the answer matches it}.

    Key words are not understanding, so the solution, a model answer, is shown as soon as they are there.
    """

    def check(answer) -> str:
        missing = (hint for pattern, hint in must_mention.items() if not re.search(pattern, answer, re.I))
        return _too_short(answer) or next(missing, "")

    parts = {"statement": statement, "solution": solution, "wrong_answers": wrong_answers}
    return Exercise(kind="explain", check=check, remark=solution, **parts, **rest)


def open_ended(statement, *, good_answer, **rest) -> Exercise:
    """An exercise without a single answer: a sentence passes, and good_answer says what it should hold."""
    too_short = [("I do not know", words.TOO_FEW_WORDS.format(least=FEWEST_WORDS))]
    parts = {"statement": statement, "solution": good_answer, "wrong_answers": too_short}
    return Exercise(kind="open", check=_too_short, remark=good_answer, **parts, **rest)


def evaluate(source: str):
    """The value of an expression, or what the last statement of a longer source defines. np is numpy."""
    namespace = {"np": np}
    last = ast.parse(source).body[-1]
    if isinstance(last, ast.Expr):
        return eval(source, namespace)
    exec(source, namespace)
    return namespace[last.name if isinstance(last, ast.FunctionDef) else last.targets[0].id]


def answer_from(exercise: Exercise, text: str):
    """An answer to this exercise as a value: source is run, words and letters stay text."""
    return evaluate(text) if exercise.kind in ("code", "number") else text


def letters_of(options: Sequence) -> str:
    """a, b, c, ... for as many options as there are."""
    return "abcdefgh"[: len(options)]


def as_letter(answer) -> str:
    """The answer as a lower-case letter; empty when it is no text."""
    return answer.strip().lower() if isinstance(answer, str) else ""


def _wrong_kind(answer, expected) -> str:
    shape, given = as_array(expected).shape, describe(answer)
    if shape:
        return words.NEEDS_SHAPE.format(expected=shape, given=given)
    return words.NEEDS_NUMBER.format(given=given)


def _too_short(answer) -> str:
    if not isinstance(answer, str):
        return words.NEEDS_TEXT.format(given=describe(answer))
    return "" if len(answer.split()) >= FEWEST_WORDS else words.TOO_FEW_WORDS.format(least=FEWEST_WORDS)
