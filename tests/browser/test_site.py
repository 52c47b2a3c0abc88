"""The site of all lessons: built once, served on loopback alone, every page seen with all other requests refused."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from course.tooling import notebooks, site

CODE = re.compile(r"<(script|style|pre|code)\b.*?</\1>", re.DOTALL)
UNSET = re.compile(r"<p>\||\$[^$<]{1,80}\$")  # a table, or an equation, that stands as it was written
RARE = "Peterson"  # whose vowels one lesson hears


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("classroom") / "site"
    command = [sys.executable, "-m", "course.cli", "export", "--html", str(folder)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stderr == ""
    return folder


@pytest.fixture(scope="module")
def url(built: Path) -> Iterator[str]:
    """Where the site is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=built)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_nothing_is_written_beside_the_site(built: Path):
    assert list(built.parent.iterdir()) == [built]


def test_no_address_inside_is_dead(built: Path):
    assert site.dead_links(built) == []


def test_every_lesson_is_there(built: Path):
    lessons = [lesson["path"].relative_to(notebooks.folder()).with_suffix(".html") for lesson in notebooks.lessons()]
    assert [path for path in lessons if not (built / path).is_file()] == []


def test_tables_and_equations_are_set_in_outputs_too(built: Path):
    pages = {path.name: CODE.sub("", path.read_text(encoding="utf-8")) for path in built.rglob("*.html")}
    assert {name: found for name, text in pages.items() if (found := UNSET.findall(text))} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_whole_and_readable(built: Path, url: str, scheme: str, browser: Browser, screenshots: Path):
    context = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
    refused, errors = [], []
    context.route(
        lambda address: not address.startswith((url, "data:")),
        lambda route: refused.append(route.request.url) or route.abort(),
    )
    page = context.new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    equations = 0
    for path in sorted(built.rglob("*.html")):
        page.goto(f"{url}/{path.relative_to(built).as_posix()}")
        equations += page.locator(".katex").count()
        assert (
            page.locator("span.math, div.math").count() == page.locator(":is(span.math, div.math):has(.katex)").count()
        )
        assert page.locator(".katex-error").count() == 0
        assert page.evaluate("[...document.images].filter(image => !image.naturalWidth || !image.alt).length") == 0
        found = Axe().run(page).response["violations"]
        assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == [], path.name
        page.screenshot(path=screenshots / f"site-{scheme}-{path.stem}.png")
    context.close()
    assert equations > 300
    assert (refused, errors) == ([], [])


def test_the_search_finds_the_one_lesson_with_a_word(url: str, page: Page):
    page.goto(f"{url}/search.html?q={RARE}")
    results = page.locator("#search-results li a")
    expect(results.first).to_be_visible()
    assert results.count() == 1
    results.first.click()
    expect(page.locator("h1").first).to_contain_text("Two senses")
