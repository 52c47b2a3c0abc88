"""The vocabulary of byte pairs, the names of things in many languages, and the reader that learns them."""

import itertools
from unicodedata import is_normalized

import numpy as np
import pytest

from course import languages, zoo
from course.contrastive import init_reader
from course.data.arrays import load_declaration, load_emoji
from course.languages import (
    Seen,
    batches,
    cut,
    each_in_its_own_order,
    found,
    gpt3_ranks,
    join_bytes,
    names_in,
    script_of,
)
from course.recipes import declaration, reader
from course.train import constant, fit, muon

LANGUAGES = ("en", "sw", "ka")
ROWS = 512


@pytest.fixture(scope="module")
def names():
    return names_in(LANGUAGES, ROWS)


def test_our_cuts_are_those_of_the_library():
    texts = load_declaration()
    assert len(gpt3_ranks()) == 50_256
    assert [len(cut(text)) for text in texts.first] == texts.r50k_first.tolist()


@pytest.mark.parametrize("text", ["", " ", "don't  stop\n\n 1st", "Ünïcödé ǆ 北京 \u200d\U0001f600"])
def test_a_cut_loses_nothing(text):
    assert b"".join(cut(text)) == text.encode()


def test_unions_are_joined_in_the_order_in_which_they_were_made():
    assert join_bytes(b"abc", {b"bc": 0, b"ab": 1}) == [b"a", b"bc"]
    assert join_bytes(b"abc", {b"bc": 1, b"ab": 0}) == [b"ab", b"c"]
    assert join_bytes(b"abcd", {b"cd": 5, b"ab": 2}) == [b"ab", b"cd"]  # ranks need not be 0, 1, 2 ...
    assert join_bytes(b"", {}) == []


@pytest.mark.parametrize(
    ("text", "script"),
    [("fox, 3 banana", "LATIN"), ("კატა cat", "GEORGIAN"), ("狐狸", "CJK"), ("ロケット", "KATAKANA")],
)
def test_the_script_is_that_of_most_letters(text, script):
    assert script_of(text) == script


def test_no_letters_no_script():
    with pytest.raises(ValueError, match="no letters in '12 !'"):
        script_of("12 !")


def test_the_recipe_reads_a_page():
    page = "<title>Fo&amp;o</title>" + "".join(
        f'<article data-number="{n}"><h2>x</h2><ol><li><p>o\u0323  a</p></li><li><p>b &lt; {n}</p></li></ol></article>'
        for n in range(1, 30)
    )
    assert declaration.title(page) == "Fo&o"
    assert declaration.articles(page) == [f"ọ a b < {n}" for n in range(1, 30)] + [""]


def test_the_declaration_is_complete():
    texts = load_declaration()
    english = texts.code.index("eng")
    assert {len(column) for column in texts} == {521}
    assert texts.first[english].startswith("All human beings are born free and equal")
    assert (texts.o200k <= texts.bytes).all()
    assert texts.r50k[english] == texts.r50k.min()
    assert all(is_normalized("NFC", text) for text in texts.first)


def test_names_are_missing_only_where_unicode_has_none(names):
    every = load_emoji().names
    assert names.named.tolist() == [[bool(name) for name in every[language]] for language in LANGUAGES]
    assert names.ngrams.max() < ROWS


def test_a_batch_shows_each_thing_once_with_a_name_that_it_has(names):
    rng = np.random.default_rng(0)
    seen = Seen(rng.normal(size=(40, 4)), np.repeat(np.arange(20), 2))
    named = names.named.copy()
    named[1:] = False  # nothing but English
    for batch in itertools.islice(batches(seen, names._replace(named=named), 8, seed=0), 3):
        row = [np.flatnonzero((seen.vectors == vector).all(axis=1))[0] for vector in batch["seen"]]
        assert len(set(seen.concept[row])) == 8
        assert (batch["ngrams"] == names.ngrams[0, seen.concept[row]]).all()


def test_batches_go_on_where_they_are_asked_to(names):
    seen = Seen(np.random.default_rng(0).normal(size=(20, 4)), np.arange(20))
    later = next(batches(seen, names, 8, seed=0, begin=2))
    third = next(itertools.islice(batches(seen, names, 8, seed=0), 2, None))
    assert all((later[key] == third[key]).all() for key in later)


def test_languages_meet_at_what_they_were_read_beside(names):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 8))
    seen = Seen((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), np.arange(30))
    begin = init_reader(rng, width=8, d_model=16, buckets=ROWS)
    params = fit(languages.loss, begin, batches(seen, names, 16, 0), constant(150, 0.02), optimiser=muon()).params
    told = languages.read_names(params, names)[:, :30]
    assert found(told[1], told[2], first=3) > 0.8 > 0.3 > found(told[1], np.roll(told[2], 1, axis=0), first=3)


def test_each_language_gets_an_order_of_its_own(names):
    concepts = np.arange(40, 240)
    mixed = each_in_its_own_order(names, concepts, np.random.default_rng(0))
    others = np.setdiff1d(np.arange(names.named.shape[1]), concepts)
    assert (mixed.ngrams[:, others] == names.ngrams[:, others]).all()
    assert (mixed.named == (mixed.ngrams[..., 0] > 0)).all()
    moved = (mixed.ngrams[:, concepts] != names.ngrams[:, concepts]).any(axis=2)
    assert (moved.mean(axis=1) > 0.9).all()
    rows = [
        [{tuple(row) for row in of[language, concepts]} for language in range(3)] for of in (names.ngrams, mixed.ngrams)
    ]
    assert rows[0] == rows[1]


def test_found_counts_a_tie_against():
    assert found(np.eye(2), np.eye(2), first=1) == 1
    assert found(np.eye(2), np.ones((2, 2)), first=1) == 0


def test_the_reader_never_read_what_its_card_says():
    card = zoo.cards()[reader.NAME]
    assert card["never read"] == ", ".join(reader.NEVER_READ)
    assert not set(reader.learned_names().languages) & set(reader.NEVER_READ)
    never = card["found by name among the first ten"]["never read"]
    assert max(never[language] for language in ("ka", "th", "ko")) < 0.02  # chance is 0.007


def test_the_card_says_how_often_the_reader_finds_a_picture():
    card, params = zoo.cards()[reader.NAME], zoo.load(reader.NAME)
    concepts = np.unique(languages.see_training_drawings(zoo.load("clip-1.9m")).concept)
    shares = reader.searched(params, names_in(("gl", "ka"), reader.SHAPE["buckets"]), concepts)
    told = card["found by name among the first ten"]["never read"]
    assert shares == pytest.approx({language: told[language] for language in shares}, abs=0.01)
    assert card["found by name among the first ten"]["languages read"] > 0.6
