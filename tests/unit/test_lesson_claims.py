import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from course.lesson import claim


class Published(float):
    """A stand-in for the ledger's Value."""

    id, unit, key = "TP99", "tokens", "value"


@pytest.fixture
def line(capsys):
    """claim() as the one line that it prints."""

    def printed(measured, band, **more) -> str:
        claim("9.9c1", "size lowers the loss", measured=measured, band=band, **more)
        text = capsys.readouterr().out
        assert text.count("\n") == 1
        return text.rstrip("\n")

    return printed


def test_a_claim_is_one_line_with_all_its_numbers(line):
    printed = line(0.5234, (0.45, 0.6), control=0.021, paper=Published(0.5), unit="nats")
    assert printed == (
        "✓ 9.9c1  size lowers the loss · ours ≈0.523 nats in [0.45, 0.6] · control ≈0.021 · paper 0.5 tokens [TP99]"
    )


@pytest.mark.parametrize(
    ("measured", "band", "control", "holds"),
    [
        (0.5, (0.4, 0.6), None, True),
        (0.4, (0.4, 0.6), None, True),
        (0.6, (0.4, 0.6), None, True),
        (0.39, (0.4, 0.6), None, False),
        (0.61, (0.4, 0.6), None, False),
        (0.5, (None, 0.6), None, True),
        (0.7, (None, 0.6), None, False),
        (0.5, (0.4, None), None, True),
        (0.3, (0.4, None), None, False),
        (0.5, (0.4, 0.6), 0.1, True),
        (0.5, (0.4, 0.6), 0.6, False),
        (7, (7, 7), None, True),
        (8, (7, 7), None, False),
    ],
)
def test_the_number_must_lie_inside_the_band_and_the_control_outside(measured, band, control, holds):
    assert bool(claim("9.9c1", "s", measured=measured, band=band, control=control)) is holds


@pytest.mark.parametrize("measured", [math.nan, -math.inf, None, "0.5", [0.5], np.ones(3), object()])
def test_what_is_no_number_fails_in_a_sentence(measured, line):
    printed = line(measured, (0, 1))
    assert printed.startswith("✗ 9.9c1  size lowers the loss · ours is not a finite number but ")
    assert "≈" not in printed


def test_a_control_that_is_no_number_fails(line):
    assert line(0.5, (0, 1), control=math.nan) == (
        "✗ 9.9c1  size lowers the loss · ours ≈0.5 in [0, 1] · control is not a finite number but nan"
    )


@pytest.mark.parametrize("band", [None, (None, None), (2, 1), (0,), "ab", (math.nan, 1), (0, "1"), 3])
def test_a_band_that_could_not_fail_is_refused(band, line):
    assert "the band must be" in line(0.5, band)


def test_the_reason_of_a_failure_is_named(line):
    assert line(2, (0, 1)).endswith("· outside the band")
    inside = line(0.5, (0, 1), control=0.6)
    assert inside.endswith("· the control lies in the band too, so the effect is not shown")


@pytest.mark.parametrize(
    ("band", "shown"), [((1, 2), "in [1, 2]"), ((1, None), "≥ 1"), ((None, 2), "≤ 2"), ((1.5, 1.5), "= 1.5")]
)
def test_bands_are_shown_plainly(band, shown, line):
    assert line(1.5, band).endswith(f"ours ≈1.5 {shown}")


def test_exact_numbers_carry_no_mark_but_the_control_of_an_equality_does(line):
    printed = line(124_439_808, (124_439_808, 124_439_808), control=5, exact=True)
    assert printed.endswith("ours 124,439,808 = 124,439,808 · control ≈5")
    assert line(6.4, (3, None), control=1.5, exact=True).endswith("ours 6.4 ≥ 3 · control 1.5")


def test_the_paper_may_be_a_fact_a_value_a_number_or_a_sentence(line):
    fact = SimpleNamespace(id="TP99", value=Published(1.571e12))
    assert line(1, (0, 2), paper=fact).endswith("· paper 1.571e12 tokens [TP99]")
    assert line(1, (0, 2), paper=fact, unit="tokens").endswith("· paper 1.571e12 [TP99]")
    assert line(1, (0, 2), paper=0.5).endswith("· paper 0.5")
    assert line(1, (0, 2), paper=SimpleNamespace(id="TP98")).endswith("· paper [TP98]")


def test_the_record_holds_what_the_scoreboard_needs(tmp_path, monkeypatch):
    file = tmp_path / "claims.jsonl"
    monkeypatch.setenv("COURSE_CLAIMS", str(file))
    monkeypatch.setenv("COURSE_SEED", "3")
    claim(
        "9.9c1",
        "α",
        measured=np.float32(0.5),
        band=(0.4, None),
        control=0.1,
        paper=Published(0.5),
        unit="nats",
    )
    claim("9.9c2", "β", measured=math.nan, band=(0, 1))
    first, second = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    assert first == {
        "id": "9.9c1",
        "statement": "α",
        "measured": 0.5,
        "control": 0.1,
        "band": [0.4, None],
        "paper": 0.5,
        "paper_id": "TP99",
        "unit": "nats",
        "exact": False,
        "ok": True,
        "seed": 3,
    }
    assert (second["ok"], second["measured"]) == (False, None)


def test_no_record_is_written_unasked(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)
    monkeypatch.chdir(tmp_path)
    claim("9.9c1", "s", measured=1, band=(0, 2))
    assert list(tmp_path.iterdir()) == []
