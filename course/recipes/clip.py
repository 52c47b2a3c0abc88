"""Recipe `clip`: the zoo's two towers, which bring pictures and English words together.

    course make clip

All concepts but the held-out ones, in six drawing styles, with Unicode's names and keywords: each batch shows 256
concepts, moved and coloured at random. Nothing else is told: no categories, and no drawing in the held-out style. A run
that is killed goes on from its last saved state, to the same result.
"""

from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree

from course import contrastive, pictures, zoo
from course.recipes.long_runs import as_stored, commit, cost, step_seconds, trained
from course.train import warmup_stable_decay

NAME, SEED = "clip-1.9m", 0
SHAPE = {"width": 64, "d_model": 128, "n_layers": 4, "n_heads": 4}
BATCH, STEPS, PEAK, SAVE_EVERY = 256, 3_500, 0.01, 100


def make(runs: Path = Path("runs")) -> str:
    """A line with the scores and the cost, after the towers are trained and stored in the zoo."""
    towers = train(runs / "clip" / f"{NAME}.safetensors")
    zoo.store(towers, described := card(towers))
    return f"{NAME}: {described['found by name']}, {described['cost']}"


def train(path: Path) -> PyTree:
    """The towers after the last step; the state is saved on the way."""
    rates = warmup_stable_decay(STEPS, PEAK, warmup=50, decay_share=0.5)
    return trained(contrastive.loss, initial(), batches, rates, path, SAVE_EVERY)


def initial() -> PyTree:
    """The towers before training."""
    return contrastive.init_towers(np.random.default_rng(SEED), **SHAPE)


def batches(begin: int) -> Iterator[dict[str, np.ndarray]]:
    """The run's batches from step `begin` on."""
    return contrastive.batches(contrastive.training_pairs(), BATCH, SEED, begin)


def card(towers: PyTree) -> dict:
    """What the zoo says about the towers."""
    rounded = as_stored(towers)
    weights, seen = (sum(leaf.size for leaf in jax.tree.leaves(part)) for part in (towers, towers["eye"]))
    pairs, places = contrastive.training_pairs(), (pictures.SIZE // contrastive.PATCH) ** 2
    seconds = STEPS * step_seconds(contrastive.loss, initial(), batches(0))
    return {
        "name": NAME,
        "kind": "two towers",
        "parameters": weights,
        "shape": SHAPE,
        "data": f"{len(pairs.concept):,} drawings of {len(pairs.names):,} concepts, {STEPS * BATCH:,} views",
        "never seen": "the style and the concepts of held_out.json; categories",
        "recipe": "course make clip",
        "commit": commit(),
        "cost": cost(6.0 * STEPS * BATCH * places * seen, seconds),
        "temperature": 1 / float(contrastive.scale(rounded)),
        "found by name": contrastive.found_in_unseen_style(rounded),
        "limits": "32 x 32 drawings of flat colours on plain grounds; single words of English, in any order; "
        "no photographs; in outlines (OpenMoji) it finds a quarter among the first ten",
        "licence": "CC BY 4.0",
    }
