"""What a language model does once it is trained: it writes, and it says how much a text surprises it."""

import reprlib
from collections.abc import Sequence
from numbers import Integral, Real

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Integer, PyTree

from course.nn import cross_entropy, empty_cache, language_model, read_on

CONTEXT = 128  # tokens, as the models of the zoo were trained
MOST_CHARACTERS = 1000  # a text with more (Chinese, say) is read as UTF-8 bytes
ROWS = 16  # windows scored at once
HOTTEST = 1000  # as good as uniform


def characters_of(text: str) -> str:
    """The text's distinct characters in order, or "" when they are too many for a table."""
    distinct = "".join(sorted(set(text)))
    return distinct if len(distinct) <= MOST_CHARACTERS else ""


def encode(text: str, characters: str) -> Integer[np.ndarray, " tokens"]:
    """Token ids: the characters' places in the table, or the text's UTF-8 bytes when the table is empty.

    Raises ValueError for what is no text, and when it holds a character that is not in the table.
    """
    if not isinstance(text, str):
        raise ValueError(f"a text is expected, in quotation marks, not a value of type {type(text).__name__}.")
    if not characters:
        return np.frombuffer(text.encode("utf-8", errors="replace"), np.uint8)
    table, codes = _codes(characters), _codes(text)
    ids = np.minimum(np.searchsorted(table, codes), len(table) - 1)
    unknown = np.flatnonzero(table[ids] != codes)
    if len(unknown):
        raise ValueError(f"the model has never seen the character {text[unknown[0]]!r}.")
    return ids.astype(np.uint16)


def decode(tokens: Integer[np.ndarray, " tokens"], characters: str) -> str:
    """The text of the token ids."""
    if not characters:
        return np.asarray(tokens, np.uint8).tobytes().decode("utf-8", errors="replace")
    return "".join(characters[token] for token in tokens)


def _tokens(params: PyTree, text: str, characters: str) -> Integer[np.ndarray, " tokens"]:
    """The text's token ids. Raises ValueError as `encode` does, and where the model has no such tokens."""
    known = params["unembedding"].shape[1]
    if known != (len(characters) or 256):
        given = f"{len(characters)} characters" if characters else "256 bytes"
        raise ValueError(f"the model has {known} tokens, not {given}: give its own table as characters=.")
    return encode(text, characters)


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def sample(
    params: PyTree,
    prompt: str | Sequence[str],
    length: int,
    *,
    temperature: float = 0.8,
    top_k: int | None = None,
    top_p: float = 1.0,
    seed: int = 0,
    characters: str = "",
    context: int = CONTEXT,
) -> str | list[str]:
    """The prompt, or each of several prompts, continued by `length` tokens.

    temperature: 0 always takes the likeliest token. top_k: only the k likeliest may come. top_p: only the fewest whose
    probabilities sum to at least p. characters: the model's table, "" for bytes. context: the tokens that the model
    was trained to see; when they are used up, it reads on from the later half. Raises ValueError for an empty prompt,
    an unknown character and settings out of range.
    """
    _check_settings(temperature, top_p)
    _check_whole(length=(length, 0), context=(context, 2), seed=(seed, 0), top_k=(1 if top_k is None else top_k, 1))
    prompts = list(prompt) if isinstance(prompt, list | tuple) else [prompt]
    rows = [list(map(int, _tokens(params, text, characters))) for text in prompts]
    if not all(rows):
        raise ValueError("the prompt is empty: give at least one character.")
    whole = top_k is None and top_p == 1
    rule = (jnp.float32(temperature), None if whole else (jnp.int32(min(top_k or 2**30, 2**30)), jnp.float32(top_p)))
    rng, targets = np.random.default_rng(seed), [len(row) + length for row in rows]
    while any(len(row) < target for row, target in zip(rows, targets, strict=True)):
        window, lengths = _refilled(rows, context)
        noise = rng.gumbel(size=(context, len(rows), params["unembedding"].shape[1])).astype(np.float32)
        written = np.asarray(_fill(params, window, lengths, rule, noise)).tolist()
        rows = [row + new[begin:] for row, new, begin in zip(rows, written, lengths, strict=True)]
    texts = [decode(row[:end], characters) for row, end in zip(rows, targets, strict=True)]
    return texts[0] if isinstance(prompt, str) else texts


def _refilled(rows: list[list[int]], context: int) -> tuple[Int[np.ndarray, "B S"], Int[np.ndarray, " B"]]:
    """(windows that begin with each row's end, how many tokens those are): a row that filled its window is halved."""
    ends = [row if len(row) < context else row[-(context // 2) :] for row in rows]
    window = np.zeros((len(rows), context), np.int32)
    for i, end in enumerate(ends):
        window[i, : len(end)] = end
    return window, np.array([len(end) for end in ends])


@jax.jit
def _fill(
    params: PyTree, window: Int[Array, "B S"], lengths: Int[Array, " B"], rule: tuple, noise: Float[Array, "S B V"]
) -> Int[Array, "B S"]:
    """The windows, of whose tokens the first `lengths` are given, written to their ends.

    The noise comes from NumPy: JAX's generator would take longer to compile than all the rest.
    """
    rows, room = window.shape

    def step(i, carry):
        window, cache = carry
        logits, cache = read_on(params, cache, window[:, i][:, None], i)
        token = jnp.where(i + 1 < lengths, window[:, i + 1], choose(logits[:, 0], rule, noise[i]))
        return window.at[:, i + 1].set(token), cache

    return jax.lax.fori_loop(0, room - 1, step, (window, empty_cache(params, rows, room)))[0]


def choose(logits: Float[Array, "B V"], rule: tuple, noise: Float[Array, "B V"]) -> Int[Array, " B"]:
    """A token for each row, by Gumbel's trick: the largest of logits plus Gumbel noise is a draw from their softmax.

    rule: (temperature, None), or (temperature, (top_k, top_p)) where not every token may come.
    """
    temperature, limits = rule
    scaled = logits / jnp.maximum(temperature, 1e-6)
    if limits is not None:
        scaled = jnp.where(_among_likeliest(logits, scaled, *limits), scaled, -jnp.inf)
    return jnp.argmax(scaled + jnp.where(temperature > 0, noise, 0.0), axis=-1)


def _among_likeliest(
    logits: Float[Array, "B V"], scaled: Float[Array, "B V"], top_k: Int[Array, ""], top_p: Float[Array, ""]
) -> Bool[Array, "B V"]:
    """True for the k likeliest tokens, and of these for the fewest whose probabilities sum to at least p.

    Of tokens that are equally likely the first ones are kept.
    """
    order = jnp.argsort(-logits, axis=-1)
    p = jax.nn.softmax(jnp.take_along_axis(scaled, order, axis=-1))
    likelier = jnp.cumsum(p, axis=-1) - p  # the probability of all tokens before this one
    place = jnp.arange(logits.shape[-1])
    kept = (place < top_k) & ((likelier < top_p) | (place == 0))
    return jnp.take_along_axis(kept, jnp.argsort(order, axis=-1), axis=-1)


def nll(
    params: PyTree, text: str, *, characters: str = "", context: int = CONTEXT, stride: int | None = None
) -> Float[np.ndarray, " tokens-1"]:
    """-ln p of every token but the first, in nats.

    The model reads windows of `context` tokens that begin `stride` apart (context by default, the fastest). A smaller
    stride gives each token at least context - stride tokens before it, except near the text's beginning. Beyond the
    context that a model was trained to see (CONTEXT for the zoo's) its predictions get worse.
    Raises ValueError when the text has fewer than two tokens or the stride does not fit.
    """
    stride = context if stride is None else stride
    _check_whole(context=(context, 1), stride=(stride, 1))
    tokens = _tokens(params, text, characters)
    if len(tokens) < 2:
        raise ValueError("the text must have at least two tokens: the first is given, not predicted.")
    if stride > context:
        raise ValueError(f"stride must be from 1 to the context of {context}, got {stride}.")
    starts = np.arange(0, max(1, len(tokens) - 1 - (context - stride)), stride)
    padded = np.append(tokens, np.zeros(context + 1, tokens.dtype))
    rows = padded[starts[:, None] + np.arange(context + 1)]
    losses = np.concatenate([_token_losses(params, rows[i : i + ROWS]) for i in range(0, len(rows), ROWS)])
    fresh = np.concatenate([losses[0], losses[1:, context - stride :].ravel()])
    return fresh[: len(tokens) - 1]


def _token_losses(params: PyTree, rows: Integer[np.ndarray, "n S1"]) -> Float[np.ndarray, "n S"]:
    """-ln p of each row's tokens but the first, for at most ROWS rows; filled up, so that one program serves all."""
    filled = np.concatenate([rows, np.repeat(rows[:1], ROWS - len(rows), axis=0)]).astype(np.int32)
    return np.asarray(_losses(params, filled))[: len(rows)]


@jax.jit
def _losses(params: PyTree, rows: Int[Array, "n S1"]) -> Float[Array, "n S"]:
    return cross_entropy(language_model(params, rows[:, :-1]), rows[:, 1:])


def perplexity(params: PyTree, text: str, **options) -> float:
    """e to the mean `nll` of the text: among how many equally likely tokens the model hesitates. Options: as there."""
    return float(np.exp(nll(params, text, **options).mean()))


def _check_settings(temperature: float, top_p: float) -> None:
    if not (isinstance(temperature, Real) and 0 <= temperature <= HOTTEST):
        raise ValueError(f"temperature must be a number from 0 to {HOTTEST:,}, got {reprlib.repr(temperature)}.")
    if not (isinstance(top_p, Real) and 0 < top_p <= 1):
        raise ValueError(f"top_p must be above 0 and at most 1, got {reprlib.repr(top_p)}.")


def _check_whole(**numbers: tuple[int, int]) -> None:
    """ValueError at the first (number, least) that is no whole number, or a smaller one."""
    for name, (number, least) in numbers.items():
        if not (isinstance(number, Integral) and number >= least):
            raise ValueError(f"{name} must be a whole number of at least {least}, got {reprlib.repr(number)}.")
