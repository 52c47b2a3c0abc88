"""What all long recipes share."""

import subprocess
import time
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from course.recipes import long_runs
from course.train import Fit, muon, start


def fails_or_waits(seconds):
    """A job of a recipe."""
    if seconds < 0:
        raise ValueError(f"no job takes {seconds} s")
    time.sleep(seconds)
    return seconds


def test_what_is_done_comes_at_once():
    assert list(long_runs.in_processes(2, fails_or_waits, [2, 0])) == [0, 2]


def test_the_first_failure_ends_all_processes_at_once():
    began = time.monotonic()
    with pytest.raises(ValueError, match="no job takes -1 s"):
        list(long_runs.in_processes(2, fails_or_waits, [600, -1, 600, 600]))
    assert time.monotonic() - began < 60


def test_an_interrupted_run_is_never_taken_for_a_whole_one():
    done = Fit({}, {}, {}, None, interrupted=False)
    assert long_runs.whole(done) is done
    with pytest.raises(KeyboardInterrupt):
        long_runs.whole(done._replace(interrupted=True))


def state(width=3):
    return start({"x": jnp.zeros(width)}, muon())


def test_a_state_comes_back(tmp_path):
    path = tmp_path / "run.safetensors"
    long_runs.save_arrays(path, state()._replace(params={"x": jnp.arange(3.0)}))
    assert np.array_equal(long_runs.load_state(path, state()).params["x"], np.arange(3.0))


@pytest.mark.parametrize("keep", [0, 10, -1])
def test_a_damaged_state_is_named(tmp_path: Path, keep):
    path = tmp_path / "run.safetensors"
    long_runs.save_arrays(path, state())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"run.safetensors is damaged .*: delete it, and this run begins anew"):
        long_runs.load_state(path, state())


def test_the_state_of_another_model_is_refused(tmp_path: Path):
    path = tmp_path / "run.safetensors"
    long_runs.save_arrays(path, state(4))
    with pytest.raises(ValueError, match="holds the state of another model"):
        long_runs.load_state(path, state(3))


def test_the_commit_is_that_of_the_course_wherever_it_is_asked_for(monkeypatch, tmp_path):
    here = long_runs.commit()
    monkeypatch.chdir(tmp_path)
    assert long_runs.commit() == here
    assert 7 <= len(here) <= 12


def test_without_git_or_a_clone_the_commit_is_unknown(monkeypatch, tmp_path):
    """After hours of training this must not be what fails."""
    monkeypatch.setattr(long_runs, "__file__", str(tmp_path / "long_runs.py"))
    assert long_runs.commit() == "unknown"

    def no_git(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    assert long_runs.commit() == "unknown"
