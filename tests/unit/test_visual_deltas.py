"""The recipe of lesson 2.3's table: what it runs, what it draws, and that a run goes on where it stood."""

import numpy as np
import pytest

from course import pictures, zoo
from course.data import load_visual_deltas
from course.prompting import LAST_BLOCK, init_delta, look_with, trained_numbers
from course.recipes import visual_deltas
from course.recipes.sweep import write_rows
from course.recipes.visual_deltas import CONVERGED, EYE, FEW, PIXELS, RANDOM, UNTRAINED, WAYS, Job
from course.train import adamw, constant, fit


def test_few_pictures_are_so_many_of_each_answer():
    task = pictures.digits()
    drawn = visual_deltas.few(task.train, 3, np.random.default_rng(0))
    assert np.bincount(drawn.labels).tolist() == [3] * 10
    assert visual_deltas.few(task.train, 0, np.random.default_rng(0)) is task.train


@pytest.mark.parametrize("way", WAYS)
def test_the_beginning_sees_what_the_frozen_eye_sees_unless_it_is_prompted(way):
    eye, squares = zoo.load(EYE), pictures.patches(pictures.digits().test.images[:4])
    begin = visual_deltas.beginning(way, eye, 10, np.random.default_rng(0))
    unchanged = np.allclose(look_with(eye, begin["delta"], squares), pictures.look(eye, squares), atol=1e-4)
    assert unchanged == ("prompt" not in way)


def test_the_last_block_has_the_numbers_of_one_block():
    eye = zoo.load(EYE)
    assert trained_numbers(init_delta(LAST_BLOCK, eye, np.random.default_rng(0))) == 12 * 96**2


def test_answers_that_a_task_does_not_have_are_never_given_after_training_either():
    task, rng = pictures.counting(), np.random.default_rng(0)
    begin = visual_deltas.beginning("linear", zoo.load(EYE), 5, rng)
    shown = visual_deltas.batches(task.train, rng)
    trained = fit(visual_deltas.loss_of(EYE), begin, shown, constant(20, 0.05), optimiser=adamw()).params
    given = np.asarray(visual_deltas.logits(zoo.load(EYE), trained, pictures.patches(task.test.images[:64])))
    assert given.shape == (64, visual_deltas.MOST_CLASSES)
    assert (given.argmax(axis=1) < 5).all()
    assert not np.allclose(given[:, :5], begin["bias"][:5])


def test_a_run_goes_on_after_its_last_row_to_the_same_table(rows_in_parts, monkeypatch):
    monkeypatch.setattr(visual_deltas, "STEPS", 10)
    group = [Job(EYE, "linear", "digits", FEW, seed, 1.0) for seed in range(2)]
    rows = rows_in_parts(visual_deltas.adapted, visual_deltas.SHARED, group)
    assert all(float(row["right"]) > 0.15 for row in rows)


def test_each_way_is_tuned_for_few_pictures_and_for_all_and_the_best_factor_is_chosen(tmp_path):
    rows = [
        job._asdict() | {"right": -abs(job.factor - (3.0 if job.shots == FEW else 0.3))}
        for job in visual_deltas.tuning()
    ]
    write_rows(tmp_path / "some.csv", rows)
    factors = visual_deltas.chosen(tmp_path)
    assert factors.keys() == {(way, every) for way in WAYS for every in (False, True)}
    assert all(factor == (0.3 if every else 3.0) for (_, every), factor in factors.items())


def test_what_is_reported_is_not_what_was_tuned_on():
    factors = {(way, every): 1.0 for way in WAYS for every in (False, True)}
    reported = visual_deltas.experiments(factors)
    assert not {job.seed for job in reported} & set(visual_deltas.TUNING_SEEDS)
    assert len(set(reported)) == len(reported)
    assert {job.task for job in reported if job.eye == UNTRAINED} == set(pictures.TASKS)


def test_heads_of_scikit_learn_read_pixels_or_what_the_eye_makes_of_them_beside_the_same_random_prompts():
    images = pictures.digits().test.images[:70]
    squares = pictures.patches(images)

    def seen(way, some=images):
        return visual_deltas.seen(Job(EYE, way, "digits", FEW, 0, 1.0), some)

    np.testing.assert_array_equal(seen(PIXELS), squares.reshape(70, -1))
    np.testing.assert_allclose(seen(CONVERGED), pictures.look(zoo.load(EYE), squares), atol=1e-4)
    np.testing.assert_allclose(seen(RANDOM)[:3], seen(RANDOM, images[:3]), atol=1e-4)
    assert np.abs(seen(RANDOM) - seen(CONVERGED)).max() > 0.1


def test_a_recorded_row_comes_out_again():
    recorded = load_visual_deltas()
    wanted = {"eye": EYE, "way": "deep prompt", "task": "digits", "shots": FEW, "seed": 0}
    (row,) = recorded[np.all([recorded[field] == value for field, value in wanted.items()], axis=0)]
    again = visual_deltas.adapted(Job(*(row[field].item() for field in Job._fields)))
    # another processor adds in another order, and 150 steps make more of it
    assert float(again["right"]) == pytest.approx(row["right"], abs=0.03)
