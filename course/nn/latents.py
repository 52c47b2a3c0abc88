"""The Perceiver: a few latents read any number of inputs, and any number of queries read the latents.

Letters in shapes: B batch, M inputs of F numbers, N latents of D numbers, O queries of E numbers, V numbers of an
answer, A axes of a place, W numbers of a position code, H heads.
Source: Perceiver (arXiv:2103.03206) and Perceiver IO (arXiv:2107.14795).
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from course.nn.layers import (
    attention_weights,
    init_attention,
    init_mlp,
    linear,
    mlp,
    multi_head_attention,
    normal,
    queries_and_keys,
    rms_norm,
)
from course.nn.transformer import blocks, init_blocks, readout


def fourier_features(places: Float[Array, "... A"], bands: int, highest: float) -> Float[Array, "... W"]:
    """Each coordinate p, from -1 to 1, beside sin(pi f p) and cos(pi f p) at `bands` frequencies f from 1 to highest.

    W is A (2 bands + 1). A grid of m places along an axis tells frequencies up to m / 2 apart. Source: Perceiver,
    section 3.2.
    """
    angles = np.pi * np.linspace(1, highest, bands) * places[..., None]
    waves = jnp.concatenate([places[..., None], jnp.sin(angles), jnp.cos(angles)], axis=-1)
    return waves.reshape(*places.shape[:-1], -1)


def init_cross_block(rng: np.random.Generator, d_model: int, n_heads: int, d_context: int) -> dict:
    """Parameters of a block that reads a context of its own width. It starts by listening: its output is not zero."""
    attention = init_attention(rng, d_model, n_heads, d_context=d_context)
    attention["output"] = normal(rng, attention["output"].shape, d_model)
    return {"attention": attention, "mlp": init_mlp(rng, d_model, 4 * d_model)}


def cross_block(
    params: dict, x: Float[Array, "B T D"], context: Float[Array, "B S C"], mask: Bool[Array, "..."] | None = None
) -> Float[Array, "B T D"]:
    """x plus what it reads of the context, plus an MLP of that sum."""
    x = x + multi_head_attention(params["attention"], rms_norm(x), context, mask, positions=False)
    return x + mlp(params["mlp"], rms_norm(x))


def init_perceiver(
    rng: np.random.Generator,
    inputs: int,
    queries: int,
    outputs: int,
    n_latents: int,
    d_model: int,
    n_layers: int,
    n_heads: int,
) -> dict:
    """Parameters: latents (N, D), to read F inputs, blocks, queries (E, D), to read latents, output matrix (D, V)."""
    return {
        "latents": normal(rng, (n_latents, d_model), 1),
        "read": init_cross_block(rng, d_model, n_heads, inputs),
        "blocks": init_blocks(rng, n_layers, d_model, n_heads),
        "queries": normal(rng, (queries, d_model), 1),
        "answer": init_cross_block(rng, d_model, n_heads, d_model),
        "unembedding": np.zeros((d_model, outputs), np.float32),
    }


def encode(
    params: dict, inputs: Float[Array, "B M F"], present: Bool[Array, "B M"] | None = None
) -> Float[Array, "B N D"]:
    """The latents after they have read the inputs that are present, M N pairs, and each other, N^2 pairs a layer."""
    mask = None if present is None else present[:, None, None, :]
    latents = jnp.broadcast_to(params["latents"], (len(inputs), *params["latents"].shape))
    return blocks(params["blocks"], cross_block(params["read"], latents, inputs, mask), positions=False)


def decode(params: dict, latents: Float[Array, "B N D"], queries: Float[Array, "#B O E"]) -> Float[Array, "B O V"]:
    """The answer to each query, which reads the latents, O N pairs, and knows of no other query."""
    x = linear(queries, params["queries"])
    x = cross_block(params["answer"], jnp.broadcast_to(x, (len(latents), *x.shape[1:])), latents)
    return readout(rms_norm(x), params["unembedding"])


def perceiver(
    params: dict,
    inputs: Float[Array, "B M F"],
    queries: Float[Array, "#B O E"],
    present: Bool[Array, "B M"] | None = None,
) -> Float[Array, "B O V"]:
    """What latents that have read the inputs answer to each query."""
    return decode(params, encode(params, inputs, present), queries)


def reading_weights(
    params: dict, inputs: Float[Array, "B M F"], present: Bool[Array, "B M"] | None = None
) -> Float[Array, "B H N M"]:
    """How much each latent, in each head, reads of each input: M weights that sum to one."""
    latents = rms_norm(jnp.asarray(params["latents"]))[None]
    q, k = queries_and_keys(params["read"]["attention"], latents, inputs, positions=False)
    q = jnp.broadcast_to(q, (len(inputs), *q.shape[1:]))
    return attention_weights(q, k, None if present is None else present[:, None, None, :])
