"""The files and passages that are made from others: never edited by hand, rewritten by `course refresh`."""

import base64
import csv
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from nbformat import NotebookNode
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course.tooling import canonical, notebooks, spread, teaching

FLAGSHIP = "1.3"  # its signature figure stands in the README
SIGNATURE_TAG = "signature"
FIGURE = ".github/figure.png"
TEACHING = "notebooks/teaching.md"
MEASURED = notebooks.PACKAGE / "tooling" / "measured.csv"
MEASURED_COLUMNS = ("lesson", "cpu_s", "peak_mb", "first_figure_s", "binder_s")
BINDER_HEADER = "# Made from lock.txt by `course refresh` for the Python of runtime.txt on Linux; do not edit.\n"


def files(root: Path) -> dict[Path, bytes]:
    """{path: what the file must hold} for every derived file and every file with a derived passage."""
    written = notebooks.lessons(root / "notebooks")
    made = {
        root / "binder" / "requirements.txt": requirements(root),
        root / "README.md": readme(root, written),
        root / TEACHING: teaching_page((root / TEACHING).read_text(encoding="utf-8"), written),
    }
    made |= {lesson["path"]: canonical.text(with_measured_line(lesson)) for lesson in written}
    encoded = {path: text.encode("utf-8") for path, text in made.items()}
    figure = signature_figure(written)
    return {**encoded, root / FIGURE: figure[0]} if figure else encoded


def stale(root: Path) -> list[Path]:
    """The derived files that do not hold what they must."""
    return [path for path, content in files(root).items() if not path.exists() or path.read_bytes() != content]


def refresh(root: Path) -> list[Path]:
    """The derived files that were stale, now rewritten."""
    changed = stale(root)
    made = files(root)
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made[path])
    return changed


def requirements(root: Path, python: str | None = None) -> str:
    """binder/requirements.txt: the pins a reader needs on Linux, with this Python (default: runtime.txt's)."""
    python = python or (root / "binder" / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
    target = linux(python)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = closure(project["dependencies"], target)
    lock = (root / "lock.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lock if line and not line.startswith("#")]
    chosen = [pin for pin in pins if _holds(pin.marker, target) and canonicalize_name(pin.name) in needed]
    return BINDER_HEADER + "".join(f"{pin.name}{pin.specifier}\n" for pin in chosen)


def linux(python: str) -> dict[str, str]:
    """The marker environment of this CPython ("3.12") on Linux x86_64."""
    return {
        "python_version": python, "python_full_version": f"{python}.99", "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "implementation_version": f"{python}.99",
        "sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "platform_machine": "x86_64",
    }  # fmt: skip


def closure(dependencies: list[str], target: dict[str, str]) -> set[str]:
    """The canonical names of the dependencies and of all that they need in the target environment.

    What each needs is read from the installed distributions.
    """
    waiting, seen = _applying(dependencies, target), set()
    while waiting:
        requirement = waiting.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key not in seen:
            seen.add(key)
            waiting += _applying(metadata.requires(requirement.name) or [], target, requirement.extras)
    return {name for name, _ in seen}


def readme(root: Path, written: list[dict]) -> str:
    """README.md with its generated passages: badge, figure, Colab cell, lesson table."""
    text = (root / "README.md").read_text(encoding="utf-8")
    repository = repository_url(root)
    figure = signature_figure(written)
    passages = {
        "badge": badge(repository),
        "figure": f"![{figure[1]}]({FIGURE})" if figure else "",
        "colab": colab(repository),
        "lessons": lesson_table(written, root),
    }
    for name, passage in passages.items():
        text = fill(text, name, f"\n{passage}\n" if passage else "\n")
    return text


def teaching_page(text: str, written: list[dict]) -> str:
    """The page for instructors with its generated passages: the paths, and what each lesson holds for them."""
    text = fill(text, "paths", f"\n{teaching.paths_text(written)}\n")
    for lesson in written:
        text = fill(text, f"lesson {lesson['lesson']}", f"\n{teaching.lesson_text(lesson)}\n")
    return text


def fill(text: str, name: str, passage: str) -> str:
    """The text with the passage between <!-- name --> and <!-- /name -->.

    Raises ValueError when the markers are not there exactly once.
    """
    parts = re.split(f"(<!-- /?{name} -->)", text)
    if len(parts) != 5:
        raise ValueError(f"the markers <!-- {name} --> and <!-- /{name} --> must stand in the text exactly once.")
    return "".join([*parts[:2], passage, *parts[3:]])


def repository_url(root: Path) -> str:
    """[tool.course] repository in pyproject.toml; empty while nobody filled it in.

    Raises ValueError for an address that is not a GitHub repository's.
    """
    pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    url = pyproject["tool"]["course"]["repository"].rstrip("/").removesuffix(".git")
    if url and not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", url):
        raise ValueError(f"[tool.course] repository must look like https://github.com/OWNER/REPOSITORY, got {url!r}.")
    return url


def badge(repository: str) -> str:
    """The Binder badge, which opens start-here in JupyterLab; empty without a repository."""
    if not repository:
        return ""
    address = repository.replace("https://github.com/", "https://mybinder.org/v2/gh/")
    target = f"{address}/HEAD?urlpath=lab/tree/notebooks/{notebooks.START}.ipynb"
    return f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({target})"


def colab(repository: str) -> str:
    """What to put into a first Colab cell; empty without a repository."""
    if not repository:
        return ""
    cell = f"    %pip install -q git+{repository}"
    return f"On Colab, open a notebook from this repository and run this cell first:\n\n{cell}"


def lesson_table(written: list[dict], root: Path) -> str:
    """The written lessons with what they cost, then the planned ones by name."""
    rows = "\n".join(_table_row(lesson, root) for lesson in written) or "| (none yet) | | | | | | |"
    head = "| lesson | in one sentence | study | runs in | memory | wait | claims |\n|---|---|--:|--:|--:|--:|--:|\n"
    plan = "\n".join(f"* *{part}*: {titles}" for part, titles in _planned_by_part(root))
    return f"{head}{rows}\n\nPlanned, and not yet written:\n\n{plan}"


def measured() -> dict[str, dict[str, float]]:
    """{lesson: its recorded cost}, as `course bench lessons` and, for binder_s, tests/browser measured it."""
    if not MEASURED.exists():
        return {}
    with MEASURED.open(encoding="utf-8", newline="") as file:
        rows = {row.pop("lesson"): row for row in csv.DictReader(file)}
    return {lesson: {key: float(value) for key, value in row.items() if value} for lesson, row in rows.items()}


def record_measured(lesson: str, cost: dict[str, float]) -> None:
    """Put what is known of the lesson's cost (cpu_s, peak_mb, first_figure_s, binder_s) into the measurements."""
    table = measured()
    known = {key: round(cost[key], 1) for key in MEASURED_COLUMNS[1:] if key in cost}
    table[lesson] = table.get(lesson, {}) | known
    with MEASURED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, MEASURED_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({"lesson": name, **row} for name, row in sorted(table.items()))


def with_measured_line(lesson: dict) -> NotebookNode:
    """The lesson's notebook, its opening cell saying what a run costs.

    Raises ValueError when the opening cell has no place for it.
    """
    notebook = notebooks.read(lesson["path"])
    try:
        notebook.cells[0].source = fill(notebook.cells[0].source, "measured", measured_line(lesson["lesson"]))
    except ValueError as error:
        raise ValueError(f"{lesson['path'].name}, opening cell: {error}") from None
    return notebook


def measured_line(lesson: str) -> str:
    """One sentence: what a run of the whole lesson costs; a plain one while nobody measured."""
    row = measured().get(lesson, {})
    if "cpu_s" not in row:
        return "Run time and memory: not measured yet."
    return (
        f"Measured on one core: the whole notebook runs in {row['cpu_s']:.0f} s, "
        f"its first figure stands after {row['first_figure_s']:.0f} s, "
        f"and it takes {row['peak_mb']:.0f} MB of memory."
    )


def signature_figure(written: list[dict]) -> tuple[bytes, str] | None:
    """(PNG, alt text) of the flagship's cell tagged 'signature'; None while there is none."""
    for lesson in written:
        if lesson["lesson"] == FLAGSHIP:
            return next(_tagged_figures(notebooks.read(lesson["path"])), None)
    return None


def _tagged_figures(notebook: NotebookNode) -> Iterator[tuple[bytes, str]]:
    for cell in notebook.cells:
        if SIGNATURE_TAG in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if png := output.get("data", {}).get("image/png"):
                    yield base64.b64decode(png), output.metadata["image/png"]["alt"]


def _holds(marker: Marker | None, target: dict[str, str], extra: str = "") -> bool:
    return marker is None or marker.evaluate({**target, "extra": extra})


def _applying(texts: list[str], target: dict[str, str], extras: Iterable[str] = ()) -> list[Requirement]:
    """The requirements that apply in the target environment, with these extras asked for."""
    requirements = [Requirement(text) for text in texts]
    return [need for need in requirements if any(_holds(need.marker, target, extra) for extra in ("", *extras))]


def _table_row(lesson: dict, root: Path) -> str:
    row = measured().get(lesson["lesson"], {})
    shown = (("cpu_s", "s"), ("peak_mb", "MB"), ("binder_s", "s"))
    cost = " | ".join(f"{row[key]:.0f} {unit}" if key in row else "not measured" for key, unit in shown)
    link = f"[{lesson['title']}]({lesson['path'].relative_to(root).as_posix()})"
    number = f"{lesson['lesson']} " if lesson["path"].stem != notebooks.START else ""
    claims = len(spread.claim_ids(notebooks.read(lesson["path"])))
    return f"| {number}{link} | {lesson['summary']} | {lesson['minutes']} min | {cost} | {claims} |"


def _planned_by_part(root: Path) -> list[tuple[str, str]]:
    rows = notebooks.planned(root / "notebooks")
    parts = dict.fromkeys(row["part"] for row in rows)
    return [(part, "; ".join(f"{r['number']} {r['title']}" for r in rows if r["part"] == part)) for part in parts]
