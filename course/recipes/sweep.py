"""Recipe `sweep`: language models of many sizes trained on many amounts of text, for lesson 1.3.

    course make sweep [--jobs 2] [--scale 10] [--text FILE] [--peak 0.007]

Bytes, context 128, Shakespeare + King James Bible + WordNet glosses. Each (size, seed) is one run at a constant
learning rate, its trunk. Where the trunk has used four fifths of a budget, a copy leaves it, whose learning rate falls
to zero over the last fifth: that copy is what a run planned for this budget would have been. No token is seen twice.
Source of the method: Hägele et al. 2024 (arXiv:2405.18392).

Runs are independent one-thread processes. One that is killed goes on from its last saved state, to the same result.
A `Plan` says how large the family is and what it reads.
"""

import csv
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from course.data import DATA, load_text
from course.nn import init_language_model, next_token_loss
from course.recipes.long_runs import cost, go_on, in_processes, load_state, save_arrays, step_seconds, whole
from course.train import State, constant, decay, epochs, fit, mean_loss, muon, start, windows

DOMAINS, OWN = ("shakespeare", "bible", "wordnet"), "own text"
CONTEXT, BATCH, PEAK, WARMUP = 128, 2, 0.014, 40  # eight windows a batch left the shortest runs too few steps
FALLING = 0.2  # share of a budget over which the learning rate falls
BUDGETS = tuple(40_000 // 2**k for k in range(6, -1, -1))  # in steps: 0.16 to 10.24 million tokens
SAVE_EVERY = 2000
VALIDATION_EVERY = 4  # every fourth validation window is read


class Size(NamedTuple):
    """The shape of one model of the family."""

    d_model: int
    n_heads: int
    n_layers: int = 4

    @property
    def parameters(self) -> int:
        """Weights outside the embedding and the output matrix."""
        return 12 * self.n_layers * self.d_model**2

    @property
    def trained(self) -> int:
        """Weights that a token passes through: the parameters and the output matrix."""
        return self.parameters + 256 * self.d_model

    def times(self, scale: float) -> "Size":
        """About `scale` times the parameters, in more heads of the same width."""
        heads = max(1, round(self.n_heads * scale**0.5))
        return Size(self.d_model // self.n_heads * heads, heads, self.n_layers)


SIZES = (Size(24, 1), Size(32, 1), Size(48, 2), Size(64, 2), Size(96, 3), Size(144, 4), Size(184, 4))


@cache
def domains(text: Path | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The bytes to learn from and those for validation: of the course's texts by name, or of the text given."""
    return {OWN: load_text(text)} if text else {name: load_text(name) for name in DOMAINS}


@cache
def training_bytes(text: Path | None) -> np.ndarray:
    """What is learned from, one text after the other."""
    return np.concatenate([train for train, _ in domains(text).values()])


class Plan(NamedTuple):
    """What is trained: `scale` times the parameters and tokens of the course's own family, on its texts or another."""

    scale: float = 1
    text: Path | None = None  # a UTF-8 file
    peak: float = PEAK  # the learning rate before it falls; lesson 1.3 shows that wider models want a lower one

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The models, the smallest first."""
        return tuple(size.times(self.scale) for size in SIZES)

    @property
    def jobs(self) -> tuple[tuple[Size, int, int], ...]:
        """Each run's size, seed and number of budgets. Extra seeds measure the noise where the law is fitted."""
        seeds = ((size, seed, len(BUDGETS) - 2) for size in self.sizes[:3] for seed in (1, 2))
        return (*((size, 0, len(BUDGETS)) for size in reversed(self.sizes)), *seeds)

    @property
    def batch(self) -> int:
        """Windows in one step of the sweep."""
        return round(BATCH * self.scale)

    def tokens(self, steps: int) -> int:
        """The bytes that so many steps of the sweep read."""
        return steps * self.batch * CONTEXT

    def folder(self, runs: Path) -> Path:
        """Where this plan keeps its states."""
        if self == Plan():
            return runs / "sweep"
        text = f"-{self.text.stem}" if self.text else ""
        peak = f"-peak{self.peak:g}" if self.peak != PEAK else ""
        return runs / f"sweep-x{self.scale:g}{text}{peak}"


# The rule of the extrapolation: fit to all runs (every seed) of at most this share of the largest run's compute 6 N D,
# with N = blocks and output matrix. `fit_law`, fixed before width 144 had read 5.12 million tokens, missed that run by
# 10.9 %. `fit_joint_law`, with its defaults, was then fixed for 10.24 million tokens, before that run was trained.
# Width 184 was trained after both: a size that had no part in the choice of the form.
LARGEST_SHARE = 0.01


def make(
    jobs: int = 2, runs: Path = Path("runs"), scale: float = 1, text: Path | None = None, peak: float = PEAK
) -> str:
    """The path of the table, after every run of it is done, and what they cost."""
    plan = Plan(scale, text, peak)
    folder = prepared(plan, runs, plan.batch, plan.tokens(BUDGETS[-1]))
    for message in in_processes(jobs, partial(run, folder=folder, plan=plan), plan.jobs):
        print(message, flush=True)
    return f"{collect(folder, plan)}: {total_cost(plan)}"


def prepared(plan: Plan, runs: Path, batch: int, tokens: int) -> Path:
    """The folder of the plan, made if need be, after a line that says where it is and how often the text is read.

    Raises ValueError for what cannot be trained, and for a folder that was begun with another text.
    """
    check(plan, batch)
    learned, folder = training_bytes(plan.text), plan.folder(runs)
    folder.mkdir(parents=True, exist_ok=True)
    read, digest = folder / "text.sha256", hashlib.sha256(learned.tobytes()).hexdigest()
    if read.exists() and read.read_text() != digest:
        raise ValueError(f"{folder} was begun with another text of this name: move it away, or rename yours.")
    read.write_text(digest)
    devices, epochs_read = f"{jax.device_count()} x {jax.default_backend()}", tokens / len(learned)
    print(f"{folder.resolve()}: on {devices}, {epochs_read:.2f} epochs of {len(learned):,} bytes", flush=True)
    return folder


def check(plan: Plan, batch: int) -> None:
    """ValueError for a rate out of range, models left as they are, a text too short, and devices that are not there."""
    if not 0 < plan.peak < 1:
        raise ValueError(f"the peak learning rate must lie between 0 and 1, got {plan.peak:g}.")
    if plan.scale != 1 and any(size.times(plan.scale) == size for size in SIZES):
        raise ValueError(f"scale {plan.scale:g} leaves some models as they are: take 3 or more.")
    has, needed = len(training_bytes(plan.text)), (batch + 1) * CONTEXT
    if has < needed:
        raise ValueError(f"of the text {has:,} bytes are learned from; this scale needs at least {needed:,}.")
    try:
        jax.devices()
    except (RuntimeError, AssertionError):
        raise ValueError(f"JAX finds no device of JAX_PLATFORMS={os.environ['JAX_PLATFORMS']}.") from None


def run(job: tuple[Size, int, int], folder: Path, plan: Plan = Plan()) -> str:
    """A line that says what was done, after one trunk and all its branches."""
    size, seed, count = job
    name = f"{size.d_model}-{seed}"
    rows = read_rows(folder / f"{name}.csv")
    state = load_state(folder / f"{name}.safetensors", start(initial(size, seed), muon()))
    for i, budget in enumerate(BUDGETS[:count]):
        if str(plan.tokens(budget)) in {row["tokens"] for row in rows}:
            continue
        until, batches = round((1 - FALLING) * budget), partial(stream, plan, seed)
        if state.step > until:
            raise ValueError(f"{folder / name}.csv lacks a run that its state has passed: delete both, to begin anew.")
        rates = constant(until, plan.peak, WARMUP)
        to_come = steps(BUDGETS[:count]) - steps(BUDGETS[: i + 1]) + budget - until
        state = go_on(next_token_loss, state, batches, rates, folder / f"{name}.safetensors", SAVE_EVERY, None, to_come)
        params = branch(state, budget, batches, plan.peak)
        save_arrays(folder / f"{name}-{budget}.safetensors", params)
        rows.append(row(size, seed, plan.tokens(budget), validation_losses(params, plan)))
        write_rows(folder / f"{name}.csv", rows)
    return f"{name}: {len(rows)} budgets, {int(state.step)} trunk steps"


def steps(budgets: Sequence[int]) -> int:
    """Steps of one trunk and of the branches that leave it, one for each budget."""
    return round((1 - FALLING) * max(budgets, default=0) + FALLING * sum(budgets))


def initial(size: Size, seed: int) -> dict:
    """Parameters of the model before training."""
    return init_language_model(np.random.default_rng(seed), 256, size.d_model, size.n_layers, size.n_heads)


def stream(plan: Plan, seed: int, begin: int) -> Iterator[np.ndarray]:
    """A run's batches from step `begin` on."""
    return itertools.islice(epochs(training_bytes(plan.text), plan.batch, CONTEXT, seed), begin, None)


def branch(trunk: State, budget: int, batches: Callable[[int], Iterator[np.ndarray]], peak: float = PEAK) -> dict:
    """Parameters at the end of a budget, whose last fifth leaves the trunk with a falling learning rate."""
    begin = int(trunk.step)
    rates = decay(budget - begin, peak)
    return whole(fit(next_token_loss, None, batches(begin), rates, optimiser=muon(), state=trunk)).params


def validation_losses(params: dict, plan: Plan) -> dict[str, float]:
    """Nats per byte on every domain's validation text, and on all of it together."""
    rows = {name: windows(text, CONTEXT, VALIDATION_EVERY) for name, (_, text) in domains(plan.text).items()}
    losses = {name: mean_loss(params, part) for name, part in rows.items()}
    weights = [len(part) for part in rows.values()]
    return {"loss": float(np.average(list(losses.values()), weights=weights)), **losses}


def row(size: Size, seed: int, tokens: int, losses: dict[str, float]) -> dict[str, str]:
    """One line of the table."""
    shape = {"d_model": size.d_model, "n_layers": size.n_layers, "n_heads": size.n_heads, "parameters": size.parameters}
    counts = {**shape, "seed": seed, "tokens": tokens}
    return {key: str(value) for key, value in counts.items()} | {key: f"{value:.6f}" for key, value in losses.items()}


def total_cost(plan: Plan) -> dict[str, float]:
    """What all runs of the plan cost, each trunk and its branches, at this machine's speed now."""
    taken = [(size, steps(BUDGETS[:count])) for size, _, count in plan.jobs]
    speed = {size: step_seconds(next_token_loss, initial(size, 0), stream(plan, 0, 0)) for size in plan.sizes}
    flops = sum(6.0 * size.trained * plan.tokens(n) for size, n in taken)
    return cost(flops, sum(speed[size] * n for size, n in taken))


def collect(folder: Path, plan: Plan = Plan()) -> Path:
    """The path of the table of every finished budget: in the course for its own plan, else beside the runs."""
    rows = [line for path in folder.glob("*-*.csv") for line in read_rows(path)]
    rows.sort(key=lambda line: tuple(int(line[key]) for key in ("d_model", "seed", "tokens")))
    path = (DATA if plan == Plan() else folder) / "sweep.csv"
    write_rows(path, rows)
    return path


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
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(part, path)
