"""What the lessons read: texts and small arrays that ship with the course. Sources and licences: ATTRIBUTION.md."""

import hashlib
import json
import lzma
import os
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

DATA = Path(__file__).parent
HELD_OUT = DATA / "held_out.json"  # what no model of the zoo was trained on, fixed once for the whole course
TEXTS = ("shakespeare", "bible", "wordnet", "austen", "milton")
BLOCK, EVERY = 8192, 20  # every 20th block of 8,192 bytes is validation text, so that both splits mix alike
MIN_BYTES = 2 * BLOCK


def sha256(data: bytes) -> str:
    """The SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def encode(text: str) -> UInt8[np.ndarray, " bytes"]:
    """The text's UTF-8 bytes as token ids 0..255."""
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def decode(tokens: UInt8[np.ndarray, " bytes"]) -> str:
    """The text of the token ids; bytes that are not valid UTF-8 become U+FFFD."""
    return np.asarray(tokens, dtype=np.uint8).tobytes().decode("utf-8", errors="replace")


def read_text(source: str | Path) -> str:
    """The whole text: one of the course's (`TEXTS`) by name, or the reader's own file by its path.

    Raises ValueError, with one sentence, when the file is missing, empty, not UTF-8 text or too short.
    """
    if not isinstance(source, str | Path):
        raise TypeError(f"source must be the name or the path of a text, got a value of type {type(source).__name__}.")
    if str(source) in TEXTS and not (isinstance(source, Path) and source.is_file()):
        return _bundled(str(source))
    return _own(Path(source))


def load_text(source: str | Path) -> tuple[UInt8[np.ndarray, " train"], UInt8[np.ndarray, " validation"]]:
    """(training bytes, validation bytes) of a text; the split never changes.

    Raises ValueError as `read_text` does.
    """
    return split_blocks(encode(read_text(source)))


def split_blocks(tokens: UInt8[np.ndarray, " bytes"]) -> tuple[UInt8[np.ndarray, " a"], UInt8[np.ndarray, " b"]]:
    """(training, validation): every 20th block of 8,192 bytes is validation; a shorter text gives its last tenth."""
    if len(tokens) < BLOCK * EVERY:
        cut = len(tokens) * 9 // 10
        return tokens[:cut], tokens[cut:]
    block = np.arange(-(-len(tokens) // BLOCK))
    held_out = np.repeat(block % EVERY == EVERY - 1, BLOCK)[: len(tokens)]
    return tokens[~held_out], tokens[held_out]


@cache
def _bundled(name: str) -> str:
    data = lzma.decompress((DATA / f"{name}.txt.xz").read_bytes())
    expected = json.loads((DATA / "texts.json").read_text(encoding="utf-8"))[name]["sha256"]
    if sha256(data) != expected:
        raise ValueError(f"the course's text {name!r} is damaged: its SHA-256 differs. Reinstall the course.")
    return data.decode("utf-8")


def _own(path: Path) -> str:
    if not os.path.isfile(path):  # unlike Path.is_file, False for a name that no file can have
        raise ValueError(f"no text named {str(path)!r}: give one of {', '.join(TEXTS)}, or the path of a text file.")
    data = path.read_bytes()
    if b"\0" in data:
        raise ValueError(f"{path} is not a text file: it holds zero bytes. Save it as plain UTF-8 text.")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    if len(data) < MIN_BYTES:
        raise ValueError(
            f"{path} holds {len(data):,} bytes; at least {MIN_BYTES:,} are needed to train and to validate."
        )
    return text


def load_sweep() -> np.ndarray:
    """The recorded sweep of lesson 1.3 as a structured array, one row per trained model.

    Fields: d_model, n_layers, n_heads, parameters (embedding and output matrix left out), seed, tokens seen, and
    loss on the validation text, in nats per byte: of all of it, and of each of its three parts. Made by
    `course make sweep`; how: course/recipes/sweep.py.
    """
    return _table("sweep")


def load_rates() -> np.ndarray:
    """Runs of the sweep with other learning rates, as a structured array: the fields of `load_sweep`, and the peak.

    Widths 48, 96 and 184, the widest at one rate to the sweep's last budget. Made by `course make rates`.
    """
    return _table("rates")


def load_ngrams() -> np.ndarray:
    """Tables of n-grams (interpolated Kneser-Ney) on the sweep's text, as a structured array, one row per order.

    Fields: order, grams (different n-grams up to that order), and nats per byte on the validation text: of the three
    training domains together (loss), of each, and of the two texts that no model reads. Made by `course make ngrams`.
    """
    return _table("ngrams")


def load_deltas() -> np.ndarray:
    """Adaptations of the zoo's language models to texts that they never read, as a structured array, one row each.

    Fields: model, kind, size, text, kilobytes, seed, factor (of the kind's usual learning rate), numbers (how many are
    trained), stop_step, and nats per byte on text that no run sees: before, stopped (where other validation text says
    stop) and final. Made by `course make deltas`; how: course/recipes/deltas.py.
    """
    return _table("deltas", dtype=None)


def load_verbaliser() -> np.ndarray:
    """Who wrote it, asked of the zoo's language models in words, as a structured array, one adaptation in each row.

    Fields: model, kind, seed (below 100: reported; the others chose the rates), factor (of the kind's usual learning
    rate), numbers (how many are trained), and the shares of right answers about passages that chose the rate (watched)
    and others (right). Made by `course make verbaliser`; how: course/recipes/verbaliser.py.
    """
    return _table("verbaliser", dtype=None)


def load_visual_deltas() -> np.ndarray:
    """Six ways to adapt the zoo's eye to ten tasks, as a structured array, one adaptation in each row.

    Fields: eye (the zoo's, or one never trained), way, task, shots (pictures of each answer; 0: all there are), seed
    (below 100: reported; the others chose the rates), factor (of the way's usual learning rate), numbers (how many are
    trained, with the head) and right (the share of right answers on the test pictures). Made by
    `course make visual_deltas`; how: course/recipes/visual_deltas.py.
    """
    return _table("visual_deltas", dtype=None)


def load_black_box() -> np.ndarray:
    """Searches for a prompt without a gradient, as a structured array: what was best after so many calls.

    Fields: method, dimensions, scale (of the directions), seed, calls, and nats per byte of the sixteen passages that
    give the score (shots) and of 128 others (others). Made by `course make black_box`; how:
    course/recipes/black_box.py.
    """
    return _table("black_box", dtype=None)


def load_contrast() -> np.ndarray:
    """Two towers trained in different ways, as a structured array, one training in each row.

    Fields: experiment; setting (negatives: texts in a group; queue, copy, copy whole: momentum; temperature: the fixed
    one; learned from: the one it begins at); seed; shares found by name in the unseen style (first, first_ten;
    new_first, new_first_ten of concepts never seen); the temperature at the end. Made by `course make contrast`; how:
    course/recipes/contrast.py.
    """
    return _table("contrast", dtype=None)


def load_labels() -> np.ndarray:
    """What few labels teach a picture tower, as a structured array, one training in each row.

    Fields: way, share (of the labels), seed, labels (how many) and right (the share of right categories for concepts
    never seen). Made by `course make labels`; how: course/recipes/labels.py.
    """
    return _table("labels", dtype=None)


def load_vowels() -> np.ndarray:
    """Vowels of American English, each spoken twice by 76 people, as a structured array, one utterance in each row.

    Fields: kind (man, woman or child), speaker, vowel (a code of two letters), and in Hz F0, the pitch, and F1, F2, F3,
    the formants. Source: Peterson and Barney 1952, as Praat carries it; `course.recipes.vowels` made the file.
    """
    return _table("vowels", dtype=None)


def _table(name: str, dtype: type | None = float) -> np.ndarray:
    return np.genfromtxt(DATA / f"{name}.csv", delimiter=",", names=True, encoding="utf-8", dtype=dtype)
