"""The notebooks as they are stored: form, fragile patterns, numbers in prose, bands; and what is derived from them."""

import sys
from pathlib import Path

import pytest

from course.tooling import canonical, derived, lint, notebooks, prose, spread

ROOT = Path(__file__).parents[2]
EXCEPTIONS = Path(__file__).parent / "prose_exceptions.csv"

each_lesson = pytest.mark.parametrize("lesson", notebooks.lessons(ROOT / "notebooks"), ids=lambda x: x["lesson"])


@each_lesson
def test_is_executed_and_in_canonical_form(lesson):
    assert canonical.problems(lesson["path"]) == []


@each_lesson
def test_has_no_fragile_pattern(lesson):
    assert lint.problems(notebooks.read(lesson["path"])) == []


@each_lesson
def test_its_links_lead_somewhere(lesson):
    assert lint.dead_links(lint.texts(notebooks.read(lesson["path"])), lesson["path"].parent) == []


@pytest.mark.parametrize("page", ["README.md", "notebooks/teaching.md"])
def test_the_links_of_the_pages_lead_somewhere(page):
    assert lint.dead_links((ROOT / page).read_text(encoding="utf-8"), (ROOT / page).parent) == []


@each_lesson
def test_numbers_in_prose_agree_with_the_ledger_or_are_listed(lesson):
    exceptions = prose.exceptions(EXCEPTIONS, lesson["path"].stem)
    assert prose.problems(notebooks.read(lesson["path"]), prose.ledger_values, exceptions) == []


@each_lesson
def test_listed_exceptions_still_stand_in_the_prose(lesson):
    exceptions = prose.exceptions(EXCEPTIONS, lesson["path"].stem)
    assert prose.stale_exceptions(notebooks.read(lesson["path"]), exceptions) == []


def test_exceptions_are_of_lessons_that_exist():
    assert prose.exception_notebooks(EXCEPTIONS) <= {path.stem for path in notebooks.paths(ROOT / "notebooks")}


@each_lesson
def test_bands_have_their_margin_over_recorded_seeds(lesson):
    rows = spread.read(spread.recorded_path(lesson["lesson"]))
    assert spread.problems(notebooks.read(lesson["path"]), rows) == []


@each_lesson
def test_a_budget_above_the_usual_has_its_reason(lesson):
    usual = {"cpu_s": 60, "rss_mb": 550, "first_figure_s": 10}
    above = [key for key, limit in lesson["budget"].items() if limit > usual[key]]
    assert lesson["budget"].keys() == usual.keys()
    assert not above or lesson["budget_reason"]


@each_lesson
def test_is_in_the_course_map_with_this_title(lesson):
    titles = {row["number"]: row["title"] for row in notebooks.course_map()}
    assert lesson["path"].stem == notebooks.START or titles[lesson["lesson"]] == lesson["title"]


@pytest.mark.skipif(sys.platform == "win32", reason="some of Binder's packages are not installed on Windows")
def test_derived_files_are_current():
    stale = [str(path.relative_to(ROOT)) for path in derived.stale(ROOT)]
    assert stale == [], "run `course refresh`"
