"""The transformer: a stack of blocks, with a language model or an encoder around it."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from course.nn.layers import (
    attention_weights,
    causal_mask,
    init_attention,
    init_mlp,
    linear,
    mlp,
    multi_head_attention,
    normal,
    queries_and_keys,
    rms_norm,
    squared_relu,
)


def init_block(rng: np.random.Generator, d_model: int, n_heads: int, d_ff: int | None = None) -> dict:
    """Parameters of one block: attention and an MLP four times as wide as the model, 12 d_model^2 numbers in all."""
    return {
        "attention": init_attention(rng, d_model, n_heads),
        "mlp": init_mlp(rng, d_model, d_ff or 4 * d_model),
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


def init_blocks(rng: np.random.Generator, n_layers: int, d_model: int, n_heads: int, d_ff: int | None = None) -> dict:
    """Parameters of n_layers blocks, stacked on a first axis."""
    layers = [init_block(rng, d_model, n_heads, d_ff) for _ in range(n_layers)]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *layers)


def blocks(
    params: dict,
    x: Float[Array, "B T D"],
    mask: Bool[Array, "..."] | None = None,
    positions: bool = True,
    activation: Callable = squared_relu,
) -> Float[Array, "B T D"]:
    """x after every block in turn, then normalised."""
    for layer in layers_of(params):
        x = block(layer, x, mask, positions, activation)
    return rms_norm(x)


def layers_of(params: dict) -> list[dict]:
    """The stacked parameters as one dictionary per layer. (A loop over few layers compiles faster than lax.scan.)"""
    leaves, structure = jax.tree.flatten(params)
    return [jax.tree.unflatten(structure, layer) for layer in zip(*leaves, strict=True)]


def init_language_model(
    rng: np.random.Generator,
    vocabulary: int,
    d_model: int,
    n_layers: int,
    n_heads: int,
    d_ff: int | None = None,
    ngrams: int = 0,
) -> dict:
    """Parameters of a decoder: embedding (V, D), blocks, and the output matrix (D, V), which starts at zero.

    With `ngrams` above 0 there is a table (ngrams, D) of zeros too, for `ngram_embedding`. At initialisation every
    token is equally likely, so the loss is ln(vocabulary).
    """
    table = {"ngrams": np.zeros((ngrams, d_model), np.float32)} if ngrams else {}
    return table | {
        "embedding": normal(rng, (vocabulary, d_model), 1),
        "blocks": init_blocks(rng, n_layers, d_model, n_heads, d_ff),
        "unembedding": np.zeros((d_model, vocabulary), np.float32),
    }


def ngram_embedding(table: Float[Array, "R D"], tokens: Int[Array, "B T"]) -> Float[Array, "B T D"]:
    """The sum of two rows of the table: those of the bigram and of the trigram that end at each token.

    A hash of the tokens says which row is whose; n-grams that fall on one row share it. Before the first token stand
    zeros. Source: Byte Latent Transformer (arXiv:2412.09871), section 3.2.1.
    """
    earlier = [jnp.pad(tokens, ((0, 0), (back, 0)))[:, : tokens.shape[1]] for back in range(3)]
    return sum(table[hashed(earlier[:order]) % len(table)] for order in (2, 3))


def hashed(parts: list[Int[Array, "..."]]) -> Int[Array, "..."]:
    """One number from 0 to 2^16 - 1 out of several, by two rounds of multiplication modulo 2^32."""
    code = jnp.uint32(len(parts))
    for part in parts:
        code = code * jnp.uint32(0x01000193) + part.astype(jnp.uint32)  # Fowler, Noll and Vo's prime
    return (code * jnp.uint32(0x9E3779B1) >> 16).astype(jnp.int32)  # Knuth's multiplier: 2^32 over the golden ratio


def readout(x: Float[Array, "... D"], weights: Float[Array, "D V"]) -> Float[Array, "... V"]:
    """x W / sqrt(D): the scale at which one learning rate of Adam's serves every width.

    Source: Tensor Programs V (arXiv:2203.03466), Table 3.
    """
    return linear(x, weights) / jnp.sqrt(weights.shape[0])


def language_model(params: dict, tokens: Int[Array, "B T"]) -> Float[Array, "B T V"]:
    """Logits of the next token at every position; a later token never changes an earlier output."""
    x = blocks(params["blocks"], rms_norm(embed_tokens(params, tokens)), causal_mask(tokens.shape[1]))
    return readout(x, params["unembedding"])


def embed_tokens(params: dict, tokens: Int[Array, "B T"]) -> Float[Array, "B T D"]:
    """The vector of each token, with those of the n-grams that end at it where the model has a table of them."""
    x = jnp.asarray(params["embedding"])[tokens]  # NumPy's arrays, of a frozen model, do not take traced indices
    return x + ngram_embedding(params["ngrams"], tokens) if "ngrams" in params else x


def init_encoder(
    rng: np.random.Generator,
    inputs: int,
    outputs: int,
    d_model: int,
    n_layers: int,
    n_heads: int,
    d_ff: int | None = None,
) -> dict:
    """Parameters of an encoder: embedding (F, D) and its bias (D), blocks, and the output matrix (D, V) of zeros."""
    return {
        "embedding": normal(rng, (inputs, d_model), 1),
        "bias": normal(rng, (d_model,), 1),
        "blocks": init_blocks(rng, n_layers, d_model, n_heads, d_ff),
        "unembedding": np.zeros((d_model, outputs), np.float32),
    }


def encoder(
    params: dict,
    x: Float[Array, "B T F"],
    mask: Bool[Array, "..."] | None = None,
    positions: bool = True,
    activation: Callable = squared_relu,
) -> Float[Array, "B T V"]:
    """Logits of V answers at every position of a sequence of vectors."""
    x = blocks(params["blocks"], embed(params, x), mask, positions, activation)
    return readout(x, params["unembedding"])


def embed(params: dict, x: Float[Array, "B T F"]) -> Float[Array, "B T D"]:
    """The stream before the first block. The bias keeps loud and soft inputs apart when they are normalised."""
    return rms_norm(linear(x, params["embedding"]) + params["bias"])


def attention_maps(
    params: dict,
    x: Float[Array, "B T F"],
    mask: Bool[Array, "..."] | None = None,
    positions: bool = True,
    activation: Callable = squared_relu,
) -> Float[Array, "L B H T T"]:
    """The attention weights of every layer and head of an encoder that reads x."""

    maps, x = [], embed(params, x)
    for layer in layers_of(params["blocks"]):
        q, k = queries_and_keys(layer["attention"], rms_norm(x), positions=positions)
        maps.append(attention_weights(q, k, mask))
        x = block(layer, x, mask, positions, activation)
    return jnp.stack(maps)


def cross_entropy(logits: Float[Array, "... V"], targets: Int[Array, "..."]) -> Float[Array, "..."]:
    """-ln p(target) at every position, in nats."""
    chosen = jnp.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    return jax.nn.logsumexp(logits, axis=-1) - chosen


def next_token_loss(params: dict, tokens: Int[Array, "B T1"]) -> Float[Array, ""]:
    """Mean cross-entropy in nats per token of windows of T + 1 tokens, each predicted from those before it."""
    tokens = tokens.astype(jnp.int32)
    return cross_entropy(language_model(params, tokens[:, :-1]), tokens[:, 1:]).mean()
