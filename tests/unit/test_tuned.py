"""Tables whose learning rates are tuned first."""

from typing import NamedTuple

import pytest

from course.data import DATA
from course.recipes import deltas, tuned, verbaliser, visual_deltas
from course.recipes.sweep import read_rows, write_rows


class Job(NamedTuple):
    name: str
    factor: float


def test_rows_of_a_rate_that_is_no_longer_chosen_stay_out_of_the_table(tmp_path):
    former, now = Job("full", 0.3), Job("full", 0.1)
    tuned.record([former, now], tmp_path / "full.csv", lambda job: {"loss": str(job.factor)})
    assert len(read_rows(tmp_path / "full.csv")) == 2
    assert [row["loss"] for row in tuned.rows_of(tmp_path, [now])] == ["0.1"]


def test_a_job_that_is_recorded_is_not_done_again(tmp_path):
    done = []

    def outcome(job):
        done.append(job)
        return {"loss": "1"}

    tuned.record([Job("a", 1.0)], tmp_path / "a.csv", outcome)
    tuned.record([Job("a", 1.0), Job("b", 1.0)], tmp_path / "a.csv", outcome)
    assert done == [Job("a", 1.0), Job("b", 1.0)]


@pytest.mark.parametrize(
    "recipe", [deltas, verbaliser, visual_deltas], ids=lambda recipe: recipe.__name__.split(".")[-1]
)
def test_a_recorded_table_holds_the_tuning_and_the_runs_at_the_rates_it_chose_and_no_others(recipe, tmp_path):
    rows = read_rows(DATA / f"{recipe.__name__.split('.')[-1]}.csv")
    write_rows(tmp_path / "all.csv", rows)
    wanted = recipe.tuning() + recipe.experiments(recipe.chosen(tmp_path))
    recorded = sorted(tuple(row[field] for field in recipe.Job._fields) for row in rows)
    assert recorded == sorted(tuple(map(str, job)) for job in wanted)
