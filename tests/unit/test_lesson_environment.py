import json
import subprocess
import sys

import pytest

from course.lesson import headless, seed
from course.lesson.environment import append_record, publish


@pytest.mark.parametrize(
    ("asked", "under_pytest", "expected"),
    [("1", False, True), ("0", True, False), (None, True, True), ("", True, False), (None, False, True)],
)
def test_headless_follows_the_environment_then_pytest_then_the_kernel(asked, under_pytest, expected, monkeypatch):
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    if asked is not None:
        monkeypatch.setenv("COURSE_HEADLESS", asked)
    if not under_pytest:
        monkeypatch.delenv("PYTEST_CURRENT_TEST")
    assert headless() is expected  # the last case: there is no kernel in a unit test


@pytest.mark.parametrize(("setting", "expected"), [(None, 0), ("0", 0), ("17", 17)])
def test_the_seed_comes_from_the_environment(setting, expected, monkeypatch):
    monkeypatch.delenv("COURSE_SEED", raising=False)
    if setting is not None:
        monkeypatch.setenv("COURSE_SEED", setting)
    assert seed() == expected


def test_a_seed_that_is_no_number_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_SEED", "lucky")
    with pytest.raises(ValueError, match="COURSE_SEED must be a whole number, got 'lucky'"):
        seed()


def test_records_are_appended_as_lines_of_json(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_TEST_RECORDS", str(tmp_path / "records"))
    append_record("COURSE_TEST_RECORDS", {"event": "≈"})
    append_record("COURSE_TEST_RECORDS", {"event": "b"})
    lines = (tmp_path / "records").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"event": "≈"}, {"event": "b"}]


def test_outside_a_kernel_an_output_is_its_text(capsys):
    publish({"image/png": b"", "text/plain": "<Figure>"})
    assert capsys.readouterr().out == "<Figure>\n"


def test_importing_the_kit_loads_nothing_heavy():
    heavy = [
        "jax",
        "matplotlib",
        "ipywidgets",
        "IPython",
        "scipy",
        "course.nn",
        "course.train",
        "course.facts",
    ]
    code = f"import sys, course.lesson; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
