import functools

import jax
import pytest

from course.lesson import show_source, source


def double(x):
    """2 x."""
    return 2 * x


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(source, "publish", outputs.append)
    return outputs


@pytest.mark.parametrize("function", [double, jax.jit(double), functools.wraps(double)(lambda x: double(x))])
def test_the_source_is_shown_as_code(function, shown):
    show_source(function)
    code = 'def double(x):\n    """2 x."""\n    return 2 * x'
    assert shown == [{"text/markdown": f"```python\n{code}\n```", "text/plain": code}]


def test_an_inner_function_is_shown_without_its_indentation(shown):
    def inner():
        return 1

    show_source(inner)
    assert shown[0]["text/plain"] == "def inner():\n    return 1"


@pytest.mark.parametrize("thing", [len, 3, "double", None])
def test_what_has_no_source_is_refused(thing, shown):
    with pytest.raises(TypeError, match=f"needs a function written in Python, got {type(thing).__name__}"):
        show_source(thing)
