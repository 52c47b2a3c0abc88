"""What a reader does around the lessons: begins, follows links, keeps several open, takes the work elsewhere."""

import shutil
import time

import psutil
import pytest
import reader
from playwright.sync_api import BrowserContext, Page, expect

from course.lesson import keeping, words
from course.tooling import notebooks

BINDER_MB = 2 * 1024**3 / 1e6
AT_ONCE = ("1.3", "2.4", "3.6")
ENDLESS = """\
import itertools
import numpy as np
from course.train import fit
batches, rates = itertools.repeat(np.ones((4, 3), np.float32)), np.full(10**7, 1e-3)
learned = fit(lambda params, batch: ((params - batch) ** 2).mean(), np.zeros(3, np.float32), batches, rates)"""


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on a fresh copy of the course."""
    with reader.course_lab(reader.copy_of_checkout(tmp_path)) as running:
        yield running


def test_the_printed_address_opens_the_start_page_and_its_links_open_the_lessons(lab: reader.Lab, page: Page):
    page.goto(f"{lab.url}/lab/tree/{lab.start}?token={lab.token}")
    reader.wait_until_open(page)
    expect(page.locator(f"{reader.SEEN} h1").first).to_contain_text("Start here")
    links = page.locator(f"{reader.OUTPUTS} table a")
    titles = links.all_inner_texts()
    assert len(titles) == len(notebooks.lessons()) - 1
    for number, title in enumerate(titles):
        links.nth(number).click()
        expect(page.locator(f"{reader.SEEN} h1").first).to_contain_text(title)
        page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=notebooks.START).first.click()
    assert page.errors == []


def test_three_lessons_at_once_fit_into_what_binder_gives(lab: reader.Lab, context: BrowserContext):
    pages = []
    for lesson in notebooks.find(AT_ONCE):
        pages.append(context.new_page())
        reader.open_notebook(pages[-1], lab, lesson["path"].relative_to(notebooks.require_checkout()).as_posix())
        reader.run_all(pages[-1])
    peak = 0.0
    while any(page.evaluate(reader.BUSY, reader.SEEN) for page in pages):
        peak = max(peak, resident_mb(lab))
        time.sleep(0.5)
    print(f"three lessons and the server: {peak:.0f} MB")
    assert 500 < peak < BINDER_MB
    assert [page.locator(reader.ERRORS).count() for page in pages] == [0, 0, 0]


def test_the_stop_button_keeps_what_a_model_has_learned(lab: reader.Lab, page: Page):
    reader.open_notebook(page, lab, lab.start)
    reader.cell(page, 0).click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    training = reader.cell(page, 1)
    training.locator(".cm-content").focus()
    page.keyboard.insert_text(ENDLESS)
    page.keyboard.press("Control+Enter")
    expect(training.locator(".jp-OutputArea-output")).to_contain_text("training", timeout=60_000)  # its progress bar
    page.locator(f"{reader.SEEN} [data-command='notebook:interrupt-kernel']").click()
    reader.wait_until_idle(page)
    said = reader.run_below(page, 1, "print('stopped', learned.interrupted, int(learned.state.step) > 0)")
    assert "stopped True True" in said


def test_a_lesson_runs_again_after_its_kernel_was_killed(lab: reader.Lab, page: Page):
    [lesson] = notebooks.find(["3.6"])
    reader.open_notebook(page, lab, lesson["path"].relative_to(notebooks.require_checkout()).as_posix())
    reader.run_all(page)
    reader.wait_for_figure(page)
    for kernel in psutil.Process(lab.process.pid).children(recursive=True):
        if "ipykernel" in " ".join(kernel.cmdline()):
            kernel.kill()
    page.get_by_text("appears to have died").wait_for()
    page.locator(".jp-Dialog").get_by_role("button", name="Ok").click()
    reader.wait_until_open(page)
    reader.run_all(page)
    reader.wait_until_idle(page)
    assert page.locator(reader.ERRORS).count() == 0
    assert page.locator(f"{reader.OUTPUTS} img").count() > 5


def test_work_is_packed_here_and_goes_on_in_a_fresh_copy(lab: reader.Lab, page: Page):
    published = notebooks.folder() / f"{notebooks.START}.ipynb"
    number = next(n for n, cell in enumerate(notebooks.read(published).cells) if 'check("0b"' in cell.source)
    reader.open_notebook(page, lab, lab.start)
    reader.run_all(page)
    reader.wait_until_idle(page)
    reader.rewrite(page, reader.cell(page, number), "mine = 'solved on the train'")
    button = page.get_by_role("button", name=words.SAVE)
    button.press("Enter")
    expect(page.locator(reader.SEEN)).to_contain_text(words.SAVE_FIRST)
    page.keyboard.press("Control+s")
    expect(page.locator(f"{reader.SEEN}.jp-mod-dirty, .lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    button.press("Enter")
    link = page.get_by_role("link", name=words.DOWNLOAD.format(name=keeping.ARCHIVE))
    with page.expect_download() as downloading:
        link.click()
    expect(page.locator(reader.SEEN)).to_contain_text("packed start-here.ipynb")
    page.close()
    (lab.root / "notebooks" / keeping.ARCHIVE).unlink()
    downloading.value.save_as(lab.root / "notebooks" / keeping.ARCHIVE)
    shutil.copy(published, lab.root / lab.start)  # a fresh copy, as a new session on Binder has it
    page = page.context.new_page()
    reader.open_notebook(page, lab, lab.start)
    assert "solved" not in reader.cell(page, number).inner_text()
    assert "restored start-here.ipynb" in reader.run_below(page, number, f"!course restore {keeping.ARCHIVE}")
    reader.choose(page, "File", "Reload Notebook from Disk")
    page.get_by_role("button", name="Reload").click()
    expect(reader.cell(page, number).locator(".cm-content")).to_contain_text("solved on the train")


def resident_mb(lab: reader.Lab) -> float:
    """Memory of the server and all its kernels in MB, what they share counted once."""
    server = psutil.Process(lab.process.pid)
    return sum(process.memory_full_info().pss for process in [server, *server.children(recursive=True)]) / 1e6
