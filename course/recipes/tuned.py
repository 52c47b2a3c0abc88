"""Tables of many short runs, whose learning rates may be tuned first; one that is killed goes on after its last row."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from course.data import DATA
from course.recipes.long_runs import in_processes
from course.recipes.sweep import read_rows, write_rows

Jobs = list[NamedTuple]


# Language models of the zoo that the tables adapt, the small ones first; the larger ones of the ladder came later.
ADAPTED = ("lm-27k", "lm-49k", "lm-110k", "lm-196k", "lm-442k")


def make_table(
    name: str,
    jobs: int,
    runs: Path,
    outcome: Callable[[NamedTuple], dict[str, str]],
    shared: int,
    experiments: Callable[..., Jobs],
    tuning: Jobs = (),
    chosen: Callable[[Path], Any] | None = None,
) -> Path:
    """The path of the table course/data/NAME.csv, after all its runs are done in independent one-thread processes.

    outcome(job) is what comes of a job. Jobs that have their first `shared` fields in common are done by one process,
    since they share a compiled step. Where there is tuning, it comes first: what `chosen` makes of the folder then
    decides the experiments.
    """
    folder = runs / name
    folder.mkdir(parents=True, exist_ok=True)
    do = partial(run, folder=folder, shared=shared, outcome=outcome)
    list(in_processes(jobs, do, side_by_side(tuning, shared)))
    reported = experiments(chosen(folder)) if tuning else experiments()
    list(in_processes(jobs, do, side_by_side(reported, shared)))
    path = DATA / f"{name}.csv"
    write_rows(path, rows_of(folder, [*tuning, *reported]))
    return path


def side_by_side(jobs: Jobs, shared: int) -> list[Jobs]:
    """The jobs in groups that have their first fields in common, in the order in which these come up."""
    groups = defaultdict(list)
    for job in jobs:
        groups[job[:shared]].append(job)
    return list(groups.values())


def run(group: Jobs, folder: Path, shared: int, outcome: Callable[[NamedTuple], dict[str, str]]) -> None:
    """Does the jobs of a group that are not yet recorded in its file of the folder."""
    name = "-".join(map(str, group[0][:shared])).replace(" ", "-")
    record(group, folder / f"{name}.csv", outcome)


def rows_of(folder: Path, wanted: Jobs) -> list[dict[str, str]]:
    """The recorded rows of these jobs. Others may lie beside them, from before a rate was chosen anew."""
    keys = {tuple(map(str, job)) for job in wanted}
    rows = [row for part in sorted(folder.glob("*.csv")) for row in read_rows(part)]
    return [row for row in rows if tuple(row[field] for field in wanted[0]._fields) in keys]


def best_factors(
    folder: Path, tuning: Jobs, case: Callable[[NamedTuple], tuple], score: Callable[[dict[str, str]], float]
) -> dict[tuple, float]:
    """For each case of the tuning jobs, the factor whose recorded rows in the folder have the largest mean score."""
    rows = {tuple(row[field] for field in tuning[0]._fields): row for row in rows_of(folder, tuning)}
    scores = defaultdict(lambda: defaultdict(list))
    for job in tuning:
        scores[case(job)][job.factor].append(score(rows[tuple(map(str, job))]))
    return {each: max(factors, key=lambda factor: np.mean(factors[factor])) for each, factors in scores.items()}


def record(group: Jobs, path: Path, outcome: Callable[[NamedTuple], dict[str, str]]) -> None:
    """Does the jobs of a group that are not yet recorded at the path, and writes each with its outcome as a row."""
    rows = read_rows(path)
    done = {tuple(row[field] for field in group[0]._fields) for row in rows}
    for job in group:
        if tuple(map(str, job)) not in done:
            rows.append(job._asdict() | outcome(job))
            write_rows(path, rows)
            print(*rows[-1].values(), flush=True)
