"""The kit in a real kernel: two headless runs give the same outputs, and recording changes none of them."""

import json
import subprocess
import sys

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

CELLS = [
    "import numpy as np\nfrom course.lesson import *\nload = np.ones(10_000_000)",
    "predict('0p1', 'What should grow?', choices=['the model', 'the data'])",
    "def draw(slope):\n    fig, ax = figure()\n    ax.plot([0, slope])\n    return fig",
    "show(draw(1), alt='A straight line through the origin.')",
    "Explorer(draw, alt='A line whose slope follows the slider.', slope=(1, 5, 1, 2))",
    "claim('0c1', 'the slope is one', measured=1.0, band=(0.9, 1.1), control=0.0)",
    "quiz('0q1')",
    "exercise('0a')",
    "gpt3_parameters = ...\ncheck('0a', gpt3_parameters)",
    "check('0a', 12 * 96 * 12288**2)\nhint('0a')",
    "import time\nfrom course.lesson.exercises import watchdog\n"
    "try:\n    watchdog.within(0.2, lambda: time.sleep(60))\nexcept watchdog.TimeLimit:\n    print('stopped')",
    "show_source(draw)",
    "score('0p1', 'the data')",
]


class ThisInterpreter(KernelSpecManager):
    """One kernel: the interpreter that runs the tests."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, language="python")


def run(monkeypatch, **environment) -> list:
    """The outputs of the cells, each cell's as a list, from a fresh headless kernel."""
    for name in ("COURSE_CLAIMS", "COURSE_USAGE", "COURSE_SEED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"COURSE_HEADLESS": "1", **environment}.items():
        monkeypatch.setenv(name, str(value))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisInterpreter())
    client = NotebookClient(notebook, km=kernel, timeout=120, store_widget_state=False)
    # cleanup_kc: nbclient leaves a kernel whose manager it was given running otherwise.
    client.execute(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cleanup_kc=True)
    return [cell.outputs for cell in notebook.cells]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The outputs of a run that records, the outputs of one that does not, and the folder of the records."""
    folder = tmp_path_factory.mktemp("records")
    with pytest.MonkeyPatch.context() as monkeypatch:
        recorded = run(monkeypatch, COURSE_CLAIMS=folder / "claims", COURSE_USAGE=folder / "usage", COURSE_SEED=0)
        return recorded, run(monkeypatch), folder


def records(folder, name: str) -> list[dict]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def test_two_runs_give_the_same_outputs_to_the_byte(runs):
    recorded, plain, _ = runs
    assert recorded == plain


def test_nothing_is_printed_to_stderr_raised_or_left_to_a_front_end(runs):
    outputs = [output for cell in runs[0] for output in cell]
    assert {output.output_type for output in outputs} == {"stream", "display_data"}
    assert all(output.get("name", "stdout") == "stdout" for output in outputs)
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert kinds == {"text/plain", "text/html", "text/markdown", "image/png"}


def test_each_cell_shows_what_it_should(runs):
    texts = ["".join(o.get("text", "") or o.data["text/plain"] for o in cell) for cell in runs[0]]
    assert texts[1] == "0p1  What should grow?\n  · the model\n  · the data\n"
    assert texts[3] == "<Figure>A straight line through the origin."
    assert texts[4] == "<Figure>A line whose slope follows the slider."
    assert texts[5] == "✓ 0c1  the slope is one · ours ≈1 in [0.9, 1.1] · control ≈0\n"
    assert [text[:7] for text in texts[8:11]] == ["TODO 0a", "✓ 0a  R", "stopped"]
    assert texts[11].startswith("def draw(slope):")
    assert texts[12].startswith("0p1  measured the data · no prediction recorded")


def test_the_claim_is_recorded(runs):
    (record,) = records(runs[2], "claims")
    assert (record["id"], record["ok"], record["measured"], record["seed"]) == ("0c1", True, 1.0, 0)


def test_the_usage_of_the_kernel_is_recorded(runs):
    usage = records(runs[2], "usage")
    events = [record["event"] for record in usage]
    assert events[:2] == ["calibration", "cell"]
    assert events.count("cell") == len(CELLS)
    assert events.count("figure") == 2
    assert 0 < usage[0]["seconds"] < 10
    cells = [record for record in usage if record["event"] == "cell"]
    for key in ("cpu_s", "wall_s"):
        totals = [cell[key] for cell in cells]
        assert totals == sorted(totals)
    assert all(100 < cell["peak_rss_mb"] < 500 for cell in cells)  # 80 MB of ones, numpy and matplotlib
    figures = [record["wall_s"] for record in usage if record["event"] == "figure"]
    assert 0 < figures[0] <= figures[1] <= cells[-1]["wall_s"]
