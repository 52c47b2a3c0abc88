"""The button below every lesson: what `course save` does, and a link to download the file."""

import base64
import functools
import html
import os
import subprocess
import sys
from pathlib import Path

from course.lesson import words
from course.lesson.environment import headless, publish_widget

ARCHIVE = "my-course.zip"
LINK = "color: var(--jp-content-link-color); text-decoration: underline"  # JupyterLab leaves links in widgets plain


def save_button() -> None:
    """Show a button that packs the reader's answers and changed notebooks into one file, and offers it for download.

    It packs what is on the disk, so it first asks for the notebook to be saved where cells have run since it was.
    """
    if headless():
        print(words.SAVE_BUTTON)
        return
    _watch_the_file()
    publish_widget(_widget(), words.SAVE_BUTTON)


def pack(archive: Path) -> str:
    """HTML that says what `course save` packed into the archive, with a link to download it, or why it did not."""
    command = [sys.executable, "-m", "course.cli", "save", str(archive)]
    utf8 = {**os.environ, "PYTHONUTF8": "1", "COLUMNS": "1000"}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=utf8)
    said = "<br>".join(html.escape(line) for line in (done.stdout + done.stderr).splitlines())
    return said if done.returncode else f"{_link(archive)}<br>{said}"


def _widget():
    """The button, and a line for what it did."""
    import ipywidgets as widgets

    button = widgets.Button(description=words.SAVE, layout=widgets.Layout(width="auto"))
    status = widgets.HTML()

    def on_click(_button) -> None:
        if _changed_at() is not None and _changed_at() == _seen.get("at"):
            status.value = words.SAVE_FIRST
            return
        status.value = words.SAVING
        status.value = pack(Path(ARCHIVE))

    button.on_click(on_click)
    return widgets.VBox([button, status], layout=widgets.Layout(align_items="flex-start"))


def _link(archive: Path) -> str:
    """A link that holds the file itself: it works behind every proxy, and needs no network."""
    content = base64.b64encode(archive.read_bytes()).decode()
    text = words.DOWNLOAD.format(name=archive.name)
    return f'<a download="{archive.name}" href="data:application/zip;base64,{content}" style="{LINK}">{text}</a>'


_seen: dict[str, int | None] = {}  # "at": when the notebook's file was last written, as seen after the last cell


@functools.cache
def _watch_the_file() -> None:
    """From now on, note after every cell when the notebook's file was written."""
    from IPython import get_ipython

    def note(_result=None) -> None:
        _seen["at"] = _changed_at()

    note()
    if (shell := get_ipython()) is not None:
        shell.events.register("post_run_cell", note)


def _changed_at() -> int | None:
    """When the notebook's file was last written, by its own clock; None where no server says which file it is."""
    path = Path(os.environ.get("JPY_SESSION_NAME", ""))
    return path.stat().st_mtime_ns if path.is_file() else None
