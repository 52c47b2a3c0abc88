"""Facts: what five articles claim about big models, what papers measured, and how sure we are of it.

ledger.csv             a row for each claim of an article (kind "article") and result of a paper ("paper")
values.csv             the numbers of each row, each with a key, a unit and its place in the source
models.csv             a row for each model and field; a field without a source is left out
chinchilla_models.csv  the 50 models of Hoffmann et al. (2022), Table A9
articles.csv           the five articles

Evidence is "read" (in the source, a copy of it or notes on it), "computed" (from numbers here or public data),
"memory" (not looked up again: check it before you print it as a headline) or "none".
"""

import csv
import difflib
import reprlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

from course.facts.records import MODEL_FIELDS, Article, Fact, Model, Value, listed

__all__ = ["Article", "Fact", "Model", "UnknownName", "Value"]
__all__ += ["articles", "chinchilla_models", "fact", "facts", "model", "models"]

T = TypeVar("T")


class UnknownName(KeyError):
    """A name that the facts do not hold."""

    def __str__(self) -> str:  # KeyError would show the message in quotes, with escapes
        return str(self.args[0])


def fact(id: str) -> Fact:
    """The row `id` of the ledger, as "TP02" or "[TP02]"; UnknownName, with the nearest ids, if there is none."""
    return _find(_ledger(), id.strip(" []") if isinstance(id, str) else id, "fact")


def facts(
    topic: str | None = None, article: str | None = None, verdict: str | None = None, kind: str | None = None
) -> list[Fact]:
    """The rows that meet every given condition, in the ledger's order; UnknownName if no row can meet one."""
    rows = list(_ledger().values())
    for condition, wanted in {"topic": topic, "article": article, "verdict": verdict, "kind": kind}.items():
        rows = rows if wanted is None else _that_meet(condition, wanted, rows)
    return rows


def model(name: str) -> Model:
    """The model called `name`; UnknownName, with the nearest names, if there is none."""
    return _find(_models(), name, "model")


def models(*known: str, kind: str | None = None) -> list[Model]:
    """The models, oldest first, of which all the `known` fields are known: models("params", "tokens")."""
    for name in known:
        _find(dict.fromkeys(MODEL_FIELDS), name, "field")
    if kind is not None:
        _find(dict.fromkeys(m.kind for m in _models().values()), kind, "kind")
    return [m for m in _models().values() if kind in (None, m.kind) and set(known) <= set(m.values)]


def articles() -> list[Article]:
    """The five articles."""
    return [Article(**row) for row in _read("articles.csv")]


def chinchilla_models() -> list[dict[str, int]]:
    """The 50 models of Hoffmann et al.: params, d_model, ffw_size, kv_size, n_heads, n_layers.

    The paper prints params in millions, so they are exact to half a million.
    Source: Hoffmann et al. 2022 (arXiv:2203.15556), Table A9, read in a full-text copy.
    """
    rows = [{key: int(number) for key, number in row.items()} for row in _read("chinchilla_models.csv")]
    return [{"params": row.pop("params_millions") * 1_000_000, **row} for row in rows]


@cache
def _ledger() -> dict[str, Fact]:
    values: dict[str, dict[str, Value]] = {}
    for row in _read("values.csv"):
        values.setdefault(row["id"], {})[row["key"]] = Value(row.pop("value"), **row)
    return {row["id"]: _fact(row, values.get(row["id"], {})) for row in _read("ledger.csv")}


def _fact(row: dict[str, str], values: dict[str, Value]) -> Fact:
    tags = tuple(filter(None, row.pop("articles").split(";")))
    return Fact(**row, articles=tags, values=values)


@cache
def _models() -> dict[str, Model]:
    table: dict[str, Model] = {}
    for row in _read("models.csv"):
        name, field, value = row["name"], row["field"], row["value"]
        if field == "kind":  # the first row of each model
            table[name] = Model(name, kind=value, values={})
        else:
            table[name].values[field] = Value(value, row["unit"], field, name, row["evidence"], row["source"])
    return table


def _read(name: str) -> Iterator[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _that_meet(condition: str, wanted: str, rows: list[Fact]) -> list[Fact]:
    _find({name: row for row in _ledger().values() for name in _names(row, condition)}, wanted, condition)
    return [row for row in rows if wanted in _names(row, condition)]


def _names(row: Fact, condition: str) -> Iterable[str]:
    return row.articles if condition == "article" else (getattr(row, condition),)


def _find(table: dict[str, T], name: str, what: str) -> T:
    if isinstance(name, str) and name in table:
        return table[name]
    spelt = {key.lower(): key for key in table}
    near = [spelt[key] for key in difflib.get_close_matches(str(name).lower(), spelt, n=3, cutoff=0.5)]
    hint = f"did you mean {listed(near)}?" if near else f"there are {listed(table, most=12)}"
    raise UnknownName(f"no {what} {reprlib.repr(name)}: {hint}")
