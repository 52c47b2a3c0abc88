import math
import re
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

from course.lesson import numbers

# What the sanitise file blanks: one number behind each ≈.
SANITISE = r"≈\s*[-+]?[0-9.,]+(e[-+]?[0-9]+)?"


@pytest.mark.parametrize(
    ("given", "expected"),
    [(3, 3), (0.5, 0.5), (np.float32(0.5), 0.5), (np.int64(7), 7), (jnp.array(2.0), 2.0), (np.array(4), 4)],
)
def test_numbers_of_all_kinds_are_read(given, expected):
    read = numbers.as_number(given)
    assert read == expected
    assert type(read) in (int, float)


def test_a_fraction_is_a_number():
    assert numbers.as_number(Fraction(1, 4)) == 0.25


@pytest.mark.parametrize(
    "given",
    [
        None,
        "1",
        b"1",
        math.nan,
        math.inf,
        np.float32("nan"),
        [1],
        np.ones(1),
        {},
        1j,
        object(),
        10**400,
        print,
    ],
)
def test_everything_else_is_no_number(given):
    assert numbers.as_number(given) is None


@pytest.mark.parametrize(
    ("number", "plain", "measured"),
    [
        (0, "0", "≈0"),
        (0.0, "0", "≈0"),
        (-0.0, "0", "≈0"),
        (0.5234, "0.5234", "≈0.523"),
        (-0.25, "-0.25", "≈-0.25"),
        (12_345.6, "12,345.6", "≈12,300"),
        (999_999.0, "999,999", "≈1e6"),
        (1.571e12, "1.571e12", "≈1.57e12"),
        (174_563_733_504, "174,563,733,504", "≈1.75e11"),
        (10**15, "1e15", "≈1e15"),
        (0.05, "0.05", "≈0.05"),
        (0.0123456, "1.23456e-2", "≈0.0123"),
        (-2.5e-9, "-2.5e-9", "≈-2.5e-9"),
    ],
)
def test_numbers_are_printed_short_and_readable(number, plain, measured):
    assert numbers.plain(number) == plain
    assert numbers.measured(number) == measured


@pytest.mark.parametrize("exponent", range(-12, 20))
def test_one_number_behind_the_mark_is_blanked_whole(exponent):
    text = f"ours {numbers.measured(-1.2345 * 10.0**exponent)} nats in [0.1, 0.2]"
    assert re.sub(SANITISE, "#", text) == "ours # nats in [0.1, 0.2]"


@pytest.mark.parametrize("number", [0.5234, 12_345.6, 1.571e12, -2.5e-9, 174_563_733_504])
def test_a_printed_number_reads_back_within_its_digits(number):
    assert float(numbers.plain(number).replace(",", "")) == pytest.approx(number, rel=5e-6)  # 6 digits
    assert float(numbers.measured(number)[1:].replace(",", "")) == pytest.approx(number, rel=5e-3)  # 3 digits


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3.0, "3"),
        (math.nan, "nan"),
        (np.float32("inf"), "inf"),
        (None, "None"),
        ("text", "'text'"),
        ([1, 2], "a value of type list"),
        ([b"ab", b"c"], "[b'ab', b'c']"),
        (b"ab", "b'ab'"),
        (np.zeros((2, 3)), "an array of shape (2, 3)"),
        (jnp.zeros(4), "an array of shape (4,)"),
        (np.array([None]), "an array of shape (1,)"),
        (len, "a value of type builtin_function_or_method"),
        (ValueError("one\ntwo"), "the error ValueError: one"),
        (ValueError(), "the error ValueError"),
        (KeyError("a."), "the error KeyError: 'a.'"),
        (ValueError("No."), "the error ValueError: No"),
    ],
)
def test_any_value_is_described_in_few_words(value, words):
    assert numbers.describe(value) == words


def test_a_long_text_is_described_shortly():
    assert len(numbers.describe("a" * 10_000)) < 50


@pytest.mark.parametrize("value", ["1", [[1], [1, 2]], {}, object(), len, np.array(["a"])])
def test_what_holds_no_numbers_is_no_array(value):
    assert numbers.as_array(value) is None


def test_lists_and_jax_arrays_are_arrays():
    assert numbers.as_array([[1, 2]]).shape == (1, 2)
    assert numbers.as_array(jnp.ones(3, dtype=jnp.bfloat16)).tolist() == [1, 1, 1]
