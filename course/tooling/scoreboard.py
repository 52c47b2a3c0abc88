"""Tables for the terminal: what the lessons claimed, and what they cost."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from course.lesson.exercises import declared, lesson_of
from course.lesson.words import ABOUT, RIGHT, WRONG
from course.tooling.fitness import Finding

TABLES = {"exercise": "EXERCISES", "quiz": "QUIZZES"}
CLAIM_COLUMNS = {"claim": "left", "": "left", "paper": "right", "ours": "right", "band": "right", "holds": "center"}


def claims_table(claims: Iterable[dict]) -> Table:
    """One row per claim record: id, statement, the paper's number, ours, the band, the verdict."""
    table = Table(title="Scoreboard", title_justify="left")
    for name, justify in CLAIM_COLUMNS.items():
        table.add_column(name, justify=justify, overflow="fold")
    for claim in claims:
        ours = ("" if claim["exact"] else ABOUT) + with_unit(claim["measured"], claim["unit"])
        paper = " ".join(filter(None, (number(claim["paper"]), claim["paper_id"] and f"({claim['paper_id']})")))
        table.add_row(claim["id"], claim["statement"], paper, ours, band(claim["band"]), mark(claim["ok"]))
    return table


def cost_table(rows: Iterable[dict]) -> Table:
    """One row per lesson: its cost as course.tooling.budgets gives it, and how many of its claims hold."""
    table = Table(title="Cost; scaled: seconds of an idle reference core", title_justify="left")
    table.add_column("lesson")
    for name in ("CPU s", "scaled s", "wall s", "peak MB", "first figure s", "claims"):
        table.add_column(name, justify="right")
    for row in rows:
        held = f"{row['held']} of {row['claims']}"
        costs = (row[key] for key in ("cpu_s", "scaled_cpu_s", "wall_s", "peak_mb", "first_figure_s"))
        table.add_row(row["lesson"], *("?" if cost is None else f"{cost:.1f}" for cost in costs), held)
    return table


def cost_row(lesson: str, cost: dict[str, float | None], claims: list[dict]) -> dict:
    """A row of the cost table."""
    return {"lesson": lesson, **cost, "claims": len(claims), "held": sum(claim["ok"] for claim in claims)}


def progress_table(lessons: Iterable[dict], right: dict[str, set[str]], predicted: set[str]) -> Table:
    """One row per lesson: how many exercises and quizzes were answered rightly, how many predictions made."""
    table = Table("lesson", "title", "exercises", "quizzes", "predictions", box=None)
    for lesson in lessons:
        there = {kind: set(declared(table_of, lesson["lesson"])) for kind, table_of in TABLES.items()}
        done = [f"{len(there[kind] & right[kind])} of {len(there[kind])}" for kind in TABLES]
        made = sum(lesson_of(id) == lesson["lesson"] for id in predicted)
        table.add_row(lesson["lesson"], lesson["title"], *done, str(made))
    return table


def plan_table(sections: Iterable[tuple[str, float]]) -> Table:
    """One row per section of a lesson's slides: its minutes, and how many have passed when it ends."""
    table = Table("section", box=None)
    for name in ("minutes", "ends at"):
        table.add_column(name, justify="right")
    ends = 0.0
    for section, minutes in sections:
        ends += minutes
        table.add_row(section, f"{minutes:.1f}", f"{ends:.0f}")
    return table


def fitness_table(findings: Iterable[Finding]) -> Table:
    """One row per finding; what to do stands below the ones that will not do."""
    table = Table(show_header=False, box=None)
    for finding in findings:
        table.add_row(mark(finding.ok), finding.name, finding.found)
        if not finding.ok:
            table.add_row("", "", f"→ {finding.advice}")
    return table


def lessons_table(written: Iterable[dict], planned: Iterable[dict]) -> Table:
    """One row per lesson, the written ones with their summary."""
    table = Table("lesson", "title", "minutes", "in one sentence", box=None)
    for lesson in written:
        table.add_row(lesson["lesson"], lesson["title"], str(lesson["minutes"]), lesson["summary"])
    for lesson in planned:
        table.add_row(lesson["number"], lesson["title"], "", "planned", style="dim")
    return table


def mark(ok: bool) -> Text:
    """A green ✓ or a red ✗."""
    return Text(RIGHT, style="green") if ok else Text(WRONG, style="bold red")


def number(value: float | None) -> str:
    """The number to four significant digits; empty when there is none."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def with_unit(value: float | None, unit: str) -> str:
    """The number and its unit; a question mark when there is no number."""
    return "?" if value is None else f"{number(value)} {unit}".strip()


def band(limits: list | None) -> str:
    """The band as an interval; a question mark when the claim gave none that makes sense."""
    if limits is None:
        return "?"
    low, high = limits
    if low == high:
        return f"= {number(low)}"
    if high is None:
        return f"≥ {number(low)}"
    return f"≤ {number(high)}" if low is None else f"{number(low)} to {number(high)}"
