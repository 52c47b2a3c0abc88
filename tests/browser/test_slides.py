"""Slides on a projector without a network: every lesson's file, opened by itself, turned page by page."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from course.tooling import notebooks, slides

OVERFLOWING = """() => {
  const screen = Reveal.getCurrentSlide().querySelector('.screen'), room = screen.getBoundingClientRect();
  return [...screen.querySelectorAll('*:not(.katex-mathml *, svg *)')].filter(part => {
    const box = part.getBoundingClientRect();
    const within = box.bottom <= room.bottom + 1 && box.right <= room.right + 1 && box.left >= room.left - 1;
    return box.width && box.height && !within;
  }).map(part => part.outerHTML.slice(0, 200));
}"""
SMALLEST = """() => Math.min(...[...Reveal.getCurrentSlide().querySelectorAll('p, li, pre, td')]
  .filter(part => !part.closest('.notes'))
  .map(part => parseFloat(getComputedStyle(part).fontSize)), 99)"""


@pytest.mark.parametrize("lesson", notebooks.lessons(), ids=lambda lesson: lesson["lesson"])
def test_the_slides_work_by_themselves_and_fit_the_projector(
    lesson: dict, offline_page: Page, tmp_path: Path, screenshots: Path
):
    page, file = offline_page, tmp_path / "slides.html"
    file.write_text(slides.page(notebooks.read(lesson["path"])), encoding="utf-8")
    page.goto(file.as_uri())
    count = page.evaluate("Reveal.getTotalSlides()")
    for number in range(count):
        page.evaluate("number => Reveal.slide(number)", number)
        assert page.evaluate(OVERFLOWING) == [], f"slide {number + 1}"
        assert page.evaluate(SMALLEST) >= 22, f"slide {number + 1}"
        page.screenshot(path=screenshots / f"slides-{lesson['lesson']}-{number + 1:02}.png")
    assert page.evaluate("[...document.images].filter(image => !image.naturalWidth || !image.alt).length") == 0
    assert page.locator(".katex-error").count() == 0
    assert page.evaluate("document.querySelector('.slides').innerText").count("$$") == 0
    assert (page.errors, page.refused) == ([], [])


def test_equations_are_set(offline_page: Page, tmp_path: Path):
    notebook = notebooks.read(notebooks.find(["1.3"])[0]["path"])
    (tmp_path / "slides.html").write_text(slides.page(notebook), encoding="utf-8")
    offline_page.goto((tmp_path / "slides.html").as_uri())
    displayed = sum(block.html.count("$$") // 2 for slide in slides.slides(notebook) for block in slide.blocks)
    assert offline_page.locator(".screen .katex-display .katex-html").count() == displayed > 3
    offline_page.evaluate("Reveal.slide(Reveal.getSlides().findIndex(slide => slide.querySelector('.katex')))")
    assert offline_page.evaluate("document.fonts.ready.then(() => document.fonts.check('20px KaTeX_Main'))")


def test_the_speaker_has_a_window_with_the_notes_and_the_clock(offline_page: Page, tmp_path: Path):
    notebook = notebooks.read(notebooks.find(["1.3"])[0]["path"])
    (tmp_path / "slides.html").write_text(slides.page(notebook), encoding="utf-8")
    offline_page.goto((tmp_path / "slides.html").as_uri())
    with offline_page.expect_popup() as opened:
        offline_page.keyboard.press("s")
    speaker = opened.value
    expect(speaker.locator("h1")).to_contain_text("1 of ")
    before = speaker.locator("#notes").inner_text()
    offline_page.keyboard.press("ArrowRight")
    expect(speaker.locator("h1")).to_contain_text("2 of ")
    assert speaker.locator("#notes").inner_text() != before
    expect(speaker.locator("#time")).to_contain_text("this slide ends at")
    offline_page.keyboard.press("n")
    expect(offline_page.locator(".speaker-notes")).to_be_visible()
