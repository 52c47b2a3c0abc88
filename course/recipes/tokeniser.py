"""Recipe `tokeniser`: the zoo's VQ-VAE, which turns small pictures into 64 codes and back, for lesson 3.3.

    course make tokeniser

Emoji that may be learned from, alone in six styles or two at half the size in the painter's styles, shifted and
mirrored at random. A run that is killed goes on from its last saved state, to the same result.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float, PyTree

from course import imagine, pictures, zoo
from course.data.arrays import load_drawings
from course.recipes.long_runs import as_stored, commit, cost, step_seconds, trained
from course.train import warmup_stable_decay

SEED = 0
SHAPE = {"codes": imagine.CODES, "width": 16, "d_model": 96, "depths": (1, 3), "n_heads": 4}
BATCH, PAIRS, STEPS, PEAK, SAVE_EVERY = 32, 10, 4_000, 0.005, 100


def make(runs: Path = Path("runs")) -> str:
    """A line with the scores and the cost, after the tokeniser is trained and stored in the zoo."""
    params = train(runs / "tokeniser" / "tokeniser.safetensors")
    zoo.store(params, described := card(params))
    return f"{described['name']}: {described['on the unseen style']}, {described['cost']}"


def train(path: Path) -> PyTree:
    """The parameters after the last step; the state is saved on the way."""
    rates = warmup_stable_decay(STEPS, PEAK, warmup=50, decay_share=0.5)
    return trained(imagine.tokeniser_loss, initial(), batches, rates, path, SAVE_EVERY, after=imagine.follow)


def initial() -> PyTree:
    """The parameters before training."""
    return imagine.init_tokeniser(np.random.default_rng(SEED), **SHAPE)


def batches(begin: int) -> Iterator[dict[str, np.ndarray]]:
    """The run's pictures from step `begin` on, and the z that dead codes would take."""
    drawings, _ = pictures.training_drawings()
    for step in itertools.count(begin):
        rng = np.random.default_rng([SEED, step])
        squares = pictures.patches(shown(drawings, rng))
        yield {"squares": squares, "spare": rng.integers(0, BATCH * imagine.PLACES, imagine.CODES)}


def shown(drawings: np.ndarray, rng: np.random.Generator) -> Float[np.ndarray, "n 32 32 3"]:
    """A batch: most things alone, some in pairs, all moved by the same few pixels, half of the batches mirrored."""
    things = imagine.things(imagine.STYLES[rng.integers(len(imagine.STYLES))])
    pairs = imagine.together(things, imagine.some_pairs(things, PAIRS, rng), rng)
    rows = rng.choice(len(drawings), BATCH - PAIRS, replace=False)
    images = np.concatenate([pairs.images, pictures.on_colour(drawings[rows])])
    images = np.roll(images, rng.integers(-3, 4, 2), axis=(1, 2))
    return images[:, :, :: rng.choice((1, -1))]


def card(params: PyTree) -> dict:
    """What the zoo says about the tokeniser."""
    rounded = as_stored(params)
    weights = sum(leaf.size for half in ("encoder", "decoder") for leaf in jax.tree.leaves(params[half]))
    unseen = pictures.on_colour(unseen_drawings())
    codes = imagine.codes_of(rounded, unseen)
    error = np.square(imagine.drawn(rounded, codes) - unseen).mean()
    seconds = STEPS * step_seconds(imagine.tokeniser_loss, initial(), batches(0), after=imagine.follow)
    return {
        "name": f"tokeniser-{weights // 1000}k",
        "kind": "tokeniser",
        "parameters": weights,
        "shape": SHAPE,
        "data": f"{len(pictures.training_drawings()[0]):,} emoji drawings, {STEPS * BATCH:,} views",
        "never seen": "the style and the concepts of held_out.json",
        "recipe": "course make tokeniser",
        "commit": commit(),
        "cost": cost(6.0 * STEPS * BATCH * imagine.PLACES * weights, seconds),
        "on the unseen style": {
            "error": float(error),
            "variance explained": float(1 - error / unseen.var()),
            "perplexity of the codes": imagine.perplexity(codes, imagine.CODES),
        },
        "limits": "32 x 32 drawings on white; no photographs; fine lines blur",
        "licence": "CC BY 4.0",
    }


def unseen_drawings() -> np.ndarray:
    """What the held-out style draws of concepts that were learned in other styles."""
    drawings = load_drawings(pictures.held_out_style())[~pictures.held_out_concepts()]
    return drawings[drawings[..., 3].any(axis=(1, 2))]
