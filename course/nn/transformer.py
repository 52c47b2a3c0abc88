"""The transformer: a stack of blocks, with a language model and an encoder around it."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from course.nn.layers import (
    causal_mask,
    init_attention,
    init_mlp,
    linear,
    mlp,
    multi_head_attention,
    rms_norm,
    squared_relu,
)


def init_block(key: PRNGKeyArray, d_model: int, n_heads: int, d_ff: int | None = None) -> dict:
    """Parameters of one block: attention and an MLP four times as wide as the model, 12 d_model^2 numbers in all."""
    attention_key, mlp_key = jax.random.split(key)
    return {
        "attention": init_attention(attention_key, d_model, n_heads),
        "mlp": init_mlp(mlp_key, d_model, d_ff or 4 * d_model),
    }


def block(
    params: dict,
    x: Float[Array, "B T D"],
    mask: Bool[Array, "..."] | None = None,
    positions: bool = True,
    activation: Callable = squared_relu,
) -> Float[Array, "B T D"]:
    """x plus attention of x, plus an MLP of that sum; each part reads the normalised stream (pre-norm)."""
    x = x + multi_head_attention(params["attention"], rms_norm(x), mask=mask, positions=positions)
    return x + mlp(params["mlp"], rms_norm(x), activation)


def init_blocks(key: PRNGKeyArray, n_layers: int, d_model: int, n_heads: int, d_ff: int | None = None) -> dict:
    """Parameters of n_layers blocks, stacked on a first axis: one compiled block then serves every layer."""
    return jax.vmap(lambda k: init_block(k, d_model, n_heads, d_ff))(jax.random.split(key, n_layers))


def blocks(
    params: dict,
    x: Float[Array, "B T D"],
    mask: Bool[Array, "..."] | None = None,
    positions: bool = True,
    activation: Callable = squared_relu,
) -> Float[Array, "B T D"]:
    """x after every block in turn, then normalised."""
    x, _ = jax.lax.scan(lambda x, layer: (block(layer, x, mask, positions, activation), None), x, params)
    return rms_norm(x)


def init_language_model(
    key: PRNGKeyArray, vocabulary: int, d_model: int, n_layers: int, n_heads: int, d_ff: int | None = None
) -> dict:
    """Parameters of a decoder: embedding (V, D), blocks, and the output matrix (D, V), which starts at zero.

    At initialisation every token is equally likely, so the loss is ln(vocabulary).
    """
    embedding_key, blocks_key = jax.random.split(key)
    return {
        "embedding": jax.random.normal(embedding_key, (vocabulary, d_model)),
        "blocks": init_blocks(blocks_key, n_layers, d_model, n_heads, d_ff),
        "unembedding": jnp.zeros((d_model, vocabulary)),
    }


def readout(x: Float[Array, "... D"], weights: Float[Array, "D V"]) -> Float[Array, "... V"]:
    """x W / sqrt(D): the scale at which one learning rate of Adam's serves every width.

    Source: Tensor Programs V (arXiv:2203.03466), Table 3.
    """
    return linear(x, weights) / jnp.sqrt(weights.shape[0])


def language_model(params: dict, tokens: Int[Array, "B T"]) -> Float[Array, "B T V"]:
    """Logits of the next token at every position; a later token never changes an earlier output."""
    x = rms_norm(params["embedding"][tokens])
    x = blocks(params["blocks"], x, causal_mask(tokens.shape[1]))
    return readout(x, params["unembedding"])


def cross_entropy(logits: Float[Array, "... V"], targets: Int[Array, "..."]) -> Float[Array, "..."]:
    """-ln p(target) at every position, in nats."""
    chosen = jnp.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    return jax.nn.logsumexp(logits, axis=-1) - chosen


def next_token_loss(params: dict, tokens: Int[Array, "B T1"]) -> Float[Array, ""]:
    """Mean cross-entropy in nats per token of windows of T + 1 tokens, each predicted from those before it."""
    tokens = tokens.astype(jnp.int32)
    return cross_entropy(language_model(params, tokens[:, :-1]), tokens[:, 1:]).mean()
