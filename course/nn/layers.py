"""Layers as pure functions on plain dictionaries of arrays. Every shape that a layer needs is read off its parameters.

Letters in shapes: B batch, T time (positions), S positions of the context, D model width, H heads, K width of a head,
F hidden width, C width of the context, D where it is x itself.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int


def normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Float[np.ndarray, "..."]:
    """Normal weights of variance 1/fan_in, so that a sum over fan_in unit-variance inputs has unit variance.

    Drawn by NumPy: JAX would first compile its generator for every shape, which takes seconds.
    """
    return (rng.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)


def linear(x: Float[Array, "*batch D"], weights: Float[Array, "D *out"]) -> Float[Array, "..."]:
    """x W, of shape (*batch, *out), as one plain matrix product: XLA's fast path on a CPU, backwards too.

    Raises ValueError when the last axis of x is not the first of the weights.
    """
    if x.shape[-1] != weights.shape[0]:
        raise ValueError(f"x must have {weights.shape[0]} features, as its weights do, got x of shape {x.shape}.")
    flat = x.reshape(-1, weights.shape[0]) @ weights.reshape(weights.shape[0], -1)
    return flat.reshape(*x.shape[:-1], *weights.shape[1:])


def squared_relu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """max(x, 0)^2. Source: Primer (arXiv:2109.08668)."""
    return jnp.square(jax.nn.relu(x))


def rms_norm(x: Float[Array, "... D"], eps: float = 1e-6) -> Float[Array, "... D"]:
    """x divided by the root of its mean square over the last axis. Source: arXiv:1910.07467, without the gain."""
    return x * jax.lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + eps)


def rotary(
    x: Float[Array, "B T H K"], positions: Int[Array, "#B T"] | None = None, base: float = 10_000.0
) -> Float[Array, "B T H K"]:
    """x with its channel pairs (i, i + K/2) turned by the angle t * base^(-2i/K): dot products then see only distances.

    t counts from 0, or is what `positions` says. Raises ValueError when K is odd. Source: RoFormer (arXiv:2104.09864),
    eq. 34.
    """
    if x.shape[-1] % 2:
        raise ValueError(f"rotary positions need heads of even width, got x of shape {x.shape}.")
    half = x.shape[-1] // 2
    positions = jnp.arange(x.shape[1]) if positions is None else positions
    angles = positions[..., None] * base ** (-jnp.arange(half) / half)  # (T, K/2), or (B, T, K/2)
    cos, sin = jnp.cos(angles)[..., None, :], jnp.sin(angles)[..., None, :]
    first, second = x[..., :half], x[..., half:]
    return jnp.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


def causal_mask(length: int) -> Bool[Array, "T T"]:
    """True where query t may look at key s: s <= t."""
    return jnp.tril(jnp.ones((length, length), dtype=bool))


def attention_weights(
    q: Float[Array, "B T H K"],
    k: Float[Array, "B S H K"],
    mask: Bool[Array, "#B #H T S"] | Bool[Array, "T S"] | None = None,
) -> Float[Array, "B H T S"]:
    """softmax(q k^T / sqrt(K)) over the S keys; a key whose mask is False gets weight 0.

    Source: Attention Is All You Need (arXiv:1706.03762), eq. 1.
    """
    logits = jnp.einsum("bthk,bshk->bhts", q, k) / jnp.sqrt(q.shape[-1])
    if mask is not None:
        logits = jnp.where(mask, logits, -jnp.inf)
    return jax.nn.softmax(logits, axis=-1)


def attention(
    q: Float[Array, "B T H K"],
    k: Float[Array, "B S H K"],
    v: Float[Array, "B S H K"],
    mask: Bool[Array, "..."] | None = None,
) -> Float[Array, "B T H K"]:
    """The mean of the values, weighted by `attention_weights(q, k, mask)`."""
    return jnp.einsum("bhts,bshk->bthk", attention_weights(q, k, mask), v)


def init_attention(
    rng: np.random.Generator, d_model: int, n_heads: int, d_head: int | None = None, d_context: int | None = None
) -> dict:
    """Parameters of multi-head attention: query, key, value (D, H, K) and output (H, K, D), which starts at zero.

    Keys and values read a context of width `d_context`, D by default. Raises ValueError when n_heads does not divide
    d_model and no d_head is given.
    """
    if d_head is None and d_model % n_heads:
        raise ValueError(f"n_heads must divide d_model, got d_model={d_model} and n_heads={n_heads}.")
    d_head = d_head or d_model // n_heads
    widths = (d_model, d_context or d_model, d_context or d_model)
    q, k, v = (normal(rng, (width, n_heads, d_head), width) for width in widths)
    return {"query": q, "key": k, "value": v, "output": np.zeros((n_heads, d_head, d_model), np.float32)}


def queries_and_keys(
    params: dict, x: Float[Array, "B T D"], context: Float[Array, "B S C"] | None = None, positions: bool = True
) -> tuple[Float[Array, "B T H K"], Float[Array, "B S H K"]]:
    """Normalised queries of x and keys of the context (x itself by default), turned by `rotary` if `positions`."""
    context = x if context is None else context
    q, k = rms_norm(linear(x, params["query"])), rms_norm(linear(context, params["key"]))
    return (rotary(q), rotary(k)) if positions else (q, k)


def multi_head_attention(
    params: dict,
    x: Float[Array, "B T D"],
    context: Float[Array, "B S C"] | None = None,
    mask: Bool[Array, "..."] | None = None,
    positions: bool = True,
) -> Float[Array, "B T D"]:
    """Attention of x over the context (over x itself by default), all heads side by side, projected back to D."""
    q, k = queries_and_keys(params, x, context, positions)
    v = linear(x if context is None else context, params["value"])
    heads = attention(q, k, v, mask)
    return linear(heads.reshape(*heads.shape[:2], -1), params["output"].reshape(-1, x.shape[-1]))


def init_mlp(rng: np.random.Generator, d_model: int, d_ff: int) -> dict:
    """Parameters of a two-layer perceptron: in (D, F) and out (F, D), which starts at zero."""
    return {"in": normal(rng, (d_model, d_ff), d_model), "out": np.zeros((d_ff, d_model), np.float32)}


def mlp(params: dict, x: Float[Array, "... D"], activation: Callable = squared_relu) -> Float[Array, "... D"]:
    """activation(x W_in) W_out, the same at every position."""
    return linear(activation(linear(x, params["in"])), params["out"])
