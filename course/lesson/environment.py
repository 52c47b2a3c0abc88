"""What the environment asks of the kit: headless or live, which seed, where records go."""

import json
import os
from pathlib import Path

from course.lesson import words


def headless() -> bool:
    """True when nobody can press a button: COURSE_HEADLESS says so, or pytest runs, or there is no kernel."""
    asked = os.environ.get("COURSE_HEADLESS")
    if asked is not None:
        return asked not in ("", "0")
    return "PYTEST_CURRENT_TEST" in os.environ or not in_kernel()


def in_kernel() -> bool:
    """True when the code runs in a Jupyter kernel, which can send pictures and widgets to a front end."""
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def seed() -> int:
    """The seed that every lesson uses: COURSE_SEED, or 0."""
    given = os.environ.get("COURSE_SEED", "0")
    try:
        return int(given)
    except ValueError:
        raise ValueError(words.BAD_SEED.format(given=given)) from None


def append_record(variable: str, record: dict) -> None:
    """Append the record as a JSON line to the file that the environment variable names, if it names one."""
    path = os.environ.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def publish_widget(widget, text: str, data: dict | None = None, metadata: dict | None = None) -> None:
    """Show a widget; whoever opens the saved notebook without a kernel sees the data, or the text."""
    publish({**widget._repr_mimebundle_(), **(data or {}), "text/plain": text}, metadata)


def publish(data: dict, metadata: dict | None = None) -> None:
    """Show one output, given by mime type; outside a kernel, its plain text."""
    if not in_kernel():
        print(data["text/plain"])
        return
    from IPython.display import display

    display(data, metadata=metadata or {}, raw=True)
