"""How measured numbers vary with the seed, so that no band is too wide to fail or too narrow to hold."""

import ast
import contextlib
import csv
import hashlib
import math
import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from nbformat import NotebookNode

from course.tooling import notebooks
from course.tooling.execute import Execution, execute

SEEDS = 10
MARGIN = 4.0  # standard deviations between the mean and the nearer end of the band
SIDE_BY_SIDE = 2
COLUMNS = ("code", "seed", "claim", "exact", "measured", "control", "low", "high")


def code_hash(notebook: NotebookNode) -> str:
    """A short hash of the notebook's code: it changes when a recorded spread no longer speaks of it.

    Comments, layout, descriptions of figures, bands written as plain numbers and cells whose code is hidden (they only
    draw) do not count: they measure nothing.
    """
    cells = [cell for cell in notebook.cells if not cell.metadata.get("jupyter", {}).get("source_hidden")]
    code = "\0".join(ast.dump(_Measuring().visit(tree)) for tree in _trees(cells))
    return hashlib.sha256(code.encode("utf-8")).hexdigest()[:12]


class _Measuring(ast.NodeTransformer):
    """Removes from every call what measures nothing."""

    def visit_Call(self, call: ast.Call) -> ast.Call:
        self.generic_visit(call)
        idle = {"alt"} | ({"band"} if literal_band(call) else set())
        call.keywords = [keyword for keyword in call.keywords if keyword.arg not in idle]
        return call


def literal_band(call: ast.Call) -> tuple[str, tuple] | None:
    """(claim's id, band) of a claim that has both written out; None for any other call."""
    if getattr(call.func, "id", None) != "claim" or not call.args or not isinstance(call.args[0], ast.Constant):
        return None
    for keyword in call.keywords:
        if keyword.arg == "band":
            with contextlib.suppress(ValueError):
                return call.args[0].value, ast.literal_eval(keyword.value)
    return None


def literal_bands(notebook: NotebookNode) -> dict[str, tuple]:
    """Claim id -> band, for the claims that have both written out."""
    calls = [node for tree in _trees(notebook.cells) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return dict(found for call in calls if (found := literal_band(call)))


def _trees(cells: Iterable[NotebookNode]) -> list[ast.Module]:
    return [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]


def recorded_path(lesson: str) -> Path:
    """Where the lesson's spread is recorded in the checkout."""
    return notebooks.require_checkout() / "tests" / "recorded" / "spread" / f"{lesson}.csv"


def read(path: Path) -> list[dict]:
    """The recorded rows: code, seed, claim, exact, measured, control, low, high; None for an empty number."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [_parse(row) for row in csv.DictReader(file)]


def record(
    path: Path, notebook: Path, seeds: Iterable[int] = range(SEEDS), on_seed: Callable | None = None
) -> list[dict]:
    """The rows of the notebook's runs with these seeds, written after each; recorded seeds are not run again.

    on_seed: called with (seed, error) after each run.
    """
    code = code_hash(notebooks.read(notebook))
    rows = [row for row in read(path) if row["code"] == code]
    missing = sorted(set(seeds) - {row["seed"] for row in rows})
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        runs = {pool.submit(execute, notebook, seed=seed): seed for seed in missing}
        for run in as_completed(runs):
            rows += _rows(run.result(), code, runs[run])
            _write(path, rows)
            if on_seed:
                on_seed(runs[run], run.result().error)
    return rows


def problems(notebook: NotebookNode, rows: Sequence[dict]) -> list[str]:
    """Why the rows do not support the bands of the notebook's claims, one sentence each; empty when they do.

    Exact claims do not vary and need no margin.
    """
    if any(row["code"] != code_hash(notebook) for row in rows):
        return ["the recorded spread is of other code: run `course spread`"]
    bands = literal_bands(notebook)
    rows = [
        row | dict(zip(("low", "high"), bands.get(row["claim"], (row["low"], row["high"])), strict=True))
        for row in rows
    ]
    claims = sorted(claim_ids(notebook) | {row["claim"] for row in rows})
    return [problem for claim in claims for problem in claim_problems(claim, [r for r in rows if r["claim"] == claim])]


def claim_ids(notebook: NotebookNode) -> set[str]:
    """The ids of the claims written in the notebook's code, those of a loop too."""
    nodes = [node for tree in _trees(notebook.cells) for node in ast.walk(tree)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {text for text in texts if re.fullmatch(r"\d+(\.\d+)?c\d+", text)}


def claim_problems(claim: str, rows: Sequence[dict]) -> list[str]:
    """Why the rows of one claim do not support its band; empty when they do."""
    if rows and all(row["exact"] for row in rows):
        return []
    if len({row["seed"] for row in rows}) < SEEDS:
        return [f"{claim}: recorded with {len(rows)} seeds, at least {SEEDS} are needed: run `course spread`"]
    if any(row["measured"] is None for row in rows):
        return [f"{claim}: not a finite number with every seed"]
    found = []
    if (inside := margin_inside(rows)) < MARGIN:
        found.append(f"{claim}: the mean lies {inside:.1f} standard deviations inside the band, not {MARGIN:g}")
    if rows[0]["control"] is not None and (outside := margin_outside(rows)) < MARGIN:
        found.append(f"{claim}: the control's mean lies {outside:.1f} standard deviations outside it, not {MARGIN:g}")
    return found


def margin_inside(rows: Sequence[dict]) -> float:
    """Standard deviations by which the mean lies inside the band; negative outside, infinite without variation."""
    above = [row["measured"] - row["low"] for row in rows if row["low"] is not None]
    below = [row["high"] - row["measured"] for row in rows if row["high"] is not None]
    return min((_deviations(gaps, at_the_end=math.inf) for gaps in (above, below) if gaps), default=-math.inf)


def margin_outside(rows: Sequence[dict]) -> float:
    """Standard deviations by which the control's mean lies outside the band; negative inside."""
    under = [row["low"] - row["control"] for row in rows if row["low"] is not None]
    over = [row["control"] - row["high"] for row in rows if row["high"] is not None]
    return max((_deviations(gaps, at_the_end=-math.inf) for gaps in (under, over) if gaps), default=-math.inf)


def _deviations(gaps: list[float], at_the_end: float) -> float:
    """mean / standard deviation of the gaps; without variation, infinite with the sign of the mean.

    at_the_end: the answer when every gap is exactly zero, for the ends belong to the band.
    """
    mean, deviation = statistics.fmean(gaps), statistics.stdev(gaps)
    if deviation == 0:
        return math.copysign(math.inf, mean) if mean else at_the_end
    return mean / deviation


def _rows(run: Execution, code: str, seed: int) -> list[dict]:
    """One row per claim; a run that raised leaves none, so that it is run again."""
    return [] if run.error else [_row(claim, code, seed) for claim in run.claims]


def _row(claim: dict, code: str, seed: int) -> dict:
    low, high = claim["band"] or (None, None)
    numbers = {"measured": claim["measured"], "control": claim["control"], "low": low, "high": high}
    rounded = {key: None if value is None else float(f"{value:.6g}") for key, value in numbers.items()}
    return {"code": code, "seed": seed, "claim": claim["id"], "exact": claim["exact"], **rounded}


def _parse(row: dict[str, str]) -> dict:
    numbers = {key: float(row[key]) if row[key] else None for key in COLUMNS[4:]}
    return {**row, **numbers, "seed": int(row["seed"]), "exact": row["exact"] == "True"}


def _write(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: (row["claim"], row["seed"])))
