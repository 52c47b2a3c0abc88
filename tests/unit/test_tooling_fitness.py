import os
import sys

import pytest

from course.tooling import fitness


@pytest.mark.parametrize(("version", "ok"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)])
def test_python_versions(version, ok):
    finding = fitness.python(version)
    assert finding.ok is ok
    assert "3.11 to 3.13" in finding.advice


def test_installed_packages_are_in_range():
    assert fitness.packages().ok


def test_packages_that_are_old_or_missing_are_named_and_others_markers_respected():
    finding = fitness.packages(["numpy<1", "no-such-package", "no-such-package; python_version < '3'", "scipy"])
    assert not finding.ok
    assert finding.found.startswith("numpy 2.")
    assert finding.found.endswith("needs <1; no-such-package is missing")


def test_memory_below_what_a_lesson_needs():
    assert fitness.memory(2000).ok
    assert not fitness.memory(800).ok
    assert 0 < fitness.available_memory_mb() < 1e8


def test_a_containers_limit_counts(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    limit.write_text("1\n", encoding="ascii")
    monkeypatch.setattr(fitness, "CGROUP_LIMITS", (str(limit), str(tmp_path / "missing")))
    assert fitness.available_memory_mb() < 0  # this process alone takes more than one byte
    limit.write_text("max\n", encoding="ascii")
    assert fitness.available_memory_mb() > 0


def test_threads_say_what_nproc_does(monkeypatch):
    monkeypatch.setenv("NPROC", "1")
    assert "bit for bit" in fitness.threads().found
    monkeypatch.setenv("NPROC", "2")
    assert "may change" in fitness.threads().found


def test_jax_computes_here():
    assert fitness.jax().ok


def test_a_jax_that_cannot_compute_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "jax.py").write_text("raise ImportError('no jaxlib here')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert fitness.jax() == fitness.Finding("JAX", "ImportError: no jaxlib here", False, fitness.jax().advice)


def test_a_missing_folder_cannot_be_written_to(tmp_path):
    assert fitness.write_access(tmp_path).ok
    assert not fitness.write_access(tmp_path / "missing").ok


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_found_out(tmp_path):
    tmp_path.chmod(0o500)
    assert not fitness.write_access(tmp_path).ok
