"""The recipes of the sweep and of the ladder: they go on after a kill to the same bits; a recorded row comes again."""

import subprocess
import sys
import time

import numpy as np
import pytest

from course.data import load_sweep
from course.recipes import sweep

SHORT_RUN = """
import sys
from pathlib import Path
from course.recipes import ladder, sweep
sweep.BUDGETS, sweep.SAVE_EVERY = (125, 250), 25
ladder.TRUNK, ladder.STEPS, ladder.FALLING, ladder.SAVE_EVERY = 200, 250, 100, 25
if __name__ == "__main__":
    print(ladder.run(sweep.Size(8, 1, 1), Path(sys.argv[1])))
"""


def started(script, folder):
    folder.mkdir()
    return subprocess.Popen([sys.executable, str(script), str(folder)])


def wait_for(path, process):
    """Until the file is there, or the process that should write it has ended."""
    while not path.exists() and process.poll() is None:
        time.sleep(0.005)


@pytest.mark.parametrize("kill_at", ["8-0.safetensors", "ladder-8.safetensors"])
def test_killed_run_goes_on_to_the_same_bits(tmp_path, kill_at):
    script = tmp_path / "run.py"
    script.write_text(SHORT_RUN, encoding="utf-8")
    whole, killed = started(script, tmp_path / "whole"), started(script, tmp_path / "killed")
    wait_for(tmp_path / "killed" / kill_at, killed)
    killed.kill()
    assert killed.wait() != 0, "the run was over before it could be killed"
    subprocess.run([sys.executable, str(script), str(tmp_path / "killed")], check=True)
    assert whole.wait() == 0
    for name in ("8-0.csv", "8-0.safetensors", "8-0-125.safetensors", "8-0-250.safetensors", "ladder-8.safetensors"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_recorded_row_comes_out_again(tmp_path):
    """The smallest run; another processor rounds otherwise, and 625 steps amplify it to some thousandths."""
    size = sweep.SIZES[0]
    sweep.run((size, 0, 1), tmp_path)
    (again,) = sweep.read_rows(tmp_path / f"{size.d_model}-0.csv")
    table = load_sweep()
    recorded = table[(table["d_model"] == size.d_model) & (table["seed"] == 0)]
    (row,) = recorded[recorded["tokens"] == int(again["tokens"])]
    assert float(again["loss"]) == pytest.approx(row["loss"], abs=0.03)


def test_no_run_reads_a_byte_twice():
    assert load_sweep()["tokens"].max() <= len(sweep.training_bytes())


def test_the_extrapolation_has_enough_cheap_runs():
    table = load_sweep()
    compute = (table["parameters"] + 256 * table["d_model"]) * table["tokens"]
    assert np.sum(compute <= sweep.LARGEST_SHARE * compute.max()) >= 15
