"""Recipe `painter`: the zoo's transformer that writes a scene and a picture after words, for lesson 3.3.

    course make painter

Emoji that may be learned from in three styles, one alone on a canvas or two of half the size, as codes of the zoo's
tokeniser. Pairs of `imagine.held_out_pair` never stand together. Now and then the words or the style are left out. A
run that is killed goes on from its last saved state, to the same result.
"""

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree

from course import imagine, zoo
from course.recipes.long_runs import as_stored, commit, cost, step_seconds, trained
from course.train import warmup_stable_decay

SEED, TOKENISER = 0, "tokeniser-466k"
SHAPE = {"d_model": 192, "n_layers": 5, "n_heads": 6}
ALONE, PAIRS, STEPS, PEAK, SAVE_EVERY = 20, 12, 7_200, 0.01, 50
WORDLESS, STYLELESS = 0.1, 0.3  # shares of captions that lack their words, or their style


def make(runs: Path = Path("runs")) -> str:
    """A line with the scores and the cost, after the painter is trained and stored in the zoo."""
    tokeniser = zoo.load(TOKENISER)
    params = train(runs / "painter" / "painter.safetensors", tokeniser)
    zoo.store(params, described := card(params, tokeniser))
    return f"{described['name']}: {described['nats per token']}, {described['cost']}"


def train(path: Path, tokeniser: PyTree) -> PyTree:
    """The parameters after the last step; the state is saved on the way."""
    rates = warmup_stable_decay(STEPS, PEAK, warmup=100, decay_share=0.9)
    return trained(imagine.painter_loss, initial(), partial(batches, tokeniser), rates, path, SAVE_EVERY)


def initial() -> PyTree:
    """The parameters before training."""
    return imagine.init_painter(np.random.default_rng(SEED), **SHAPE)


def batches(tokeniser: PyTree, begin: int) -> Iterator[dict[str, np.ndarray]]:
    """The run's rows of tokens from step `begin` on."""
    for step in itertools.count(begin):
        rng = np.random.default_rng([SEED, step])
        (examples, styles), n = shown(rng), ALONE + PAIRS
        texts = np.where(rng.random(n) < WORDLESS, "", examples.texts)
        styles = np.where(rng.random(n) < STYLELESS, "", styles)
        yield {"tokens": imagine.tokens_of(tokeniser, examples._replace(texts=list(texts)), list(styles))}


def shown(rng: np.random.Generator) -> tuple[imagine.Examples, list[str]]:
    """(things alone and pairs of things, each kind in one style at random, the style of each)."""
    styles = rng.choice(imagine.STYLES, 2)
    one, other = (imagine.things(style) for style in styles)
    singles = imagine.alone(one, rng.choice(len(one.names), ALONE, replace=False), rng)
    couples = imagine.together(other, imagine.some_pairs(other, PAIRS, rng), rng)
    images, parts = (np.concatenate([singles[i], couples[i]]) for i in range(2))
    return imagine.Examples(images, parts, singles.texts + couples.texts), list(np.repeat(styles, (ALONE, PAIRS)))


def card(params: PyTree, tokeniser: PyTree) -> dict:
    """What the zoo says about the painter."""
    weights = sum(leaf.size for leaf in jax.tree.leaves(params))
    drawings = sum(len(imagine.things(style).names) for style in imagine.STYLES)
    read = weights - params["embedding"].size
    seconds = STEPS * step_seconds(imagine.painter_loss, initial(), batches(tokeniser, 0))
    return {
        "name": f"painter-{weights / 1e6:.1f}m",
        "kind": "painter",
        "parameters": weights,
        "shape": SHAPE,
        "data": f"{drawings:,} emoji drawings alone and in pairs, {STEPS * (ALONE + PAIRS):,} canvases",
        "never seen": "the style and the concepts of held_out.json; an eighth of all pairs",
        "recipe": "course make painter",
        "commit": commit(),
        "cost": cost(6.0 * STEPS * (ALONE + PAIRS) * (imagine.LENGTH - 1) * read, seconds),
        "tokeniser": TOKENISER,
        "nats per token": {
            "pairs learned": nats(params, tokeniser),
            "held out": nats(params, tokeniser, held_out=True),
        },
        "limits": "32 x 32 drawings of things that have an emoji; fine lines blur; knows most of them by heart",
        "licence": "CC BY 4.0",
    }


def nats(params: PyTree, tokeniser: PyTree, held_out: bool = False, n: int = 64) -> float:
    """The painter's loss, as it is stored, on pairs in each style: some that it may have met, or some held out."""
    losses = []
    for style in imagine.STYLES:
        things, rng = imagine.things(style), np.random.default_rng(SEED)
        pairs = imagine.together(things, imagine.some_pairs(things, n, rng, held_out=held_out), rng)
        tokens = imagine.tokens_of(tokeniser, pairs, [style] * n)
        losses.append(float(imagine.painter_loss(as_stored(params), {"tokens": tokens})))
    return float(np.mean(losses))
