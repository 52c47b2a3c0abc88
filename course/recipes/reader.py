"""Recipe `reader`: a text tower that reads the names of things in ninety languages, and ten that it never read.

    course make reader

The picture tower of clip-1.9m stays as it is. The reader sees what that made of a drawing, and its name in one
language; it never sees two names of a thing side by side. A run that is killed goes on from its last saved state, to
the same result.
"""

from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Int, PyTree

from course import contrastive, languages, pictures, zoo
from course.data.arrays import load_drawings, load_emoji
from course.languages import Names
from course.recipes import clip
from course.recipes.long_runs import as_stored, commit, cost, step_seconds, trained
from course.train import warmup_stable_decay

NAME, SEED = "reader-3.2m", 0
SHAPE = {"width": clip.SHAPE["width"], "d_model": 48, "buckets": 65_536}
BATCH, STEPS, PEAK, SAVE_EVERY = 1024, 6_000, 0.02, 500
# Near relatives of languages that are read (Galician, Swedish, Ukrainian), a distant one (Zulu); languages that are
# read in other letters (Serbian, Kazakh, Chinese); and three whose letters no other of these languages has.
NEVER_READ = ("gl", "sv", "uk", "zu", "sr-Latn", "kk-Arab", "zh-Hant", "ka", "th", "ko")


def make(runs: Path = Path("runs")) -> str:
    """A line with the scores and the cost, after the reader is trained and stored in the zoo."""
    params = train(runs / "reader" / f"{NAME}.safetensors")
    zoo.store(params, described := card(params))
    return f"{NAME}: {described['found by name among the first ten']}, {described['cost']}"


def train(path: Path) -> PyTree:
    """The reader after the last step; the state is saved on the way."""
    rates = warmup_stable_decay(STEPS, PEAK, warmup=50, decay_share=0.5)
    names, seen = learned_names(), languages.see_training_drawings(zoo.load(clip.NAME))

    def batches(begin: int) -> Iterator[dict[str, np.ndarray]]:
        return languages.batches(seen, names, BATCH, SEED, begin)

    return trained(languages.loss, initial(), batches, rates, path, SAVE_EVERY)


def initial() -> PyTree:
    """The reader before training."""
    return contrastive.init_reader(np.random.default_rng(SEED), **SHAPE)


def learned_names() -> Names:
    """The names in every language but those that are never read."""
    read = tuple(language for language in load_emoji().names if language not in NEVER_READ)
    return languages.names_in(read, SHAPE["buckets"])


def card(params: PyTree) -> dict:
    """What the zoo says about the reader."""
    names, seen = learned_names(), languages.see_training_drawings(zoo.load(clip.NAME))
    rounded = as_stored(params)
    weights = {key: sum(leaf.size for leaf in jax.tree.leaves(part)) for key, part in params.items()}
    seconds = STEPS * step_seconds(languages.loss, initial(), languages.batches(seen, names, BATCH, SEED))
    never, old = languages.names_in(NEVER_READ, SHAPE["buckets"]), np.unique(seen.concept)
    found = list(searched(rounded, names, old).values())
    return {
        "name": NAME,
        "kind": "reader",
        "parameters": sum(weights.values()),
        "shape": SHAPE,
        "data": f"{names.named[:, old].sum():,} names in {len(names.languages)} languages",
        "never read": ", ".join(NEVER_READ),
        "never seen": "the style and the concepts of held_out.json",
        "recipe": "course make reader",
        "commit": commit(),
        "cost": cost(6.0 * STEPS * BATCH * (weights["mlp"] + weights["text out"]), seconds),
        "temperature": 1 / float(contrastive.scale(rounded)),
        "found by name among the first ten": {
            "languages read": float(np.mean(found)),
            "never read": searched(rounded, never, old),
        },
        "limits": "names of one to four words; it does not read the order of words, nor what is no name",
        "licence": "CC BY 4.0",
    }


def searched(params: PyTree, names: Names, concepts: Int[np.ndarray, " n"]) -> dict[str, float]:
    """{language: how often a name finds its picture, in the held-out style, among the first ten of these concepts'}."""
    drawings = load_drawings(pictures.held_out_style())[concepts]
    shown = contrastive.see_all(zoo.load(clip.NAME), pictures.on_colour(drawings))
    told = languages.read_names(params, names)[:, concepts]
    return {name: languages.found(asked, shown) for name, asked in zip(names.languages, told, strict=True)}
