"""Simple methods that a model has to beat before its score means anything."""

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8, UInt64


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
    counts[counts.sum(axis=1) == 0] = counts[-1]  # seen, but never asked
    place = np.searchsorted(known[:-1], new_keys)
    return counts.argmax(axis=1)[np.where(known[place] == new_keys, place, len(known))]


def contexts(symbols: Int[np.ndarray, "n t"], length: int, size: int = 64) -> Int[np.ndarray, "n t"]:
    """One number for the last `length` symbols at each step; before the first stand zeros. Symbols are below `size`.

    Raises ValueError for a length whose numbers no 64-bit integer holds.
    """
    if size**length >= 2**63:
        raise ValueError(f"{length} symbols of {size} kinds make more contexts than 64 bits can count.")
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
    centred = traces - np.mean(traces, axis=1, keepdims=True, dtype=np.float64)
    energy = np.pad(np.square(centred), ((0, 0), (1, 0))).cumsum(axis=1)
    onset = np.arange(long, traces.shape[1] - short + 1)
    short_term = (energy[:, onset + short] - energy[:, onset]) / short
    long_term = (energy[:, onset] - energy[:, onset - long]) / long
    quiet = long_term <= 1e-12 * energy[:, -1:]  # nothing to compare with: digital silence
    return np.where(quiet, 0, short_term / np.where(quiet, 1, long_term)).argmax(axis=1) + long


def ngram_nll(train: UInt8[np.ndarray, " n"], text: UInt8[np.ndarray, " m"], order: int) -> Float[np.ndarray, " m"]:
    """-ln p of every byte of the text after at most `order - 1` bytes, in nats, by interpolated Kneser-Ney smoothing.

    Order 1 knows the frequencies of bytes alone; orders up to 8. Source: Chen and Goodman 1998 (TR-10-98, Harvard),
    equations 24 to 27, with one discount per order.
    """
    if not 1 <= order <= 8:
        raise ValueError(f"order must be from 1 to 8, got {order}.")
    if len(train) <= order:
        raise ValueError(f"a table of order {order} needs more than {order} bytes to learn from, got {len(train)}.")
    p = np.full(len(text), 1 / 256)
    for n in range(1, min(order, len(text)) + 1):
        grams, counts = _gram_counts(train, n, highest=n == order)
        contexts, first = np.unique(grams >> np.uint64(8), return_index=True)
        totals, kinds = np.add.reduceat(counts, first), np.diff(np.append(first, len(grams)))
        once, twice = (counts == 1).sum(), (counts == 2).sum()
        discount = (once + 0.5) / (once + 2 * twice + 1)  # the halves keep it off 0 and 1 where data is scarce
        asked = _grams(text, n)
        count = _looked_up(grams, counts, asked)
        total, kind = (_looked_up(contexts, values, asked >> np.uint64(8)) for values in (totals, kinds))
        shorter = p[n - 1 :]
        longer = (np.maximum(count - discount, 0) + discount * kind * shorter) / np.maximum(total, 1)
        p[n - 1 :] = np.where(total > 0, longer, shorter)
    return -np.log(p)


def ngram_count(train: UInt8[np.ndarray, " n"], order: int) -> int:
    """How many different n-grams of up to `order` bytes the text holds: what the model of that order has to keep."""
    return sum(len(np.unique(_grams(train, n))) for n in range(1, min(order, len(train)) + 1))


def _grams(text: UInt8[np.ndarray, " n"], n: int) -> UInt64[np.ndarray, " n-n+1"]:
    """Every n bytes in a row as one number, the last byte lowest."""
    number = np.zeros(max(0, len(text) - n + 1), np.uint64)
    for back in range(n):
        number |= text[n - 1 - back : len(text) - back].astype(np.uint64) << np.uint64(8 * back)
    return number


def _gram_counts(train: UInt8[np.ndarray, " n"], n: int, highest: bool) -> tuple[np.ndarray, np.ndarray]:
    """(the different n-grams, how often each occurs, or, below the highest order, after how many different bytes)."""
    if highest:
        return np.unique(_grams(train, n), return_counts=True)
    longer = np.unique(_grams(train, n + 1))
    return np.unique(longer & np.uint64(2 ** (8 * n) - 1), return_counts=True)


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The value of each wanted key, 0 where it is not among the keys."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
