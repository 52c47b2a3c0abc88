"""What a reader does in JupyterLab, as functions of a page of the browser."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Locator, Page, expect

from course.tooling import notebooks

SCREEN = {"width": 1280, "height": 720}  # a projector's
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
STARTING_S = 120  # for the server
STARTING_MS = 120_000  # for the page and the kernel
RUNNING_MS = 600_000  # for a lesson, beside another one on a busy machine
SEEN = ".jp-NotebookPanel:not(.lm-mod-hidden)"  # the notebook in front
ADDRESS = r"^    (http://127\.0\.0\.1:\d+)/lab/tree/\S+\?token=(\S+)"  # as `course lab` says it
BUSY = (
    "seen => [...document.querySelectorAll(seen + ' .jp-InputPrompt')].some(prompt => prompt.innerText.includes('*'))"
)
OUTPUTS = f"{SEEN} .jp-OutputArea-output"
ERRORS = ".jp-Notebook [data-mime-type='application/vnd.jupyter.error'], .jp-Notebook [data-mime-type*='stderr']"


class Lab(NamedTuple):
    """A running JupyterLab: the folder it shows, its address, the start page there, its token and its process."""

    root: Path
    url: str
    start: str
    token: str
    process: subprocess.Popen


@contextmanager
def course_lab(folder: Path, python: str = "", prefix: tuple[str, ...] = ()) -> Iterator[Lab]:
    """JupyterLab on the copy of the course in the folder, until the with-block ends. prefix: a command that starts it.

    `course lab`, by itself; with the Python of an environment that binder/ made, here or in COURSE_LAB_PYTHON, what
    Binder does: JupyterLab in the clone, the package installed elsewhere.
    """
    python = python or os.environ.get("COURSE_LAB_PYTHON", "")
    command, environment, address = _as_binder(python) if python else _as_at_home(folder)
    log = folder / "lab.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*prefix, *command], cwd=folder, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            env=_alone_with(folder) | environment,
        )  # fmt: skip
    try:
        url, token = _wait_for_address(log, process, address)
        yield Lab(folder, url, f"notebooks/{notebooks.START}.ipynb", environment.get("JUPYTER_TOKEN", token), process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _as_at_home(folder: Path) -> tuple[list[str], dict[str, str], str]:
    """(command, environment, pattern of address and token) of `course lab`, the copy's own course."""
    return [sys.executable, "-m", "course.cli", "lab", "--no-browser"], {"PYTHONPATH": str(folder)}, ADDRESS


def _as_binder(python: str) -> tuple[list[str], dict[str, str], str]:
    """The same of what Binder runs: JupyterLab does not print a token that it was given."""
    command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"
    return command, {"PATH": path, "JUPYTER_TOKEN": "chosen-here"}, r"ServerApp\] (http://127\.0\.0\.1:\d+)/lab\?token=(\S+)"


def _alone_with(folder: Path) -> dict[str, str]:
    """This process's environment, for a reader who has nothing but the folder."""
    kept = {key: value for key, value in os.environ.items() if key not in ("COURSE_HEADLESS", "PYTEST_CURRENT_TEST")}
    places = {"JUPYTER_RUNTIME_DIR": ".runtime", "JUPYTER_CONFIG_DIR": ".config", "COURSE_HOME": ".home"}
    return kept | {name: str(folder / place) for name, place in places.items()}


def chromium() -> str | None:
    """The path of the browser: the one that COURSE_CHROMIUM names, or the machine's; None where there is none."""
    return os.environ.get("COURSE_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)


def copy_of_checkout(target: Path) -> Path:
    """The folder, now with what a fresh clone has of the package and its notebooks."""
    root = notebooks.require_checkout()
    for name in ("course", "notebooks"):
        shutil.copytree(root / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    shutil.copy(root / "pyproject.toml", target)
    return target


def open_notebook(page: Page, lab: Lab, path: str) -> None:
    """Open the notebook in a workspace of its own, its kernel idle."""
    workspace = re.sub(r"\W", "-", path)
    page.goto(f"{lab.url}/lab/workspaces/{workspace}/tree/{path}?token={lab.token}")
    wait_until_open(page)


def wait_until_open(page: Page) -> None:
    """Wait until a notebook stands in front and its kernel is idle."""
    page.wait_for_selector(f"{SEEN} .jp-Notebook .jp-Cell", timeout=STARTING_MS)
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=STARTING_MS)


def run_all(page: Page) -> None:
    """Choose Run All Cells in the menu; all outputs are gone when it returns."""
    choose(page, "Run", "Run All Cells")
    page.wait_for_function(BUSY, arg=SEEN)


def wait_for_figure(page: Page) -> None:
    """Wait until a cell's output shows a picture."""
    page.wait_for_selector(f"{OUTPUTS} img", timeout=RUNNING_MS)


def wait_until_idle(page: Page) -> None:
    """Wait until no cell of the notebook runs or waits."""
    page.wait_for_function(f"seen => !({BUSY})(seen)", arg=SEEN, timeout=RUNNING_MS)


def shut_down_kernel(page: Page, lab: Lab) -> None:
    """Shut the notebook's kernel down, as the start page says; its memory is free again."""
    kernels = f"{lab.url}/api/kernels?token={lab.token}"
    before = len(page.request.get(kernels).json())
    choose(page, "Kernel", "Shut Down Kernel")
    while len(page.request.get(kernels).json()) == before:
        page.wait_for_timeout(200)


def choose_theme(page: Page, theme: str) -> None:
    """Choose JupyterLab's "Light" or "Dark" theme in the menu."""
    choose(page, "Settings", "Theme", f"JupyterLab {theme}")
    page.wait_for_selector(f"body[data-jp-theme-name='JupyterLab {theme}']", state="attached")
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def choose(page: Page, menu: str, *entries: str) -> None:
    """Choose an entry of the menu, through submenus."""
    page.locator("#jp-MainMenu").get_by_text(menu, exact=True).click()
    for entry in entries:
        page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()


def cell(page: Page, number: int) -> Locator:
    """The cell at this place of the notebook, counted from 0."""
    return page.locator(f"{SEEN} .jp-Notebook .jp-Cell").nth(number)


def run(page: Page, cell: Locator) -> str:
    """What the cell prints, run once more by keyboard."""
    before = _prompt(cell)
    cell.locator(".cm-content").focus()
    page.keyboard.press("Control+Enter")
    return _printed(page, cell, before)


def rewrite(page: Page, cell: Locator, source: str) -> str:
    """What the cell prints once its source has been replaced by typing and run."""
    before = _prompt(cell)
    cell.locator(".cm-content").focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")
    return _printed(page, cell, before)


def run_below(page: Page, number: int, source: str) -> str:
    """What a new cell with this source prints, inserted below the cell at this place."""
    cell(page, number).locator(".jp-InputPrompt").first.click()
    page.keyboard.press("b")
    return rewrite(page, cell(page, number + 1), source)


def _prompt(cell: Locator) -> str:
    return cell.locator(".jp-InputPrompt").first.inner_text()


def _printed(page: Page, cell: Locator, before: str) -> str:
    """The text of the cell's outputs, once its number is another than before."""
    number = cell.locator(".jp-InputPrompt").first
    expect(number).not_to_have_text(before)
    expect(number).not_to_have_text(re.compile(r"\*"), timeout=RUNNING_MS)
    return " ".join(cell.locator(".jp-OutputArea-output").all_inner_texts())


def _wait_for_address(log: Path, process: subprocess.Popen, address: str) -> tuple[str, str]:
    """(address, token), once the server says that it runs. Raises RuntimeError with the log otherwise."""
    deadline = time.monotonic() + STARTING_S
    while time.monotonic() < deadline and process.poll() is None:
        said = log.read_text(encoding="utf-8", errors="replace")
        if (found := re.findall(address, said, re.MULTILINE)) and "is running at" in said:
            return found[-1]  # the first port may have been taken by another server that started just then
        time.sleep(0.2)
    raise RuntimeError(f"course lab did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
