"""Whether this machine can run the course, and what to do if it cannot."""

import os
import platform
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import psutil
from packaging.requirements import Requirement

from course.tooling import notebooks

DISTRIBUTION = "big-models-small-machine"
PYTHONS = ((3, 11), (3, 13))
MEMORY_MB = 1000  # a lesson takes up to 550 MB, JupyterLab and the browser's tab the rest
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Finding(NamedTuple):
    """One thing looked at: its name, what was found, whether it will do, and if not, what to do."""

    name: str
    found: str
    ok: bool
    advice: str = ""


def findings() -> list[Finding]:
    """Everything that the course needs of a machine."""
    return [python(), packages(), jax(), memory(), cores(), threads(), write_access(notebooks.folder())]


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Python within the supported range."""
    low, high = (".".join(map(str, end)) for end in PYTHONS)
    ok = PYTHONS[0] <= version <= PYTHONS[1]
    return Finding(
        "Python",
        platform.python_version(),
        ok,
        f"the course needs Python {low} to {high}: install one and set it up anew",
    )


def packages(requirements: list[str] | None = None) -> Finding:
    """Every package that the course depends on, in the range that it asks for."""
    needed = [Requirement(text) for text in requirements or metadata.requires(DISTRIBUTION) or []]
    wrong = [problem for need in needed if _applies(need) for problem in [_package_problem(need)] if problem]
    found = "; ".join(wrong) or f"{sum(_applies(need) for need in needed)} packages in range"
    return Finding("packages", found, not wrong, "install the lock again: python -m pip install -r lock.txt")


def jax() -> Finding:
    """JAX computes on this processor; tried in its own process, because it may take Python down with it."""
    program = "import course, jax.numpy as np; print(int(np.arange(4).sum()))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8", check=False
    )
    ok = done.stdout.strip() == "6"
    last_words = (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]
    return Finding(
        "JAX",
        "computes" if ok else last_words,
        ok,
        "install the lock again; an Intel Mac or a very old processor has no JAX",
    )


def memory(available_mb: float | None = None) -> Finding:
    """Memory for one lesson beside JupyterLab."""
    available_mb = available_memory_mb() if available_mb is None else available_mb
    advice = "close other programs and notebooks (Kernel, Shut Down All Kernels)"
    return Finding(
        "memory",
        f"{available_mb:,.0f} MB free",
        available_mb >= MEMORY_MB,
        f"{advice}: {MEMORY_MB:,} MB are needed",
    )


def available_memory_mb() -> float:
    """MB (10^6 bytes) that a new process can use: what the machine has free, or less in a limited container."""
    limits = [int(text) for file in CGROUP_LIMITS if (text := _read(file)).isdigit()]
    free_in_container = [limit - psutil.Process().memory_info().rss for limit in limits]
    return min([psutil.virtual_memory().available, *free_in_container]) / 1e6


def cores() -> Finding:
    """The cores that this process may use; one is enough."""
    count = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else os.cpu_count()
    return Finding("cores", f"{count} (a lesson uses one)", True)


def threads() -> Finding:
    """The threads that JAX will use: one, unless NPROC says otherwise. Fit either way."""
    count = os.environ.get("NPROC", "1")
    found = "1: runs repeat bit for bit" if count == "1" else f"NPROC={count}: last digits may change from run to run"
    return Finding("threads", found, True)


def write_access(folder: Path) -> Finding:
    """Notebooks can be saved."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            ok = True
    except OSError:
        ok = notebooks.checkout() is None  # an installed course copies its notebooks to the reader's folder
    return Finding(
        "write access",
        str(folder) if ok else f"{folder} is read-only",
        ok,
        "copy the course into a folder of your own",
    )


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _package_problem(requirement: Requirement) -> str:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is missing"
    return (
        ""
        if requirement.specifier.contains(version, prereleases=True)
        else f"{requirement.name} {version}, needs {requirement.specifier}"
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""
