"""A reader's work in one file: the notebooks that they changed and what they answered, to go on in a fresh copy.

Each lesson carries a fingerprint of every cell as it was published. So it can be told what the reader wrote, also when
the course has changed in the meantime: then the lesson's text is the new one, and the reader's cells are put into it.
"""

import copy
import hashlib
import io
import json
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from course.lesson import answers
from course.tooling import notebooks

FORMAT = "big-models-small-machine 1"
MANIFEST, ANSWERS, NOTEBOOKS = "saved.json", "progress.jsonl", "notebooks"
LARGEST_MB, MOST_FILES = 200, 1000  # of what an archive may hold, unpacked
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, RuntimeError, OverflowError)
FOREIGN = "{name} is not an archive of `course save`, or it is damaged ({why}). Nothing was changed."


def sha256(text: str) -> str:
    """The SHA-256 of a text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def fingerprint(source: str) -> str:
    """Eight hexadecimal digits that tell one cell's source from another's."""
    return sha256(source)[:8]


def manifest(texts: dict[str, str]) -> dict:
    """What an archive says of itself: its format, and the SHA-256 of every file in it."""
    return {"format": FORMAT, "sha256": {name: sha256(text) for name, text in texts.items()}}


def fingerprints(cells: Iterable[NotebookNode]) -> dict[str, str]:
    """{cell id: fingerprint of its source}."""
    return {cell.id: fingerprint(cell.source) for cell in cells}


def published(notebook: NotebookNode) -> dict[str, str]:
    """The fingerprints of the lesson's cells as they were published; empty for a notebook that is no lesson."""
    said = notebook.metadata.get("course", {})
    return dict(said.get("sources", {})) if isinstance(said, dict) else {}


def edited(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that are not as published: the reader's changes and the reader's own. Empty cells are nobody's."""
    before = published(notebook)
    return [cell for cell in notebook.cells if cell.source.strip() and before.get(cell.id) != fingerprint(cell.source)]


def save(root: Path, archive: Path) -> tuple[list[Path], list[Path]]:
    """(the notebooks below `root` that went into the archive, those that could not be read).

    In it goes what the reader changed: lessons with an edited cell, and notebooks of their own.
    """
    changed, unreadable = _changed(root)
    texts = {f"{NOTEBOOKS}/{path.relative_to(root).as_posix()}": text for path, text in changed.items()}
    texts[ANSWERS] = "".join(json.dumps(answer) + "\n" for answer in answers.kept())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in {MANIFEST: json.dumps(manifest(texts)), **texts}.items():
            file.writestr(name, text)
    _write(archive, packed.getvalue())
    return list(changed), unreadable


def _changed(root: Path) -> tuple[dict[Path, str], list[Path]]:
    """({path: text} of the notebooks that the reader changed, the paths of those that cannot be read)."""
    changed, unreadable = {}, []
    for path in notebooks.paths(root):
        try:
            notebook = notebooks.read(path)
            if edited(notebook):
                changed[path] = nbformat.writes(notebook)
        except (ValueError, KeyError, AttributeError):
            unreadable.append(path)
    return changed, unreadable


def restore(archive: Path, root: Path) -> list[Path]:
    """The notebooks below `root` that now hold the reader's cells; the answers are back, too.

    Everything is read and checked before anything is written. Raises ValueError, with one sentence, for a file that
    `course save` has not made, for a damaged one, and for one with paths that lead out of the folder.
    """
    kept, given = _unpack(archive)
    targets = {_target(root, name, archive): notebook for name, notebook in kept.items()}
    texts = {path: nbformat.writes(_joined(notebook, path)) for path, notebook in targets.items()}
    known = answers.kept()
    if fresh := [answer for answer in given if answer not in known]:
        answers.append(fresh)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, text.encode("utf-8"))
    return list(texts)


def merge(kept: NotebookNode, fresh: NotebookNode) -> NotebookNode:
    """The fresh lesson with the reader's cells: in place where the lesson's own is unchanged, else below it."""
    merged, before = copy.deepcopy(fresh), published(kept)
    wanted, last = {cell.id for cell in edited(kept)}, None
    for cell in kept.cells:
        place = next((i for i, own in enumerate(merged.cells) if own.id == cell.id), None)
        if cell.id not in wanted or any(own.source == cell.source for own in merged.cells):
            last = place if place is not None else last
        elif place is not None and before.get(cell.id) == fingerprint(merged.cells[place].source):
            merged.cells[place], last = cell, place
        else:
            last = _insert(merged, cell, place if place is not None else last)
    return merged


def _insert(notebook: NotebookNode, cell: NotebookNode, after: int | None) -> int:
    """Where a copy of the cell now stands: below the given place, or on top."""
    new, at = copy.deepcopy(cell), 0 if after is None else after + 1
    if any(own.id == cell.id for own in notebook.cells):
        new.id = nbformat.v4.new_raw_cell().id
    notebook.cells.insert(at, new)
    return at


def _joined(kept: NotebookNode, path: Path) -> NotebookNode:
    """What is to be written: the notebook kept, or the one that is there with the reader's cells."""
    return merge(kept, notebooks.read(path)) if path.exists() else kept


def _unpack(archive: Path) -> tuple[dict[str, NotebookNode], list[dict]]:
    """({name: notebook}, the answers), all of them checked."""
    try:
        texts = _texts(archive)
        given = answers.parse(texts.pop(ANSWERS))
        return {name: _notebook(text) for name, text in texts.items()}, given
    except FileNotFoundError:
        raise ValueError(f"there is no file {archive}.") from None
    except (*BROKEN, KeyError, ValueError) as error:
        why = (str(error).splitlines() or ["it breaks off"])[0].strip("'\"")
        raise ValueError(FOREIGN.format(name=archive.name, why=why)) from None


def _texts(archive: Path) -> dict[str, str]:
    """{name: text} of what is packed and stands in the manifest."""
    with zipfile.ZipFile(archive) as file:
        entries = file.infolist()
        if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_MB * 1e6:
            raise ValueError("it is too large")
        texts = {entry.filename: file.read(entry).decode("utf-8") for entry in entries}
    said = json.loads(texts.pop(MANIFEST))
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise ValueError("it has another format")
    if said != manifest(texts):
        raise ValueError("a file in it is missing, added or changed")
    return texts


def _notebook(text: str) -> NotebookNode:
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError):
        raise ValueError("a notebook in it cannot be read") from None
    return notebook


def _target(root: Path, name: str, archive: Path) -> Path:
    """Where the notebook belongs. Raises ValueError when that is no notebook below `root`."""
    parts = PurePosixPath(name).parts
    path = root.joinpath(*parts[1:])
    inside = path.resolve().is_relative_to(root.resolve()) and ".." not in parts and "\\" not in name
    if parts[:1] != (NOTEBOOKS,) or len(parts) < 2 or path.suffix != ".ipynb" or not inside:
        raise ValueError(FOREIGN.format(name=archive.name, why=f"it would write {name!r}"))
    return path


def _write(path: Path, content: bytes) -> None:
    """The whole file or nothing: what was there stays until all of it is written."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)
