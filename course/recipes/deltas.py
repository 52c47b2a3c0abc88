"""Recipe `deltas`: six ways to adapt the ladder's models to texts that they never read, for lesson 2.2.

    course make deltas [--jobs 2]

First every kind's learning rate is tuned alike, for each amount of text, on one model and with seeds of its own. Then
every model is adapted by prompts and by all weights to 4, 40 and 400 KB of Jane Austen, five times, and from a prompt
that begins as noise. One model is adapted by every kind, by deltas of other sizes, and to Milton, too.

A run takes its text from a random place; every 25 steps it is scored on two sets of windows that it does not train on.
Early stopping goes by the first set, and reports the second; never to have begun counts too.

Runs are independent one-thread processes; one that is killed goes on after its last finished row.
"""

import itertools
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, PyTree

from course import zoo
from course.data import load_text
from course.nn import normal
from course.prompting import KINDS, init_delta, next_token_loss_with, prompt_from_tokens, trained_numbers
from course.recipes.sweep import CONTEXT
from course.recipes.tuned import ADAPTED, best_factors, make_table
from course.train import adamw, fit, random_windows, warmup_stable_decay, windows

TEXTS, KILOBYTES = ("austen", "milton"), (4, 40, 400)
EVERYWHERE = ("prompt", "full")  # the kinds by which every model is adapted, and one model to the second text, too
BATCH, STEPS, EVERY = 8, 300, 25
SIZES = {"prompt": 16, "deep prompt": 8, "bias": 1, "adapter": 8, "lora": 2, "full": 1}
OTHER_SIZES = {"prompt": (1, 4, 64), "deep prompt": (1, 2, 32), "adapter": (2, 32), "lora": (1, 8)}
NOISE = "prompt from noise"  # prompts of the same size that do not begin as tokens
RATES = {"prompt": 0.6, "deep prompt": 0.3, "bias": 0.1, "adapter": 0.06, "lora": 0.01, "full": 0.004}
FACTORS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # of RATES, among which each kind's is chosen
TUNED_ON, TUNING_SEEDS, SEEDS = "lm-110k", (100, 101), range(5)
SHARED = 3  # fields of a job: of one model, kind and size, all jobs share a compiled step
SCORED = 64  # windows in each of the two sets


class Job(NamedTuple):
    """One adaptation."""

    model: str
    kind: str
    size: int
    text: str
    kilobytes: int
    seed: int
    factor: float  # of the kind's rate in RATES


def make(jobs: int = 2, runs: Path = Path("runs")) -> Path:
    """The path of the table course/data/deltas.csv, after every adaptation of it is done."""
    return make_table("deltas", jobs, runs, outcome, SHARED, experiments, tuning(), chosen)


def tuning() -> list[Job]:
    """The runs by which learning rates are chosen."""
    cases = itertools.product(KINDS, KILOBYTES, TUNING_SEEDS, FACTORS)
    return [Job(TUNED_ON, kind, SIZES[kind], TEXTS[0], kb, seed, factor) for kind, kb, seed, factor in cases]


def experiments(factors: dict[tuple[str, int], float]) -> list[Job]:
    """The runs that are reported, the small models first."""
    cases = [(model, kind, TEXTS[0]) for model in ADAPTED for kind in KINDS if model == TUNED_ON or kind in EVERYWHERE]
    cases += [(TUNED_ON, kind, TEXTS[1]) for kind in EVERYWHERE]
    usual = itertools.product(cases, KILOBYTES, SEEDS)
    every = [Job(model, kind, SIZES[kind], text, kb, s, factors[kind, kb]) for (model, kind, text), kb, s in usual]
    sizes = ((kind, size) for kind, others in OTHER_SIZES.items() for size in others)
    others = [(TUNED_ON, kind, size, factors[kind, 40]) for kind, size in sizes]
    others += [(model, NOISE, SIZES["prompt"], factors["prompt", 40]) for model in ADAPTED]
    return every + [Job(model, kind, size, TEXTS[0], 40, s, f) for model, kind, size, f in others for s in SEEDS]


def chosen(folder: Path) -> dict[tuple[str, int], float]:
    """For each kind and amount of text, the factor of least mean loss, on the windows that early stopping watches."""
    return best_factors(folder, tuning(), lambda job: (job.kind, job.kilobytes), lambda row: -float(row["watched"]))


def outcome(job: Job) -> dict[str, str]:
    """What came of one adaptation of a model of the zoo."""
    return adapted(job, loss_of(job.model))


@cache
def loss_of(model: str) -> Callable[[PyTree, PyTree], Float[Array, ""]]:
    """The loss of this model's deltas, the same function at every call."""
    return partial(next_token_loss_with, zoo.load(model))


def adapted(job: Job, loss) -> dict[str, str]:
    """What came of one adaptation: losses before, at the end, and where the first set of windows says stop."""
    rng, score = np.random.default_rng(job.seed), partial(scores, loss, job.text)
    learned = excerpt(job.text, job.kilobytes, rng)  # drawn first, so that all kinds get the same
    start = beginning(job, learned, rng)
    rate = RATES["prompt" if job.kind == NOISE else job.kind] * job.factor
    rates = warmup_stable_decay(STEPS, rate, warmup=10, decay_share=0.5)
    batches = random_windows(learned, BATCH, CONTEXT, job.seed)
    begin = [score({}), score(start)]
    try:
        ran = fit(loss, start, batches, rates, optimiser=adamw(), evaluate=score, evaluate_every=EVERY)
        evaluations = ran.history["evaluation"]
    except FloatingPointError:  # a rate too high: no loss to report, and nothing to stop at
        evaluations = np.full((1, 2), np.inf)
    watched, reported = np.concatenate([begin, evaluations]).T
    stop = watched.argmin()
    numbers = {"numbers": trained_numbers(start), "stop_step": EVERY * max(0, stop - 1)}
    losses = {"before": reported[0], "stopped": reported[stop], "final": reported[-1], "watched": watched[stop]}
    return {key: str(value) for key, value in numbers.items()} | {key: f"{value:.5f}" for key, value in losses.items()}


def beginning(job: Job, learned: np.ndarray, rng: np.random.Generator) -> dict:
    """The delta before its first step. Prompts begin as a piece of the text that is learned."""
    model = zoo.load(job.model)
    if job.kind == NOISE:
        return {"prompt": normal(rng, (job.size, model["embedding"].shape[1]), 1)}
    delta = init_delta(job.kind, model, rng, job.size)
    if "prompt" in delta:
        begin = rng.integers(len(learned) - job.size)
        delta["prompt"] = prompt_from_tokens(model, learned[begin : begin + job.size])
    return delta


def excerpt(text: str, kilobytes: int, rng: np.random.Generator) -> np.ndarray:
    """So many thousand bytes in a row from the text's training part, from a random place."""
    train, length = load_text(text)[0], 1000 * kilobytes
    begin = rng.integers(len(train) - length + 1)
    return train[begin : begin + length]


@cache
def scored_windows(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of windows, evenly spread over the text's validation part, with none in common."""
    every = windows(load_text(text)[1], CONTEXT)
    spread = every[np.linspace(0, len(every) - 1, 2 * SCORED).astype(int)]
    return spread[::2], spread[1::2]


def scores(loss, text: str, delta: dict) -> list[float]:
    """The loss with this delta on the two sets of windows."""
    compiled = _compiled(loss)
    return [np.mean([compiled(delta, rows) for rows in np.split(part, 4)]) for part in scored_windows(text)]


@cache
def _compiled(loss):
    return jax.jit(loss)
