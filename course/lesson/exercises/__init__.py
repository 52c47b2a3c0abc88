"""Exercises and quizzes, declared in one module per lesson: those of 1.3 in l1_3.py, of start-here in l0.py.

Each module holds EXERCISES = {"1.3a": ...} and QUIZZES = {"1.3q1": ...}. It is imported when first asked for.
"""

import importlib
import pkgutil
import re
import types
from collections import Counter
from importlib.util import find_spec

from course.lesson import answers, words
from course.lesson.environment import headless, publish
from course.lesson.exercises import watchdog
from course.lesson.exercises.kinds import Exercise, evaluate
from course.lesson.numbers import name_error

LIMIT_S = 10.0  # for all the runs of an answer together

_hints_shown: Counter = Counter()


def lessons() -> list[str]:
    """The lessons that have exercises or quizzes, such as "0" and "1.3"."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return [name[1:].replace("_", ".") for name in names if re.fullmatch(r"l\d+(_\d+)?", name)]


def declared(table: str, lesson: str) -> dict:
    """A lesson's EXERCISES or QUIZZES, by id; empty for a lesson without any."""
    name = f"{__name__}.l{lesson.replace('.', '_')}"
    return getattr(importlib.import_module(name), table, {}) if find_spec(name) else {}


def lesson_of(id: str) -> str:
    """The lesson of an exercise, quiz or prediction: "1.3" for "1.3a"; empty when there is none in it."""
    number = re.match(r"\d+(\.\d+)?", id)
    return number[0] if number else ""


def find(table: str, id: str):
    """The exercise (or quiz) with this id; None when there is none."""
    return declared(table, lesson_of(str(id))).get(str(id))


def exercise(id: str) -> None:
    """Display what the exercise asks."""
    found = find("EXERCISES", id)
    text = _missing(id) if found is None else words.EXERCISE.format(id=id, **vars(found))
    publish({"text/markdown": text, "text/plain": text})


def check(id: str, answer=None) -> None:
    """Print one line: right, wrong with the hint that fits the answer, or still to do. Never raises."""
    print(verdict(id, answer))


def assert_right(id: str, answer=None) -> None:
    """Nothing when the answer is right; otherwise AssertionError with what check() would say. For grading."""
    said = verdict(id, answer)
    if not said.startswith(words.RIGHT):
        raise AssertionError(said)


def hint(id: str) -> None:
    """Print the exercise's next hint, or the last one again. Headless, the first: outputs must repeat."""
    found = find("EXERCISES", id)
    if found is None:
        print(_missing(id))
        return
    _hints_shown[id] = 1 if headless() else min(_hints_shown[id] + 1, len(found.hints))
    number = _hints_shown[id]
    print(words.HINT.format(id=id, number=number, total=len(found.hints), hint=found.hints[number - 1]))


def solution(id: str) -> None:
    """Print the exercise's solution and what is to be learned from it."""
    found = find("EXERCISES", id)
    if found is None:
        print(_missing(id))
        return
    print(found.solution)
    if found.remark not in ("", found.solution):
        print(words.SOLUTION.format(id=id, remark=found.remark))


def verdict(id: str, answer) -> str:
    """The line that check() prints."""
    found = find("EXERCISES", id)
    if found is None:
        return _missing(id)
    if _untouched(found, answer):
        return words.START.format(mark=words.TODO, id=id, minutes=found.minutes)
    fault = _judge_calmly(found, answer)
    answers.note("exercise", id, right=not fault)
    if fault:
        return words.REFUSED.format(mark=words.WRONG, id=id, hint=_one_line(fault))
    praise = words.PRAISE_OF.get(found.kind, words.PRAISE)
    return words.PASSED.format(mark=words.RIGHT, id=id, praise=praise, remark=_one_line(found.remark)).rstrip()


def _judge_calmly(found: Exercise, answer) -> str:
    """The answer's fault, empty when it is right; a sentence too when its code raises, exits or does not end.

    Only the Stop button (KeyboardInterrupt) gets through.
    """
    try:
        with watchdog.quiet():
            return watchdog.within(LIMIT_S, lambda: found.check(answer))
    except watchdog.TimeLimit:
        return words.TOO_SLOW.format(seconds=f"{LIMIT_S:g}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit, GeneratorExit and classes of the answer's own, too
        return words.RAISED.format(error=name_error(error))


def _untouched(found: Exercise, answer) -> bool:
    """True when the answer is still what stands in the notebook's stub."""
    if answer is None or answer is ... or (isinstance(answer, str) and not answer.strip()):
        return True
    if found.kind != "code" or not isinstance(answer, types.FunctionType):
        return False
    given, stub = answer.__code__, evaluate(found.stub).__code__
    parts = ("co_code", "co_consts", "co_varnames")
    return all(getattr(given, part) == getattr(stub, part) for part in parts)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _missing(id: str) -> str:
    return words.NO_EXERCISE.format(mark=words.WRONG, id=id)
