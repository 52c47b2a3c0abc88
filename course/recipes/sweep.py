"""Recipe `sweep`: language models of many sizes trained on many amounts of text, for lesson 1.3.

    course make sweep [--jobs 2]

Bytes, context 128, Shakespeare + King James Bible + WordNet glosses. Each (size, seed) is one run at a constant
learning rate, its trunk. Where the trunk has used four fifths of a budget, a copy leaves it, whose learning rate falls
to zero over the last fifth: that copy is what a run planned for this budget would have been. No token is seen twice.
Source of the method: Hägele et al. 2024 (arXiv:2405.18392).

Runs are independent one-thread processes. One that is killed goes on from its last saved state, to the same result.
"""

import csv
import itertools
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import PyTree
from safetensors.numpy import load_file, save_file

from course.data import DATA, load_text
from course.nn import init_language_model, next_token_loss
from course.train import State, constant, decay, epochs, fit, mean_loss, muon, start, windows

DOMAINS = ("shakespeare", "bible", "wordnet")
CONTEXT, BATCH, PEAK, WARMUP = 128, 2, 0.014, 40  # eight windows a batch left the shortest runs too few steps
TOKENS_PER_STEP = CONTEXT * BATCH
FALLING = 0.2  # share of a budget over which the learning rate falls
BUDGETS = tuple(40_000 // 2**k for k in range(6, -1, -1))  # in steps: 0.16 to 10.24 million tokens
SAVE_EVERY = 2000
VALIDATION_EVERY = 4  # every fourth validation window is read


class Size(NamedTuple):
    """The shape of one model of the family: four layers, widths from 24 to 184."""

    d_model: int
    n_heads: int
    n_layers: int = 4

    @property
    def parameters(self) -> int:
        """Weights outside the embedding and the output matrix."""
        return 12 * self.n_layers * self.d_model**2


SIZES = (Size(24, 1), Size(32, 1), Size(48, 2), Size(64, 2), Size(96, 3), Size(144, 4), Size(184, 4))
# Extra seeds stop at a quarter of the longest budget: they measure the noise where the law is fitted.
JOBS = (
    *((size, 0, len(BUDGETS)) for size in reversed(SIZES)),
    *((size, seed, len(BUDGETS) - 2) for size in SIZES[:3] for seed in (1, 2)),
)
# The rule of the extrapolation: fit to all runs (every seed) of at most this share of the largest run's compute 6 N D,
# with N = blocks and output matrix. `fit_law`, fixed before width 144 had read 5.12 million tokens, missed that run by
# 10.9 %. `fit_joint_law`, with its defaults, was then fixed for 10.24 million tokens, before that run was trained.
LARGEST_SHARE = 0.01
COLUMNS = ("d_model", "n_layers", "n_heads", "parameters", "seed", "tokens", "loss", *DOMAINS)


def make(jobs: int = 2, folder: Path = Path("runs/sweep")) -> Path:
    """The path of the table course/data/sweep.csv, after every run of it is done."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for message in pool.map(run, JOBS, itertools.repeat(folder)):
            print(message, flush=True)
    return collect(folder)


def run(job: tuple[Size, int, int], folder: Path) -> str:
    """A line that says what was done, after one trunk and all its branches."""
    size, seed, count = job
    name, train = f"{size.d_model}-{seed}", training_bytes()
    rows = read_rows(folder / f"{name}.csv")
    state = load_state(folder / f"{name}.safetensors", start(initial(size, seed), muon()))
    for budget in BUDGETS[:count]:
        if str(budget * TOKENS_PER_STEP) in {row["tokens"] for row in rows}:
            continue
        state = grow_trunk(state, round((1 - FALLING) * budget), train, seed, folder / f"{name}.safetensors")
        params = branch(state, budget, train, seed)
        save_arrays(folder / f"{name}-{budget}.safetensors", params)
        losses = validation_losses(params)
        rows.append(row(size, seed, budget, losses))
        write_rows(folder / f"{name}.csv", rows)
    return f"{name}: {len(rows)} budgets, {int(state.step)} trunk steps"


def training_bytes() -> np.ndarray:
    """The three training texts, one after the other."""
    return np.concatenate([load_text(name)[0] for name in DOMAINS])


def initial(size: Size, seed: int) -> dict:
    """Parameters of the model before training."""
    return init_language_model(np.random.default_rng(seed), 256, size.d_model, size.n_layers, size.n_heads)


def stream(train: np.ndarray, seed: int, begin: int):
    """The run's batches from step `begin` on."""
    return itertools.islice(epochs(train, BATCH, CONTEXT, seed), begin, None)


def grow_trunk(state: State, until: int, train: np.ndarray, seed: int, path: Path) -> State:
    """The trunk's state at step `until`, saved on the way."""
    rates = constant(until, PEAK, WARMUP)
    while (begin := int(state.step)) < until:
        end = min(until, begin + SAVE_EVERY)
        batches = stream(train, seed, begin)
        state = fit(next_token_loss, None, batches, rates[begin:end], optimiser=muon(), state=state).state
        save_arrays(path, state)
    return state


def branch(trunk: State, budget: int, train: np.ndarray, seed: int) -> dict:
    """Parameters at the end of a budget, whose last fifth leaves the trunk with a falling learning rate."""
    begin = int(trunk.step)
    batches = stream(train, seed, begin)
    return fit(next_token_loss, None, batches, decay(budget - begin, PEAK), optimiser=muon(), state=trunk).params


def validation_losses(params: dict) -> dict[str, float]:
    """Nats per byte on every domain's validation text, and on all of it together."""
    rows = {name: windows(load_text(name)[1], CONTEXT)[::VALIDATION_EVERY] for name in DOMAINS}
    losses = {name: mean_loss(params, part) for name, part in rows.items()}
    weights = [len(part) for part in rows.values()]
    return {"loss": float(np.average(list(losses.values()), weights=weights)), **losses}


def row(size: Size, seed: int, budget: int, losses: dict[str, float]) -> dict[str, str]:
    """One line of the table."""
    shape = {"d_model": size.d_model, "n_layers": size.n_layers, "n_heads": size.n_heads, "parameters": size.parameters}
    counts = {**shape, "seed": seed, "tokens": budget * TOKENS_PER_STEP}
    return {key: str(value) for key, value in counts.items()} | {key: f"{value:.6f}" for key, value in losses.items()}


def collect(folder: Path) -> Path:
    """The path of the table, with the rows of every finished budget in it."""
    rows = [line for path in folder.glob("*.csv") for line in read_rows(path)]
    rows.sort(key=lambda line: tuple(int(line[key]) for key in ("d_model", "seed", "tokens")))
    write_rows(DATA / "sweep.csv", rows)
    return DATA / "sweep.csv"


def read_rows(path: Path) -> list[dict[str, str]]:
    """The lines of a table, none when it does not exist yet."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    """Replaces the table in one move, so that a kill never leaves half of it."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(part, path)


def save_arrays(path: Path, tree: PyTree) -> None:
    """Writes every array of a state or of a model, in one move."""
    part = path.with_suffix(".part")
    save_file({f"{i:04d}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))}, part)
    os.replace(part, path)


def load_state(path: Path, fresh: State) -> State:
    """The saved state, with the structure and the devices of the fresh one; the fresh one when nothing is saved."""
    if not path.exists():
        return fresh
    arrays = load_file(path)
    leaves, structure = jax.tree.flatten(fresh)
    saved = [jax.device_put(arrays[f"{i:04d}"], leaf.sharding) for i, leaf in enumerate(leaves)]
    return jax.tree.unflatten(structure, saved)
