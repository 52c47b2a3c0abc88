"""Recipe `ladder`: the language models of the zoo, lm-27k to lm-1.6m.

    course make ladder [--jobs 2]

Each model goes on where its trunk of the recipe `sweep` stands after four fifths of the longest budget: the same text,
in the same order, in batches four times as large. Over the last fifth of 32.8 million tokens, 1.8 epochs, the learning
rate falls to zero. Jane Austen and Milton are never read.

Runs are independent one-thread processes. One that is killed goes on from its last saved state, to the same result.
"""

import itertools
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float, PyTree

from course import lm, zoo
from course.data import load_text
from course.nn import next_token_loss
from course.recipes import sweep
from course.recipes.sweep import CONTEXT, PEAK, Size, load_state, save_arrays
from course.train import State, constant, decay, epochs, fit, mean_loss, muon, start, windows

SEED = 0
TRUNK = round((1 - sweep.FALLING) * sweep.BUDGETS[-1])  # steps of the sweep that every model has behind it
BATCH = 4 * sweep.BATCH
STEPS, FALLING = 24_000, 6_400
TOKENS = TRUNK * sweep.TOKENS_PER_STEP + STEPS * BATCH * CONTEXT
SAVE_EVERY = 500
NAMES = {24: "lm-27k", 32: "lm-49k", 48: "lm-110k", 64: "lm-196k", 96: "lm-442k", 144: "lm-1.0m", 184: "lm-1.6m"}
HELD_OUT = ("austen", "milton")
WATTS_PER_CORE = 10  # of a server's processor with its memory: an assumption, for the order of magnitude
SAMPLE = {"prompt": "KING HENRY.\n", "length": 300, "temperature": 0.7, "seed": 0}


def make(jobs: int = 2, folder: Path = Path("runs/sweep")) -> str:
    """A line that names the models, after all are trained and stored in the zoo."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for message in pool.map(run, reversed(sweep.SIZES), itertools.repeat(folder)):
            print(message, flush=True)
    for size in sweep.SIZES:
        zoo.store(final_params(size, folder), card(size, folder))
    return ", ".join(NAMES.values())


def run(size: Size, folder: Path) -> str:
    """A line that says what was done, after one model is trained to the end."""
    path, train = folder / f"ladder-{size.d_model}.safetensors", sweep.training_bytes()
    fresh = start(sweep.initial(size, SEED), muon())
    if not path.exists():
        sweep.run((size, SEED, len(sweep.BUDGETS)), folder)
        save_arrays(path, load_state(folder / f"{size.d_model}-{SEED}.safetensors", fresh))
    finish(load_state(path, fresh), train, path)
    return f"{NAMES.get(size.d_model, size)}: {TOKENS:,} tokens"


def finish(state: State, train: np.ndarray, path: Path) -> None:
    """Takes the steps that are left, saves the state on the way, and says how long the rest will take."""
    rates = learning_rates()
    while (begin := int(state.step) - TRUNK) < STEPS:
        since = time.perf_counter()
        batches = itertools.islice(epochs(train, BATCH, CONTEXT, SEED), TRUNK * sweep.BATCH // BATCH + begin, None)
        ahead = rates[begin : begin + SAVE_EVERY]
        result = fit(next_token_loss, None, batches, ahead, optimiser=muon(), state=state)
        state, loss = result.state, result.history["loss"].mean()
        save_arrays(path, state)
        minutes = (time.perf_counter() - since) / len(ahead) * (STEPS - begin - len(ahead)) / 60
        print(
            f"{path.stem}: step {begin + len(ahead):,} of {STEPS:,}, loss {loss:.3f}, {minutes:.0f} min left",
            flush=True,
        )


def learning_rates() -> Float[np.ndarray, " steps"]:
    """One rate for each step after the trunk."""
    return np.concatenate([constant(STEPS - FALLING, PEAK), decay(FALLING, PEAK)])


def final_params(size: Size, folder: Path) -> PyTree:
    """The trained parameters of one size."""
    fresh = start(sweep.initial(size, SEED), muon())
    return jax.tree.map(np.asarray, load_state(folder / f"ladder-{size.d_model}.safetensors", fresh).params)


def card(size: Size, folder: Path) -> dict:
    """What the zoo says about the model of this size."""
    params, shape = final_params(size, folder), size._asdict()
    rounded = jax.tree.map(lambda leaf: leaf.astype(np.float16).astype(np.float32), params)
    weights = size.parameters + 256 * size.d_model
    return {
        "name": NAMES[size.d_model],
        "kind": "language model",
        "parameters": size.parameters,
        "embedding parameters": 2 * 256 * size.d_model,
        "shape": {"vocabulary": 256, **shape},
        "context": CONTEXT,
        "tokens": "bytes of UTF-8",
        "data": f"{', '.join(sweep.DOMAINS)}: {TOKENS:,} bytes, {TOKENS / len(sweep.training_bytes()):.2f} epochs",
        "never read": ", ".join(HELD_OUT),
        "recipe": "course make ladder",
        "commit": commit(),
        "cost": cost(size, weights),
        "nats per byte": scores(rounded),
        "lost to float16, nats per byte": mean_loss(rounded, probe("bible")) - mean_loss(params, probe("bible")),
        "sample": lm.sample(rounded, **SAMPLE),
        "limits": "no facts, little grammar beyond a sentence; the English of 1600, of the Bible and of a dictionary",
        "licence": "CC BY 4.0",
    }


def probe(name: str) -> np.ndarray:
    """Validation windows of one text; every window of a text that no model has read."""
    return windows(load_text(name)[1], CONTEXT)


def scores(params: PyTree) -> dict[str, float]:
    """Loss on training text, and on the validation text of every domain, those never read included."""
    train = windows(sweep.training_bytes(), CONTEXT)[::60]
    return {"training text": mean_loss(params, train)} | {
        name: mean_loss(params, probe(name)) for name in (*sweep.DOMAINS, *HELD_OUT)
    }


def cost(size: Size, weights: int) -> dict[str, float]:
    """FLOPs by 6 N D; core hours by the time that a step takes on this machine now; energy by WATTS_PER_CORE."""
    hours = (TRUNK * step_seconds(size, sweep.BATCH) + STEPS * step_seconds(size, BATCH)) / 3600
    return {"FLOPs": 6.0 * weights * TOKENS, "core hours": hours, "Wh, estimated": hours * WATTS_PER_CORE}


def step_seconds(size: Size, batch: int, steps: int = 50) -> float:
    """Seconds of one training step, after one chunk that compiles."""
    batches, rates = epochs(sweep.training_bytes(), batch, CONTEXT, SEED), constant(steps, PEAK)
    state = fit(next_token_loss, sweep.initial(size, SEED), batches, rates, optimiser=muon()).state
    began = time.perf_counter()
    fit(next_token_loss, None, batches, rates, optimiser=muon(), state=state)
    return (time.perf_counter() - began) / steps


def commit() -> str:
    """The commit that the models were made at."""
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
