"""Two towers that meet: pictures and words as vectors of length 1, trained so that those which belong together agree.

As in CLIP (arXiv:2103.00020). The picture tower is a small vision transformer; the text tower adds up vectors of
hashed character n-grams, so that it reads every language and script, but not the order of words.
"""

import itertools
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from course import pictures
from course.data.arrays import load_drawings, load_emoji
from course.nn import cross_entropy, init_mlp, linear, mlp, normal, rms_norm

PATCH = 8  # pixels: 16 squares a picture
BUCKETS, SLOTS = 8192, 96  # rows of the table of n-grams; the n-grams of one text that are read
LENGTHS = (2, 3, 4)  # of an n-gram, in characters
TEMPERATURE, LARGEST_SCALE = 0.07, 100.0  # CLIP's
A_LITTLE = {"turn": 5, "smallest": 0.9, "largest": 1.05, "shift": 1}  # moves that a short training can take


def init_towers(
    rng: np.random.Generator, width: int = 64, d_model: int = 96, n_layers: int = 2, n_heads: int = 3
) -> dict:
    """Parameters of both towers, which end in vectors of `width` numbers, and the logarithm of the scale."""
    return {
        "eye": pictures.init_eye(rng, d_model, n_layers, n_heads, PATCH),
        "eye out": normal(rng, (d_model, width), d_model),
        **init_reader(rng, width, d_model),
    }


def init_reader(rng: np.random.Generator, width: int = 64, d_model: int = 96, buckets: int = BUCKETS) -> dict:
    """Parameters of the text tower, with so many rows in its table of n-grams, and the logarithm of the scale."""
    return {
        "ngrams": normal(rng, (buckets, d_model), 100),  # short, so that what was never read says little
        "mlp": init_mlp(rng, d_model, 2 * d_model),
        "text out": normal(rng, (d_model, width), d_model),
        "log scale": np.float32(-np.log(TEMPERATURE)),
    }


def see(params: dict, squares: Float[Array, "n 16 192"]) -> Float[Array, "n width"]:
    """The vectors of length 1 that the picture tower makes of pictures cut into squares."""
    return unit(linear(pictures.look(params["eye"], squares), params["eye out"]))


def read(params: dict, ngrams: Int[Array, "n slots"]) -> Float[Array, "n width"]:
    """The vectors of length 1 that the text tower makes of texts, given as `hashed_ngrams`; 0 for none."""
    filled = (ngrams > 0)[..., None]
    x = rms_norm((jnp.asarray(params["ngrams"])[ngrams] * filled).sum(axis=1))
    return unit(linear(rms_norm(x + mlp(params["mlp"], x)), params["text out"]))


def see_all(params: dict, images: Float[np.ndarray, "n 32 32 3"]) -> Float[np.ndarray, "n width"]:
    """The vectors of any number of pictures."""
    params = jax.device_put(params)  # once, not with each part
    return pictures.in_parts(lambda part: _see(params, part), pictures.patches(images, PATCH))


def read_all(params: dict, texts: list[str]) -> Float[np.ndarray, "n width"]:
    """The vectors of any number of texts. Raises ValueError for a single one, which would be read letter by letter."""
    if isinstance(texts, str):
        raise ValueError(f"a list of texts is expected, such as [{texts[:20]!r}].")
    return read_ngrams(params, hashed_ngrams(texts, len(params["ngrams"])))


def read_ngrams(params: dict, ngrams: Int[np.ndarray, "n slots"]) -> Float[np.ndarray, "n width"]:
    """The vectors of any number of texts, given as `hashed_ngrams`."""
    params = jax.device_put(params)  # once, not with each part
    return pictures.in_parts(lambda part: _read(params, part), ngrams)


def unit(x: Float[Array, "... D"]) -> Float[Array, "... D"]:
    """x divided by its length over the last axis."""
    return x / jnp.sqrt(jnp.square(x).sum(axis=-1, keepdims=True) + 1e-12)


def scale(params: dict) -> Float[Array, ""]:
    """What similarities are multiplied by: one over the temperature, at most 100."""
    return jnp.minimum(jnp.exp(params["log scale"]), LARGEST_SCALE)


def info_nce(similarity: Float[Array, "n n"], scale: Float[Array, ""] | float) -> Float[Array, ""]:
    """Cross-entropy of the right text for each picture and of the right picture for each text, in nats; their mean.

    Row i holds picture i's similarity to every text; text i is its own. Source: CLIP, Figure 3.
    """
    logits, own = scale * similarity, jnp.arange(len(similarity))
    return (cross_entropy(logits, own).mean() + cross_entropy(logits.T, own).mean()) / 2


def loss(params: dict, batch: dict[str, Array]) -> Float[Array, ""]:
    """`info_nce` of a batch of pairs: "squares" and the "ngrams" of what they show."""
    return info_nce(see(params, batch["squares"]) @ read(params, batch["ngrams"]).T, scale(params))


class Pairs(NamedTuple):
    """Drawings and what can be said of them."""

    drawings: UInt8[np.ndarray, "n 32 32 4"]
    concept: Int[np.ndarray, " n"]  # which of these it shows:
    rows: Int[np.ndarray, " concepts"]  # the concepts' places in `load_emoji`
    names: list[str]  # of the concepts
    keywords: list[list[str]]


def training_pairs(only: Int[np.ndarray, " concepts"] | None = None) -> Pairs:
    """All emoji that may be learned from, with Unicode's English names and keywords; or of the concepts given only."""
    drawings, place = pictures.training_drawings()
    if only is not None:
        wanted = np.isin(place, only)
        drawings, place = drawings[wanted], place[wanted]
    rows, concept = np.unique(place, return_inverse=True)
    emoji = load_emoji()
    return Pairs(drawings, concept, rows, [emoji.names["en"][i] for i in rows], [emoji.keywords[i] for i in rows])


def batches(
    pairs: Pairs, size: int, seed: int, begin: int = 0, moves: Mapping[str, float] = MappingProxyType({})
) -> Iterator[dict[str, np.ndarray]]:
    """Batches of pairs from step `begin` on: different concepts, each in one drawing at random, moved and on a ground
    of random colour, with its name or one to three of its keywords. `moves` is for `pictures.moved`.
    """
    for step in itertools.count(begin):
        rng = np.random.default_rng([seed, step])
        order = rng.permutation(len(pairs.concept))
        _, first = np.unique(pairs.concept[order], return_index=True)
        rows = rng.permutation(order[first])[:size]
        moved = pictures.moved(pairs.drawings[rows], rng, **moves)
        images = pictures.on_colour(moved, pictures.grounds(len(rows), rng))
        texts = [caption(pairs, concept, rng) for concept in pairs.concept[rows]]
        squares = pictures.patches(images, PATCH)
        yield {"squares": squares, "ngrams": hashed_ngrams(texts), "concept": pairs.concept[rows]}


def caption(pairs: Pairs, concept: int, rng: np.random.Generator) -> str:
    """The concept's name, or one to three of its keywords, at random."""
    if rng.random() < 0.5:
        return pairs.names[concept]
    return " ".join(rng.permutation(pairs.keywords[concept])[: rng.integers(1, 4)])


def rank_of_own(similarity: Float[np.ndarray, "n n"]) -> Int[np.ndarray, " n"]:
    """For each row, how many others are not less similar than its own column: 0 where its own comes first."""
    own = np.diag(similarity)[:, None]
    return (~(similarity < own)).sum(axis=1) - 1  # what is not a number never comes first


def found_in_unseen_style(params: dict) -> dict[str, float]:
    """How often a picture in the held-out style has its own name first, or among the first ten, of all such names.

    Keys: first and first_ten, of concepts learned in other styles; new_first and new_first_ten, of concepts never seen.
    """
    names, drawings = load_emoji().names["en"], load_drawings(pictures.held_out_style())
    drawn, new = drawings[..., 3].any(axis=(1, 2)), pictures.held_out_concepts()
    shares = {}
    for prefix, rows in (("", np.flatnonzero(drawn & ~new)), ("new_", np.flatnonzero(drawn & new))):
        told = read_all(params, [names[row] for row in rows])
        ranks = rank_of_own(see_all(params, pictures.on_colour(drawings[rows])) @ told.T)
        shares |= {f"{prefix}first": float((ranks < 1).mean()), f"{prefix}first_ten": float((ranks < 10).mean())}
    return shares


def hashed_ngrams(texts: list[str], buckets: int = BUCKETS) -> Int[np.ndarray, "n slots"]:
    """For each text the rows of its n-grams, the first 96, in a table of so many; row 0, for none, after them."""
    rows = np.zeros((len(texts), SLOTS), np.int32)
    for row, text in zip(rows, texts, strict=True):
        ngrams = itertools.chain.from_iterable(_ngrams_of(word) for word in words(text))
        found = [1 + ngram % (buckets - 1) for ngram in itertools.islice(ngrams, SLOTS)]
        row[: len(found)] = found
    return rows


def words(text: str) -> list[str]:
    """The text's words in small letters, without punctuation: runs of letters with their marks, and of digits."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in plain).split()


@lru_cache(20_000)
def _ngrams_of(word: str) -> tuple[int, ...]:
    """Numbers that stand for a word and for its n-grams."""
    framed = f"<{word}>"
    parts = {framed} | {framed[i : i + n] for n in LENGTHS for i in range(len(framed) - n + 1)}
    return tuple(zlib.crc32(part.encode()) for part in sorted(parts))


_see, _read = jax.jit(see), jax.jit(read)
