"""The patterns that make strict validation flaky, or a lesson hard to read, found before they bite."""

import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from course.lesson.figures import SHORTEST_ALT

MAX_LINES = 25
LINK = re.compile(r"\]\((?!\w+:)([^)\s]+)")

SOURCE_RULES = {
    r";[ \t]*(#.*)?$": "a trailing ';' does not silence a cell under validation: use show(fig, alt=...) or assign",
    r"\bclear_output\b": "clear_output is not replayed under validation: draw once",
    r"\b(display_id|update_display)\b": "display updates are not replayed under validation: draw once",
    r"\binteract(ive|_manual|ive_output)?\s*\(": "interact needs a front end: use Explorer",
    r"\bOutput\s*\(": "Output widgets need a front end: use Explorer",
    r"^\s*%": "a magic's output changes from run to run, and its syntax is not Python",
    r"^\s*!": "a shell command does not run everywhere: call Python",
    r"\b[sS][vV][gG]\b": "SVG holds random ids and is blocked in untrusted notebooks: use show(fig, alt=...)",
    r"\bOut\s*\[|\bIn\s*\[|(?<![\w.])_\d+\b": "the history is not kept under validation: name the value",
    r"\bNBVAL_\w+": "no cell is exempt from validation",
    r"\b__version__\b": "a version differs from machine to machine: leave it to `course check`",
    r"\bplt\.show\s*\(": "use show(fig, alt=...), which stores what the figure shows in words",
}
PATH_RULES = {
    r"(?<![\w.~/-])/(home|Users|root|tmp|var|usr|opt|mnt|private|srv|work)/\S": "a path of this machine",
    r"\b[A-Z]:\\\w": "a path of this machine",
}
OUTPUT_RULES = PATH_RULES | {
    r"\bat 0x[0-9a-fA-F]+": "a memory address",
    r"^✗ \S+c\d+\b": "a claim that failed: a lesson may not be stored with it",
    r"<Figure size": "a bare figure: use show(fig, alt=...)",
    r"(?<![\d.≈])(?<!≈ )-?\d+\.\d{7,}": "a raw float: print a measured number with ≈, and only the digits that count",
}


def problems(notebook: NotebookNode) -> list[str]:
    """What is wrong with the notebook, one sentence each, naming the cell; empty when nothing is."""
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        checks = (_tags, _source, _outputs) if cell.cell_type == "code" else (_tags,)
        found += [f"cell {number}: {problem}" for check in checks for problem in check(cell)]
    return found


def texts(notebook: NotebookNode) -> str:
    """The notebook's Markdown: its cells' and its outputs'."""
    parts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n\n".join(parts + [data["text/markdown"] for data in shown if "text/markdown" in data])


def dead_links(markdown: str, folder: Path) -> list[str]:
    """The links to files that are not there, seen from the folder; addresses on the web are left alone."""
    addresses = (link.partition("#")[0] for link in LINK.findall(markdown))
    return [address for address in addresses if address and not (folder / address).exists()]


def _tags(cell: NotebookNode) -> Iterator[str]:
    for tag in cell.metadata.get("tags", []):
        if tag.startswith("nbval") or tag in ("raises-exception", "skip-execution"):
            yield f"tag {tag!r}: no cell is exempt from validation"


def _source(cell: NotebookNode) -> Iterator[str]:
    if (lines := len(cell.source.splitlines())) > MAX_LINES:
        yield f"{lines} lines of code; at most {MAX_LINES} fit a screen"
    if not cell.source.strip():
        yield "an empty code cell"
    if cell.execution_count is None:
        yield "not executed: run `course refresh`"
    yield from _matches(SOURCE_RULES | PATH_RULES, cell.source)


def _outputs(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"a stored error, {output.ename}: {output.evalue}"
        if output.get("name") == "stderr":
            yield f"stored output on stderr, which changes from run to run: {output.text.strip()[:60]!r}"
        yield from _matches(OUTPUT_RULES, _printed(output))
        yield from _pictures(output)


def _printed(output: NotebookNode) -> str:
    return output.get("text", "") or output.get("data", {}).get("text/plain", "")


def _pictures(output: NotebookNode) -> Iterator[str]:
    data, metadata = output.get("data", {}), output.get("metadata", {})
    if "image/svg+xml" in data:
        yield "a stored SVG: it is blocked in untrusted notebooks"
    for kind in ("image/png", "image/jpeg"):
        alt = metadata.get(kind, {}).get("alt") or metadata.get("alt", "")
        if kind in data and len(alt) < SHORTEST_ALT:
            yield "a picture without alt text: use show(fig, alt='what one sees')"


def _matches(rules: dict[str, str], text: str) -> Iterator[str]:
    for pattern, reason in rules.items():
        if match := re.search(pattern, text, flags=re.MULTILINE):
            yield f"{match.group().strip()[:40]!r}: {reason}"
