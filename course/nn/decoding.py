"""A language model that reads on: keys and values of earlier tokens are kept, so each new token costs one step."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from course.nn.layers import attention, linear, mlp, rms_norm, rotary
from course.nn.transformer import embed_tokens, layers_of, readout


def empty_cache(params: dict, batch: int, length: int) -> dict:
    """Room for `length` tokens: the tokens, and the keys and values (batch, length, heads, width) of every layer."""
    key = params["blocks"]["attention"]["key"]  # (layers, D, H, K)
    room = [jnp.zeros((batch, length, *key.shape[2:]))] * key.shape[0]
    return {"tokens": jnp.zeros((batch, length), jnp.int32), "keys": room, "values": room}


def read_on(
    params: dict, cache: dict, tokens: Int[Array, "B T"], positions: Int[Array, "B T"]
) -> tuple[Float[Array, "B T V"], dict]:
    """(logits after each of the tokens, the cache with them in it).

    `positions` says where in the cache each token stands; everything before it must have been read. The logits are
    those of `language_model` on the whole text.
    """
    rows = jnp.arange(tokens.shape[0])[:, None]
    cache = cache | {"tokens": cache["tokens"].at[rows, positions].set(tokens)}
    visible = jnp.arange(cache["tokens"].shape[1]) <= positions[:, None, :, None]
    x = rms_norm(embed_tokens(params, cache["tokens"])[rows, positions])
    keys, values = [], []
    for layer, *kept in zip(layers_of(params["blocks"]), cache["keys"], cache["values"], strict=True):
        new = _keys_and_values(layer["attention"], rms_norm(x), positions)
        key, value = (old.at[rows, positions].set(part) for old, part in zip(kept, new, strict=True))
        x = x + _attend(layer["attention"], rms_norm(x), key, value, positions, visible)
        x = x + mlp(layer["mlp"], rms_norm(x))
        keys, values = [*keys, key], [*values, value]
    logits = readout(rms_norm(x), params["unembedding"])
    return logits, cache | {"keys": keys, "values": values}


def _keys_and_values(params: dict, x: Float[Array, "B T D"], positions: Int[Array, "B T"]) -> tuple:
    return rotary(rms_norm(linear(x, params["key"])), positions), linear(x, params["value"])


def _attend(
    params: dict,
    x: Float[Array, "B T D"],
    keys: Float[Array, "B S H K"],
    values: Float[Array, "B S H K"],
    positions: Int[Array, "B T"],
    visible: Bool[Array, "B 1 T S"],
) -> Float[Array, "B T D"]:
    """Attention of x over the cache, all heads side by side, projected back to D."""
    q = rotary(rms_norm(linear(x, params["query"])), positions)
    heads = attention(q, keys, values, visible)
    return linear(heads.reshape(*heads.shape[:2], -1), params["output"].reshape(-1, x.shape[-1]))
