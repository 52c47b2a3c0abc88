import numpy as np
import pytest

from course import baselines


def test_the_table_gives_the_commonest_answer_of_a_key():
    keys, answers = np.array([[5, 5, 5, 9]]), np.array([[1, 1, 2, 3]])
    guess = baselines.table_guess(keys, answers, np.ones((1, 4), bool), np.array([[9, 5, 7]]))
    assert guess.tolist() == [[3, 1, 1]]  # 7 was never seen: 1 is the commonest of all


def test_the_table_learns_only_where_an_answer_was_asked_for():
    keys, answers = np.array([[5, 5, 5]]), np.array([[1, 1, 2]])
    guess = baselines.table_guess(keys, answers, np.array([[False, False, True]]), np.array([[5]]))
    assert guess.tolist() == [[2]]


def test_contexts_are_equal_exactly_when_the_last_symbols_are():
    rng = np.random.default_rng(0)
    symbols = rng.integers(1, 4, size=(50, 20))
    keys = baselines.contexts(symbols, 3)
    by_key = {}
    for row, key_row in zip(symbols, keys, strict=True):
        for t in range(2, 20):
            by_key.setdefault(key_row[t], set()).add(tuple(row[t - 2 : t + 1]))
    assert all(len(triples) == 1 for triples in by_key.values())
    assert len(by_key) == len(set.union(*by_key.values()))


def test_before_the_first_symbol_stand_zeros():
    assert baselines.contexts(np.array([[7, 3]]), 2).tolist() == [[7, 3 + 64 * 7]]


def test_logistic_regression_separates_what_a_line_separates():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 2))
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    assert (baselines.linear_guess(x[:300], y[:300], x[300:]) == y[300:]).mean() > 0.95


def test_sta_lta_finds_where_the_noise_grows_loud():
    rng = np.random.default_rng(0)
    traces = rng.standard_normal((50, 400))
    onsets = rng.integers(100, 300, 50)
    traces[np.arange(400) >= onsets[:, None]] *= 10
    assert np.median(abs(baselines.sta_lta(traces, 20, 40) - onsets)) <= 2


def test_sta_lta_is_the_quotient_of_two_means():
    trace = np.random.default_rng(1).standard_normal((1, 30))
    short, long = 4, 8
    quotients = [
        (trace[0, t : t + short] ** 2).mean() / (trace[0, t - long : t] ** 2).mean()
        for t in range(long, 30 - short + 1)
    ]
    assert baselines.sta_lta(traces=trace, short=short, long=long) == [long + np.argmax(quotients)]


def test_a_trace_shorter_than_both_windows_is_refused():
    with pytest.raises(ValueError, match="traces must have 12 samples"):
        baselines.sta_lta(np.ones((1, 11)), 4, 8)
