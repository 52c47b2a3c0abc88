"""Every lesson as its reader uses it: Run All in JupyterLab, then all that can be answered or moved, by keyboard.

One test per lesson, for the run is what takes the time. Screenshots of what was seen are kept.
"""

import re
import time
from pathlib import Path

import pytest
import reader
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from course.lesson import exercises, words
from course.tooling import notebooks

LESSONS = {notebook["lesson"]: notebook for notebook in notebooks.lessons()}
KEYS = {  # a control of an Explorer -> what is pressed until its picture changes
    ".noUi-handle": ("ArrowRight", "ArrowLeft"),
    ".widget-toggle-button:not(.mod-active)": ("Enter",),
    "input[type=text]": ("End", "Backspace", "Enter"),
}
DRAWING_S = 20
OURS = [[".jp-Notebook .jp-RenderedHTMLCommon"], [".jp-Notebook .jp-RenderedText"], [".jp-Notebook .jupyter-widgets"]]
THEIRS = [[".jp-Notebook pre code"]]  # JupyterLab's colours of code: its comments on dark ground have 4.15 of the 4.5
UNROLLED = "html, body {height: 100%} * {overflow: visible !important}"  # axe looks at what stands on the screen alone
PICTURE = "image => fetch(image.src).then(reply => reply.blob()).then(blob => blob.size + ':' + image.src)"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a fresh copy of the course."""
    with reader.course_lab(reader.copy_of_checkout(tmp_path_factory.mktemp("clone"))) as running:
        yield running


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_reader_goes_through_the_lesson(lab: reader.Lab, page: Page, screenshots: Path, lesson: str):
    path = LESSONS[lesson]["path"].relative_to(notebooks.require_checkout()).as_posix()
    reader.open_notebook(page, lab, path)
    reader.run_all(page)
    reader.wait_until_idle(page)
    assert page.locator(reader.ERRORS).all_inner_texts() == []
    assert page.locator(reader.OUTPUTS, has_text=re.compile(rf"^\s*{words.WRONG}", re.MULTILINE)).count() == 0
    every_prediction_is_scored(page, lesson)
    every_quiz_explains(page, lesson)
    every_exercise_answers(page, lesson)
    every_explorer_draws(page, lesson)
    both_themes_are_readable(page, screenshots, lesson)
    assert page.errors == []
    reader.shut_down_kernel(page, lab)


def every_prediction_is_scored(page: Page, lesson: str) -> None:
    """Answer each question with the keyboard, then run the cells that score them."""
    asked = widgets_with(page, words.RECORD)
    assert len(asked) == len(ids_in(lesson, "predict")) > 0
    for widget in asked:
        choice = widget.locator(".widget-toggle-button").first
        if choice.count():
            choice.press("Enter")
        else:
            widget.locator("input").fill("3")
            widget.locator("input").press("Tab")
        widget.get_by_role("button", name=words.RECORD).press("Enter")
        expect(widget).to_contain_text("Recorded")
    for id in ids_in(lesson, "predict"):
        cell = reader.cell(page, position(lesson, f'score("{id}"'))
        assert words.YOU_SAID.format(value="") in reader.run(page, cell)


def every_quiz_explains(page: Page, lesson: str) -> None:
    """Give each quiz every answer; the right one is found, the others are explained."""
    for id in ids_in(lesson, "quiz"):
        asked = exercises.find("QUIZZES", id)
        [widget] = widgets_with(page, asked.question)
        buttons = widget.locator("button").all()
        for letter, button in zip("abcdefgh", buttons, strict=False):
            button.press("Enter")
            mark = words.RIGHT if letter == asked.right else words.WRONG
            expect(widget).to_contain_text(f"{mark} {id}")


def every_exercise_answers(page: Page, lesson: str) -> None:
    """Type a wrong answer into each exercise, then the right one."""
    for id, asked in exercises.declared("EXERCISES", lesson).items():
        number = position(lesson, f'check("{id}"')
        cell, source = reader.cell(page, number), sources(lesson)[number]
        for answer, hint in asked.wrong_answers[:1]:
            said = reader.rewrite(page, cell, typed(source, asked, answer))
            assert f"{words.WRONG} {id}" in said
            assert " ".join(hint.split()) in " ".join(said.split())
        assert f"{words.RIGHT} {id}" in reader.rewrite(page, cell, typed(source, asked, asked.solution))


def every_explorer_draws(page: Page, lesson: str) -> None:
    """Move each control of each Explorer by one step with the keyboard; the picture changes."""
    explorers = page.locator(f"{reader.SEEN} .widget-vbox").filter(has=page.locator(".widget-image")).all()
    assert len(explorers) == sum("\nExplorer(" in source for source in sources(lesson)) > 0
    for widget in explorers:
        controls = [(control, keys) for kind, keys in KEYS.items() for control in widget.locator(kind).all()]
        assert controls
        for control, keys in controls:
            assert any(picture_changes(page, widget, control, key) for key in keys), widget.inner_text()


def both_themes_are_readable(page: Page, screenshots: Path, lesson: str) -> None:
    """Our text, outputs and widgets have the contrast that WCAG's level AA asks for, on light and on dark ground."""
    for theme in ("Dark", "Light"):
        reader.choose_theme(page, theme)
        page.screenshot(path=screenshots / f"{lesson}-{theme.lower()}.png")
        page.add_style_tag(content=UNROLLED)
        found = Axe().run(page, context={"include": OURS, "exclude": THEIRS}, options={"runOnly": ["color-contrast"]})
        assert sum(len(rule["nodes"]) for rule in found.response["passes"]) > 100
        assert found.response["violations"] == [], found.generate_report()


def picture_changes(page: Page, widget: Locator, control: Locator, key: str) -> bool:
    """Whether the key, pressed on the control, leads to another picture."""
    image = widget.locator(".widget-image").first
    before = image.evaluate(PICTURE)
    control.press(key)
    deadline = time.monotonic() + DRAWING_S
    while time.monotonic() < deadline:
        if image.evaluate(PICTURE) != before:
            return True
        page.wait_for_timeout(200)
    return False


def widgets_with(page: Page, text: str) -> list[Locator]:
    """The widgets that hold the text."""
    return page.locator(f"{reader.SEEN} .jp-OutputArea-output > .widget-vbox", has_text=text).all()


def ids_in(lesson: str, name: str) -> list[str]:
    """The first arguments of the lesson's calls of this function."""
    return re.findall(rf'^{name}\(\s*"([\w.]+)"', "\n".join(sources(lesson)), re.MULTILINE)


def sources(lesson: str) -> list[str]:
    """The lesson's cells as published; a cell of text is empty."""
    cells = notebooks.read(LESSONS[lesson]["path"]).cells
    return [cell.source if cell.cell_type == "code" else "" for cell in cells]


def position(lesson: str, call: str) -> int:
    """The number of the cell that holds this call, counted from 0."""
    return next(number for number, source in enumerate(sources(lesson)) if call in source)


def typed(source: str, asked: exercises.Exercise, answer: str) -> str:
    """The cell's source with this answer in place of the stub."""
    if asked.kind == "code":
        return source.replace(asked.stub, answer)
    quoted = answer if asked.kind == "number" else repr(answer)
    return source.replace(asked.stub, asked.stub.replace("...", quoted))
