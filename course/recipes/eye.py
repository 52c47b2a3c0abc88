"""Recipe `eye`: the zoo's vision transformer, trained to name emoji and letters.

    course make eye

Half of every batch shows an emoji in one of the training styles, half a letter of a training script, moved and coloured
at random; the eye says which of some 7,000 it is. The head that says it is thrown away afterwards. The held-out style,
concepts and scripts are never shown. A run that is killed goes on from its last saved state, to the same result.
"""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Int, PyTree, UInt8

from course import pictures, zoo
from course.baselines import linear_guess
from course.data.arrays import held_out, load_glyphs
from course.nn import cross_entropy, readout
from course.recipes.long_runs import as_stored, commit, cost, step_seconds, trained
from course.train import warmup_stable_decay

NAME, SEED = "vit-442k", 0
SHAPE = {"d_model": 96, "n_layers": 4, "n_heads": 4}
BATCH, STEPS, PEAK, SAVE_EVERY = 64, 16_000, 0.014, 250
GLYPH_LEVELS = 7
SPLITS = range(10, 15)  # of a task, over which a card's shares are means; by others the features were chosen


class Curriculum(NamedTuple):
    """Everything that may be shown, as drawings with opacity; letters are black on nothing."""

    emoji: UInt8[np.ndarray, "e 32 32 4"]
    emoji_labels: Int[np.ndarray, " e"]
    letters: UInt8[np.ndarray, "l 32 32 4"]
    letter_labels: Int[np.ndarray, " l"]

    @property
    def classes(self) -> int:
        """Emoji concepts and letters together."""
        return int(self.letter_labels.max()) + 1


def make(runs: Path = Path("runs")) -> str:
    """A line with the scores and the cost, after the eye is trained and stored in the zoo."""
    shown = curriculum()
    params = train(shown, runs / "eye" / f"{NAME}.safetensors")
    eye = {key: value for key, value in params.items() if key != "head"}
    zoo.store(eye, described := card(eye, shown))
    return f"{NAME}: {described['linear probe']}, {described['cost']}"


def curriculum() -> Curriculum:
    """What is not held out."""
    emoji, concept = pictures.training_drawings()
    free = np.flatnonzero(~pictures.held_out_concepts())
    glyphs = load_glyphs()
    trained_on = ~np.isin(glyphs.scripts, held_out()["glyphs"]["scripts"])[glyphs.script]
    _, letter = np.unique(glyphs.code[trained_on], return_inverse=True)
    ink = pictures.inked(glyphs.pictures[trained_on], GLYPH_LEVELS)
    return Curriculum(emoji, np.searchsorted(free, concept), ink, letter + len(free))


def batches(shown: Curriculum, begin: int) -> Iterator[dict[str, np.ndarray]]:
    """The run's batches from step `begin` on, each drawn by a generator of its own."""
    for step in itertools.count(begin):
        rng = np.random.default_rng([SEED, step])
        rows, letters = (rng.integers(len(part), size=BATCH // 2) for part in (shown.emoji, shown.letters))
        drawings = np.concatenate([shown.emoji[rows], shown.letters[letters]])
        images = coloured(pictures.moved(drawings, rng), rng)
        labels = np.concatenate([shown.emoji_labels[rows], shown.letter_labels[letters]])
        yield {"squares": pictures.patches(images), "labels": labels.astype(np.int32)}


def coloured(drawings: Float[np.ndarray, "n 32 32 4"], rng: np.random.Generator) -> Float[np.ndarray, "n 32 32 3"]:
    """The drawings on grounds of random colour, half of them white; letters in random ink, at times light on dark."""
    n, emoji = len(drawings), len(drawings) // 2
    ground = pictures.grounds(n, rng)
    drawings = drawings.copy()
    drawings[emoji:, ..., :3] = (
        255 * np.round(ground[emoji:] < 0.5)[:, None, None] * rng.uniform(0.6, 1, (n - emoji, 1, 1, 3))
    )
    return pictures.on_colour(drawings, ground)


def loss(params: PyTree, batch: dict[str, Array]) -> Float[Array, ""]:
    """Mean cross-entropy of the class, in nats."""
    eye = {key: value for key, value in params.items() if key != "head"}
    return cross_entropy(readout(pictures.look(eye, batch["squares"]), params["head"]), batch["labels"]).mean()


def train(shown: Curriculum, path: Path) -> PyTree:
    """The parameters of the eye and its head after the last step; the state is saved on the way."""
    rates = warmup_stable_decay(STEPS, PEAK, warmup=200, decay_share=0.4)
    return trained(loss, initial(shown), partial(batches, shown), rates, path, SAVE_EVERY)


def initial(shown: Curriculum) -> PyTree:
    """The eye before training, and a head of zeros."""
    head = np.zeros((SHAPE["d_model"], shown.classes), np.float32)
    return pictures.init_eye(np.random.default_rng(SEED), **SHAPE) | {"head": head}


def card(eye: PyTree, shown: Curriculum) -> dict:
    """What the zoo says about the eye."""
    rounded = as_stored(eye)
    weights = sum(leaf.size for leaf in jax.tree.leaves(eye))
    tokens = STEPS * BATCH * pictures.PATCHES
    flops = 6.0 * tokens * weights + 6.0 * STEPS * BATCH * SHAPE["d_model"] * shown.classes
    seconds = STEPS * step_seconds(loss, initial(shown), batches(shown, 0))
    return {
        "name": NAME,
        "kind": "eye",
        "parameters": weights,
        "shape": SHAPE,
        "data": f"{len(shown.emoji):,} emoji drawings and {len(shown.letters):,} letters, {STEPS * BATCH:,} views",
        "never seen": "the style, the concepts and the scripts of held_out.json (but for ten letters drawn as in "
        "another script), and the data of other tasks",
        "recipe": "course make eye",
        "commit": commit(),
        "cost": cost(flops, seconds),
        "linear probe": {name: probe(rounded, task) for name, task in pictures.TASKS.items()},
        "raw pixels": {name: probe_pixels(task) for name, task in pictures.TASKS.items()},
        "limits": "32 x 32 drawings on plain grounds; no photographs",
        "licence": "CC BY 4.0",
    }


def probe(eye: PyTree, task: Callable[..., pictures.Task]) -> float:
    """Share of right answers of a linear classifier on what the eye makes of pictures: a mean over splits of a task."""
    return _mean_right(partial(pictures.features, eye), task)


def probe_pixels(task: Callable[..., pictures.Task]) -> float:
    """The same on the pixels themselves."""
    return _mean_right(lambda images: images.reshape(len(images), -1), task)


def _mean_right(seen: Callable[[np.ndarray], np.ndarray], task: Callable[..., pictures.Task]) -> float:
    return float(np.mean([_right(seen, task(seed)) for seed in SPLITS]))


def _right(seen: Callable[[np.ndarray], Float[np.ndarray, "n d"]], task: pictures.Task) -> float:
    learned, asked = seen(task.train.images), seen(task.test.images)
    mean, spread = learned.mean(axis=0), learned.std(axis=0) + 1e-6
    guess = linear_guess((learned - mean) / spread, task.train.labels, (asked - mean) / spread)
    return np.mean(guess == task.test.labels)
