import io

import pytest
from rich.console import Console

from course.tooling import scoreboard
from course.tooling.fitness import Finding

CLAIM = {
    "id": "9.1c1",
    "statement": "Loss falls [TP02].",
    "paper": 1.571e12,
    "paper_id": "TP02",
    "measured": 0.123456,
    "unit": "nats",
    "band": [0.1, 0.2],
    "exact": False,
    "ok": True,
}


def printed(table) -> str:
    console = Console(width=120, file=io.StringIO())
    console.print(table, markup=False)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ([0.1, 0.2], "0.1 to 0.2"),
        ([None, 2], "≤ 2"),
        ([1e-3, None], "≥ 0.001"),
        ([12_345, 12_345], "= 12,345"),
        (None, "?"),
    ],
)
def test_bands(limits, text):
    assert scoreboard.band(limits) == text


def test_numbers_keep_four_digits_and_counts_all():
    assert scoreboard.number(1.571e12) == "1.571e+12"
    assert scoreboard.number(1_234_567) == "1,234,567"
    assert scoreboard.number(None) == ""
    assert scoreboard.with_unit(None, "s") == "?"
    assert scoreboard.with_unit(0.5, "") == "0.5"


def test_a_claims_row_has_paper_ours_band_and_verdict():
    [row] = [line for line in printed(scoreboard.claims_table([CLAIM])).splitlines() if "9.1c1" in line]
    for part in ("Loss falls [TP02].", "1.571e+12 (TP02)", "≈0.1235 nats", "0.1 to 0.2", "✓"):
        assert part in row
    assert "✗" in printed(scoreboard.claims_table([{**CLAIM, "ok": False}]))
    assert "≈" not in printed(scoreboard.claims_table([{**CLAIM, "exact": True}]))


def test_what_was_not_measured_is_a_question_mark():
    cost = {"cpu_s": 1.0, "scaled_cpu_s": 2.0, "wall_s": 3.0, "peak_mb": None, "first_figure_s": None}
    row = scoreboard.cost_row("9.1", cost, [CLAIM, {**CLAIM, "ok": False}])
    [line] = [line for line in printed(scoreboard.cost_table([row])).splitlines() if "9.1" in line]
    assert line.split("│")[1:-1] == [
        " 9.1    ",
        "   1.0 ",
        "      2.0 ",
        "    3.0 ",
        "       ? ",
        "              ? ",
        " 1 of 2 ",
    ]


def test_advice_is_given_only_where_it_is_needed():
    text = printed(scoreboard.fitness_table([Finding("a", "1", True, "rest"), Finding("b", "2", False, "mend it")]))
    assert "mend it" in text
    assert "rest" not in text
