"""The package's own code, shown in a lesson."""

import inspect
import textwrap

from course.lesson import words
from course.lesson.environment import publish


def show_source(function) -> None:
    """Display the function's source code; a jitted or otherwise wrapped function is unwrapped first."""
    try:
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(function))).rstrip()
    except (TypeError, OSError, ValueError):
        raise TypeError(words.NO_SOURCE.format(given=type(function).__name__)) from None
    publish({"text/markdown": f"```python\n{source}\n```", "text/plain": source})
