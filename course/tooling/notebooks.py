"""Where the lessons are, and what they say of themselves."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import course

if TYPE_CHECKING:
    from nbformat import NotebookNode

PACKAGE = Path(course.__file__).parent
START = "start-here"


def checkout() -> Path | None:
    """The folder of the source checkout, or None when the package was installed from a wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir() else None


def require_checkout() -> Path:
    """The folder of the source checkout.

    Raises FileNotFoundError from an installed wheel, which has no place for tests and recorded results.
    """
    if (root := checkout()) is None:
        raise FileNotFoundError(
            f"this command works on the course's source; {PACKAGE} is an installed copy: run it in a checkout."
        )
    return root


def folder() -> Path:
    """The folder of the notebooks: the checkout's, or the wheel's copy."""
    root = checkout()
    return root / "notebooks" if root else PACKAGE / "notebooks"


def paths(root: Path | None = None) -> list[Path]:
    """The notebooks below `root` (default: the course's), start-here first, then in the lessons' order."""
    root = root or folder()
    found = (path for path in root.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    return sorted(found, key=_lesson_order)


def _lesson_order(path: Path) -> tuple[bool, list[int], str]:
    number = path.stem.split("-")[0]
    parts = [int(part) for part in number.split(".")] if number.replace(".", "").isdigit() else []
    return path.stem != START, parts, path.stem


def read(path: Path) -> "NotebookNode":
    """The notebook, in nbformat 4."""
    import nbformat  # two seconds, which a lesson that draws the map would wait for

    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


def metadata(notebook: dict, path: Path) -> dict:
    """What the notebook says of itself: lesson, title, minutes, summary, budget.

    Raises ValueError when one of them is missing.
    """
    said = dict(notebook["metadata"].get("course", {}))
    missing = [key for key in ("lesson", "title", "minutes", "summary", "budget") if key not in said]
    if missing:
        raise ValueError(f"{path.name}: its metadata 'course' lacks {', '.join(missing)}; see 'How to add a lesson'.")
    return said


def lessons(root: Path | None = None) -> list[dict]:
    """The written lessons in order: their metadata and their 'path'."""
    return [{**metadata(json.loads(path.read_text(encoding="utf-8")), path), "path": path} for path in paths(root)]


def find(names: Iterable[str] = (), root: Path | None = None) -> list[dict]:
    """The lessons of these numbers ("1.3") or file names ("start-here"), all of them when none is named.

    Raises ValueError for a name that no lesson has.
    """
    names, written = list(names), lessons(root)
    known = {name for lesson in written for name in _names(lesson)}
    if unknown := [name for name in names if name not in known]:
        there = ", ".join(lesson["lesson"] for lesson in written) or "none"
        raise ValueError(f"no lesson named {', '.join(unknown)}; written so far: {there}.")
    return [lesson for lesson in written if not names or names_match(lesson, names)]


def names_match(lesson: dict, names: Iterable[str]) -> bool:
    """Whether one of the names is the lesson's number, file name or path."""
    return any(name in _names(lesson) for name in names)


def _names(lesson: dict) -> set[str]:
    path = lesson["path"]
    return {str(lesson["lesson"]), path.stem, path.name, str(path), path.as_posix()}


def course_map() -> list[dict[str, str]]:
    """Every lesson of the course, written or planned: number, title, systems, part."""
    with (PACKAGE / "tooling" / "course_map.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def planned(root: Path | None = None) -> list[dict[str, str]]:
    """The lessons of the course map for which no notebook exists yet."""
    written = {str(lesson["lesson"]) for lesson in lessons(root)}
    return [row for row in course_map() if row["number"] not in written]
