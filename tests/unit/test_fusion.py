"""Two senses: the noise, the weights, the simulated lips, the cards, and two rates of finding."""

import re

import jax
import numpy as np
import pytest
from scipy.stats import norm

from course import fusion
from course.data import load_vowels
from course.data.arrays import DATA
from course.facts import fact
from course.fusion import LIPS, added_evidence, combined, deal, inverse_variance_weights, least_squares_weights
from course.nn import normal
from course.recipes import vowels

TARGETS = np.array([(lips.opening, lips.spread) for lips in LIPS.values()])


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_vowels_are_those_that_were_published():
    table, row = load_vowels(), fact("PBV01")
    people = {kind: len(set(table["speaker"][table["kind"] == kind])) for kind in ("man", "woman", "child")}
    assert people == {"man": row.men, "woman": row.women, "child": row.children}
    assert len(table) == row.value == row.speakers * row.classes * 2
    assert set(table["vowel"]) == set(LIPS)
    assert all((table["vowel"] == vowel).sum() == 2 * row.speakers for vowel in LIPS)


def test_no_formant_lies_below_the_one_before():
    table = load_vowels()
    assert (table["F0"] < table["F1"]).mean() > 0.95  # the pitch of a child can reach a close vowel's F1
    assert (table["F1"] <= table["F2"]).all()  # in five back vowels the two were not told apart
    assert (table["F2"] < table["F3"]).all()


def test_the_recipe_reads_praats_table_into_the_rows_of_the_file():
    lines = (
        "Type\tSex\tSpeaker\tVowel\tIPA\tF0\tF1\tF2\tF3\n"
        "m\tm\t1\tiy\ti\t160\t240\t2280\t2850\nc\tf\t62\ter\t\\er\\hr\t300\t500\t1800\t2200"
    )
    given = list(vowels.read(lines))
    assert given == [("man", 1, "iy", 160, 240, 2280, 2850), ("child", 62, "er", 300, 500, 1800, 2200)]
    assert (DATA / "vowels.csv").read_text().splitlines()[1] == "man,1,iy,160,240,2280,2850"


def test_the_recipe_says_which_package_it_misses(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "parselmouth.praat", None)
    with pytest.raises(ModuleNotFoundError, match=re.escape(f"pip install {vowels.PACKAGE}")):
        vowels.praat_table()


@pytest.mark.parametrize(("snr", "variance"), [(0, 1), (10, 0.1), (-20, 100), (3.0103, 0.5)])
def test_noise_at_a_ratio_in_decibels(snr, variance):
    assert fusion.noise_variance(snr) == pytest.approx(variance, rel=1e-4)
    clean = rng().normal(size=(20_000, 2)) * (1, 50) + 7
    noise = fusion.with_noise(rng(1), clean, snr) - clean
    # the sd of an estimated variance is sqrt(2 / n), 1 percent here
    np.testing.assert_allclose(noise.var(axis=0) / clean.var(axis=0), variance, rtol=0.05)
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.03


def test_inverse_variances_are_the_best_weights():
    weights = inverse_variance_weights(np.array([[1.0, 4.0], [3.0, 4.0], [1.0, 2.0]]))
    np.testing.assert_allclose(weights, [[3 / 7, 1 / 4], [1 / 7, 1 / 4], [3 / 7, 1 / 2]])

    def error(move):
        return ((weights[:, 0] + move) ** 2 * [1.0, 3.0, 1.0]).sum()

    assert error(0) < min(error(np.array(move)) for move in ((0.01, -0.01, 0), (-0.01, 0.01, 0), (0, 0.01, -0.01)))


def test_least_squares_finds_the_closed_form_and_leaves_out_what_is_unrelated():
    truth = rng().normal(size=(40_000, 2))
    heard = truth + np.sqrt(0.5) * rng(1).normal(size=truth.shape)
    noisy = truth + 2 * rng(2).normal(size=truth.shape)
    seen = noisy / 5  # E[truth | noisy]: its squared error is 4/5
    learned = least_squares_weights(np.stack([heard, seen]), truth)
    np.testing.assert_allclose(learned, inverse_variance_weights(np.array([[0.5] * 2, [0.8] * 2])), atol=0.03)
    dubbed = least_squares_weights(np.stack([heard, rng(3).permutation(seen)]), truth)
    np.testing.assert_allclose(dubbed, [[2 / 3] * 2, [0] * 2], atol=0.03)


def test_combined_is_the_weighted_sum():
    estimates = np.array([[[1.0, 2.0]], [[3.0, 6.0]]])
    np.testing.assert_allclose(combined(estimates, np.array([[0.5, 1.0], [0.5, 0.0]])), [[2, 2]])


def test_added_evidence_is_bayes_rule_for_independent_senses():
    means, x = np.array([[0.0, 1.0, 3.0], [2.0, 0.0, 1.0]]), np.array([0.7, 1.2])
    likelihood = norm.pdf(x[:, None], means, [[1.0], [0.5]])
    log_probs = np.log(likelihood / likelihood.sum(axis=1, keepdims=True))[:, None]
    joint = likelihood.prod(axis=0)
    np.testing.assert_allclose(np.exp(added_evidence(log_probs))[0], joint / joint.sum(), rtol=1e-12)


def test_thirds_share_no_speaker_and_hold_every_kind():
    table = load_vowels()
    groups = fusion.thirds(table["speaker"], table["kind"], seed=0)
    people = [set(table["speaker"][rows]) for rows in groups]
    assert sorted(np.concatenate(groups)) == list(range(len(table)))
    assert len(set.union(*people)) == sum(map(len, people)) == 76
    for kind in ("man", "woman", "child"):
        counts = [len(set(table["speaker"][rows[table["kind"][rows] == kind]])) for rows in groups]
        assert max(counts) - min(counts) <= 1
    other = fusion.thirds(table["speaker"], table["kind"], seed=1)
    assert not np.array_equal(groups[0], other[0])


def test_lips_follow_the_stated_model():
    exact = fusion.move_lips(rng(), TARGETS, np.zeros(len(TARGETS)), slack=(0, 0), habit=0)
    np.testing.assert_allclose(exact, np.stack([1 + 5 * TARGETS[:, 0], 7 + 1.8 * TARGETS[:, 1]], axis=1))
    many = fusion.move_lips(rng(), np.tile([[0.5, 0.0]], (20_000, 1)), np.arange(20_000), habit=0)
    np.testing.assert_allclose(many.std(axis=0), [5 * 0.15, 1.8 * 0.5], rtol=0.03)


def test_a_speakers_mouth_keeps_its_size():
    targets, speakers = np.full((6, 2), 0.5), np.array([4, 4, 9, 9, 9, 4])
    height = fusion.move_lips(rng(), targets, speakers, slack=(0, 0))[:, 0]
    assert len(set(height.round(9))) == 2
    assert np.ptp(height[speakers == 9]) == pytest.approx(0)


def test_an_open_mouth_is_darker_and_a_wide_one_wider():
    shut, open_, wide = fusion.draw_mouths(rng(), np.array([[1.0, 6.0], [6.0, 6.0], [1.0, 10.0]]), grain=0)
    assert shut.shape == (fusion.ROWS, fusion.COLUMNS)
    dark = [(picture < 0.3).sum() for picture in (shut, open_)]
    assert dark[1] > 3 * dark[0]
    columns = [(picture < 0.7).any(axis=0).sum() for picture in (shut, wide)]
    assert columns[1] - columns[0] == pytest.approx(8, abs=2)  # four pixels on either side, blurred edges


def test_in_a_hand_every_word_meets_every_picture():
    word_kinds, picture_kinds = np.array([0, 1, 1, 2, 0, 2, 2]), np.array([2, 1, 0, 0])
    words, pictures = (side.reshape(60, 9) for side in deal(rng(), word_kinds, picture_kinds, 60))
    for told, shown in zip(words, pictures, strict=True):
        cells = list(zip(word_kinds[told], picture_kinds[shown], strict=True))
        assert cells == [(w, p) for w in range(3) for p in range(3)]
        assert len(set(told)) == len(set(shown)) == 3
    assert set(words.ravel()) == set(range(7))
    assert set(pictures.ravel()) == set(range(4))


def test_late_fusion_adds_so_its_margins_on_the_four_cards_cancel():
    params = {sense: fusion.init_perceptron(rng(i), 5, 8, 1) for i, sense in enumerate(("words", "pictures"))}
    for i, each in enumerate(params.values()):
        each["out"] = normal(rng(i + 5), (8, 1), 1)
    words, pictures = rng(7).normal(size=(2, 2, 5)).astype(np.float32)
    w, p = np.divmod(np.arange(4), 2)
    signs = np.where(w == p, 1, -1)
    together = dict(early=fusion.init_perceptron(rng(9), 10, 8, 1) | {"out": normal(rng(9), (8, 1), 1)}, late=params)
    margins = {name: signs @ getattr(fusion, name)(one, words[w], pictures[p]) for name, one in together.items()}
    assert margins["late"] == pytest.approx(0, abs=1e-4)  # float32
    assert abs(margins["early"]) > 0.01


def test_binary_cross_entropy_by_hand_and_its_gradient_is_finite():
    given = fusion.binary_cross_entropy(np.array([0.0, 2.0, 2.0]), np.array([1, 1, 0]))
    np.testing.assert_allclose(given, [np.log(2), np.log1p(np.exp(-2)), np.log1p(np.exp(2))], rtol=1e-6)
    assert np.isfinite(jax.grad(lambda z: fusion.binary_cross_entropy(z, np.array(0)))(500.0))


def test_fusion_loss_of_untrained_perceptrons_is_ln_2():
    params = fusion.init_perceptron(rng(), 7, 4, 1)
    batch = {"words": np.ones((6, 3), np.float32), "pictures": np.ones((6, 4), np.float32), "labels": np.arange(6) % 2}
    assert float(fusion.fusion_loss(fusion.early)(params, batch)) == pytest.approx(np.log(2))


def test_the_same_proactive_rate_at_any_recall():
    assert fusion.proactive_rate(0.5, 1.0) == 0.5
    assert fusion.proactive_rate(0.2, 0.25) == pytest.approx(0.2 / (0.2 + 0.2))
    for recall in (0.01, 0.05, 0.5, 0.95, 0.97):
        assert fusion.proactive_rate(recall, fusion.reported_share(recall, 0.97)) == pytest.approx(0.97)
    assert fusion.reported_share(0.97, 0.97) == pytest.approx(1)


@pytest.mark.parametrize("recall", [0, -0.1, 0.98, 1.0])
def test_a_recall_that_cannot_be_is_refused(recall):
    with pytest.raises(ValueError, match="at the proactive rate"):
        fusion.reported_share(recall, 0.97)


def test_labels_may_be_of_any_kind_of_number():
    log_odds, labels = np.float32([2, 2, -1]), np.array([0, 1, 1])
    expected = -np.log(1 / (1 + np.exp(-log_odds * [-1, 1, 1])))
    for kind in (np.uint8, np.int64, bool, np.float32):
        np.testing.assert_allclose(fusion.binary_cross_entropy(log_odds, labels.astype(kind)), expected, rtol=1e-5)
