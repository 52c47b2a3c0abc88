"""Five kinds of sequence in one shape: 64 steps of at most 64 features, and a question at some of the steps.

Because all shapes agree, one compiled training step serves them all. `shuffled=True` puts the steps of each example
into a random order of their own, before anything is asked: the same content, its order destroyed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped, UInt8

from course.data import load_text
from course.data.arrays import RESIDUES, load_digits, load_proteins

STEPS = FEATURES = ANSWERS = 64
TRAIN, TEST = 3200, 500  # examples; of scanned digits and proteins there are fewer to train on
EVERY_STEP = np.ones((STEPS, STEPS), bool)
EARLIER_STEPS = np.tril(EVERY_STEP)
SPEEDS = np.array([-3, -1, 1, 3])  # pixels a frame; odd, so that in 8 frames a row comes to each of its 8 places


class Examples(NamedTuple):
    """n sequences, with the answers to what is asked about them."""

    inputs: Shaped[np.ndarray, "n 64 ..."]  # a symbol a step, or the features of each step
    answers: UInt8[np.ndarray, "n 64"]
    asked: Bool[np.ndarray, "n 64"]  # the steps at which the question is put


class Sense(NamedTuple):
    """One kind of sequence."""

    question: str
    names: tuple[str, ...]  # of the answers
    mask: Bool[np.ndarray, "64 64"]  # True where the first step may look at the second
    train: Examples
    test: Examples


def batches(sense: Sense, size: int, seed: int = 0) -> Iterator[dict[str, np.ndarray]]:
    """Endless batches of training examples in random order, each example once before any comes twice.

    Raises ValueError when there are fewer examples than a batch holds.
    """
    if not 1 <= size <= len(sense.train.answers):
        raise ValueError(f"size must be from 1 to {len(sense.train.answers)}, the number of examples, got {size}.")
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(sense.train.answers))
        for i in range(0, len(order) - size + 1, size):
            yield batch(sense.train, sense.mask, order[i : i + size])


def batch(
    examples: Examples, mask: Bool[np.ndarray, "64 64"], rows: Int[np.ndarray, " b"] | slice = slice(None)
) -> dict[str, np.ndarray]:
    """inputs (b, 64, 64), answers (b, 64), asked (b, 64) and mask (64, 64): the shapes that all senses share.

    Symbols become one-hot vectors; missing features are filled up with zeros.
    """
    inputs = examples.inputs[rows]
    vectors = np.eye(FEATURES)[inputs] if inputs.ndim == 2 else inputs
    filled = np.pad(vectors.astype(np.float32), ((0, 0), (0, 0), (0, FEATURES - vectors.shape[2])))
    answers, asked = examples.answers[rows].astype(np.int32), examples.asked[rows].astype(np.float32)
    return {"inputs": filled, "answers": answers, "asked": asked, "mask": mask}


def words(seed: int = 0, shuffled: bool = False) -> Sense:
    """Windows of Shakespeare, a character a step, folded to the 63 commonest and one for all others."""
    rng, texts = np.random.default_rng(seed), load_text("shakespeare")
    common = np.argsort(-np.bincount(texts[0], minlength=256), kind="stable")[: ANSWERS - 1]
    symbol = np.full(256, ANSWERS - 1, np.uint8)
    symbol[common] = np.arange(len(common))

    def windows(text, n):
        starts = rng.integers(len(text) - STEPS, size=(n, 1))
        tokens = symbol[text[starts + np.arange(STEPS + 1)]]
        return _next_symbol(_reorder(tokens, seed, shuffled), asked=np.ones((n, STEPS), bool))

    halves = map(windows, texts, (TRAIN, TEST))
    return Sense("Which character comes next?", (*map(chr, common), "other"), EARLIER_STEPS, *halves)


def pixels(seed: int = 0, shuffled: bool = False) -> Sense:
    """Scanned digits of 8 x 8 pixels, one grey value from 0 to 1 a step, row by row. The last step is asked."""

    def scan(images, digits):
        return _one_answer(_reorder(images.reshape(-1, STEPS, 1), seed, shuffled), digits)

    halves = (scan(*half) for half in digit_halves(seed))
    return Sense("Which digit is it?", tuple("0123456789"), EVERY_STEP, *halves)


def frames(seed: int = 0, shuffled: bool = False) -> Sense:
    """Films of 8 frames, a row of 8 pixels a step: a digit moves sideways and comes back at the other edge.

    The last step is asked. One frame shows the digit at a random place, and all rows together show each at each of its
    places, whichever way it moves: only their order tells the motion.
    """
    rng = np.random.default_rng(seed)

    def films(images, n):
        motion, digit, height, place = rng.integers([[len(SPEEDS)], [len(images)], [8], [8]], size=(4, n))
        shift = place[:, None] + SPEEDS[motion][:, None] * np.arange(8)  # (n, frames)
        rows = (np.arange(8)[:, None] + height[:, None, None, None]) % 8
        columns = (np.arange(8) - shift[:, :, None, None]) % 8
        steps = images[digit[:, None, None, None], rows, columns].reshape(n, STEPS, 8)
        return _one_answer(_reorder(steps, seed, shuffled), motion)

    halves = (films(images, n) for (images, _), n in zip(digit_halves(seed), (TRAIN, TEST), strict=True))
    return Sense("How does it move?", ("3 left", "1 left", "1 right", "3 right"), EVERY_STEP, *halves)


def residues(seed: int = 0, shuffled: bool = False) -> Sense:
    """Sequences of the WW domain after a start symbol, an aligned residue a step. Gaps are read but not asked."""

    def chain(tokens):
        tokens = _reorder(tokens, seed, shuffled)
        begun = np.pad(tokens, ((0, 0), (1, 0)), constant_values=len(RESIDUES))
        return _next_symbol(begun, asked=tokens != RESIDUES.index("-"))

    return Sense("Which residue comes next?", tuple(RESIDUES), EARLIER_STEPS, *map(chain, load_proteins()))


def waves(seed: int = 0, shuffled: bool = False) -> Sense:
    """Made-up seismograms, 8 samples a step: noise with spikes, and one wave that swells and dies away.

    Every step is asked whether the wave begins there (1) or not (0).
    """
    rng = np.random.default_rng(seed)

    def record(n):
        traces, onsets = seismograms(rng, n)
        begins = (onsets[:, None] // 8 == np.arange(STEPS)).astype(np.uint8)
        steps, begins = (_reorder(array, seed, shuffled) for array in (traces.reshape(n, STEPS, 8), begins))
        return Examples(steps, begins, np.ones((n, STEPS), bool))

    return Sense("Where does the wave begin?", ("no", "here"), EVERY_STEP, *map(record, (TRAIN, TEST)))


def seismograms(
    rng: np.random.Generator, n: int, samples: int = 512
) -> tuple[Float[np.ndarray, "n samples"], Int[np.ndarray, " n"]]:
    """(traces, onsets): unit noise, three spikes, and a wave with the envelope (t/tau) exp(1 - t/tau) after its onset.

    Per trace, drawn anew: onset, peak amplitude (2 to 6), tau (15 to 60 samples), period (8 to 25 samples) and phase.
    """
    onset = rng.integers(samples // 8, samples * 7 // 8, size=n)
    amplitude, tau = rng.uniform(2, 6, size=(n, 1)), rng.uniform(15, 60, size=(n, 1))
    period, phase = rng.uniform(8, 25, size=(n, 1)), rng.uniform(0, 2 * np.pi, size=(n, 1))
    t = np.maximum(np.arange(samples) - onset[:, None], 0)
    wave = amplitude * t / tau * np.exp(1 - t / tau) * np.sin(2 * np.pi * t / period + phase)
    spikes = np.zeros((n, samples))
    where = rng.integers(samples, size=(n, 3))
    np.put_along_axis(spikes, where, rng.choice([-1, 1], where.shape) * rng.uniform(5, 12, where.shape), axis=1)
    return (wave + spikes + rng.standard_normal((n, samples))).astype(np.float32), onset


SENSES = {"words": words, "pixels": pixels, "frames": frames, "residues": residues, "waves": waves}


def _reorder(array: Shaped[np.ndarray, "n t ..."], seed: int, shuffled: bool) -> Shaped[np.ndarray, "n t ..."]:
    """The array as it is; shuffled, with the steps of each example in a random order of its own."""
    if not shuffled:
        return array
    order = np.random.default_rng([seed, 1]).random(array.shape[:2]).argsort(axis=1)
    return array[np.arange(len(array))[:, None], order]


def _next_symbol(tokens: UInt8[np.ndarray, "n t1"], asked: Bool[np.ndarray, "n t"]) -> Examples:
    """Each token is to be told from those before it; steps are added up to 64, and nothing is asked there."""

    def fill(array):
        return np.pad(array, ((0, 0), (0, STEPS - array.shape[1])))

    return Examples(fill(tokens[:, :-1]), fill(tokens[:, 1:]), fill(asked))


def _one_answer(steps: Float[np.ndarray, "n 64 features"], answers: Int[np.ndarray, " n"]) -> Examples:
    """One answer for the whole sequence, asked at its last step."""
    last = np.broadcast_to(np.arange(STEPS) == STEPS - 1, (len(steps), STEPS))
    return Examples(steps, np.repeat(answers[:, None].astype(np.uint8), STEPS, axis=1), last)


def digit_halves(seed: int) -> list[tuple[Float[np.ndarray, "n 8 8"], Int[np.ndarray, " n"]]]:
    """[(images, digits) to train, (images, digits) to test], the grey values from 0 to 1."""
    images, digits = load_digits()
    grey, order = images.astype(np.float32) / 16, np.random.default_rng(seed).permutation(len(digits))
    return [(grey[rows], digits[rows]) for rows in (order[TEST:], order[:TEST])]
