"""A JupyterHub as far as one machine can show it: nbgitpuller's link, an installation that nobody may write to."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course.tooling import notebooks

START = f"notebooks/{notebooks.START}.ipynb"
AUTHOR = ["-c", "user.name=course", "-c", "user.email=course@example.org"]


@pytest.fixture(scope="module")
def pull():
    """pull(source, target) by nbgitpuller; skipped where it is not installed, a failure where COURSE_REQUIRE=1."""
    if importlib.util.find_spec("nbgitpuller") is None:
        reason = "nbgitpuller is not installed: pip install nbgitpuller"
        pytest.fail(reason) if os.environ.get("COURSE_REQUIRE") == "1" else pytest.skip(reason)
    command = [sys.executable, "-m", "nbgitpuller.pull"]
    return lambda source, target: subprocess.run([*command, str(source), "main", str(target)], check=True)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A repository with the course's notebooks, as a link for nbgitpuller names it."""
    repository = tmp_path / "published"
    shutil.copytree(notebooks.folder(), repository / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    git(repository, "init", "-q", "-b", "main")
    commit(repository)
    return repository


def test_the_link_opens_a_page_that_is_there(pull, published: Path, tmp_path: Path):
    page = (notebooks.folder() / "teaching.md").read_text(encoding="utf-8")
    [target] = {line.split("urlpath=")[1].split("&")[0] for line in page.splitlines() if "urlpath=" in line}
    pull(published, tmp_path / "REPOSITORY")
    assert (tmp_path / target.replace("%2F", "/").removeprefix("lab/tree/")).is_file()


def test_a_new_edition_arrives_and_a_students_changes_stay(pull, published: Path, tmp_path: Path):
    mine = tmp_path / "student"
    pull(published, mine)
    write_into(mine / START, "my own words")
    write_into(published / "notebooks/1-scaling/1.3-scaling-laws.ipynb", "a new edition")
    commit(published)
    pull(published, mine)
    assert "my own words" in (mine / START).read_text(encoding="utf-8")
    assert "a new edition" in (mine / "notebooks/1-scaling/1.3-scaling-laws.ipynb").read_text(encoding="utf-8")


def test_where_both_changed_a_lesson_the_students_cell_wins(pull, published: Path, tmp_path: Path):
    mine = tmp_path / "student"
    pull(published, mine)
    write_into(mine / START, "my own words")
    write_into(published / START, "a new edition")
    commit(published)
    pull(published, mine)
    assert "my own words" in (mine / START).read_text(encoding="utf-8")


def test_a_lesson_writes_nothing_into_the_installation(tmp_path: Path):
    installed = tmp_path / "site"
    source = notebooks.PACKAGE
    shutil.copytree(source, installed / "course", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(notebooks.folder(), installed / "course" / "notebooks")
    for path in [installed, *installed.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = state(installed)
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(installed), "COURSE_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    for command in (["run", "start-here"], ["save"], ["progress"], ["restore", "my-course.zip"]):
        subprocess.run([sys.executable, "-m", "course.cli", *command], cwd=home, env=environment, check=True)
    assert state(installed) == before
    assert (home / "my-course.zip").is_file()


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    """{file: its size and when it was changed}."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def write_into(path: Path, text: str) -> None:
    """Add a paragraph to the notebook's first cell."""
    notebook = notebooks.read(path)
    notebook.cells[0].source += f"\n\n{text}"
    nbformat.write(notebook, path)


def commit(repository: Path) -> None:
    """Commit whatever stands in the repository."""
    git(repository, "add", "-A")
    git(repository, *AUTHOR, "commit", "-q", "-m", "an edition")


def git(repository: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=repository, check=True)
