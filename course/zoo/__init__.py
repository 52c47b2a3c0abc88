"""The zoo: small models that were trained for the course, each with a card that says on what, how and how well."""

import copy
import json
import os
import reprlib
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import PyTree

from course.contrastive import init_reader, init_towers
from course.data import sha256
from course.imagine import init_painter, init_tokeniser
from course.nn import init_language_model
from course.perception import init_sketcher
from course.pictures import init_eye
from course.train.checkpoints import load_params, save_params

ZOO = Path(__file__).parent
INITIAL = {  # kind -> parameters
    "language model": init_language_model,
    "eye": init_eye,
    "two towers": init_towers,
    "reader": init_reader,
    "perceiver": init_sketcher,
    "tokeniser": init_tokeniser,
    "painter": init_painter,
}


class Card(dict):
    """What is known about one model: a dictionary that Jupyter shows as a table."""

    def _repr_markdown_(self) -> str:
        rows = "".join(
            f"| {key} | {_shown(value)} |\n" for key, value in self.items() if key not in ("shape", "sha256")
        )
        return f"| {self['name']} | |\n|---|---|\n{rows}"


def names(folder: Path = ZOO) -> list[str]:
    """The models' names, the smallest of each family first."""
    return list(_read_cards(folder))


def cards(folder: Path = ZOO) -> dict[str, Card]:
    """The card of every model, by name: data, recipe, cost, scores, limits and licence."""
    return {name: Card(card) for name, card in copy.deepcopy(_read_cards(folder)).items()}


def load(name: str, folder: str | Path = ZOO) -> PyTree:
    """The parameters of a model, in float32; from the course's zoo, or from a folder that a recipe filled.

    Raises ValueError, with one sentence, for an unknown name and for a file that is missing, damaged or of another
    shape than its card says.
    """
    known = _read_cards(folder := Path(folder))
    if not isinstance(name, str) or name not in known:
        there = ", ".join(known) or f"none in {folder}"
        raise ValueError(f"no model {reprlib.repr(name)} in the zoo: there are {there}.")
    card, path = known[name], folder / f"{name}.safetensors"
    remedy = "Reinstall the course." if folder == ZOO else f"Make it again: {card.get('recipe', 'course make ladder')}."
    try:
        if path.exists() and sha256(path.read_bytes()) != card["sha256"]:
            raise ValueError(f"the model {name!r} is damaged: its SHA-256 differs. {remedy}")
        like = INITIAL[card["kind"]](np.random.default_rng(0), **card["shape"])
    except (KeyError, TypeError):
        raise ValueError(f"the card of {name!r} is damaged or incomplete. {remedy}") from None
    try:
        return load_params(path, like)
    except ValueError as error:
        raise ValueError(f"the model {name!r} cannot be loaded: {error}. {remedy}") from None


def store(params: PyTree, card: dict, folder: Path = ZOO) -> None:
    """Writes a model, as float16, and its card. Recipes call it."""
    path = folder / f"{card['name']}.safetensors"
    save_params(path, params, dtype=np.float16)
    card = card | {"bytes": path.stat().st_size, "sha256": sha256(path.read_bytes())}
    stored = _read_cards(folder) | {card["name"]: card}
    ordered = dict(sorted(stored.items(), key=lambda item: (item[1]["kind"], item[1]["parameters"])))
    part = folder / "cards.part"
    part.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, folder / "cards.json")  # in one move: a kill never leaves half of it


def _read_cards(folder: Path) -> dict[str, dict]:
    path = folder / "cards.json"
    return _parsed(path, path.stat().st_mtime_ns) if path.exists() else {}


@cache
def _parsed(path: Path, written: int) -> dict[str, dict]:
    """The cards in the file as it was written at that time."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise ValueError(f"{path} is damaged: it is no JSON. Reinstall the course, or run its recipe again.") from None


def _shown(value) -> str:
    """A card's entry on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(part)}" for key, part in value.items())
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("\n", " ").replace("|", "\\|")
