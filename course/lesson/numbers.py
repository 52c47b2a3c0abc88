"""Values as the kit reads and prints them."""

import math
import numbers
import reprlib
import textwrap

import numpy as np

from course.lesson import words


def as_number(value) -> int | float | None:
    """The value as a finite int or float; None for text, arrays, nan, inf and everything else."""
    try:
        if isinstance(value, (str, bytes)) or getattr(value, "ndim", 0) != 0:
            return None
        value = value.item() if hasattr(value, "item") else value  # a NumPy or JAX scalar
        number = int(value) if isinstance(value, numbers.Integral) else float(value)
        return number if math.isfinite(number) else None
    except Exception:  # whatever a foreign type raises when it is asked for a number, it is not one
        return None


def as_array(value) -> np.ndarray | None:
    """The value as an array of numbers; None for text, ragged lists and other objects."""
    if isinstance(value, (str, bytes)) or callable(value):
        return None
    try:
        array = np.asarray(value)
        return array if array.dtype.kind in "biufc" else array.astype(np.float64)
    except Exception:  # a foreign type may raise anything when it is asked for an array
        return None


def plain(number: float) -> str:
    """A number that is known exactly: integers below 1e15 in full, others to six significant digits."""
    if isinstance(number, int) and abs(number) < 1e15:
        return f"{number:,}"
    return _significant(number, 6)


def measured(number: float) -> str:
    """A measured number: three significant digits, behind the mark that strict comparison passes over."""
    return words.ABOUT + _significant(number, 3)


def describe(value) -> str:
    """A few words for any value, however large or ill-behaved."""
    if isinstance(value, BaseException):
        return words.SOME_ERROR.format(error=name_error(value))
    if (number := as_number(value)) is not None:
        return plain(number)
    if isinstance(value, (float, np.floating)):
        return str(float(value))  # nan or inf
    if value is None or isinstance(value, str | bytes) or _is_list_of_texts(value):
        return reprlib.repr(value)
    if hasattr(type(value), "__array__") and (array := as_array(value)) is not None:
        return words.SOME_ARRAY.format(shape=array.shape)
    return words.SOME_TYPE.format(name=type(value).__name__)


def name_error(error: BaseException) -> str:
    """The error's type and the first line of its message, without a full stop."""
    try:
        message = textwrap.shorten((str(error).splitlines() or [""])[0], 200, placeholder=" ...")
    except Exception:
        message = ""
    return f"{type(error).__name__}: {message}".rstrip(".: ")


def _significant(number: float, digits: int) -> str:
    """Positional where that stays short, as in 12,300 or 0.05; otherwise as in 1.57e12."""
    mantissa, exponent = f"{number or 0:.{digits - 1}e}".split("e")  # or 0: a negative zero is one
    positional = f"{float(f'{mantissa}e{exponent}'):,.10g}"
    few_decimals = "e" not in positional and len(positional.partition(".")[2]) <= 6
    if few_decimals and int(exponent) < 6:
        return positional
    return f"{float(mantissa):g}e{int(exponent)}"


def _is_list_of_texts(value) -> bool:
    return type(value) is list and bool(value) and all(isinstance(item, str | bytes) for item in value)
