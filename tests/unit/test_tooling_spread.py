import math
import re

import pytest

from course.tooling import notebooks, spread


def rows(measured, control=None, low=0.0, high=1.0, exact=False):
    """Rows of one claim, a seed for each measured number."""
    controls = control or [None] * len(measured)
    return [
        {
            "code": "x",
            "seed": seed,
            "claim": "9.1c1",
            "exact": exact,
            "measured": m,
            "control": c,
            "low": low,
            "high": high,
        }
        for seed, (m, c) in enumerate(zip(measured, controls, strict=True))
    ]


def around(mean, deviation):
    """Ten numbers of this mean and sample standard deviation."""
    step = deviation * math.sqrt(0.9)  # the sample deviation of ten numbers ±step is step * sqrt(10/9)
    return [mean + step, mean - step] * 5


def test_margin_inside_counts_deviations_to_the_nearer_end():
    assert spread.margin_inside(rows(around(0.4, 0.1))) == pytest.approx(4.0)
    assert spread.margin_inside(rows(around(0.4, 0.1), low=None)) == pytest.approx(6.0)
    assert spread.margin_inside(rows(around(-0.2, 0.1))) == pytest.approx(-2.0)


def test_margin_outside_counts_deviations_on_the_nearer_side():
    inside = [0.5] * 10
    assert spread.margin_outside(rows(inside, around(1.5, 0.1))) == pytest.approx(5.0)
    assert spread.margin_outside(rows(inside, around(-0.3, 0.1))) == pytest.approx(3.0)
    assert spread.margin_outside(rows(inside, around(0.9, 0.1))) == pytest.approx(-1.0)


def test_without_variation_the_margin_is_infinite_and_the_ends_belong_to_the_band():
    assert spread.margin_inside(rows([0.5] * 10)) == math.inf
    assert spread.margin_inside(rows([1.0] * 10)) == math.inf
    assert spread.margin_inside(rows([1.1] * 10)) == -math.inf
    assert spread.margin_outside(rows([0.5] * 10, [1.0] * 10)) == -math.inf
    assert spread.margin_outside(rows([0.5] * 10, [1.1] * 10)) == math.inf


def test_wide_margins_pass():
    assert spread.claim_problems("9.1c1", rows(around(0.5, 0.1), around(2.0, 0.1))) == []


@pytest.mark.parametrize(
    ("recorded", "problem"),
    [
        (rows(around(0.3, 0.1)), "the mean lies 3.0 standard deviations inside"),
        (rows(around(0.5, 0.1), around(1.2, 0.1)), "the control's mean lies 2.0 standard deviations outside"),
        (rows(around(0.5, 0.1)[:9]), "recorded with 9 seeds, at least 10"),
        (rows([*[0.5] * 9, None]), "not a finite number with every seed"),
        (rows(around(0.5, 0.1), low=None, high=None), "the mean lies -inf"),
        ([], "recorded with 0 seeds"),
    ],
    ids=["band too narrow", "control too near", "too few seeds", "not a number", "no band", "not recorded"],
)
def test_each_weakness_is_reported(recorded, problem):
    [found] = spread.claim_problems("9.1c1", recorded)
    assert problem in found


def test_exact_claims_need_no_seeds():
    assert spread.claim_problems("9.1c1", rows([2], exact=True)) == []


def test_a_claim_in_the_code_without_record_is_reported(write_lesson):
    [problem] = spread.problems(notebooks.read(write_lesson()), [])
    assert problem.startswith("9.1c1: recorded with 0 seeds")


def test_a_spread_of_other_code_is_stale(write_lesson):
    assert spread.problems(notebooks.read(write_lesson()), rows(around(0.5, 0.1))) == [
        "the recorded spread is of other code: run `course spread`"
    ]


def test_prose_does_not_change_the_code_hash(write_lesson):
    notebook = notebooks.read(write_lesson())
    before = spread.code_hash(notebook)
    notebook.cells[0].source += " Indeed."
    assert spread.code_hash(notebook) == before
    notebook.cells[1].source += "\nx = 1"
    assert spread.code_hash(notebook) != before


def test_a_new_band_needs_no_new_runs_and_is_the_one_that_counts(write_lesson):
    notebook = notebooks.read(write_lesson())
    code = spread.code_hash(notebook)
    recorded = [row | {"code": code} for row in rows(around(0.5, 0.01))]
    for cell in notebook.cells:
        cell.source = re.sub(r"band=\([^)]*\)", "band=(0.9, 1.0)", cell.source)
    assert spread.code_hash(notebook) == code
    assert spread.literal_bands(notebook) == {"9.1c1": (0.9, 1.0)}
    assert any("inside the band" in problem for problem in spread.problems(notebook, recorded))


def test_recording_resumes_and_its_rows_read_back(write_lesson, tmp_path, monkeypatch):
    lesson, path, runs = write_lesson(), tmp_path / "spread" / "9.1.csv", []
    execute = spread.execute
    monkeypatch.setattr(spread, "execute", lambda *args, seed: (runs.append(seed), execute(*args, seed=seed))[1])
    spread.record(path, lesson, seeds=[0])
    recorded = spread.record(path, lesson, seeds=[0, 1])
    assert runs == [0, 1]
    assert [(row["seed"], row["measured"], row["control"]) for row in recorded] == [(0, 2.0, 1.0), (1, 2.001, 1.001)]
    assert spread.read(path) == recorded
    assert (recorded[0]["low"], recorded[0]["high"], recorded[0]["exact"]) == (1.9, 2.1, False)


def test_a_run_that_raises_is_not_recorded(write_lesson, tmp_path):
    path, errors = tmp_path / "9.1.csv", []
    spread.record(path, write_lesson("1 / 0"), seeds=[0], on_seed=lambda seed, error: errors.append(error))
    assert errors == ["ZeroDivisionError: division by zero"]
    assert spread.read(path) == []
