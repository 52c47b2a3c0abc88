import pytest

from course.tooling import budgets

USAGE = [
    {"event": "calibration", "seconds": 2 * budgets.REFERENCE_S},
    {"event": "cell", "cpu_s": 2.0, "wall_s": 1.0, "peak_rss_mb": 100.0},
    {"event": "figure", "wall_s": 8.0},
    {"event": "cell", "cpu_s": 6.0, "wall_s": 12.0, "peak_rss_mb": 300.0},
    {"event": "figure", "wall_s": 20.0},
    {"event": "cell", "cpu_s": 40.0, "wall_s": 60.0, "peak_rss_mb": 400.0},
]
BUDGET = {"cpu_s": 60, "rss_mb": 550, "first_figure_s": 10}


def test_cost_is_the_last_record_scaled_to_the_reference_core():
    cost = budgets.cost(USAGE)
    assert (cost["cpu_s"], cost["wall_s"], cost["peak_mb"]) == (40.0, 60.0, 400.0)
    assert cost["scaled_cpu_s"] == pytest.approx(20.0)  # a core half as fast as the reference
    # 8 s of wall time at the half core that the kernel had by the end of that cell, on a core half as fast
    assert cost["first_figure_s"] == pytest.approx(8.0 * (6 / 12) / 2)


def test_one_calibration_at_a_busy_moment_does_not_decide():
    slow = {"event": "calibration", "seconds": 50 * budgets.REFERENCE_S}
    steady = {"event": "calibration", "seconds": 2 * budgets.REFERENCE_S}
    assert budgets.cost([slow, *USAGE, steady])["scaled_cpu_s"] == pytest.approx(20.0)


def test_without_calibration_nothing_is_scaled():
    assert budgets.cost(USAGE[1:])["scaled_cpu_s"] == 40.0


def test_within_budget_is_no_breach():
    assert budgets.breaches(budgets.cost(USAGE), BUDGET) == []


@pytest.mark.parametrize(
    ("budget", "breach"),
    [
        ({"cpu_s": 19.9}, "CPU time 20.0 s, over the budget of 19.9 s"),
        ({"rss_mb": 399}, "peak memory 400.0 MB, over the budget of 399 MB"),
        ({"first_figure_s": 1.5}, "time to the first figure 2.0 s, over the budget of 1.5 s"),
        ({"cpu": 60}, "the budget names 'cpu'; it may name cpu_s, rss_mb, first_figure_s"),
    ],
)
def test_each_breach_is_one_sentence(budget, breach):
    assert budgets.breaches(budgets.cost(USAGE), budget) == [breach]


def test_what_nobody_measured_is_a_breach():
    assert len(budgets.breaches(budgets.cost([]), BUDGET)) == 3
    no_figure = budgets.cost([record for record in USAGE if record["event"] != "figure"])
    [breach] = budgets.breaches(no_figure, BUDGET)
    assert "no time to the first figure was recorded" in breach
