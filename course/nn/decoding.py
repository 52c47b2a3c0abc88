"""A language model that reads on: keys and values of earlier tokens are kept, so each new token costs one step."""

import jax.numpy as jnp
from jax.lax import dynamic_slice, dynamic_update_slice
from jaxtyping import Array, Bool, Float, Int

from course.nn.layers import attention, linear, mlp, rms_norm, rotary
from course.nn.transformer import embed_tokens, layers_of, readout

EARLIER = 2  # how far the n-grams that end at a token reach back


def empty_cache(params: dict, batch: int, length: int) -> dict:
    """Room for `length` tokens: the tokens, and the keys and values (batch, heads, length, width) of every layer.

    Heads come before places: so a step reads each head's keys in one piece.
    """
    layers, _, heads, width = params["blocks"]["attention"]["key"].shape
    room = [jnp.zeros((batch, heads, length, width))] * layers
    return {"tokens": jnp.zeros((batch, EARLIER + length), jnp.int32), "keys": room, "values": room}


def read_on(
    params: dict, cache: dict, tokens: Int[Array, "B T"], begin: Int[Array, ""] | int
) -> tuple[Float[Array, "B T V"], dict]:
    """(logits after each of the tokens, the cache with them in it).

    `begin` says where the first of them stands; everything before it must have been read. The logits are those of
    `language_model` on the whole text.
    """
    cache = cache | {"tokens": dynamic_update_slice(cache["tokens"], tokens, (0, EARLIER + begin))}
    window = dynamic_slice(cache["tokens"], (0, begin), (len(tokens), EARLIER + tokens.shape[1]))
    x = rms_norm(embed_tokens(params, window)[:, EARLIER:])
    positions = begin + jnp.arange(tokens.shape[1])
    visible = jnp.arange(cache["keys"][0].shape[2]) <= positions[:, None]
    keys, values = [], []
    for layer, *kept in zip(layers_of(params["blocks"]), cache["keys"], cache["values"], strict=True):
        new = _keys_and_values(layer["attention"], rms_norm(x), positions)
        key, value = (dynamic_update_slice(old, part, (0, 0, begin, 0)) for old, part in zip(kept, new, strict=True))
        x = x + _attend(layer["attention"], rms_norm(x), key, value, positions, visible)
        x = x + mlp(layer["mlp"], rms_norm(x))
        keys, values = [*keys, key], [*values, value]
    logits = readout(rms_norm(x), params["unembedding"])
    return logits, cache | {"keys": keys, "values": values}


def _keys_and_values(params: dict, x: Float[Array, "B T D"], positions: Int[Array, " T"]) -> list[Array]:
    key, value = rotary(rms_norm(linear(x, params["key"])), positions), linear(x, params["value"])
    return [part.swapaxes(1, 2) for part in (key, value)]


def _attend(
    params: dict,
    x: Float[Array, "B T D"],
    keys: Float[Array, "B H S K"],
    values: Float[Array, "B H S K"],
    positions: Int[Array, " T"],
    visible: Bool[Array, "T S"],
) -> Float[Array, "B T D"]:
    """Attention of x over the cache, all heads side by side, projected back to D."""
    q = rotary(rms_norm(linear(x, params["query"])), positions)
    heads = attention(q, keys.swapaxes(1, 2), values.swapaxes(1, 2), visible)
    return linear(heads.reshape(*heads.shape[:2], -1), params["output"].reshape(-1, x.shape[-1]))
