"""Simple methods that a model has to beat before its score means anything."""

import numpy as np
from jaxtyping import Bool, Float, Int


def table_guess(
    keys: Int[np.ndarray, "n t"],
    answers: Int[np.ndarray, "n t"],
    asked: Bool[np.ndarray, "n t"],
    new_keys: Int[np.ndarray, "m t"],
) -> Int[np.ndarray, "m t"]:
    """For each new key the answer that came with this key most often where one was asked for.

    A key never seen gets the commonest answer of all. With the previous symbol as the key it is a bigram table, with
    the position a table of columns.
    """
    known, rows = np.unique(keys, return_inverse=True)
    counts = np.zeros((len(known) + 1, int(answers.max()) + 1))
    np.add.at(counts, (rows.reshape(keys.shape), answers), asked)
    counts[-1] = counts.sum(axis=0)
    place = np.searchsorted(known[:-1], new_keys)
    return counts.argmax(axis=1)[np.where(known[place] == new_keys, place, len(known))]


def contexts(symbols: Int[np.ndarray, "n t"], length: int, size: int = 64) -> Int[np.ndarray, "n t"]:
    """One number for the last `length` symbols at each step; before the first stand zeros. Symbols are below `size`."""
    earlier = (np.pad(symbols.astype(np.int64), ((0, 0), (back, 0)))[:, : symbols.shape[1]] for back in range(length))
    return sum(shifted * size**back for back, shifted in enumerate(earlier))


def linear_guess(
    inputs: Float[np.ndarray, "n features"], answers: Int[np.ndarray, " n"], new_inputs: Float[np.ndarray, "m features"]
) -> Int[np.ndarray, " m"]:
    """The answers to new inputs by logistic regression, with scikit-learn's usual weight penalty."""
    from sklearn.linear_model import LogisticRegression  # 75 MB of memory: only for those who ask

    return LogisticRegression(max_iter=2000).fit(inputs, answers).predict(new_inputs)


def sta_lta(traces: Float[np.ndarray, "n samples"], short: int, long: int) -> Int[np.ndarray, " n"]:
    """The sample at which the energy of the next `short` samples is largest against that of the `long` before it.

    Raises ValueError when a trace is shorter than both windows. Source: Allen 1978, Bull. Seismol. Soc. Am. 68, 1521.
    """
    if traces.shape[1] < short + long:
        raise ValueError(f"traces must have {short + long} samples, as many as both windows, got {traces.shape[1]}.")
    energy = np.pad(np.square(traces, dtype=np.float64), ((0, 0), (1, 0))).cumsum(axis=1)
    onset = np.arange(long, traces.shape[1] - short + 1)
    short_term = (energy[:, onset + short] - energy[:, onset]) / short
    long_term = (energy[:, onset] - energy[:, onset - long]) / long
    return (short_term / long_term).argmax(axis=1) + long
