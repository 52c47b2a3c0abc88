"""Many languages: how a vocabulary of byte pairs cuts their texts, and a reader that meets them all at pictures."""

import io
import itertools
import lzma
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import regex
from jaxtyping import Array, Bool, Float, Int

from course import contrastive, pictures
from course.contrastive import hashed_ngrams, info_nce, rank_of_own, read, scale
from course.data import DATA
from course.data.arrays import load_emoji

# How GPT-2's vocabulary splits a text before it joins bytes: words with the blank before them, numbers, the rest.
SPLIT = regex.compile(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")


def script_of(text: str) -> str:
    """The first word in most of its letters' Unicode names, nearly always their script: LATIN, HANGUL, CJK ...

    Raises ValueError for a text without letters.
    """
    names = (unicodedata.name(character, "") for character in text if unicodedata.category(character)[0] == "L")
    if not (scripts := Counter(name.split()[0] for name in names if name)):
        raise ValueError(f"no letters in {text[:40]!r}.")
    return scripts.most_common(1)[0][0]


@cache
def gpt3_ranks() -> dict[bytes, int]:
    """The tokens of GPT-2 and GPT-3, numbered in the order in which they were made, after the 256 single bytes.

    Source: OpenAI's r50k_base; `course.recipes.declaration` made the file.
    """
    packed, tokens = io.BytesIO(lzma.decompress((DATA / "gpt3_vocabulary.xz").read_bytes())), []
    while length := packed.read(1):
        tokens.append(packed.read(length[0]))
    return {token: rank for rank, token in enumerate(tokens)}


def cut(text: str) -> list[bytes]:
    """The tokens that the vocabulary of GPT-3 cuts a text into."""
    return [token for word in SPLIT.findall(text) for token in join_bytes(word.encode(), gpt3_ranks())]


def join_bytes(word: bytes, ranks: dict[bytes, int]) -> list[bytes]:
    """The tokens of one word: the two neighbours whose union was made first are joined, until none was ever made.

    Source: byte-pair encoding, Sennrich, Haddow and Birch (arXiv:1508.07909).
    """
    parts = [word[i : i + 1] for i in range(len(word))]
    while True:
        unions = [ranks.get(left + right, math.inf) for left, right in itertools.pairwise(parts)]
        first = min(unions, default=math.inf)
        if first == math.inf:
            return parts
        at = unions.index(first)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]


class Names(NamedTuple):
    """What the emoji are called, as n-grams."""

    languages: tuple[str, ...]  # Unicode's codes, such as sw
    ngrams: Int[np.ndarray, "languages concepts slots"]
    named: Bool[np.ndarray, "languages concepts"]


def names_in(languages: tuple[str, ...], buckets: int) -> Names:
    """The names of all concepts of `load_emoji`, for a reader with so many rows. Raises KeyError for no language."""
    names = load_emoji().names
    ngrams = np.stack([hashed_ngrams([name or "" for name in names[language]], buckets) for language in languages])
    return Names(languages, ngrams, ngrams[..., 0] > 0)


def each_in_its_own_order(names: Names, concepts: Int[np.ndarray, " n"], rng: np.random.Generator) -> Names:
    """The same names, but within each language those of these concepts change places, in another order each time."""
    ngrams, named = names.ngrams.copy(), names.named.copy()
    for language in range(len(names.languages)):
        order = rng.permutation(concepts)
        ngrams[language, concepts], named[language, concepts] = ngrams[language, order], named[language, order]
    return names._replace(ngrams=ngrams, named=named)


class Seen(NamedTuple):
    """What a picture tower makes of drawings."""

    vectors: Float[np.ndarray, "n width"]
    concept: Int[np.ndarray, " n"]  # which of `load_emoji` each shows


def see_training_drawings(towers: dict) -> Seen:
    """The vectors of all drawings that may be learned from."""
    drawings, concept = pictures.training_drawings()
    parts = np.array_split(drawings, 20)  # as floating-point numbers all at once would take 80 MB, twice
    return Seen(np.concatenate([contrastive.see_all(towers, pictures.on_colour(part)) for part in parts]), concept)


def batches(seen: Seen, names: Names, size: int, seed: int, begin: int = 0) -> Iterator[dict[str, np.ndarray]]:
    """Batches from step `begin` on: different concepts, each in a drawing and with a name in a language at random."""
    for step in itertools.count(begin):
        rng = np.random.default_rng([seed, step])
        order = rng.permutation(len(seen.concept))
        concept, first = np.unique(seen.concept[order], return_index=True)
        chosen = rng.permutation(len(concept))[:size]
        lot = rng.random((len(names.languages), len(chosen))) * names.named[:, concept[chosen]]
        yield {
            "seen": seen.vectors[order[first[chosen]]],
            "ngrams": names.ngrams[lot.argmax(axis=0), concept[chosen]],
        }


def loss(params: dict, batch: dict[str, Array]) -> Float[Array, ""]:
    """`info_nce` of pictures that were seen before and the "ngrams" of their names: only the reader learns."""
    return info_nce(batch["seen"] @ read(params, batch["ngrams"]).T, scale(params))


def read_names(params: dict, names: Names) -> Float[np.ndarray, "languages concepts width"]:
    """The vectors of all names."""
    return np.stack([contrastive.read_ngrams(params, ngrams) for ngrams in names.ngrams])


def found(asked: Float[np.ndarray, "n width"], shown: Float[np.ndarray, "n width"], first: int = 10) -> float:
    """The share of the asked whose own counterpart, in the same row, is among the first so many of the shown."""
    return float((rank_of_own(asked @ shown.T) < first).mean())
