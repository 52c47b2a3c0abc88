import numpy as np
import pytest

from course import baselines
from course.data import load_text
from course.train import unigram_entropy


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


def bytes_of(text):
    return np.frombuffer(text.encode(), np.uint8)


@pytest.mark.parametrize("order", [1, 2, 4, 8])
@pytest.mark.parametrize("context", ["the ca", "xyzxyz", "ab cat"])
def test_ngram_probabilities_sum_to_one(order, context):
    train = bytes_of("the cat sat on the mat. a dog ate the rat. " * 3 + "abracadabra")
    last = [baselines.ngram_nll(train, np.append(bytes_of(context), np.uint8(byte)), order)[-1] for byte in range(256)]
    assert np.exp(-np.array(last)).sum() == pytest.approx(1)


def test_bigram_probability_by_hand():
    p = np.exp(-baselines.ngram_nll(bytes_of("abac" + "ab"), bytes_of("ab"), 2)[1])
    pairs = {"ab": 2, "ac": 1, "ba": 1, "ca": 1}
    discount = (3 + 0.5) / (3 + 2 * 1 + 1)
    follows = {"a": 2, "b": 1, "c": 1}  # different bytes before each
    unigram_discount = (2 + 0.5) / (2 + 2 * 1 + 1)
    unigram = (follows["b"] - unigram_discount + unigram_discount * 3 / 256) / 4
    assert p == pytest.approx((pairs["ab"] - discount + discount * 2 * unigram) / 3)


def test_longer_contexts_help_on_real_text():
    train, text = load_text("milton")
    losses = [baselines.ngram_nll(train, text, order).mean() for order in (1, 2, 3, 4)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == pytest.approx(unigram_entropy(text), abs=0.01)


def test_orders_out_of_range_are_refused():
    with pytest.raises(ValueError, match="order must be from 1 to 8"):
        baselines.ngram_nll(bytes_of("abc"), bytes_of("abc"), 9)


@pytest.mark.parametrize("length", range(1, 9))
def test_a_text_shorter_than_the_order_is_scored_like_the_beginning_of_a_longer_one(length):
    train, text = load_text("milton")[0][:5000], load_text("austen")[0][:20]
    short, long = (baselines.ngram_nll(train, part, 8) for part in (text[:length], text))
    assert np.array_equal(short, long[:length])


def test_a_table_needs_a_text_longer_than_its_order():
    with pytest.raises(ValueError, match="a table of order 5 needs more than 5 bytes"):
        baselines.ngram_nll(np.zeros(5, np.uint8), np.zeros(9, np.uint8), 5)


def test_a_key_seen_but_never_asked_gets_the_commonest_answer():
    keys, answers, asked = np.array([[0, 0, 1, 1, 2]]), np.array([[3, 3, 2, 2, 0]]), np.array([[1, 1, 0, 0, 1]])
    assert baselines.table_guess(keys, answers, asked, np.array([[0, 1, 2, 9]])).tolist() == [[3, 3, 0, 3]]


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_silence_and_an_offset_do_not_hide_the_onset(offset):
    traces = np.random.default_rng(0).normal(size=(20, 512))
    traces[:, :120], traces[:, 300:400] = 0, 7 * traces[:, 300:400]
    found = baselines.sta_lta(traces[:, 100:] + offset, 16, 64) + 100
    assert np.median(np.abs(found - 300)) <= 2


def test_contexts_too_long_for_a_number_are_refused():
    with pytest.raises(ValueError, match="11 symbols of 64 kinds make more contexts than 64 bits can count"):
        baselines.contexts(np.zeros((1, 3), int), 11)
