"""Batches of text, and the exact loss of a language model on a whole text."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Integer, PyTree

from course import memory
from course.nn import cross_entropy, language_model

ROWS = 32  # windows evaluated at once


def random_windows(
    tokens: Integer[np.ndarray, " n"], batch: int, context: int, seed: int = 0
) -> Iterator[Integer[np.ndarray, "batch context+1"]]:
    """Endless batches of windows of context + 1 tokens, each drawn uniformly from the text.

    Raises ValueError when the text is shorter than one window.
    """
    _check_length(tokens, context)
    rng, offsets = np.random.default_rng(seed), np.arange(context + 1)
    while True:
        yield tokens[rng.integers(0, len(tokens) - context, size=(batch, 1)) + offsets]


def epochs(
    tokens: Integer[np.ndarray, " n"], batch: int, context: int, seed: int = 0
) -> Iterator[Integer[np.ndarray, "batch context+1"]]:
    """Endless batches of non-overlapping windows in random order: every token once before any comes twice.

    Raises ValueError when the text has fewer windows than a batch.
    """
    _check_length(tokens, context)
    furthest = min(context, len(tokens) - context)
    fewest = len(range(furthest - 1, len(tokens) - context, context))
    if fewest < batch:
        raise ValueError(f"the text has {fewest} windows of {context} tokens; a batch needs {batch}.")
    rng = np.random.default_rng(seed)
    while True:
        shift = rng.integers(0, furthest)
        starts = rng.permutation(np.arange(shift, len(tokens) - context, context))
        for i in range(0, len(starts) - batch + 1, batch):
            yield tokens[starts[i : i + batch, None] + np.arange(context + 1)]


def windows(
    tokens: Integer[np.ndarray, " n"], context: int, every: int = 1
) -> Integer[np.ndarray, "windows context+1"]:
    """Consecutive windows: each token but the first is a target once; a shorter rest at the end is left out.

    every: of so many windows one is read, the first.
    """
    _check_length(tokens, context)
    starts = np.arange(0, len(tokens) - context, context * every)
    return tokens[starts[:, None] + np.arange(context + 1)]


def mean_loss(params: PyTree, rows: Integer[np.ndarray, "windows context+1"]) -> float:
    """Nats per token over all positions of the windows."""
    padded = np.concatenate([rows, np.repeat(rows[:1], -len(rows) % ROWS, axis=0)])
    weights = (np.arange(len(padded)) < len(rows)).astype(np.float32)
    total = float(_total_loss(params, padded.reshape(-1, ROWS, rows.shape[1]), weights.reshape(-1, ROWS)))
    memory.release()
    return total / (len(rows) * (rows.shape[1] - 1))


@jax.jit
def _total_loss(params: PyTree, rows: Integer[np.ndarray, "n R T1"], weights: Float[np.ndarray, "n R"]) -> Float:
    def total(batch):
        tokens, weight = batch
        tokens = tokens.astype(jnp.int32)
        return (cross_entropy(language_model(params, tokens[:, :-1]), tokens[:, 1:]).sum(axis=1) * weight).sum()

    return jax.lax.map(total, (rows, weights)).sum()


def unigram_entropy(tokens: Integer[np.ndarray, " n"]) -> float:
    """Nats per token of the best model that looks at no context: the entropy of the token frequencies."""
    share = np.bincount(tokens) / len(tokens)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())


def _check_length(tokens: np.ndarray, context: int) -> None:
    if len(tokens) <= context:
        raise ValueError(f"the text has {len(tokens)} tokens; a context of {context} needs at least {context + 1}.")
