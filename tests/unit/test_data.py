"""The texts: what they are, how they split, and what bad files get."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course import data
from course.data import DATA, TEXTS, decode, encode, load_text, read_text, split_blocks


@given(st.text())
def test_bytes_round_trip(text):
    clean = text.encode("utf-8", errors="ignore").decode("utf-8")
    tokens = encode(clean)
    assert tokens.dtype == np.uint8
    assert decode(tokens) == clean


def test_bytes_that_are_not_utf8_are_marked():
    assert decode(np.array([72, 255], np.uint8)) == "H\ufffd"


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_the_recorded_one(name):
    recorded = json.loads((DATA / "texts.json").read_text(encoding="utf-8"))[name]
    data = read_text(name).encode("utf-8")
    assert len(data) == recorded["bytes"]
    assert hashlib.sha256(data).hexdigest() == recorded["sha256"]


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("shakespeare", "To be, or not to be,--that is the question:"),
        ("bible", "In the beginning God created the heaven and the earth."),
        ("wordnet", "entity: that which is perceived or known"),
        ("austen", "It is a truth universally acknowledged, that a single man in possession"),
        ("milton", "OF Mans First Disobedience"),
    ],
)
def test_text_holds_its_famous_line(name, phrase):
    assert phrase.lower() in read_text(name).lower()


@pytest.mark.parametrize("name", TEXTS)
def test_split_is_a_partition(name):
    train, validation = load_text(name)
    everything = encode(read_text(name))
    assert len(train) + len(validation) == len(everything)
    assert abs(len(validation) - len(everything) / 20) < 8192  # a twentieth, to within a block
    assert (np.bincount(train, minlength=256) + np.bincount(validation, minlength=256)).tolist() == np.bincount(
        everything, minlength=256
    ).tolist()


def test_split_takes_every_twentieth_block():
    tokens = np.repeat(np.arange(40, dtype=np.uint8), 8192)
    train, validation = split_blocks(tokens)
    assert set(validation) == {19, 39}
    assert set(train) == set(range(40)) - {19, 39}


def test_short_text_keeps_its_last_tenth():
    train, validation = split_blocks(np.arange(200, dtype=np.uint8))
    assert len(train) == 180
    assert validation.tolist() == list(range(180, 200))


def test_own_file(tmp_path):
    path = tmp_path / "own.txt"
    path.write_bytes(("naïve text — " * 2000).replace(" —", " —\r\n").encode("utf-8-sig"))
    text = read_text(path)
    assert text.startswith("naïve")
    assert "\r" not in text
    train, validation = load_text(path)
    assert len(train) > len(validation) > 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds 0 bytes"),
        (b"too short", "holds 9 bytes"),
        (b"\x00\x01" * 20_000, "zero bytes"),
        (b"\xff\xfe" * 20_000, "not UTF-8"),
    ],
)
def test_unusable_file_gets_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read_text(path)


def test_missing_file_names_the_texts():
    with pytest.raises(ValueError, match="shakespeare"):
        read_text("no-such-text")


def test_damaged_text_is_refused(tmp_path, monkeypatch):
    import lzma

    (tmp_path / "bible.txt.xz").write_bytes(lzma.compress(b"In the beginning"))
    (tmp_path / "texts.json").write_text((DATA / "texts.json").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr("course.data.DATA", tmp_path)
    data._bundled.cache_clear()
    with pytest.raises(ValueError, match="damaged"):
        read_text("bible")
    data._bundled.cache_clear()
