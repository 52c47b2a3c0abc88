"""The layers of the package: held by import-linter, whose contracts stand in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = ROOT / "pyproject.toml"
MODULES = {path.stem for path in (ROOT / "course").iterdir() if path.stem[0] not in "_."} | {"lesson/exercises"}


def lint(folder: Path) -> subprocess.CompletedProcess:
    """import-linter's verdict on the package `course` in the folder, by this repository's contracts."""
    program = (
        f"from importlinter.cli import lint_imports; raise SystemExit(lint_imports({str(PYPROJECT)!r}, no_cache=True))"
    )
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture
def package(tmp_path):
    """A package with the course's modules, all of them empty."""
    for module in (".", *MODULES):
        (tmp_path / "course" / module).mkdir(parents=True, exist_ok=True)
        (tmp_path / "course" / module / "__init__.py").touch()
    return tmp_path


def test_the_course_keeps_its_layers():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_arrows_that_run_the_right_way_are_kept(package):
    (package / "course/train/__init__.py").write_text("import course.nn\nimport course.data\n", encoding="utf-8")
    (package / "course/lesson/exercises/l1.py").write_text("import course.scaling\n", encoding="utf-8")
    assert lint(package).returncode == 0


def test_a_module_without_a_layer_is_found(package):
    (package / "course" / "sounds.py").touch()
    done = lint(package)
    assert done.returncode == 1
    assert "sounds" in done.stdout


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("nn", "train"),
        ("data", "facts"),
        ("train", "scaling"),
        ("recipes", "tooling"),
        ("tooling", "cli"),
        ("lesson", "facts"),
        ("lesson", "scaling"),
        ("lesson/exercises", "nn"),
    ],
)
def test_an_arrow_against_the_layers_is_found(package, module, imported):
    (package / "course" / module / "__init__.py").write_text(f"import course.{imported}\n", encoding="utf-8")
    done = lint(package)
    assert done.returncode == 1
    assert "broken" in done.stdout
