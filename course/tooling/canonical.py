"""The one form in which notebooks are stored, so that a diff shows what changed for the reader, and only that."""

import copy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.tooling.saving import fingerprints

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}  # without a version: it would change with every reader's machine
KEPT_CELL_METADATA = ("tags", "slideshow", "jupyter")  # the rest is timing and editor state
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # shows an error until its cell is run


def canonical(notebook: NotebookNode) -> NotebookNode:
    """A copy in canonical form.

    Kernel python3 without a language version; executed cells counted 1..n; cell ids kept, or made from the
    position; no widget state or view, no timing; streams of one name merged; pictures and alt texts kept. A lesson
    carries the fingerprints of its cells, by which `course save` tells what a reader changed.
    """
    notebook = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    _set_ids(notebook.cells)
    notebook.metadata = _notebook_metadata(notebook)
    for cell in notebook.cells:
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata})
        cell.pop("attachments", None)
    _number([cell for cell in notebook.cells if cell.cell_type == "code"])
    return notebook


def text(notebook: NotebookNode) -> str:
    """The canonical notebook as the file's text: sorted keys, indent 1, a newline at the end."""
    return nbformat.writes(canonical(notebook)).rstrip("\n") + "\n"


def write(notebook: NotebookNode, path: Path) -> bool:
    """Whether the file changed; it then holds the notebook in canonical form."""
    new = text(notebook).encode("utf-8")
    changed = not path.exists() or path.read_bytes() != new
    if changed:
        path.write_bytes(new)  # bytes, because text mode would write \r\n on Windows
    return changed


def problems(path: Path) -> list[str]:
    """What keeps the file from being canonical, one sentence each; empty when nothing does."""
    stored = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(stored, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    if any(cell.execution_count is None for cell in code):
        found.append("not executed from top to bottom; run `course refresh`")
    if stored != text(notebook):
        found.append("not in canonical form; run `course refresh`")
    return found


def _notebook_metadata(notebook: NotebookNode) -> NotebookNode:
    said = notebook.metadata.get("course")
    kept = {"course": {**said, "sources": fingerprints(notebook.cells)}} if said else {}
    return nbformat.from_dict({**kept, "kernelspec": KERNEL, "language_info": LANGUAGE})


def _set_ids(cells: list[NotebookNode]) -> None:
    for position, cell in enumerate(cells):
        cell.id = cell.get("id") or f"cell-{position:02d}"


def _number(code_cells: list[NotebookNode]) -> None:
    for count, cell in enumerate(code_cells, start=1):
        executed = cell.execution_count is not None
        cell.execution_count = count if executed else None
        cell.outputs = [_output(output, cell.execution_count) for output in _merge_streams(cell.outputs)]


def _output(output: NotebookNode, count: int | None) -> NotebookNode:
    if "data" in output:
        output.data = NotebookNode(
            {kind: _datum(kind, value) for kind, value in output.data.items() if kind != WIDGET_VIEW}
        )
        output.pop("transient", None)
    if output.output_type == "execute_result":
        output.execution_count = count
    return output


def _datum(kind: str, value: object) -> object:
    return "".join(value.split()) if kind in ("image/png", "image/jpeg") else value


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    merged: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        if output.output_type == "stream":
            streams[output.name] = output
        merged.append(output)
    return merged
