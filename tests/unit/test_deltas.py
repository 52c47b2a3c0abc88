"""The recipe of lesson 2.2's table: what it runs, that it goes on where it stood, and how it chooses rates."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from course import zoo
from course.data import load_deltas
from course.prompting import next_token_loss_with, prompt_from_tokens
from course.recipes import deltas
from course.recipes.sweep import write_rows

SMALL = "lm-27k"


@pytest.fixture
def short(monkeypatch):
    """Adaptations of 25 steps, scored on few windows."""
    monkeypatch.setattr(deltas, "STEPS", 25)
    monkeypatch.setattr(deltas, "SCORED", 8)
    deltas.scored_windows.cache_clear()
    yield
    deltas.scored_windows.cache_clear()


def test_a_run_goes_on_after_its_last_row_to_the_same_table(rows_in_parts, short):
    group = [deltas.Job(SMALL, "bias", 1, "austen", 4, seed, 0.3) for seed in range(2)]
    first, second = rows_in_parts(deltas.outcome, deltas.SHARED, group)
    assert first["before"] == second["before"]
    assert first["final"] != second["final"]
    assert float(first["stopped"]) < float(first["before"])


def test_a_rate_too_high_is_recorded_as_never_begun(short):
    row = deltas.adapted(deltas.Job(SMALL, "full", 1, "austen", 4, 0, 1e9), diverging)
    assert row["final"] == "inf"
    assert row["stop_step"] == "0"
    assert float(row["stopped"]) == float(row["before"])


def diverging(delta, rows):
    """One for a delta of zeros, infinite as soon as a step has moved it."""
    leaves = [leaf.ravel() for leaf in jax.tree.leaves(delta)] + [jnp.zeros(1)]
    every = jnp.concatenate(leaves)
    return 1.0 + every.sum() + jnp.where(jnp.abs(every).max() > 0, jnp.inf, 0.0)


def test_each_kind_is_tuned_over_the_same_factors_and_the_best_is_chosen(tmp_path):
    rows = [
        job._asdict() | {"watched": abs(job.factor - (3.0 if job.kilobytes == 400 else 0.3))} for job in deltas.tuning()
    ]
    write_rows(tmp_path / "some.csv", rows)
    factors = deltas.chosen(tmp_path)
    assert factors.keys() == {(kind, kb) for kind in deltas.KINDS for kb in deltas.KILOBYTES}
    assert all(factor == (3.0 if kb == 400 else 0.3) for (_, kb), factor in factors.items())


def test_tuning_seeds_are_not_among_the_reported_ones():
    factors = {(kind, kb): 1.0 for kind in deltas.KINDS for kb in deltas.KILOBYTES}
    reported = deltas.experiments(factors)
    assert not {job.seed for job in reported} & set(deltas.TUNING_SEEDS)
    assert len(set(reported)) == len(reported)


def test_excerpts_and_scored_windows_share_nothing():
    rng = np.random.default_rng(0)
    learned = deltas.excerpt("milton", 400, rng).tobytes()
    watched, reported = deltas.scored_windows("milton")
    every = [*watched, *reported]
    assert not any(row.tobytes() in learned for row in every)
    assert len({row.tobytes() for row in every}) == len(every)


class Stop(Exception):
    """Raised in place of the training."""


def test_every_kind_learns_from_the_same_text_and_a_prompt_begins_as_a_piece_of_it(monkeypatch):
    seen, loss = [], partial(next_token_loss_with, zoo.load(SMALL))

    def stop(text, *_):
        seen.append(text)
        raise Stop

    monkeypatch.setattr(deltas, "random_windows", stop)
    for kind in ("prompt", "lora", deltas.NOISE):
        with pytest.raises(Stop):
            deltas.adapted(deltas.Job(SMALL, kind, 4, "milton", 4, 3, 1.0), loss)
    assert all((text == seen[0]).all() for text in seen)
    begun = deltas.beginning(deltas.Job(SMALL, "prompt", 4, "milton", 4, 3, 1.0), seen[0], np.random.default_rng(0))
    table = prompt_from_tokens(zoo.load(SMALL), np.arange(256))
    spelled = bytes((table == vector).all(axis=1).argmax() for vector in begun["prompt"])
    assert spelled in seen[0].tobytes()


def test_a_recorded_row_comes_out_again():
    recorded = load_deltas()
    (row,) = recorded[
        (recorded["model"] == SMALL)
        & (recorded["kind"] == "full")
        & (recorded["text"] == "austen")
        & (recorded["kilobytes"] == 4)
        & (recorded["seed"] == 0)
    ]
    job = deltas.Job(*(row[field].item() for field in deltas.Job._fields))
    again = deltas.adapted(job, partial(next_token_loss_with, zoo.load(SMALL)))
    assert float(again["before"]) == pytest.approx(row["before"], abs=1e-4)
    # another processor adds in another order, and 300 steps make more of it
    assert float(again["stopped"]) == pytest.approx(row["stopped"], abs=0.01)
    assert float(again["final"]) == pytest.approx(row["final"], abs=0.05)
