"""Two towers: the loss against closed forms and loops, what the text tower reads, and what the pairs may show."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax

from course import contrastive, pictures
from course.contrastive import batches, hashed_ngrams, info_nce, rank_of_own, read, see, training_pairs, words
from course.data import load_contrast, load_labels
from course.data.arrays import load_drawings, load_emoji
from course.recipes import clip, contrast, labels
from course.train import fit, muon, warmup_stable_decay

PARAMS = contrastive.init_towers(np.random.default_rng(0), width=16, d_model=32, n_layers=1, n_heads=1)


def test_the_loss_of_three_alike_pairs_has_a_closed_form():
    own, other, scale = 0.9, 0.1, 5.0
    similarity = np.full((3, 3), other) + (own - other) * np.eye(3)
    expected = np.log(1 + 2 * np.exp(scale * (other - own)))
    assert float(info_nce(similarity, scale)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_is_that_of_two_classifications_by_another_library():
    similarity = np.random.default_rng(0).uniform(-1, 1, (7, 7))
    both = [-np.diag(log_softmax(11 * similarity, axis=axis)).mean() for axis in (0, 1)]
    assert float(info_nce(similarity, 11.0)) == pytest.approx(np.mean(both), rel=1e-5)


def test_the_loss_does_not_see_the_order_of_pairs_but_who_belongs_to_whom():
    similarity, order = np.random.default_rng(1).uniform(-1, 1, (6, 6)), np.array([3, 1, 5, 0, 2, 4])
    loss = float(info_nce(similarity, 9.0))
    assert float(info_nce(similarity[order][:, order], 9.0)) == pytest.approx(loss, rel=1e-5)
    assert abs(float(info_nce(similarity[order], 9.0)) - loss) > 0.1


def test_towers_give_vectors_of_length_one_also_for_texts_without_a_letter():
    batch = next(batches(training_pairs(), 8, seed=0))
    told = read(PARAMS, np.concatenate([batch["ngrams"], hashed_ngrams(["red heart", "?!"])]))
    for vectors in (see(PARAMS, batch["squares"]), told[:-1]):
        assert vectors.shape[1] == 16
        np.testing.assert_allclose(jnp.linalg.norm(vectors, axis=1), 1, rtol=1e-4)
    assert not np.asarray(told[-1]).any()


def test_the_scale_begins_at_one_over_the_temperature_and_stops_at_a_hundred():
    assert float(contrastive.scale(PARAMS)) == pytest.approx(1 / 0.07, rel=1e-4)
    assert float(contrastive.scale(PARAMS | {"log scale": np.float32(9)})) == 100


def test_texts_are_read_without_case_accents_of_form_and_punctuation_but_with_every_script():
    assert words("Family: Woman, GIRL!") == ["family", "woman", "girl"]
    assert words("ﬁsh １２") == ["fish", "12"]  # a ligature and wide digits
    assert words("हाथी 🎉 猫") == ["हाथी", "猫"]
    assert np.array_equal(*hashed_ngrams(["Red  heart", "red heart"]))
    heart, red, none = hashed_ngrams(["heart", "red", ""])
    both = hashed_ngrams(["red heart"])[0]
    assert set(both) == set(heart) | set(red)
    assert not none.any()


def test_the_order_of_words_is_not_read():
    one, other = read(PARAMS, hashed_ngrams(["man bites dog", "dog bites man"]))
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_long_text_is_cut():
    assert hashed_ngrams(["word " * 1000]).shape == (1, contrastive.SLOTS)


def test_the_rank_counts_those_before_and_ties_as_before():
    similarity = np.array([[0.5, 0.9, 0.1], [0.2, 0.3, 0.1], [0.4, 0.4, 0.4]])
    assert list(rank_of_own(similarity)) == [1, 0, 2]
    assert list(rank_of_own(np.full((2, 2), np.nan))) == [1, 1]


def test_pairs_show_no_held_out_concept_or_style_and_say_what_unicode_says():
    pairs, emoji = training_pairs(), load_emoji()
    hidden = {emoji.names["en"][i] for i in np.flatnonzero(pictures.held_out_concepts())}
    assert not hidden & set(pairs.names)
    style = load_drawings(pictures.held_out_style())
    assert pictures.seen_nowhere_in(pairs.drawings, style).all()
    assert pairs.keywords[pairs.names.index("banana")] == ["banana", "fruit", "potassium"]


def test_a_batch_holds_different_concepts_each_beside_its_own_words():
    pairs = training_pairs()
    batch = next(batches(pairs, 64, seed=3))
    assert batch["squares"].shape == (64, 16, 192)
    assert len(set(batch["concept"])) == 64
    for concept, ngrams in zip(batch["concept"], batch["ngrams"], strict=True):
        known = set(hashed_ngrams([" ".join([pairs.names[concept], *pairs.keywords[concept]])])[0])
        own = set(np.concatenate(hashed_ngrams([pairs.names[concept], *pairs.keywords[concept]])))
        assert ngrams.any()
        assert set(ngrams) <= own | known


def test_batches_go_on_where_they_stopped():
    pairs = training_pairs()
    stream = batches(pairs, 8, seed=0)
    next(stream)
    second, again = next(stream), next(batches(pairs, 8, seed=0, begin=1))
    assert all(np.array_equal(second[key], again[key]) for key in second)


def test_groups_of_the_whole_batch_are_the_loss_of_the_lesson_and_smaller_ones_a_mean_of_losses():
    batch = next(batches(training_pairs(), 32, seed=0))
    whole = float(contrast.loss_in_groups(32, fixed=False)(PARAMS, batch))
    assert whole == pytest.approx(float(contrastive.loss(PARAMS, batch)), rel=1e-5)
    groups = [{key: part[i : i + 4] for key, part in batch.items()} for i in range(0, 32, 4)]
    expected = np.mean([float(contrastive.loss(PARAMS, group)) for group in groups])
    assert float(contrast.loss_in_groups(4, fixed=False)(PARAMS, batch)) == pytest.approx(expected, rel=1e-4)


def test_a_fixed_temperature_gets_no_gradient():
    batch = next(batches(training_pairs(), 8, seed=0))
    learned, fixed = (jax.grad(contrast.loss_in_groups(8, kind))(PARAMS, batch)["log scale"] for kind in (False, True))
    assert learned != 0
    assert fixed == 0


def test_the_queue_adds_negatives_but_never_the_same_concept():
    size = contrast.BATCH
    batch = next(batches(training_pairs(), size, seed=0))
    seen, told = see(PARAMS, batch["squares"]), read(PARAMS, batch["ngrams"])
    fresh = {"seen": seen, "told": told, "concept": batch["concept"]}
    others = fresh | {"concept": batch["concept"] + 10_000}

    def loss(queue, earlier):
        return float(contrast.queue_loss(PARAMS, fresh, queue, batch, contrast.SMALL_GROUP, earlier))

    groups = float(contrast.loss_in_groups(contrast.SMALL_GROUP, fixed=False)(PARAMS, batch))
    assert loss(fresh, 0) == pytest.approx(groups, rel=1e-5)
    assert groups < loss(fresh, 60) < loss(fresh, 120) < loss(others, 120)
    gradient = jax.grad(contrast.queue_loss)(PARAMS, fresh, fresh, batch, contrast.SMALL_GROUP, 120)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


def test_the_copy_follows_at_its_momentum_and_fills_the_queue():
    batch, optimiser = next(batches(training_pairs(), contrast.BATCH, seed=0)), jax.jit(muon().init)(PARAMS)
    nobody = np.zeros((contrast.BATCH, 16), np.float32)
    queue = {"seen": nobody, "told": nobody, "concept": np.full(contrast.BATCH, -1)}
    copy = jax.tree.map(lambda leaf: 0.5 * leaf, PARAMS)
    params, keys, _, queue = contrast._step(
        PARAMS, copy, optimiser, queue, batch, 0.01, 0.75, contrast.SMALL_GROUP, 120
    )
    expected = jax.tree.map(lambda old, new: 0.75 * old + 0.25 * new, copy, params)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, atol=1e-6), keys, expected)
    np.testing.assert_allclose(queue["seen"], see(copy, batch["squares"]), atol=1e-5)
    np.testing.assert_allclose(queue["told"], read(copy, batch["ngrams"]), atol=1e-5)
    assert np.array_equal(queue["concept"], batch["concept"])


def test_a_run_beside_a_copy_goes_on_after_its_last_row_to_the_same_table(rows_in_parts, monkeypatch):
    monkeypatch.setattr(contrast, "STEPS", 25)
    group = [contrast.Job("queue", 0.9, seed) for seed in range(2)]
    first, second = rows_in_parts(contrast.outcome, contrast.SHARED, group)
    assert first["temperature"] != second["temperature"]


def test_two_small_towers_learn_a_few_pairs():
    pairs = training_pairs(only=training_pairs().rows[60::120])  # faces alone are hard
    assert len(pairs.names) == len(set(pairs.concept)) == 12
    rates = warmup_stable_decay(200, 0.01, warmup=5, decay_share=0.5)
    result = fit(contrastive.loss, PARAMS, batches(pairs, 12, seed=0), rates, optimiser=muon())
    assert result.history["loss"][:5].mean() > np.log(12)
    assert result.history["loss"][-20:].mean() < 1.7


def test_a_recorded_row_of_each_table_comes_out_again():
    trials, taught = load_contrast(), load_labels()
    (row,) = trials[(trials["experiment"] == "queue") & (trials["setting"] == 0.99) & (trials["seed"] == 0)]
    again = contrast.outcome(contrast.Job("queue", 0.99, 0))
    # another processor adds in another order, and 300 steps make more of it
    assert float(again["first_ten"]) == pytest.approx(row["first_ten"], abs=0.03)
    assert float(again["temperature"]) == pytest.approx(row["temperature"], rel=0.1)
    (row,) = taught[(taught["way"] == labels.HEAD) & (taught["share"] == 0.1) & (taught["seed"] == 0)]
    again = labels.outcome(labels.Job(labels.HEAD, 0.1, 0))
    assert int(again["labels"]) == row["labels"]
    assert float(again["right"]) == pytest.approx(row["right"], abs=0.02)


def test_the_tables_hold_the_runs_of_their_recipes_and_no_others():
    for table, recipe in ((load_contrast(), contrast), (load_labels(), labels)):
        recorded = {tuple(row[field].item() for field in recipe.Job._fields) for row in table}
        assert recorded == {tuple(job) for job in recipe.experiments()}
        assert len(table) == len(recorded)


def test_categories_are_asked_of_concepts_that_nothing_was_trained_on():
    drawings, truth = labels.asked_for()
    learned, concept = labels.learned(labels.Job(labels.SCRATCH, 1.0, 0))
    assert pictures.seen_nowhere_in(learned, drawings).all()
    assert set(truth) == set(labels.categories()[concept]) == set(range(8))
    few, _ = labels.learned(labels.Job(labels.SCRATCH, 0.01, 0))
    assert len(few) == round(0.01 * len(learned))


def test_a_tower_learns_categories_from_scratch():
    drawings, concept = labels.learned(labels.Job(labels.SCRATCH, 0.01, 1))
    small = contrastive.init_towers(np.random.default_rng(0), d_model=32, n_layers=1, n_heads=1)["eye"]
    head = np.zeros((32, 8), np.float32)
    stream = labels.batches(drawings, labels.categories()[concept], seed=0)
    result = fit(labels.loss, {"eye": small, "head": head}, stream, np.full(100, 0.01), optimiser=muon())
    assert result.history["loss"][:5].mean() > 1.9
    assert result.history["loss"][-10:].mean() < 1.7


def test_one_text_is_not_read_letter_by_letter():
    with pytest.raises(ValueError, match=r"a list of texts is expected, such as \['dog'\]"):
        contrastive.read_all(clip.initial(), "dog")
