"""What all long recipes share."""

import subprocess

from course.recipes import long_runs


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
