"""Two senses of one thing: what each says, how much to believe it, and what only both together tell.

The lips are simulated: `LIPS`, `move_lips` and `draw_mouths` are the whole of their model.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedGroupKFold

from course.nn import mlp, normal

ROWS, COLUMNS = 20, 25  # of a picture of a mouth, in pixels
SKIN, LIP, INSIDE = 0.9, 0.55, 0.05  # grey values
LIP_WIDTH = 3.0  # pixels


class Lips(NamedTuple):
    """How a vowel is written and spoken, and how phoneticians place it."""

    ipa: str
    word: str
    opening: float  # 0 close, 1 open: its height in the chart of the International Phonetic Association
    spread: float  # 1 spread, 0 neutral, -1 rounded


LIPS = {
    "iy": Lips("i", "heed", 0, 1),
    "ih": Lips("ɪ", "hid", 1 / 6, 1),
    "eh": Lips("ɛ", "head", 4 / 6, 1),
    "ae": Lips("æ", "had", 5 / 6, 1),
    "ah": Lips("ʌ", "hud", 4 / 6, 0),
    "aa": Lips("ɑ", "hod", 1, 0),
    "ao": Lips("ɔ", "hawed", 4 / 6, -1),
    "uh": Lips("ʊ", "hood", 1 / 6, -1),
    "uw": Lips("u", "who'd", 0, -1),
    "er": Lips("ɝ", "heard", 3 / 6, -1),
}


def move_lips(
    rng: np.random.Generator,
    targets: Float[np.ndarray, "n 2"],
    speakers: Int[np.ndarray, " n"],
    slack: tuple[float, float] = (0.15, 0.5),
    habit: float = 0.1,
) -> Float[np.ndarray, "n 2"]:
    """Half the height and half the width of each mouth's opening, in pixels.

    targets: opening and spread, which are missed by `slack` (standard deviations) each time. A mouth that hits them is
    1 + 5 opening high and 7 + 1.8 spread wide, times a factor of its speaker's own for each, exp(habit * normal).
    """
    opening, spread = (targets + np.array(slack) * rng.standard_normal(targets.shape)).T
    _, who = np.unique(speakers, return_inverse=True)
    size = np.exp(habit * rng.standard_normal((who.max() + 1, 2)))[who]
    shape = np.stack([1 + 5 * opening, 7 + 1.8 * spread], axis=1) * size
    return shape.clip((0.3, 3), (ROWS / 2 - LIP_WIDTH, COLUMNS / 2 - LIP_WIDTH))


def draw_mouths(
    rng: np.random.Generator, shape: Float[np.ndarray, "n 2"], grain: float = 0.08
) -> Float[np.ndarray, "n 20 25"]:
    """Grey pictures of mouths: a dark ellipse within a ring of lip, up to a pixel off centre, with `grain` as noise."""
    y, x = (np.mgrid[:ROWS, :COLUMNS] - np.array([ROWS - 1, COLUMNS - 1])[:, None, None] / 2).astype(np.float32)
    down, right = rng.uniform(-1, 1, size=(2, len(shape), 1, 1)).astype(np.float32)
    shape = np.asarray(shape, np.float32)

    def ellipse(half: Float[np.ndarray, "n 2"]):
        height, width = half[:, 0, None, None], half[:, 1, None, None]
        radius = np.hypot((y - down) / height, (x - right) / width)
        return 1 / (1 + np.exp(np.clip(4 * (radius - 1) * np.minimum(height, width), -30, 30)))

    grey = SKIN - (SKIN - LIP) * ellipse(shape + LIP_WIDTH) - (LIP - INSIDE) * ellipse(shape)
    return grey + np.float32(grain) * rng.standard_normal(grey.shape, np.float32)


def init_perceptron(rng: np.random.Generator, inputs: int, hidden: int, outputs: int) -> dict:
    """Parameters of a two-layer perceptron, for `course.nn.mlp`; its outputs start at zero."""
    return {"in": normal(rng, (inputs, hidden), inputs), "out": np.zeros((hidden, outputs), np.float32)}


def thirds(
    speakers: Int[np.ndarray, " n"], kinds: Shaped[np.ndarray, " n"], seed: int
) -> list[Int[np.ndarray, " rows"]]:
    """The rows of three groups of speakers, with a third of the rows of each kind; nobody is in two groups."""
    split = StratifiedGroupKFold(3, shuffle=True, random_state=seed).split(speakers, kinds, speakers)
    return [rows for _, rows in split]


def noise_variance(snr_db: float) -> float:
    """The variance of noise beside a signal of variance 1, at a signal-to-noise ratio in decibels."""
    return 10 ** (-snr_db / 10)


def with_noise(
    rng: np.random.Generator, clean: Float[np.ndarray, "n features"], snr_db: float
) -> Float[np.ndarray, "n features"]:
    """The features, each with Gaussian noise of its own; a feature's signal is its variance over the rows."""
    sd = clean.std(axis=0) * np.sqrt(noise_variance(snr_db))
    return clean + sd * rng.standard_normal(clean.shape)


def inverse_variance_weights(variances: Float[np.ndarray, "senses features"]) -> Float[np.ndarray, "senses features"]:
    """The weights, 1 in sum over the senses, whose average has the least error, if the errors are uncorrelated.

    variances: the mean squared error of each sense.
    """
    precision = 1 / np.asarray(variances, float)
    return precision / precision.sum(axis=0)


def least_squares_weights(
    estimates: Float[np.ndarray, "senses n features"], truth: Float[np.ndarray, "n features"]
) -> Float[np.ndarray, "senses features"]:
    """The weights with which the estimates of a feature add up to its true value with the least squared error."""
    features = np.moveaxis(np.asarray(estimates), 2, 0)  # (features, senses, n)
    solved = [np.linalg.lstsq(each.T, true, rcond=None)[0] for each, true in zip(features, truth.T, strict=True)]
    return np.stack(solved, axis=1)


def combined(
    estimates: Float[np.ndarray, "senses n features"], weights: Float[np.ndarray, "senses features"]
) -> Float[np.ndarray, "n features"]:
    """The weighted sum of what the senses say."""
    return (np.asarray(estimates) * weights[:, None]).sum(axis=0)


def added_evidence(log_probs: Float[np.ndarray, "senses n classes"]) -> Float[np.ndarray, "n classes"]:
    """ln p(class | all senses), if they are independent given the class and all classes are equally frequent."""
    return log_softmax(np.sum(log_probs, axis=0), axis=-1)


def deal(
    rng: np.random.Generator, words: Int[np.ndarray, " n"], pictures: Int[np.ndarray, " m"], hands: int
) -> tuple[Int[np.ndarray, " cards"], Int[np.ndarray, " cards"]]:
    """(rows of the words, rows of the pictures) of cards, hand after hand.

    words, pictures: of which kind (0, 1, ...) each one is. A hand takes one word and one picture of every kind, at
    random, and makes all pairs: each word meets every kind of picture, and each picture every kind of word.
    """
    kinds = range(words.max() + 1)
    told, shown = (
        np.stack([rng.choice(np.flatnonzero(side == kind), hands) for kind in kinds], axis=1)
        for side in (words, pictures)
    )
    return np.repeat(told, len(kinds), axis=1).ravel(), np.tile(shown, len(kinds)).ravel()


def late(params: dict, words: Float[Array, "n D"], pictures: Float[Array, "n E"]) -> Float[Array, " n"]:
    """Log-odds from two perceptrons that see one sense each, added: they meet after each has made up its mind."""
    return (mlp(params["words"], words) + mlp(params["pictures"], pictures))[:, 0]


def early(params: dict, words: Float[Array, "n D"], pictures: Float[Array, "n E"]) -> Float[Array, " n"]:
    """Log-odds from one perceptron that sees both senses side by side."""
    return mlp(params, jnp.concatenate([words, pictures], axis=1))[:, 0]


def binary_cross_entropy(log_odds: Float[Array, " n"], labels: Int[Array, " n"]) -> Float[Array, " n"]:
    """-ln p(label) of every label 0 or 1, in nats."""
    return jnp.logaddexp(0, (1 - 2 * jnp.asarray(labels, jnp.float32)) * log_odds)


def fusion_loss(fuse: Callable) -> Callable:
    """The mean cross-entropy of `late` or `early` on a batch of "words", "pictures" and "labels", for `fit`."""

    def loss(params: dict, batch: dict[str, Array]) -> Float[Array, ""]:
        return binary_cross_entropy(fuse(params, batch["words"], batch["pictures"]), batch["labels"]).mean()

    return loss


def proactive_rate(recall: float, reported: float) -> float:
    """The share of what is removed that the systems had found before anybody reported it.

    recall: the share of all harmful items that the systems find. reported: of the rest, the share that users report.
    """
    return recall / (recall + (1 - recall) * reported)


def reported_share(recall: float, proactive: float) -> float:
    """The share that users must report of what the systems miss, for this proactive rate.

    Raises ValueError for a recall above the proactive rate: users can't report more than there is.
    """
    if not 0 < recall <= proactive < 1:
        raise ValueError(f"recall must lie above 0 and at most at the proactive rate of {proactive}, got {recall}.")
    return recall * (1 - proactive) / (proactive * (1 - recall))
