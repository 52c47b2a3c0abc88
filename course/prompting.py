"""Delta tuning: a pretrained transformer stays frozen, and a few numbers beside it, the *delta*, are trained.

`init_delta` makes a delta of one of six kinds, `language_model_with` and `look_with` are the models with a delta in
them, `with_weights` is a model whose weights contain it. Letters in shapes as in `course.nn`, and p prompt vectors,
r the rank or the width of what is added, L layers.

Source of the family and its name: Delta Tuning (arXiv:2203.06904).
"""

from itertools import repeat
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from course.nn import (
    attention,
    causal_mask,
    cross_entropy,
    embed,
    embed_tokens,
    layers_of,
    linear,
    normal,
    readout,
    rms_norm,
    rotary,
    squared_relu,
)

KINDS = ("prompt", "deep prompt", "bias", "adapter", "lora", "full")
LAST_BLOCK = "last block"  # a seventh kind, for comparison: full, but of the last block alone
LORA_ALPHA = 8.0  # the low-rank product is multiplied by alpha / rank
MATRICES = {"attention": ("query", "key", "value", "output"), "mlp": ("in", "out")}


def init_delta(kind: str, params: PyTree, rng: np.random.Generator, size: int = 8) -> dict:
    """A delta of this kind for these parameters; whatever its kind, prompts excepted, it changes nothing yet.

    size: the number p of prompt vectors, the rank of lora, the width of adapter; the others have none.
    Sources: prompt tuning (arXiv:2104.08691), here from tokens drawn at random; deep prompts as in VPT-deep
    (arXiv:2203.12119); BitFit (arXiv:2106.10199), here biases that the model was trained without; adapters
    (arXiv:1902.00751), one after each block; LoRA (arXiv:2106.09685), on every matrix of the blocks.
    Raises ValueError for an unknown kind and a size below one.
    """
    if kind not in (*KINDS, LAST_BLOCK) or size < 1:
        raise ValueError(f"kind must be one of {', '.join(KINDS)} and size at least 1, got {kind!r} and {size}.")
    n_layers, d_model, n_heads, d_head = params["blocks"]["attention"]["query"].shape
    if kind == "prompt":
        return {"prompt": prompt_from_tokens(params, rng.integers(len(params["embedding"]), size=size))}
    if kind == "deep prompt":
        return {"prompt": normal(rng, (size, d_model), 1), "deep": normal(rng, (n_layers - 1, size, d_model), 1)}
    if kind == "bias":
        heads = dict.fromkeys(("query", "key", "value"), (n_heads, d_head))
        shapes = heads | {"output": (d_model,), "in": (params["blocks"]["mlp"]["in"].shape[2],), "out": (d_model,)}
        return {"bias": {name: np.zeros((n_layers, *shape), np.float32) for name, shape in shapes.items()}}
    if kind == "adapter":
        down = normal(rng, (n_layers, d_model, size), d_model)
        return {"adapter": {"down": down, "up": np.zeros((n_layers, size, d_model), np.float32)}}
    if kind == "lora":
        parts = {part: {name: params["blocks"][part][name] for name in names} for part, names in MATRICES.items()}
        return {"lora": jax.tree.map(lambda matrix: _init_low_rank(rng, matrix, size, d_model), parts)}
    if kind == LAST_BLOCK:
        return {"last": jax.tree.map(lambda leaf: np.zeros(leaf.shape[1:], np.float32), params["blocks"])}
    return {"full": jax.tree.map(np.zeros_like, params)}


def prompt_from_tokens(params: PyTree, tokens: Int[np.ndarray, " p"]) -> Float[np.ndarray, "p D"]:
    """The vectors that the model itself has for these tokens, or patches."""
    return np.asarray(params["embedding"])[tokens].astype(np.float32)


def _init_low_rank(rng: np.random.Generator, matrix: Float[Array, "L ..."], rank: int, d_model: int) -> dict:
    """Factors (L, inputs, r) and (L, r, outputs) of an update for a matrix of every layer; the second is zero."""
    inputs, outputs = _as_matrices(matrix, d_model).shape[1:]
    return {
        "a": normal(rng, (len(matrix), inputs, rank), inputs),
        "b": np.zeros((len(matrix), rank, outputs), np.float32),
    }


def _as_matrices(weights: Float[Array, "L ..."], d_model: int) -> Float[Array, "L inputs outputs"]:
    """Heads belong to the outputs of query, key and value (D, H, K), and to the inputs of output (H, K, D)."""
    inputs = d_model if weights.shape[1] == d_model else np.prod(weights.shape[1:-1], dtype=int)
    return weights.reshape(len(weights), inputs, -1)


def with_weights(params: PyTree, delta: dict) -> PyTree:
    """The parameters with what of the delta can be added to them: lora, full or the last block's, not the rest."""
    if "full" in delta:
        return jax.tree.map(jnp.add, params, delta["full"])
    if "last" in delta:
        return params | {"blocks": jax.tree.map(_add_to_last, params["blocks"], delta["last"])}
    if "lora" not in delta:
        return params
    blocks = {part: dict(params["blocks"][part]) for part in MATRICES}
    for part, factors in delta["lora"].items():
        for name, pair in factors.items():
            product = LORA_ALPHA / pair["a"].shape[2] * pair["a"] @ pair["b"]
            blocks[part][name] = blocks[part][name] + product.reshape(blocks[part][name].shape)
    return params | {"blocks": blocks}


def _add_to_last(every: Float[Array, "L ..."], last: Float[Array, "..."]) -> Float[Array, "L ..."]:
    return jnp.asarray(every).at[-1].add(last)


def language_model_with(params: PyTree, delta: dict, tokens: Int[Array, "B T"]) -> Float[Array, "B T V"]:
    """Logits of the next token at every position; prompts stand before the first token and are never predicted."""
    params = with_weights(params, delta)
    x = blocks_with(params["blocks"], delta, embed_tokens(params, tokens), causal=True)
    return readout(x, params["unembedding"])


def next_token_loss_with(params: PyTree, delta: dict, rows: Int[Array, "B T1"]) -> Float[Array, ""]:
    """Mean nats per token, where every row holds T + 1 tokens."""
    return cross_entropy(language_model_with(params, delta, rows[:, :-1]), rows[:, 1:]).mean()


def verbalised(
    params: PyTree,
    delta: dict,
    texts: Int[Array, "B T"],
    question: Int[np.ndarray, " q"],
    answers: Int[np.ndarray, " C"],
) -> Float[Array, "B C"]:
    """Logits of C classes: of the token that stands for each, as the one after a text and the question.

    Source: pattern and verbaliser of Schick and Schütze (arXiv:2001.07676).
    """
    asked = jnp.broadcast_to(question, (len(texts), len(question)))
    tokens = jnp.concatenate([texts, asked], axis=1).astype(jnp.int32)
    return language_model_with(params, delta, tokens)[:, -1, answers]


def look_with(params: PyTree, delta: dict, squares: Float[Array, "n 64 48"]) -> Float[Array, "n D"]:
    """What the eye of `course.pictures` makes of pictures: the mean over their squares, prompts left out."""
    params = with_weights(params, delta)
    return blocks_with(params["blocks"], delta, embed(params, squares), causal=False).mean(axis=1)


def blocks_with(blocks: PyTree, delta: dict, x: Float[Array, "B T D"], causal: bool) -> Float[Array, "B T D"]:
    """The normalised stream of the T positions after all blocks. A causal model knows its places by rotation."""
    prompts = _prompts(delta, len(x))
    x = rms_norm(jnp.concatenate([prompts[0], x], axis=1) if prompts else x)
    mask = causal_mask(x.shape[1]) if causal else None
    p = prompts[0].shape[1] if prompts else 0
    beside = {kind: delta[kind] for kind in ("bias", "adapter") if kind in delta}
    extras = layers_of(beside) if beside else repeat({})
    for i, (layer, extra) in enumerate(zip(layers_of(blocks), extras, strict=False)):
        if 0 < i < len(prompts):
            x = jnp.concatenate([prompts[i], x[:, p:]], axis=1)
        x = block_with(layer, extra, x, mask, positions=causal)
    return rms_norm(x[:, p:])


def _prompts(delta: dict, batch: int) -> list[Float[Array, "B p D"]]:
    """The prompts of the first layer, and of all others if the delta is deep. One prompt serves every row of a batch,
    or each row has its own: prompt (B, p, D)."""
    if "prompt" not in delta:
        return []
    every = [delta["prompt"], *delta.get("deep", ())]
    return [jnp.broadcast_to(prompt, (batch, *prompt.shape[-2:])) for prompt in every]


def block_with(
    layer: PyTree, extra: dict[str, Any], x: Float[Array, "B T D"], mask: Bool[Array, "T T"] | None, positions: bool
) -> Float[Array, "B T D"]:
    """`course.nn.block` with a bias after every matrix, and an adapter at its end, where the delta has them."""
    weights, bias = layer["attention"], extra.get("bias", {})
    normalised = rms_norm(x)
    q, k, v = (linear(normalised, weights[name]) + bias.get(name, 0) for name in ("query", "key", "value"))
    q, k = rms_norm(q), rms_norm(k)
    heads = attention(rotary(q), rotary(k), v, mask) if positions else attention(q, k, v, mask)
    output = weights["output"].reshape(-1, x.shape[-1])
    x = x + linear(heads.reshape(*x.shape[:2], -1), output) + bias.get("output", 0)
    hidden = squared_relu(linear(rms_norm(x), layer["mlp"]["in"]) + bias.get("in", 0))
    x = x + linear(hidden, layer["mlp"]["out"]) + bias.get("out", 0)
    if "adapter" in extra:
        x = x + linear(jax.nn.relu(linear(rms_norm(x), extra["adapter"]["down"])), extra["adapter"]["up"])
    return x


def trained_numbers(delta: dict) -> int:
    """How many numbers the delta trains."""
    return sum(np.size(leaf) for leaf in jax.tree.leaves(delta))
