"""A real browser for the tests: Debian's Chromium, or the one that COURSE_CHROMIUM names.

Where there is none the tests are skipped with a sentence; with COURSE_REQUIRE=1 they fail.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import reader
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

PATIENCE = 30_000  # milliseconds for anything but an experiment
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A running browser without a window."""
    if (path := reader.chromium()) is None:
        reason = "no Chromium on this machine: install one, or name it in COURSE_CHROMIUM"
        pytest.fail(reason) if os.environ.get("COURSE_REQUIRE") == "1" else pytest.skip(reason)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A window of a projector's size that knows nothing of earlier ones."""
    fresh = browser.new_context(viewport=reader.SCREEN)
    fresh.set_default_timeout(PATIENCE)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page; what its console calls an error is in `page.errors`."""
    page = context.new_page()
    page.errors = []
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    return page


@pytest.fixture
def offline_page(context: BrowserContext, page: Page) -> Page:
    """A page in a window where whatever is not a local file is refused, and noted in `page.refused`."""
    page.refused = []

    def refuse(route) -> None:
        page.refused.append(route.request.url)
        route.abort()

    context.route(lambda url: not url.startswith(("file:", "data:", "blob:", "about:")), refuse)
    return page


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory) -> Path:
    """The folder where pictures of pages are kept to be looked at: COURSE_SCREENSHOTS, or a temporary one."""
    folder = Path(os.environ.get("COURSE_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
