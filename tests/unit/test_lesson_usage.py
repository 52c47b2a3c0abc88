"""The measurements themselves; tests/unit/test_lesson_kernel.py holds what a kernel records."""

import json

import numpy as np
import psutil

from course.lesson import usage


def test_peak_memory_is_in_megabytes_and_never_falls():
    before = usage.peak_memory_mb()
    now = psutil.Process().memory_info().rss / 1e6
    assert 0.9 * now < before < 100 * now  # the peak is at least what is resident, counted a moment apart
    block = np.ones(25_000_000)  # 200 MB
    grown = usage.peak_memory_mb()
    del block
    assert grown >= now + 150
    assert usage.peak_memory_mb() > grown - 2  # the system counts in batches of pages


def test_cpu_seconds_count_work():
    before = usage.cpu_seconds()
    loads = [usage.calibration_seconds() for _ in range(5)]
    assert all(0.001 < load < 10 for load in loads)
    assert usage.cpu_seconds() - before > 0.9 * sum(loads) - 0.02  # the kernel counts in hundredths


def test_a_figure_is_recorded_when_asked(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_USAGE", raising=False)
    usage.record_figure()
    monkeypatch.setenv("COURSE_USAGE", str(tmp_path / "usage"))
    usage.record_figure()
    (record,) = map(json.loads, (tmp_path / "usage").read_text(encoding="utf-8").splitlines())
    assert record["event"] == "figure"
    assert record["wall_s"] >= 0
