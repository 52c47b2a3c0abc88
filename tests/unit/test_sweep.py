"""The recipes of the sweep and of the ladder: they go on after a kill to the same bits; a recorded row comes again."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from course import zoo
from course.data import load_rates, load_sweep, load_text, read_text
from course.recipes import rates, sweep
from course.train import unigram_entropy

SHORT_RUN = """
import sys
from pathlib import Path
from course.recipes import eye, ladder, sweep
from course.recipes.sweep import Plan, Size
sweep.SIZES, sweep.BUDGETS, sweep.SAVE_EVERY = (Size(8, 1, 1),), (125, 250), 25
ladder.TRUNK, ladder.STEPS, ladder.FALLING, ladder.SAVE_EVERY = 200, 250, 100, 25
eye.SHAPE, eye.BATCH, eye.STEPS, eye.SAVE_EVERY = {"d_model": 8, "n_layers": 1, "n_heads": 1}, 8, 300, 25
if __name__ == "__main__":
    folder = Path(sys.argv[1])
"""
LADDER, EYE = "    ladder.run(Size(8, 1, 1), folder)", '    eye.train(eye.curriculum(), folder / "eye.safetensors")'
LARGER = "    print(ladder.make(1, folder, 4, Path(sys.argv[2])))"
BOTH = """
    sweep.SIZES = (Size(8, 1, 1), Size(16, 1, 1))
    sweep.make(2, folder, 4, Path(sys.argv[2]))"""


@pytest.fixture
def text(tmp_path):
    """A text that is not the course's own."""
    path = tmp_path / "mine.txt"
    path.write_text(read_text("milton")[:200_000], encoding="utf-8")
    return path


def started(folder, script, *arguments, devices=1):
    """A process that runs the script with files kept in the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "run.py").write_text(SHORT_RUN + script, encoding="utf-8")
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}", "COURSE_HEADLESS": "1"}
    command = [sys.executable, str(folder / "run.py"), str(folder), *map(str, arguments)]
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        return subprocess.Popen(command, env=os.environ | flags, stdout=log)


def wait_for(path, process):
    """Until the file is there, or the process that should write it has ended."""
    while not path.exists() and process.poll() is None:
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("script", "kill_at"),
    [(LADDER, "8-0.safetensors"), (LADDER, "ladder-8.safetensors"), (EYE, "eye.safetensors")],
    ids=["sweep", "ladder", "eye"],
)
def test_killed_run_goes_on_to_the_same_bits(tmp_path, script, kill_at):
    whole, killed = started(tmp_path / "whole", script), started(tmp_path / "killed", script)
    wait_for(tmp_path / "killed" / kill_at, killed)
    killed.kill()
    assert killed.wait() != 0, "the run was over before it could be killed"
    again = started(tmp_path / "killed", script)
    assert whole.wait() == again.wait() == 0
    assert kill_at in equal_files(tmp_path / "whole", tmp_path / "killed")


def test_killed_recipe_takes_its_workers_with_it_and_goes_on_to_the_same_bits(tmp_path, text):
    """Else they would train on beside those that come after them, and write the same files."""
    whole, killed = (started(tmp_path / name, BOTH, text) for name in ("whole", "killed"))
    wait_for(tmp_path / "killed" / "sweep-x4-mine" / "32-0.safetensors", killed)
    workers = psutil.Process(killed.pid).children(recursive=True)
    killed.kill()
    assert killed.wait() != 0, "the recipe was over before it could be killed"
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    assert len(workers) >= 2
    again = started(tmp_path / "killed", BOTH, text)
    assert whole.wait() == again.wait() == 0
    folders = [tmp_path / name / "sweep-x4-mine" for name in ("whole", "killed")]
    assert {"16-0-250.safetensors", "32-0-250.safetensors", "sweep.csv"} <= equal_files(*folders)


def equal_files(whole, other):
    """The names of what one recipe made, all of it found in the other folder to the same bits."""
    made = {path.name for path in whole.iterdir() if path.suffix in (".csv", ".safetensors")}
    assert [name for name in made if (other / name).read_bytes() != (whole / name).read_bytes()] == []
    return made


def test_a_larger_family_of_another_text_on_eight_devices_is_that_of_one(tmp_path, text):
    """Up to the order in which the devices' gradients are summed, which 450 steps of training amplify."""
    processes = {n: started(tmp_path / str(n), LARGER, text, devices=n) for n in (1, 8)}
    for n, process in processes.items():
        assert process.wait() == 0
        log = (tmp_path / str(n) / "log.txt").read_text(encoding="utf-8")
        assert "step 450 of 450, loss" in log
        assert "min left" in log
        assert "FLOPs" in log
    cards = [zoo.cards(tmp_path / str(n) / "sweep-x4-mine")["lm-3k"] for n in processes]
    assert "licence" not in cards[0]
    assert cards[0]["recipe"] == f"course make ladder --scale 4 --text {text}"
    losses = [card["nats per byte"]["validation text"] for card in cards]
    assert losses[0] == pytest.approx(losses[1], abs=0.02)
    assert losses[0] < unigram_entropy(load_text(text)[0])
    params = zoo.load("lm-3k", tmp_path / "8" / "sweep-x4-mine")
    assert params["embedding"].shape == (256, 16)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (sweep.Plan(scale=1.5), "scale 1.5 leaves some models as they are"),
        (sweep.Plan(peak=0.0), "peak learning rate must lie between 0 and 1"),
        (sweep.Plan(text=Path("missing.txt")), "no text named 'missing.txt'"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_is_made(tmp_path, plan, sentence):
    with pytest.raises(ValueError, match=sentence):
        sweep.prepared(plan, tmp_path, plan.batch, plan.tokens(100))
    assert list(tmp_path.iterdir()) == []


def test_a_text_too_short_for_a_batch_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match=r"191,808 bytes are learned from; this scale needs at least 256,128"):
        sweep.prepared(plan := sweep.Plan(1000, text), tmp_path, plan.batch, plan.tokens(100))


def test_another_text_of_the_same_name_gets_no_models_of_the_first(tmp_path, text):
    plan = sweep.Plan(4, text)
    folder = sweep.prepared(plan, tmp_path, plan.batch, plan.tokens(100))
    assert folder == sweep.prepared(plan, tmp_path, plan.batch, plan.tokens(100))
    text.write_text(read_text("austen")[:200_000], encoding="utf-8")
    sweep.training_bytes.cache_clear(), sweep.domains.cache_clear()
    with pytest.raises(ValueError, match="was begun with another text of this name"):
        sweep.prepared(plan, tmp_path, plan.batch, plan.tokens(100))


def test_a_run_whose_table_was_lost_is_not_recorded_wrongly(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "BUDGETS", (50, 100))
    size = sweep.Size(8, 1, 1)
    sweep.run((size, 0, 2), tmp_path)
    (tmp_path / "8-0.csv").unlink()
    with pytest.raises(ValueError, match=r"8-0.csv lacks a run that its state has passed"):
        sweep.run((size, 0, 2), tmp_path)


def test_an_interrupt_in_a_branch_records_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "BUDGETS", (50, 100))
    real = sweep.fit
    monkeypatch.setattr(sweep, "fit", lambda *given, **options: real(*given, **options)._replace(interrupted=True))
    with pytest.raises(KeyboardInterrupt):
        sweep.run((sweep.Size(8, 1, 1), 0, 2), tmp_path)
    assert not (tmp_path / "8-0.csv").exists()


def test_recorded_row_comes_out_again(tmp_path):
    """The smallest run; another processor rounds otherwise, and 625 steps amplify it to some thousandths."""
    size = sweep.SIZES[0]
    sweep.run((size, 0, 1), tmp_path)
    (again,) = sweep.read_rows(tmp_path / f"{size.d_model}-0.csv")
    table = load_sweep()
    recorded = table[(table["d_model"] == size.d_model) & (table["seed"] == 0)]
    (row,) = recorded[recorded["tokens"] == int(again["tokens"])]
    assert float(again["loss"]) == pytest.approx(row["loss"], abs=0.03)


def test_a_recorded_row_of_another_learning_rate_comes_out_again(tmp_path):
    """It differs from the sweep's by more than rounding elsewhere can explain."""
    rates.run((rates.NARROW, 0.007, 1), tmp_path)
    (again,) = rates.rows_of(0.007, tmp_path)
    table, shape = load_rates(), (rates.NARROW.d_model, int(again["tokens"]))
    (row,) = [row for row in table if (row["d_model"], row["tokens"], row["peak"]) == (*shape, 0.007)]
    (usual,) = [row for row in load_sweep() if (row["d_model"], row["tokens"], row["seed"]) == (*shape, 0)]
    assert float(again["loss"]) == pytest.approx(row["loss"], abs=0.03)
    assert abs(usual["loss"] - row["loss"]) > 0.05


def test_no_run_reads_a_byte_twice():
    assert load_sweep()["tokens"].max() <= len(sweep.training_bytes(None))


def test_the_extrapolation_has_enough_cheap_runs():
    table = load_sweep()
    compute = (table["parameters"] + 256 * table["d_model"]) * table["tokens"]
    assert np.sum(compute <= sweep.LARGEST_SHARE * compute.max()) >= 15
