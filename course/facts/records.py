"""Records of the ledger: a number, a fact, a model, an article."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

MODEL_FIELDS = (
    *("year", "params", "active_params", "tokens", "training_flops"),
    *("layers", "d_model", "d_ff", "heads", "kv_size", "vocabulary", "experts"),
)
MARKS = {"confirmed": "✓", "imprecise": "~", "wrong": "✗", "unverifiable": "?"}
EVIDENCE = {
    "read": "read in the source, a copy of it or notes on it",
    "computed": "computed",
    "memory": "from memory, not looked up again",
    "none": "none",
}


class Value(float):
    """A published number: a float with its unit, key, id (of fact or model), evidence and place."""

    def __new__(cls, number: float | str, unit: str, key: str, id: str, evidence: str = "", place: str = ""):
        value = super().__new__(cls, number)
        value.unit, value.key, value.id, value.evidence, value.place = unit, key, id, evidence, place
        return value

    def __getnewargs__(self):  # without it a Value could not be copied or pickled
        return float(self), self.unit, self.key, self.id, self.evidence, self.place


class Keyed:
    """Gives the numbers in `values` as attributes."""

    values: dict[str, Value]

    def __getattr__(self, key: str) -> Value:
        if key.startswith("_") or key == "values":  # asked by copy, pickle and IPython, before values exists
            raise AttributeError(key)
        if key in self.values:
            return self.values[key]
        raise AttributeError(f"{self._label()} has no number {key!r}; it has {listed(self.values) or 'none'}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.values]


@dataclass(frozen=True, repr=False)
class Fact(Keyed):
    """One row of the ledger. Its numbers are attributes: fact("TD30").tokens_unrounded."""

    id: str
    kind: str  # "article": a claim of an article; "paper": a result of a paper
    topic: str
    articles: tuple[str, ...]  # tags of the articles that make the claim
    claim: str
    verdict: str  # a key of MARKS; empty for a paper
    text: str  # what is true
    source: str
    authors: str
    year: str
    identifier: str
    evidence: str  # a key of EVIDENCE
    note: str
    values: dict[str, Value]

    def _label(self) -> str:
        return f"fact {self.id}"

    def __repr__(self) -> str:
        verdict = f" ({self.verdict})" if self.verdict else ""
        return f"{self.id}{verdict}: {self.claim}"

    def _repr_markdown_(self) -> str:
        verdict = f" ({MARKS[self.verdict]} {self.verdict})" if self.verdict else ""
        title = self.source and f"*{self.source}*"
        source = ", ".join(filter(None, (self.authors, self.year, title, self.identifier))) or "no source"
        note = f" {self.note}" if self.note else ""
        return (
            f"**{self.id}** {self.claim}{verdict}\n\n{self.text}\n\n"
            f"Source: {source}. Evidence: {EVIDENCE[self.evidence]}.{note}"
        )


@dataclass(frozen=True, repr=False)
class Model(Keyed):
    """One model. MODEL_FIELDS are its attributes: a Value whose `place` is its source, or None if unknown."""

    name: str
    kind: str
    values: dict[str, Value]

    def _label(self) -> str:
        return f"model {self.name}"

    def __getattr__(self, key: str) -> Value | None:
        return None if key in MODEL_FIELDS and key not in self.values else super().__getattr__(key)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{key} {value:.6g}" for key, value in self.values.items())
        return f"{self.name} ({self.kind}): {numbers}"


class Article(NamedTuple):
    """One of the five articles."""

    tag: str
    title: str
    kind: str
    author: str
    publisher: str
    date: str


def listed(names: Iterable[str], most: int = 40) -> str:
    """The first `most` names, with commas."""
    names = [name for name in names if name]
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")
