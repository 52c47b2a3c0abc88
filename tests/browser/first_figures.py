"""Measures how long a reader on Binder waits: from the address to a lesson's first figure, in a real browser.

    python tests/browser/first_figures.py PYTHON

PYTHON: of an environment made from binder/ alone. Its JupyterLab has one core, the browser another; as root, what the
machine keeps of files is forgotten before each lesson. The times go into the README's table.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import reader
from playwright.sync_api import Browser, sync_playwright

from course.tooling import derived, notebooks

FORGET = Path("/proc/sys/vm/drop_caches")


def main(python: str) -> None:
    """Measure every lesson and write the times into the recorded measurements and the README."""
    with sync_playwright() as playwright:
        os.sched_setaffinity(0, {1})
        browser = playwright.chromium.launch(executable_path=reader.chromium(), args=["--no-sandbox"])
        for lesson in notebooks.lessons():
            waited = first_figure(browser, python, lesson["path"].relative_to(notebooks.folder()))
            derived.record_measured(lesson["lesson"], {"binder_s": waited})
            print(f"{lesson['lesson']:>4}  {waited:.1f} s", flush=True)
    derived.refresh(notebooks.require_checkout())


def first_figure(browser: Browser, python: str, path: Path) -> float:
    """Seconds from the notebook's address to its first figure, Run All being pressed as soon as it can be."""
    with (
        tempfile.TemporaryDirectory() as folder,
        reader.course_lab(reader.copy_of_checkout(Path(folder)), python, ("taskset", "-c", "0")) as lab,
    ):
        if os.access(FORGET, os.W_OK):
            os.sync()
            FORGET.write_text("3")
        page = browser.new_page(viewport=reader.SCREEN)
        began = time.monotonic()
        reader.open_notebook(page, lab, (Path(lab.start).parent / path).as_posix())
        reader.run_all(page)
        reader.wait_for_figure(page)
        waited = time.monotonic() - began
        page.close()
        return waited


if __name__ == "__main__":
    main(sys.argv[1])
