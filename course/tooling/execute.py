"""Notebooks run headless, each in a fresh kernel of this very environment."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from course.lesson.words import WRONG
from course.tooling import notebooks

CELL_TIMEOUT = 900  # seconds: a hung cell ends, a slow machine does not


class Execution(NamedTuple):
    """What a run left: the notebook with its outputs, its claim and usage records, and its error (or "")."""

    notebook: NotebookNode
    claims: list[dict]
    usage: list[dict]
    error: str


def execute(path: Path, *, seed: int = 0, on_cell: Callable[[int, int], None] | None = None) -> Execution:
    """The notebook's run, in its own folder; it stops at the first cell that raises.

    on_cell: called with (code cells done, code cells in all) after each of them.
    """
    notebook = notebooks.read(path)
    with tempfile.TemporaryDirectory() as scratch:
        records = {name: Path(scratch, name) for name in ("COURSE_CLAIMS", "COURSE_USAGE")}
        error = _run(notebook, path.parent, environment(records, seed), on_cell)
        claims, usage = (read_records(file) for file in records.values())
    return Execution(notebook, claims, usage, error)


def problems(run: Execution) -> list[str]:
    """Why the run may not be stored: a cell raised, a claim failed, or nothing was claimed at all; else empty."""
    return [f"a cell raised {run.error}"] if run.error else claim_problems(run.claims)


def claim_problems(claims: list[dict]) -> list[str]:
    """The claims that do not hold, each as its line begins; a lesson without a claim is a problem too."""
    failed = [f"{WRONG} {claim['id']} {claim['statement']}" for claim in claims if not claim["ok"]]
    return failed if claims else ["it makes no claim"]


def environment(records: dict[str, Path], seed: int = 0) -> dict[str, str]:
    """The environment of a headless kernel: this process's, and what the lesson kit reads."""
    files = {variable: str(path) for variable, path in records.items()}
    return {**os.environ, "COURSE_HEADLESS": "1", "COURSE_SEED": str(seed), **files}


def read_records(path: Path) -> list[dict]:
    """The JSON lines of a record file; none when there is no file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _run(notebook: NotebookNode, folder: Path, env: dict, on_cell: Callable[[int, int], None] | None) -> str:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    client = NotebookClient(
        notebook, km=_kernel_manager(), resources={"metadata": {"path": str(folder)}}, timeout=CELL_TIMEOUT,
        store_widget_state=False, coalesce_streams=True, record_timing=False,
        on_cell_executed=_reporter(notebook, on_cell),
    )  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        # zmq needs a selector loop on Windows, and every thread of `spread` a loop of its own that is closed again.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(client.async_execute(cleanup_kc=True, env=env, **quiet))
    except CellExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return ""


def _reporter(notebook: NotebookNode, on_cell: Callable[[int, int], None] | None) -> Callable | None:
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    return on_cell and (lambda cell_index, **_: on_cell(code.index(cell_index) + 1, len(code)))


def _kernel_manager():
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class ThisEnvironment(KernelSpecManager):
        """One kernel, this interpreter's: a kernel called python3 in the user's folder would go before it."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=command, language="python")

    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisEnvironment())
