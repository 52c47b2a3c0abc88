"""What several tests share: a lesson in miniature, and the rows of a recipe that was done in parts."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.recipes import tuned
from course.recipes.sweep import read_rows
from course.tooling import canonical

OPENING = "# One plus one\n\nIs it two?\n\n<!-- measured --><!-- /measured -->"
IMPORTS = "from course.lesson import claim, figure, seed, show"
CLAIM = (
    "noise = 0.001 * seed()\n"
    "claim('9.1c1', 'One plus one is about two.', measured=2 + noise, band=(1.9, 2.1), control=1 + noise)"
)
FIGURE = "fig, ax = figure()\nax.plot([1, 2], [1, 2])\nshow(fig, alt='A line rises from one to two.')"
METADATA = {
    "lesson": "9.1",
    "title": "One plus one",
    "minutes": 1,
    "summary": "One plus one is two.",
    "budget": {"cpu_s": 60, "rss_mb": 550, "first_figure_s": 30},
}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A reader who has answered nothing yet, wherever the tests run."""
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def write_lesson_into() -> Callable[..., Path]:
    """write_lesson_into(folder, *sources, name=..., **metadata): the path of a lesson written there, not executed."""

    def write(folder: Path, *sources: str, name: str = "9.1-one-plus-one", **metadata: object) -> Path:
        path = folder / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        canonical.write(lesson_notebook(*sources, **metadata), path)
        return path

    return write


@pytest.fixture
def write_lesson(tmp_path: Path, write_lesson_into: Callable[..., Path]) -> Callable[..., Path]:
    """write_lesson(*sources, name=..., **metadata): the same in this test's own folder."""
    return partial(write_lesson_into, tmp_path)


def lesson_notebook(*sources: str, **metadata: object) -> NotebookNode:
    """A lesson, not executed: its opening cell, then a code cell for each source."""
    cells = [new_markdown_cell(OPENING), *(new_code_cell(source) for source in sources or (IMPORTS, CLAIM, FIGURE))]
    notebook = new_notebook(cells=cells)
    notebook.metadata["course"] = METADATA | metadata
    return notebook


@pytest.fixture
def rows_in_parts(tmp_path):
    """A function of a table's outcome, shared fields and group of jobs: its rows, the same when done in two parts."""

    def rows(outcome, shared: int, group: list) -> list[dict[str, str]]:
        for name, parts in (("whole", [group]), ("parts", [group[:1], group])):
            (tmp_path / name).mkdir()
            for part in parts:
                tuned.run(part, tmp_path / name, shared, outcome)
        (whole,), (parts,) = ([*(tmp_path / name).iterdir()] for name in ("whole", "parts"))
        assert whole.read_bytes() == parts.read_bytes()
        return read_rows(whole)

    return rows
