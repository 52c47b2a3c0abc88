"""Recipe `sketcher`: the zoo's Perceiver, which reads small pictures and answers places with colours, for lesson 3.5.

    course make sketcher

All emoji that may be learned from, 16 x 16 pixels on white, moved at random. It is asked for the colour at the places
of some of the pixels that it has read, and at no others. A run that is killed goes on from its last saved state, to the
same result.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree

from course import perception, pictures, zoo
from course.recipes.long_runs import as_stored, commit, cost, step_seconds, trained
from course.train import warmup_stable_decay

SEED = 0
SHAPE = {"n_latents": 32, "d_model": 96, "n_layers": 2, "n_heads": 4}
BATCH, ASKED, STEPS, PEAK, SAVE_EVERY = 32, 64, 1_000, 0.01, 50


def make(runs: Path = Path("runs")) -> str:
    """A line with the score and the cost, after the network is trained and stored in the zoo."""
    params = train(runs / "sketcher" / "sketcher.safetensors")
    zoo.store(params, described := card(params))
    return f"{described['name']}: error {described['error on unseen drawings']:.4f}, {described['cost']}"


def train(path: Path) -> PyTree:
    """The parameters after the last step; the state is saved on the way."""
    rates = warmup_stable_decay(STEPS, PEAK, warmup=50, decay_share=0.5)
    return trained(perception.sketch_loss, initial(), batches, rates, path, SAVE_EVERY)


def initial() -> PyTree:
    """The parameters before training."""
    return perception.init_sketcher(np.random.default_rng(SEED), **SHAPE)


def batches(begin: int) -> Iterator[dict[str, np.ndarray]]:
    """The run's pictures from step `begin` on, and the places asked for."""
    drawings, _ = pictures.training_drawings()
    for step in itertools.count(begin):
        rng = np.random.default_rng([SEED, step])
        rows = rng.choice(len(drawings), BATCH, replace=False)
        asked = rng.choice(perception.SKETCH_SIDE**2, ASKED, replace=False)
        yield {"images": perception.small(pictures.moved(drawings[rows], rng)), "asked": asked}


def card(params: PyTree) -> dict:
    """What the zoo says about the network."""
    rounded = as_stored(params)
    weights = sum(leaf.size for leaf in jax.tree.leaves(params))
    unseen = perception.small(perception.unseen_drawings())
    everywhere = np.arange(perception.SKETCH_SIDE**2)
    seconds = STEPS * step_seconds(perception.sketch_loss, initial(), batches(0))
    rows = perception.SKETCH_SIDE**2 + ASKED + SHAPE["n_latents"] * (SHAPE["n_layers"] + 1)
    return {
        "name": f"perceiver-{weights // 1000}k",
        "kind": "perceiver",
        "parameters": weights,
        "shape": SHAPE,
        "data": f"{len(pictures.training_drawings()[0]):,} emoji drawings, {STEPS * BATCH:,} views",
        "never seen": "the style and the concepts of held_out.json; places between the pixels",
        "recipe": "course make sketcher",
        "commit": commit(),
        "cost": cost(6.0 * STEPS * BATCH * rows * weights / (SHAPE["n_layers"] + 2), seconds),
        "error on unseen drawings": float(perception.sketch_loss(rounded, {"images": unseen, "asked": everywhere})),
        "limits": "16 x 16 drawings on white; no photographs",
        "licence": "CC BY 4.0",
    }
