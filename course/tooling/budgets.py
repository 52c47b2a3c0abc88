"""What a lesson cost, from its kernel's usage records, and whether that is within its stated budget."""

import statistics

REFERENCE_S = 0.07  # calibration_seconds() on an idle core of the machine on which the budgets were set

LIMITS = {  # budget's key -> (cost's key, what it is, its unit)
    "cpu_s": ("scaled_cpu_s", "CPU time", "s"),
    "rss_mb": ("peak_mb", "peak memory", "MB"),
    "first_figure_s": ("first_figure_s", "time to the first figure", "s"),
}


def cost(usage: list[dict]) -> dict[str, float | None]:
    """The lesson's cpu_s, scaled_cpu_s, wall_s, peak_mb and first_figure_s; None for what was not recorded.

    scaled_cpu_s and first_figure_s are CPU seconds on an idle reference core: the kernel's own, divided by how
    much slower its calibration load ran, in the median over the run. So a busy or slow machine breaks no budget.
    """
    cells = [record for record in usage if record["event"] == "cell"]
    last = cells[-1] if cells else {}
    scale = _scale(usage)
    figure_cpu_s = _first_figure_cpu_s(usage)
    return {
        "cpu_s": last.get("cpu_s"),
        "scaled_cpu_s": last["cpu_s"] * scale if last else None,
        "wall_s": last.get("wall_s"),
        "peak_mb": last.get("peak_rss_mb"),
        "first_figure_s": None if figure_cpu_s is None else figure_cpu_s * scale,
    }


def breaches(cost: dict[str, float | None], budget: dict[str, float]) -> list[str]:
    """How the cost exceeds the budget (cpu_s, rss_mb, first_figure_s), one sentence each.

    What a budget names and nobody measured is a breach too.
    """
    found = []
    for key, limit in budget.items():
        if key not in LIMITS:
            found.append(f"the budget names {key!r}; it may name {', '.join(LIMITS)}")
            continue
        measured, name, unit = LIMITS[key]
        if cost[measured] is None:
            found.append(f"no {name} was recorded: does the first cell import course.lesson?")
        elif cost[measured] > limit:
            found.append(f"{name} {cost[measured]:.1f} {unit}, over the budget of {limit:g} {unit}")
    return found


def _scale(usage: list[dict]) -> float:
    seconds = [record["seconds"] for record in usage if record["event"] == "calibration"]
    return REFERENCE_S / statistics.median(seconds) if seconds else 1.0


def _first_figure_cpu_s(usage: list[dict]) -> float | None:
    """CPU seconds up to the first figure: its wall time, times the share of a core the kernel had by then."""
    events = [record["event"] for record in usage]
    if "figure" not in events:
        return None
    at = events.index("figure")
    figure, cell = usage[at], next((record for record in usage[at:] if record["event"] == "cell"), None)
    return figure["wall_s"] * cell["cpu_s"] / cell["wall_s"] if cell and cell["wall_s"] else figure["wall_s"]
