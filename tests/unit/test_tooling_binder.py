"""Binder's folder: repo2docker's renderer accepts it, and the steps are those that .ci/run follows."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="repo2docker does not run on Windows")


def steps(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / ".ci" / "binder_steps.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_dockerfile_installs_the_pins_and_runs_post_build():
    assert steps(ROOT).stdout.splitlines() == [
        '${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"',
        "chmod +x binder/postBuild",
        "./binder/postBuild",
    ]


def test_no_local_reference_spoils_the_cached_layer():
    """A '.' or '-r' among the requirements would make Binder install everything again for every commit."""
    lines = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert all("==" in line for line in lines)


def test_a_folder_without_requirements_is_refused(tmp_path):
    done = steps(tmp_path)
    assert done.returncode != 0
    assert "finds nothing in binder/" in done.stderr


def test_the_python_of_binder_is_one_that_the_course_supports():
    from course.tooling.fitness import PYTHONS

    name, _, version = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip().partition("-")
    assert name == "python"
    assert PYTHONS[0] <= tuple(map(int, version.split("."))) <= PYTHONS[1]
