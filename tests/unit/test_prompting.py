"""Deltas: those that start at zero change nothing, counts equal closed forms, what is frozen stays so to the bit."""

from functools import partial

import jax
import numpy as np
import pytest

from course import pictures, prompting
from course.nn import init_language_model, language_model
from course.prompting import (
    KINDS,
    init_delta,
    language_model_with,
    look_with,
    next_token_loss_with,
    trained_numbers,
    with_weights,
)
from course.train import adamw, constant, fit, random_windows

V, D, L, H = 20, 16, 3, 2
TOKENS = np.random.default_rng(5).integers(0, V, (4, 12))
SILENT = ("bias", "adapter", "lora", "full")


@pytest.fixture(scope="module")
def params():
    """A language model whose matrices are all different from zero."""
    rng = np.random.default_rng(0)
    fresh = init_language_model(rng, V, D, L, H)
    return jax.tree.map(lambda leaf: leaf + 0.1 * rng.standard_normal(leaf.shape).astype(np.float32), fresh)


def delta_of(kind, params, size=4, scale=0.0):
    """A delta, moved at random from where it starts."""
    rng = np.random.default_rng(1)
    return jax.tree.map(
        lambda leaf: leaf + scale * rng.standard_normal(leaf.shape).astype(np.float32),
        init_delta(kind, params, rng, size),
    )


@pytest.mark.parametrize("kind", SILENT)
def test_a_delta_that_starts_at_zero_changes_nothing(params, kind):
    logits = language_model_with(params, delta_of(kind, params), TOKENS)
    np.testing.assert_allclose(logits, language_model(params, TOKENS), atol=1e-5)


@pytest.mark.parametrize("kind", SILENT)
def test_the_eye_too(kind):
    eye = pictures.init_eye(np.random.default_rng(0), D, L, H)
    squares = pictures.patches(np.random.default_rng(1).random((3, 32, 32, 3)))
    np.testing.assert_allclose(look_with(eye, delta_of(kind, eye), squares), pictures.look(eye, squares), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_delta_that_moved_changes_every_answer(params, kind):
    moved = np.asarray(language_model_with(params, delta_of(kind, params, scale=0.3), TOKENS))
    still = np.asarray(language_model(params, TOKENS))
    assert moved.shape == still.shape
    assert np.all(np.abs(moved - still).max(axis=-1) > 1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_no_token_sees_a_later_one(params, kind):
    delta, changed = delta_of(kind, params, scale=0.3), TOKENS.copy()
    changed[:, 7:] = (changed[:, 7:] + 1) % V
    one, other = (language_model_with(params, delta, tokens) for tokens in (TOKENS, changed))
    np.testing.assert_allclose(one[:, :7], other[:, :7], atol=1e-5)
    assert np.abs(one[:, 7:] - other[:, 7:]).max() > 1e-3


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("prompt", 4 * D),
        ("deep prompt", L * 4 * D),
        ("bias", 9 * L * D),
        ("adapter", 2 * L * D * 4),
        ("lora", 18 * L * D * 4),
        ("full", 12 * L * D**2 + 2 * V * D),
    ],
)
def test_trained_numbers_equal_their_closed_form(params, kind, numbers):
    assert trained_numbers(init_delta(kind, params, np.random.default_rng(0), 4)) == numbers


@pytest.mark.parametrize("kind", KINDS)
def test_training_moves_the_delta_and_leaves_the_model_as_it_was(params, kind):
    frozen = jax.tree.map(np.copy, params)

    start = init_delta(kind, params, np.random.default_rng(0), 2)
    batches = random_windows(np.random.default_rng(2).integers(0, V, 300).astype(np.uint8), 4, 12)
    trained = fit(partial(next_token_loss_with, params), start, batches, constant(20, 0.02), optimiser=adamw())
    for before, after in zip(jax.tree.leaves(start), jax.tree.leaves(trained.params), strict=True):
        assert np.abs(after - before).max() > 1e-3
    for one, other in zip(jax.tree.leaves(frozen), jax.tree.leaves(params), strict=True):
        assert np.array_equal(one, other)


def test_a_prompt_of_tokens_is_those_tokens_in_the_text(params):
    """Soft prompts only add vectors: one made of the vectors of tokens is that text, read before the rest."""
    spoken = np.array([3, 1, 4])
    delta = {"prompt": prompting.prompt_from_tokens(params, spoken)}
    whole = np.concatenate([np.tile(spoken, (len(TOKENS), 1)), TOKENS], axis=1)
    np.testing.assert_allclose(
        language_model_with(params, delta, TOKENS), language_model(params, whole)[:, 3:], atol=1e-5
    )


def test_rows_of_a_batch_can_have_prompts_of_their_own(params):
    deltas = [init_delta("deep prompt", params, np.random.default_rng(seed), 2) for seed in range(2)]
    together = {
        "prompt": np.stack([delta["prompt"] for delta in deltas]),
        "deep": np.stack([delta["deep"] for delta in deltas], axis=1),
    }
    both = language_model_with(params, together, TOKENS[:2])
    for i, delta in enumerate(deltas):
        np.testing.assert_allclose(both[i], language_model_with(params, delta, TOKENS[i : i + 1])[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_what_can_be_added_to_the_weights_gives_an_ordinary_model(params, kind):
    delta = delta_of(kind, params, scale=0.2)
    merged = with_weights(params, delta)
    assert jax.tree.map(np.shape, merged) == jax.tree.map(np.shape, params)
    np.testing.assert_allclose(language_model(merged, TOKENS), language_model_with(params, delta, TOKENS), atol=1e-4)


def test_a_low_rank_update_has_that_rank(params):
    delta = delta_of("lora", params, size=2, scale=0.3)
    change = jax.tree.map(np.subtract, with_weights(params, delta)["blocks"], params["blocks"])
    for matrices in (change["attention"]["query"], change["mlp"]["in"]):
        singular = np.linalg.svd(matrices[0].reshape(D, -1), compute_uv=False)
        assert singular[1] > 100 * singular[2]


@pytest.mark.parametrize(("kind", "size"), [("suffix", 4), ("prompt", 0)])
def test_bad_input_gets_a_sentence(params, kind, size):
    with pytest.raises(ValueError, match="kind must be one of prompt"):
        init_delta(kind, params, np.random.default_rng(0), size)


def test_an_empty_delta_is_the_model_itself(params):
    np.testing.assert_allclose(language_model_with(params, {}, TOKENS), language_model(params, TOKENS), atol=1e-6)
