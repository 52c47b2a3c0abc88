"""The transformer: against JAX's own attention, closed forms, finite differences, and the symmetries it must have."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from course.nn import (
    attention,
    attention_weights,
    blocks,
    causal_mask,
    init_attention,
    init_blocks,
    init_language_model,
    language_model,
    multi_head_attention,
    next_token_loss,
    ngram_embedding,
    rms_norm,
    rotary,
)
from course.nn.transformer import hashed

RNG = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def random_model(
    vocabulary: int = 11, d_model: int = 16, n_layers: int = 2, n_heads: int = 2, ngrams: int = 0
) -> dict:
    """A model none of whose matrices is zero, as they are before training."""
    zeros = init_language_model(RNG, vocabulary, d_model, n_layers, n_heads, ngrams=ngrams)
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda leaf: (leaf + 0.3 * rng.standard_normal(leaf.shape)).astype(np.float32), zeros)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_agrees_with_jax(causal):
    q, k, v = normal(2, 7, 3, 4), normal(2, 7, 3, 4) + 1, normal(2, 7, 3, 4) - 1
    mask = causal_mask(7) if causal else None
    expected = jax.nn.dot_product_attention(q, k, v, is_causal=causal)
    np.testing.assert_allclose(attention(q, k, v, mask), expected, rtol=1e-5, atol=1e-6)


def test_attention_weights_are_a_distribution_over_what_the_mask_allows():
    weights = attention_weights(normal(2, 5, 1, 4), normal(2, 5, 1, 4), causal_mask(5))
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, rtol=1e-6)
    assert (np.asarray(weights)[..., ~np.asarray(causal_mask(5))] == 0).all()


def test_cross_attention_reads_another_sequence():
    params = init_attention(RNG, 8, 2)
    params["output"] = normal(2, 4, 8)
    assert multi_head_attention(params, normal(3, 5, 8), normal(3, 9, 8)).shape == (3, 5, 8)


@pytest.mark.parametrize("ngrams", [0, 50])
def test_later_token_never_changes_an_earlier_output(ngrams):
    model, tokens = random_model(ngrams=ngrams), np.arange(10)[None] % 11
    changed = tokens.copy()
    changed[0, 6] = 10
    before, after = language_model(model, tokens), language_model(model, changed)
    np.testing.assert_array_equal(before[:, :6], after[:, :6])
    assert (np.abs(before[:, 6:] - after[:, 6:]).max(axis=-1) > 1e-4).all()


def test_ngram_embedding_reads_the_last_three_tokens_and_no_more():
    table = normal(1000, 4)
    tokens = np.array([[1, 2, 3, 4], [9, 2, 3, 4], [1, 9, 3, 4], [1, 3, 2, 4]])
    rows = np.asarray(ngram_embedding(table, tokens))
    np.testing.assert_array_equal(rows[0, 3], rows[1, 3])
    assert not np.isclose(rows[0, 3], rows[2, 3]).any()  # the trigram differs
    assert not np.isclose(rows[0, 2], rows[3, 2]).any()  # the order differs


def test_hash_spreads_the_bigrams_of_a_text_as_evenly_as_chance_would():
    """77^2 pairs into 16,384 rows: pure chance would meet 4,975 of them."""
    first, second = np.divmod(np.arange(77**2, dtype=np.int32), 77)
    assert len(np.unique(np.asarray(hashed([first, second])) % 16_384)) > 4_900


def test_without_positions_order_does_not_matter():
    """Permuted inputs give permuted outputs; with rotary positions they do not."""
    params = random_model()["blocks"]
    x, order = normal(1, 8, 16), np.random.default_rng(3).permutation(8)
    plain = blocks(params, x, positions=False)[:, order]
    np.testing.assert_allclose(blocks(params, x[:, order], positions=False), plain, atol=1e-5)
    assert np.abs(blocks(params, x[:, order]) - blocks(params, x)[:, order]).max() > 1e-2


def test_rotary_sees_only_distances():
    q, k = (np.broadcast_to(normal(1, 1, 1, 8) + shift, (1, 12, 1, 8)) for shift in (0, 1))
    products = jnp.einsum("bthk,bshk->ts", rotary(q), rotary(k))
    for distance in (-3, 0, 5):
        np.testing.assert_allclose(jnp.diagonal(products, distance), products.diagonal(distance)[0], rtol=1e-4)
    np.testing.assert_allclose(jnp.linalg.norm(rotary(q), axis=-1), np.linalg.norm(q, axis=-1), rtol=1e-5)


def test_rms_norm():
    np.testing.assert_allclose(rms_norm(np.array([3.0, 4.0])), np.array([3.0, 4.0]) / np.sqrt(12.5), rtol=1e-5)


@pytest.mark.parametrize(("vocabulary", "d_model", "n_layers", "n_heads"), [(256, 48, 4, 2), (65, 24, 1, 3)])
def test_parameter_count(vocabulary, d_model, n_layers, n_heads):
    model = init_language_model(RNG, vocabulary, d_model, n_layers, n_heads)
    count = sum(leaf.size for leaf in jax.tree.leaves(model))
    assert count == 12 * n_layers * d_model**2 + 2 * vocabulary * d_model


def test_loss_before_training_is_that_of_a_guess():
    model = init_language_model(RNG, 100, 32, 2, 2)
    assert next_token_loss(model, np.arange(60).reshape(3, 20)) == pytest.approx(np.log(100), rel=1e-6)


def test_gradient_against_finite_differences():
    """In float64, along a random direction; central differences of step 1e-5 are good to about 1e-9."""
    with jax.enable_x64(True):
        model = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), random_model(d_model=8))
        tokens = np.arange(12).reshape(2, 6) % 11
        direction = jax.tree.map(lambda leaf: jnp.asarray(normal(*leaf.shape), jnp.float64), model)
        gradient = jax.grad(next_token_loss)(model, tokens)
        slope = sum(jnp.vdot(g, d) for g, d in zip(*map(jax.tree.leaves, (gradient, direction)), strict=True))

        def moved(step):
            return next_token_loss(jax.tree.map(lambda p, d: p + step * d, model, direction), tokens)

        assert float(slope) == pytest.approx(float((moved(1e-5) - moved(-1e-5)) / 2e-5), rel=1e-6)


def test_stacked_layers_are_applied_in_order():
    params, x = init_blocks(RNG, 3, 16, 2), normal(1, 4, 16)
    params["attention"]["output"] = normal(3, 2, 8, 16)
    one = jax.tree.map(lambda leaf: leaf[:1], params)
    assert np.abs(blocks(params, x) - blocks(one, x)).max() > 1e-3
    assert np.abs(blocks(jax.tree.map(lambda leaf: leaf[::-1], params), x) - blocks(params, x)).max() > 1e-3
