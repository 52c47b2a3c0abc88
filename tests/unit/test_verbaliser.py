"""The recipe that asks the ladder's models, in words, who wrote a passage."""

import numpy as np
import pytest

from course import zoo
from course.data import load_text, load_verbaliser
from course.prompting import init_delta, language_model_with, verbalised
from course.recipes import verbaliser
from course.recipes.sweep import write_rows
from course.recipes.verbaliser import ANSWERS, LENGTH, QUESTION, SIZES, Job

SMALL = "lm-27k"


@pytest.fixture
def short(monkeypatch):
    """Adaptations of 30 steps."""
    monkeypatch.setattr(verbaliser, "STEPS", 30)


def test_a_verbaliser_reads_the_last_place_after_text_and_question():
    model = zoo.load(SMALL)
    texts = load_text("austen")[1][: 2 * LENGTH].reshape(2, LENGTH)
    delta = init_delta("bias", model, np.random.default_rng(0))
    whole = np.stack([np.concatenate([text, QUESTION]) for text in texts]).astype(np.int32)
    expected = np.asarray(language_model_with(model, delta, whole))[:, -1][:, [ord("p"), ord("v")]]
    np.testing.assert_allclose(verbalised(model, delta, texts, QUESTION, ANSWERS), expected, atol=1e-5)


def test_passages_that_are_learned_watched_and_asked_share_no_byte_of_text():
    for author in verbaliser.AUTHORS:
        train, validation = map(verbaliser.one_line, load_text(author))
        learned, watched, asked = verbaliser.parts_of(author)
        assert np.array_equal(np.concatenate([learned, watched]), train)
        assert np.array_equal(asked, validation)
    texts, authors = verbaliser.passages(2, 5, np.random.default_rng(0))
    assert texts.shape == (10, LENGTH)
    assert authors.tolist() == [0] * 5 + [1] * 5
    by_author = [verbaliser.parts_of(author)[2].tobytes() for author in verbaliser.AUTHORS]
    assert all(text.tobytes() in by_author[author] for text, author in zip(texts, authors, strict=True))


@pytest.mark.parametrize("kind", SIZES)
def test_prompts_begin_as_text_and_other_kinds_change_nothing_yet(kind):
    model, texts = zoo.load(SMALL), verbaliser.parts_of("austen")[2][: 2 * LENGTH].reshape(2, LENGTH)
    delta = verbaliser.beginning(kind, model, np.random.default_rng(0))
    if "prompt" in delta:
        hint = np.frombuffer((verbaliser.HINT * 2)[: SIZES[kind]], np.uint8)
        np.testing.assert_array_equal(delta["prompt"], np.asarray(model["embedding"], np.float32)[hint])
    else:
        untouched, begun = (verbalised(model, each, texts, QUESTION, ANSWERS) for each in ({}, delta))
        np.testing.assert_allclose(begun, untouched, atol=1e-5)


def test_a_run_goes_on_after_its_last_row_to_the_same_table(rows_in_parts, short):
    group = [Job(SMALL, "lora", seed, 1.0) for seed in range(2)]
    first, second = rows_in_parts(verbaliser.adapted, verbaliser.SHARED, group)
    assert first["right"] != second["right"]


def test_each_model_and_kind_is_tuned_alike_and_the_best_factor_is_chosen(tmp_path):
    rows = [
        job._asdict() | {"watched": -abs(job.factor - (3.0 if job.kind == "prompt" else 0.3))}
        for job in verbaliser.tuning()
    ]
    write_rows(tmp_path / "some.csv", rows)
    factors = verbaliser.chosen(tmp_path)
    assert list(factors) == verbaliser.cases()
    assert all(factor == (3.0 if kind == "prompt" else 0.3) for (_, kind), factor in factors.items())
    assert not set(verbaliser.SEEDS) & set(verbaliser.TUNING_SEEDS)


def test_a_recorded_row_comes_out_again():
    recorded = load_verbaliser()
    (row,) = recorded[(recorded["model"] == SMALL) & (recorded["kind"] == "full") & (recorded["seed"] == 0)]
    again = verbaliser.adapted(Job(*(row[field].item() for field in Job._fields)))
    # another processor adds in another order, and 300 steps make more of it
    assert float(again["right"]) == pytest.approx(row["right"], abs=0.03)
