from collections import Counter
from itertools import pairwise

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.tooling import notebooks, teaching

LONG = {"One lecture of 90 minutes": {90}, "Half a day": {210}, "Two weeks": {90}, "A term of 14 weeks": {180}}


def test_every_session_lasts_as_long_as_its_path_says():
    lasts = Counter()
    for row in teaching.paths():
        lasts[row["path"], row["session"]] += int(row["minutes"])
    found = {path: {minutes for (name, _), minutes in lasts.items() if name == path} for path, _ in lasts}
    assert found == LONG
    assert sum(path == "Two weeks" for path, _ in lasts) == 10
    assert sum(path == "A term of 14 weeks" for path, _ in lasts) == 14


def test_paths_name_lessons_that_are_written_and_the_longest_holds_all_in_order():
    written = [lesson["lesson"] for lesson in notebooks.lessons()]
    assert {row["lesson"] for row in teaching.paths()} <= {*written, ""}
    term = [row["lesson"] for row in teaching.paths() if row["path"] == "A term of 14 weeks" and row["lesson"]]
    assert list(dict.fromkeys(term)) == written
    assert all(int(a["session"]) <= int(b["session"]) for a, b in pairwise(teaching.paths()) if a["path"] == b["path"])


def test_a_path_within_a_day_says_when_and_a_longer_one_in_which_session():
    text = teaching.paths_text(notebooks.lessons())
    assert "| from minute | minutes |" in text
    assert "| 12 | 45 | 1.3 Scaling laws | Slides; the forecast is run live |" in text
    assert "| session | minutes |" in text
    assert "| 10 | 35 |  | Open exercises, done at home: five minutes for each group to tell |" in text


def test_predictions_are_the_questions_that_the_code_asks():
    ask = 'predict(\n    "9.1p1", "Which "\n    "wins?", choices=["a"])\npredict("9.1p2", "How often?", number=(0, 1))'
    notebook = new_notebook(cells=[new_markdown_cell('predict("x", "not this")'), new_code_cell(ask)])
    assert teaching.predictions(notebook) == ["Which wins?", "How often?"]


@pytest.mark.parametrize("lesson", notebooks.lessons(), ids=lambda lesson: lesson["lesson"])
def test_each_lesson_has_something_to_ask_and_mistakes_to_expect(lesson):
    assert teaching.predictions(notebooks.read(lesson["path"]))
    found = list(teaching.mistakes(lesson["lesson"]))
    assert len(found) == len(set(found)) > 3
    text = teaching.lesson_text(lesson)
    assert all(f"\n* {mistake}" in text for mistake in found)
