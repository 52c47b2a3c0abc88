"""What a lesson costs: CPU seconds, memory and the time to each figure, recorded when COURSE_USAGE is set."""

import functools
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from course.lesson.environment import append_record

CALIBRATE_EVERY = 3.0  # CPU seconds


def start() -> None:
    """Begin to record this kernel's usage, once, if COURSE_USAGE asks for it and there is a kernel."""
    if not os.environ.get("COURSE_USAGE"):
        return
    from IPython import get_ipython

    if (shell := get_ipython()) is not None:
        _first_cell_began()
        _watch(shell)


def record_figure() -> None:
    """Record the time that has passed from the start of the kernel's first cell to this figure."""
    if os.environ.get("COURSE_USAGE"):
        append_record("COURSE_USAGE", {"event": "figure", "wall_s": wall_seconds()})


def wall_seconds() -> float:
    """Seconds since the kernel's first cell was sent to it."""
    began = _first_cell_began()
    return round(time.time() - began, 3)


def cpu_seconds() -> float:
    """CPU seconds of this process so far, on all its threads, and of the child processes that have ended."""
    return round(sum(os.times()[:4]), 3)


def peak_memory_mb() -> float:
    """The largest resident memory of this process so far, in MB (10^6 bytes)."""
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset / 1e6
    if sys.platform == "linux":
        # getrusage would count the process that started this kernel too: Linux hands its peak on.
        peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
        if peak:
            return int(peak[1]) * 1024 / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # bytes on macOS, KiB elsewhere


def calibration_seconds() -> float:
    """CPU seconds that a fixed load takes on this machine: 8,000 float32 products of 64 x 64 matrices.

    So small matrices keep BLAS on one thread.
    """
    import numpy as np

    matrix = np.eye(64, dtype=np.float32)
    product = matrix.copy()
    began = time.process_time()
    for _ in range(8_000):
        np.matmul(matrix, matrix, out=product)
    return time.process_time() - began


@functools.cache
def _watch(shell) -> None:
    calibrated_at = _calibrate()

    def after_cell(result) -> None:
        nonlocal calibrated_at
        _record_cell()
        if cpu_seconds() - calibrated_at > CALIBRATE_EVERY:
            calibrated_at = _calibrate()

    shell.events.register("post_run_cell", after_cell)


def _calibrate() -> float:
    """The kernel's CPU seconds so far, after a calibration was recorded. A machine's speed changes while it runs."""
    append_record("COURSE_USAGE", {"event": "calibration", "seconds": calibration_seconds()})
    return cpu_seconds()


def _record_cell() -> None:
    """Record what the kernel has used so far: the totals, so that the last line is the lesson's cost."""
    usage = {"cpu_s": cpu_seconds(), "wall_s": wall_seconds(), "peak_rss_mb": round(peak_memory_mb(), 1)}
    append_record("COURSE_USAGE", {"event": "cell", **usage})


@functools.cache
def _first_cell_began() -> float:
    """When the first cell was sent. Jupyter dates each request, so the imports before this one count too."""
    from IPython import get_ipython

    shell = get_ipython()
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    sent = request.get("header", {}).get("date")
    return sent.timestamp() if isinstance(sent, datetime) else datetime.now(UTC).timestamp()
