"""Text to image: pictures as sequences of codes, and one transformer that writes words, a scene and codes in a row.

As in VQ-VAE (arXiv:1711.00937), DALL-E (arXiv:2102.12092) and Make-A-Scene (arXiv:2203.13131). Letters in shapes: n
pictures, 64 places of a picture, K codes, C numbers of a code's vector, T tokens of a sequence, V tokens that are
written.
"""

import collections
import zlib
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree, UInt8

from course import contrastive, pictures
from course.data.arrays import load_drawings
from course.nn import (
    blocks,
    causal_mask,
    cross_entropy,
    embed_tokens,
    empty_cache,
    init_encoder,
    init_language_model,
    linear,
    normal,
    read_on,
    readout,
    rms_norm,
)

SIDE = pictures.SIZE // pictures.PATCH  # places along an edge of a picture
PLACES = SIDE**2
DECAY, COMMITMENT, DEAD = 0.99, 0.25, 0.5  # of the codebook; of the encoder to it; a code so rarely met is dead
SPREAD = 0.1  # variance of the colours of drawings on white, about


# The tokeniser


def init_tokeniser(
    rng: np.random.Generator, codes: int, width: int, d_model: int, depths: tuple[int, int], n_heads: int
) -> dict:
    """Parameters of a VQ-VAE: encoder (48 -> C) and decoder (C -> 48), so many layers deep, and a codebook (K, C)."""
    features = pictures.PATCH**2 * 3
    return {
        "encoder": _init_half(rng, features, width, d_model, depths[0], n_heads),
        "decoder": _init_half(rng, width, features, d_model, depths[1], n_heads),
        "codebook": {"counts": np.ones(codes, np.float32), "sums": normal(rng, (codes, width), 1)},
    }


def _init_half(rng: np.random.Generator, inputs: int, outputs: int, d_model: int, n_layers: int, n_heads: int) -> dict:
    return init_encoder(rng, inputs, outputs, d_model, n_layers, n_heads) | {
        "bias": normal(rng, (PLACES, d_model), 1),
        "unembedding": normal(rng, (d_model, outputs), d_model),
    }


def _half(params: dict, x: Float[Array, "n 64 F"]) -> Float[Array, "n 64 G"]:
    """What the encoder or the decoder makes of each place, having looked at all."""
    x = rms_norm(linear(x, params["embedding"]) + params["bias"])
    return linear(blocks(params["blocks"], x, positions=False), params["unembedding"])


def encode(params: dict, squares: Float[Array, "n 64 48"]) -> Float[Array, "n 64 C"]:
    """The encoder's vector at each place of pictures cut into squares, of mean square 1."""
    return rms_norm(_half(params["encoder"], squares))


def decode(params: dict, vectors: Float[Array, "n 64 C"]) -> Float[Array, "n 64 48"]:
    """The squares that the decoder draws from a vector at each place."""
    return _half(params["decoder"], vectors)


def vectors_of(codebook: dict) -> Float[Array, "K C"]:
    """Each code's vector: the moving average of what was met, the sum by the count."""
    return codebook["sums"] / codebook["counts"][:, None]


def nearest(vectors: Float[Array, "K C"], z: Float[Array, "... C"]) -> Int[Array, "..."]:
    """The code whose vector lies nearest to each z."""
    return jnp.argmin(jnp.square(vectors).sum(axis=1) - 2 * z @ vectors.T, axis=-1)


def straight_through(z: Float[Array, "..."], chosen: Float[Array, "..."]) -> Float[Array, "..."]:
    """The chosen vectors, through which gradients pass to z as if nothing had been chosen."""
    return z + jax.lax.stop_gradient(chosen - z)


def tokeniser_loss(params: dict, batch: dict[str, Array]) -> Float[Array, ""]:
    """Squared error of the "squares", in units of their variance, plus COMMITMENT times that of z as its code.

    Source: VQ-VAE, eq. 3, without the term that moves the codes: `follow` does.
    """
    z = encode(params, batch["squares"])
    vectors = jax.lax.stop_gradient(vectors_of(params["codebook"]))
    chosen = vectors[nearest(vectors, z)]
    error = jnp.square(decode(params, straight_through(z, chosen)) - batch["squares"]).mean() / SPREAD
    return error + COMMITMENT * jnp.square(z - chosen).mean()


def follow(params: dict, batch: dict[str, Array]) -> dict:
    """The parameters, their codebook moved towards the batch's z; a dead code begins again at one of them.

    Sources: VQ-VAE, appendix A.1 (moving averages); Jukebox (arXiv:2005.00341), section 3.1 (restarts). "spare" says
    which z the dead codes would take.
    """
    z = encode(params, batch["squares"]).reshape(-1, params["codebook"]["sums"].shape[1])
    return params | {"codebook": moved_codebook(params["codebook"], z, batch["spare"])}


def moved_codebook(codebook: dict, z: Float[Array, "m C"], spare: Int[Array, " K"], dead: float = DEAD) -> dict:
    """The codebook after it met z."""
    met = jax.nn.one_hot(nearest(vectors_of(codebook), z), len(spare))
    counts = DECAY * codebook["counts"] + (1 - DECAY) * met.sum(axis=0)
    sums = DECAY * codebook["sums"] + (1 - DECAY) * met.T @ z
    restart = counts < dead
    return {
        "counts": jnp.where(restart, 1.0, counts),
        "sums": jnp.where(restart[:, None], z[spare], sums),
    }


def perplexity(codes: Int[np.ndarray, "..."], n_codes: int) -> float:
    """Of how many codes equally often used the spread would be as wide: e to the entropy of their shares."""
    shares = np.bincount(np.ravel(codes), minlength=n_codes) / np.size(codes)
    return float(np.exp(-(shares[shares > 0] * np.log(shares[shares > 0])).sum()))


@jax.jit
def _codes(params: dict, squares: Float[Array, "n 64 48"]) -> Int[Array, "n 64"]:
    return nearest(vectors_of(params["codebook"]), encode(params, squares))


@jax.jit
def _drawn(params: dict, codes: Int[Array, "n 64"]) -> Float[Array, "n 64 48"]:
    return decode(params, vectors_of(params["codebook"])[codes])


def codes_of(params: dict, images: Float[np.ndarray, "n 32 32 3"]) -> Int[np.ndarray, "n 64"]:
    """The codes of any number of pictures, row by row."""
    params = jax.device_put(params)
    return pictures.in_parts(lambda part: _codes(params, part), pictures.patches(images))


def drawn(params: dict, codes: Int[np.ndarray, "n 64"]) -> Float[np.ndarray, "n 32 32 3"]:
    """The pictures that codes stand for."""
    params = jax.device_put(params)
    return joined(pictures.in_parts(lambda part: _drawn(params, part), codes))


def joined(squares: Float[np.ndarray, "n 64 48"]) -> Float[np.ndarray, "n 32 32 3"]:
    """Pictures put together from their squares; what `pictures.patches` takes apart."""
    p = pictures.PATCH
    grid = squares.reshape(-1, SIDE, SIDE, p, p, 3).transpose(0, 1, 3, 2, 4, 5)
    return np.clip(grid.reshape(-1, pictures.SIZE, pictures.SIZE, 3) + 0.5, 0, 1)


# Words, scenes and codes in one row

CODES = 512  # tokens 0 to 511; then the scene's
PARTS = 3  # of a scene: the ground, the thing named first, the thing named second
SCENE = PARTS**4  # tokens that say which part is in each of four places
SCENE_PLACES = PLACES // 4
WORDS = 12  # of a caption, at most
BEGIN = 1 + WORDS  # tokens before the scene: the style and the words
LENGTH = BEGIN + SCENE_PLACES + PLACES
STYLES = ("noto", "fluent-flat", "emojione")
RELATIONS = (("above", "below"), ("left of", "right of"))  # by axis
LEAST = 3  # keywords with the same word, for it to have a token


@cache
def vocabulary() -> dict[str, int]:
    """The token of every word: those of names and relations, and those that are in three keywords at least.

    "" fills captions up, and is all that is read where no words are given.
    """
    pairs = contrastive.training_pairs()
    named = {word for name in [*pairs.names, *sum(RELATIONS, ()), "and"] for word in contrastive.words(name)}
    in_keywords = collections.Counter(
        word for keywords in pairs.keywords for keyword in keywords for word in contrastive.words(keyword)
    )
    known = sorted(named | {word for word, count in in_keywords.items() if count >= LEAST})
    return {word: CODES + SCENE + i for i, word in enumerate(["", *STYLES, *(w for w in known if w not in STYLES)])}


def caption_tokens(texts: list[str], styles: list[str]) -> Int[np.ndarray, "n 13"]:
    """For each text the token of its style, "" for any, and those of its words: the first twelve that are known."""
    known = vocabulary()
    rows = np.full((len(texts), BEGIN), known[""])
    for row, text, style in zip(rows, texts, styles, strict=True):
        found = [known[word] for word in contrastive.words(text) if word in known][:WORDS]
        row[: 1 + len(found)] = [known[style], *found]
    return rows


def scene_tokens(parts: Int[np.ndarray, "n 8 8"]) -> Int[np.ndarray, "n 16"]:
    """The parts at 8 x 8 places, four to a token."""
    four = parts.reshape(-1, SIDE // 2, 2, SIDE // 2, 2).transpose(0, 1, 3, 2, 4).reshape(-1, SCENE_PLACES, 4)
    return CODES + four @ PARTS ** np.arange(4)


def parts_of(tokens: Int[np.ndarray, "n 16"]) -> Int[np.ndarray, "n 8 8"]:
    """The parts that scene tokens stand for."""
    four = (np.asarray(tokens)[..., None] - CODES) // PARTS ** np.arange(4) % PARTS
    return four.reshape(-1, SIDE // 2, SIDE // 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(-1, SIDE, SIDE)


def covered(opacity: Float[np.ndarray, "n side side"]) -> Bool[np.ndarray, "n side/4 side/4"]:
    """True for places of which a drawing covers a third or more; opacity from 0 to 1. (Half would lose bicycles.)"""
    side, p = opacity.shape[1] // pictures.PATCH, pictures.PATCH
    return opacity.reshape(-1, side, p, side, p).mean(axis=(2, 4)) >= 1 / 3


class Examples(NamedTuple):
    """n pictures on white, which parts are where, and what is said of them."""

    images: Float[np.ndarray, "n 32 32 3"]
    parts: Int[np.ndarray, "n 8 8"]
    texts: list[str]


class Things(NamedTuple):
    """Drawings in one style, and what they are called."""

    drawings: Float[np.ndarray, "n 32 32 4"]  # colours times opacity, and opacity, from 0 to 1
    small: Float[np.ndarray, "n 16 16 4"]  # the same at half the size
    names: list[str]
    keywords: list[list[str]]
    brief: Int[np.ndarray, " m"]  # those whose names, two of them, leave room for a relation


@cache
def things(style: str) -> Things:
    """What may be learned from in a style: all concepts but the held-out ones, with a drawing of their own."""
    pairs, (allowed, _) = contrastive.training_pairs(), pictures.training_drawings()
    drawings = load_drawings(style)[pairs.rows]
    kept = np.flatnonzero(~pictures.seen_nowhere_in(drawings, allowed))
    names, keywords = ([part[i] for i in kept] for part in (pairs.names, pairs.keywords))
    brief = [row for row, name in enumerate(names) if len(contrastive.words(name)) <= (WORDS - 2) // 2]
    return Things(weighed(drawings[kept]), small_drawings(drawings[kept]), names, keywords, np.array(brief))


def weighed(drawings: UInt8[np.ndarray, "*n 32 32 4"]) -> Float[np.ndarray, "*n 32 32 4"]:
    """The drawings from 0 to 1, their colours multiplied by their opacity."""
    drawings = drawings.astype(np.float32) / 255
    return np.concatenate([drawings[..., :3] * drawings[..., 3:], drawings[..., 3:]], axis=-1)


def small_drawings(drawings: UInt8[np.ndarray, "*n 32 32 4"]) -> Float[np.ndarray, "*n 16 16 4"]:
    """The drawings at half the size, as `weighed`: means over four pixels."""
    return weighed(drawings).reshape(*drawings.shape[:-3], 16, 2, 16, 2, 4).mean(axis=(-4, -2))


def alone(things: Things, rows: Int[np.ndarray, " n"], rng: np.random.Generator) -> Examples:
    """Each thing by itself, with its name or one to three of its keywords."""
    chosen = things.drawings[rows]
    return Examples(on_white(chosen), covered(chosen[..., 3]).astype(int), [said_of(things, row, rng) for row in rows])


def said_of(things: Things, row: int, rng: np.random.Generator) -> str:
    """A thing's name, seven times in ten, or one to three of its keywords."""
    if rng.random() < 0.7:
        return things.names[row]
    return " ".join(rng.permutation(things.keywords[row])[: rng.integers(1, 4)])


def together(things: Things, pairs: Int[np.ndarray, "n 2"], rng: np.random.Generator) -> Examples:
    """Two things of half the size on one canvas. Half of the texts say where the first is from the second."""
    layouts = [corners_of_two(rng) for _ in pairs]
    texts = [
        f"{things.names[first]} {relation if rng.random() < 0.5 else 'and'} {things.names[second]}"
        for (first, second), (_, relation) in zip(pairs, layouts, strict=True)
    ]
    return laid_out(things.small[pairs], np.array([corners for corners, _ in layouts]), texts)


def laid_out(
    small: Float[np.ndarray, "n things 16 16 4"], corners: Int[np.ndarray, "n things 2"], texts: list[str]
) -> Examples:
    """Canvases on which each small thing has its top left corner at a place (row, column) from 0 to 4."""
    canvas = np.zeros((len(small), pictures.SIZE, pictures.SIZE, 4), np.float32)
    parts = np.zeros((len(small), SIDE, SIDE), int)
    for row, (drawings, places) in enumerate(zip(small, corners, strict=True)):
        for part, (drawing, (top, left)) in enumerate(zip(drawings, places, strict=True), 1):
            y, x = pictures.PATCH * top, pictures.PATCH * left
            canvas[row, y : y + 16, x : x + 16] += drawing
            parts[row, top : top + 4, left : left + 4] += part * covered(drawing[None, ..., 3])[0]
    return Examples(on_white(canvas), parts, texts)


def on_white(drawings: Float[np.ndarray, "n h w 4"]) -> Float[np.ndarray, "n h w 3"]:
    """Drawings, whose colours are multiplied by their opacity, on a white ground."""
    return drawings[..., :3] + 1 - drawings[..., 3:]


def corners_of_two(rng: np.random.Generator) -> tuple[Int[np.ndarray, "2 2"], str]:
    """(row and column of two corners, four places apart at least, where the first is from the second)."""
    while True:
        corners = rng.integers(0, SIDE // 2 + 1, (2, 2))
        apart = corners[0] - corners[1]
        if np.abs(apart).max() >= SIDE // 2:
            axis = int(np.abs(apart).argmax())
            return corners, RELATIONS[axis][int(apart[axis] > 0)]


def some_pairs(things: Things, n: int, rng: np.random.Generator, *, held_out: bool = False) -> Int[np.ndarray, "n 2"]:
    """Pairs of different things, at random, with brief names: those that may be learned from, or those held out."""
    pairs = []
    while len(pairs) < n:
        first, second = rng.choice(things.brief, 2, replace=False)
        if held_out_pair(things.names[first], things.names[second]) == held_out:
            pairs.append((first, second))
    return np.array(pairs)


def held_out_pair(first: str, second: str) -> bool:
    """True for an eighth of all pairs of names: no recipe shows these together."""
    return zlib.crc32(" + ".join(sorted((first, second))).encode()) % 8 == 0


def tokens_of(tokeniser: PyTree, examples: Examples, styles: list[str]) -> Int[np.ndarray, "n T"]:
    """Each example as a row: its style and words, its scene, its codes."""
    scenes, codes = scene_tokens(examples.parts), codes_of(tokeniser, examples.images)
    return np.concatenate([caption_tokens(examples.texts, styles), scenes, codes], axis=1)


def init_painter(rng: np.random.Generator, d_model: int, n_layers: int, n_heads: int) -> dict:
    """Parameters of a decoder that reads styles, words, scenes and codes, and writes scenes and codes."""
    params = init_language_model(rng, CODES + SCENE + len(vocabulary()), d_model, n_layers, n_heads)
    return params | {"unembedding": np.zeros((d_model, CODES + SCENE), np.float32)}


def written_loss(params: dict, tokens: Int[Array, "n T"]) -> Float[Array, "n T-13"]:
    """-ln p of each scene token and of each code, in nats, read from all before it."""
    tokens = tokens.astype(jnp.int32)
    x = blocks(params["blocks"], rms_norm(embed_tokens(params, tokens[:, :-1])), causal_mask(LENGTH - 1))
    return cross_entropy(readout(x[:, BEGIN - 1 :], params["unembedding"]), tokens[:, BEGIN:])


def painter_loss(params: dict, batch: dict[str, Array]) -> Float[Array, ""]:
    """The mean of `written_loss` over a batch's "tokens"."""
    return written_loss(params, batch["tokens"]).mean()


def paint(
    params: dict,
    tokeniser: dict,
    texts: list[str],
    *,
    style: str = "",
    scenes: Int[np.ndarray, "n 8 8"] | None = None,
    guidance: float = 3.0,
    least: float = 0.1,
    temperature: float = 1.0,
    seed: int = 0,
) -> tuple[Float[np.ndarray, "n 32 32 3"], Int[np.ndarray, "n 8 8"]]:
    """(a picture for each text, its scene). A scene that is given is kept; else the painter lays it out first.

    guidance: how much the words count; see `guided`. least: a token that has less than this share of the likeliest
    one's probability is not written; see `plausible`. temperature: 0 always takes the likeliest token. The same text
    and seed give the same picture in the same row, whatever follows. Raises ValueError for an unknown style, for no
    texts and for a guidance, a least share or a temperature out of range.
    """
    _check(texts, style, guidance, least, temperature)
    tokens = np.full((len(texts), LENGTH), -1)
    tokens[:, :BEGIN] = caption_tokens(texts, [style] * len(texts))
    if scenes is not None:
        tokens[:, BEGIN : BEGIN + SCENE_PLACES] = scene_tokens(scenes)
    noise = np.random.default_rng(seed).gumbel(size=(len(texts), LENGTH, CODES + SCENE)).astype(np.float32)
    knobs = np.array([guidance, least, temperature], np.float32)
    written = np.asarray(_write(params, tokens, knobs, noise))
    return drawn(tokeniser, written[:, -PLACES:]), parts_of(written[:, BEGIN : BEGIN + SCENE_PLACES])


def _check(texts: list[str], style: str, guidance: float, least: float, temperature: float) -> None:
    if isinstance(texts, str):
        raise ValueError(f"a list of texts is expected, such as [{texts[:20]!r}].")
    if not len(texts):
        raise ValueError("there is nothing to paint: give at least one text.")
    if style not in ("", *STYLES):
        raise ValueError(f"the styles are {', '.join(STYLES)}, or '' for any; got {style!r}.")
    for name, value in (("guidance", guidance), ("temperature", temperature)):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be a number of at least 0, got {value}.")
    if not 0 <= least <= 1:
        raise ValueError(f"least must be a share from 0 to 1, got {least}.")


def guided(told: Float[Array, "n V"], untold: Float[Array, "n V"], guidance: Float[Array, ""]) -> Float[Array, "n V"]:
    """untold + guidance (told - untold): logits that go further in the direction in which the words moved them.

    Source: Make-A-Scene, section 3.5. 1 takes the logits told the words, 0 those not told.
    """
    return untold + guidance * (told - untold)


def plausible(logits: Float[Array, "n V"], least: Float[Array, ""]) -> Bool[Array, "n V"]:
    """Which tokens have at least this share of the likeliest one's probability.

    Source: Li et al. 2022, Contrastive Decoding, section 3.2. What is nearly impossible either way differs by chance
    from the one to the other, and guidance would make much of it.
    """
    return logits >= logits.max(axis=-1, keepdims=True) + jnp.log(least)


@jax.jit
def _write(
    params: PyTree,
    given: Int[Array, "n T"],
    knobs: Float[Array, "3"],
    noise: Float[Array, "n T V"],
) -> Int[Array, "n T"]:
    """The rows, whose tokens of -1 are written: each by Gumbel's trick, a draw from the softmax of guided logits."""
    (rows, length), (guidance, least, temperature) = given.shape, knobs
    is_word = (jnp.arange(length) > 0) & (jnp.arange(length) < BEGIN)
    tokens = jnp.concatenate([given, jnp.where(is_word, CODES + SCENE, given)])  # told, and not told

    def step(i, carry):
        tokens, cache = carry
        logits, cache = read_on(params, cache, tokens[:, i][:, None], i)
        allowed = (jnp.arange(CODES + SCENE) < CODES) == (i + 1 >= BEGIN + SCENE_PLACES)
        told, untold = jnp.split(jnp.where(allowed, logits[:, 0], -jnp.inf), 2)
        likely = plausible(jnp.where(guidance > 0, told, untold), least) & allowed
        scores = jnp.where(likely, guided(told, untold, guidance), -jnp.inf)
        luck = jnp.where(temperature > 0, noise[:, i], 0.0)
        chosen = jnp.tile(jnp.argmax(scores / jnp.maximum(temperature, 1e-6) + luck, axis=-1), 2)
        kept = tokens[:, i + 1]
        return tokens.at[:, i + 1].set(jnp.where(kept < 0, chosen, kept)), cache

    written, _ = jax.lax.fori_loop(0, length - 1, step, (tokens, empty_cache(params, 2 * rows, length)))
    return written[:rows]
