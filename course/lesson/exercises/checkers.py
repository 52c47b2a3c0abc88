"""Comparing an answer with what was expected. Shapes must agree exactly: broadcasting fools nobody."""

from collections.abc import Callable, Sequence
from copy import deepcopy

import numpy as np

from course.lesson import words
from course.lesson.numbers import as_array, describe


def same_shape(value, expected) -> bool:
    """True when both are numbers or arrays of numbers of exactly the same shape."""
    given, wanted = as_array(value), as_array(expected)
    return given is not None and wanted is not None and given.shape == wanted.shape


def close(value, expected, rtol: float = 1e-6) -> bool:
    """True when value has expected's shape and agrees within rtol of its largest entry. Never raises.

    Tuples, lists and dicts are compared entry by entry when expected is one; text, bytes, booleans and None exactly.
    """
    if expected is None or isinstance(expected, (str, bytes, bool)):
        return type(value) is type(expected) and value == expected
    if isinstance(expected, dict):
        same_keys = isinstance(value, dict) and value.keys() == expected.keys()
        return same_keys and all(close(value[key], expected[key], rtol) for key in expected)
    if isinstance(expected, (tuple, list)):
        same_length = isinstance(value, (tuple, list)) and len(value) == len(expected)
        return same_length and all(close(*pair, rtol) for pair in zip(value, expected, strict=True))
    return same_shape(value, expected) and _near(as_array(value), as_array(expected), rtol)


def _near(given: np.ndarray, wanted: np.ndarray, rtol: float) -> bool:
    # Against the largest entry, since an exact zero among others may be off by their rounding.
    scale = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0.0)
    return bool(np.allclose(given, wanted, rtol=0.0, atol=rtol * scale, equal_nan=True))


def outcomes(function: Callable, cases: Sequence[tuple]) -> list:
    """What the function returns for each case, or the exception that it raised."""
    return [_outcome(function, case) for case in cases]


def _outcome(function: Callable, case: tuple):
    try:
        return function(*deepcopy(case))  # a copy: the function may write into its arguments
    except Exception as error:
        return error


def agree(given: list, expected: list, rtol: float) -> bool:
    """True when all outcomes agree; two exceptions agree when they are of one type."""
    return all(_same_outcome(*pair, rtol) for pair in zip(given, expected, strict=True))


def _same_outcome(given, expected, rtol: float) -> bool:
    if isinstance(expected, Exception):
        return type(given) is type(expected)
    return close(given, expected, rtol)


def first_difference(given: list, expected: list, cases: Sequence[tuple], rtol: float) -> str:
    """A sentence on the first case in which the outcomes differ."""
    pairs = zip(given, expected, cases, strict=True)
    ours, truth, case = next(pair for pair in pairs if not _same_outcome(pair[0], pair[1], rtol))
    arguments = ", ".join(map(describe, case))
    return words.DIFFERENT.format(arguments=arguments, expected=describe(truth), given=describe(ours))
