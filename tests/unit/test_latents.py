import jax
import numpy as np
import pytest

from course import nn

SHAPE = {"inputs": 5, "queries": 3, "outputs": 4, "n_latents": 6, "d_model": 8, "n_layers": 2, "n_heads": 2}


@pytest.fixture(scope="module")
def network():
    """(parameters of which none is zero, inputs (2, 7, 5), queries (1, 9, 3), which inputs are present)."""
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda p: nn.normal(rng, p.shape, 4), nn.init_perceiver(rng, **SHAPE))
    present = np.arange(7) < np.array([[7], [4]])
    return params, nn.normal(rng, (2, 7, 5), 1), nn.normal(rng, (1, 9, 3), 1), present


def test_every_query_gets_an_answer(network):
    params, inputs, queries, present = network
    assert nn.encode(params, inputs, present).shape == (2, 6, 8)
    assert nn.perceiver(params, inputs, queries, present).shape == (2, 9, 4)


def test_the_order_of_inputs_does_not_matter_and_their_contents_do(network):
    params, inputs, queries, present = network
    order = np.random.default_rng(1).permutation(7)
    plain = nn.perceiver(params, inputs, queries, present)
    assert np.allclose(nn.perceiver(params, inputs[:, order], queries, present[:, order]), plain, atol=1e-4)
    assert not np.allclose(nn.perceiver(params, inputs[:, :, ::-1], queries, present), plain, atol=1e-2)


def test_what_is_absent_is_not_read(network):
    params, inputs, _queries, present = network
    changed = np.where(present[..., None], inputs, 100)
    assert np.allclose(nn.encode(params, changed, present), nn.encode(params, inputs, present), atol=1e-5)
    assert np.allclose(nn.encode(params, inputs[1:, :4]), nn.encode(params, inputs, present)[1:], atol=1e-4)


def test_a_query_is_answered_as_if_it_were_alone(network):
    params, inputs, queries, _ = network
    every = nn.perceiver(params, inputs, queries)
    alone = np.concatenate([nn.perceiver(params, inputs, queries[:, [o]]) for o in range(9)], axis=1)
    assert np.allclose(every, alone, atol=1e-5)


def test_reading_weights_are_what_the_latents_read_with(network):
    params, inputs, _, present = network
    weights = nn.reading_weights(params, inputs, present)
    assert weights.shape == (2, 2, 6, 7)
    assert np.allclose(weights.sum(axis=-1), 1, atol=1e-5)
    assert np.all(np.where(present[:, None, None], 0, weights) == 0)
    attention = params["read"]["attention"]
    values = np.einsum("bmf,fhk->bmhk", inputs, attention["value"])
    by_hand = np.einsum("bhnm,bmhk,hkd->bnd", weights, values, attention["output"])
    latents = np.broadcast_to(nn.rms_norm(params["latents"]), (2, 6, 8))
    mask = present[:, None, None]
    theirs = nn.multi_head_attention(attention, latents, inputs, mask, positions=False)
    assert np.allclose(by_hand, theirs, atol=1e-4)


def test_a_new_network_listens_and_knows_nothing():
    rng = np.random.default_rng(0)
    params, inputs = nn.init_perceiver(rng, **SHAPE), nn.normal(rng, (2, 7, 5), 1)
    assert not np.allclose(*nn.encode(params, inputs), atol=1e-3)
    assert not np.asarray(nn.perceiver(params, inputs, np.ones((1, 1, 3), np.float32))).any()


def test_fourier_features_by_hand():
    codes = nn.fourier_features(np.array([[0.5, 0.0]]), bands=2, highest=2)
    assert np.allclose(codes, [[0.5, 1, 0, 0, -1, 0, 0, 0, 1, 1]], atol=1e-6)


def test_inputs_of_another_width_are_refused(network):
    params, inputs, queries, _ = network
    with pytest.raises(ValueError, match="x must have 5 features"):
        nn.perceiver(params, inputs[..., :4], queries)
