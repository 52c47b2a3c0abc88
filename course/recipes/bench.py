"""What `course bench lm` measures: the whole command in a cold process, and one step against the machine's own peak."""

import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from course import lm, zoo
from course.data import read_text
from course.nn import init_language_model, next_token_loss
from course.train import constant, fit
from course.train.fitting import CHUNK

CHARACTERS = 1_115_394
SHAPE = {"d_model": 128, "n_layers": 4, "n_heads": 4}
BATCH, CONTEXT, VOCABULARY = 12, 64, 65


def report(echo: Callable[[str], None]) -> None:
    """Prints time and loss of a cold `course train lm` on 1.1 MB of text, tokens per second, and the share of peak."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        text.write_text(read_text("shakespeare")[:CHARACTERS], encoding="utf-8")
        command = [sys.executable, "-m", "course.cli", "train", "lm", "--text", str(text), "--out", f"{folder}/lm"]
        begin = time.perf_counter()
        output = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8").stdout
        echo(f"course train lm: {time.perf_counter() - begin:.1f} s from start to exit")
    echo(next(line for line in output.splitlines() if line.startswith("validation loss")))
    os.environ["COURSE_HEADLESS"] = "1"  # no progress bar
    largest = max(zoo.cards().values(), key=lambda card: card["parameters"] * (card["kind"] == "language model"))[
        "name"
    ]
    speeds = ", ".join(f"{what} {speed:,.0f}" for what, speed in tokens_per_second(largest).items())
    echo(f"{largest}, tokens per second: {speeds}")
    before, achieved = matmul_peak(), step_speed()
    peak = max(before, matmul_peak())
    echo(
        f"width-128 step: {achieved / 1e9:.1f} GFLOP/s, {100 * achieved / peak:.0f} % of {peak / 1e9:.1f} GFLOP/s peak"
    )


def tokens_per_second(name: str) -> dict[str, float]:
    """How fast a model of the zoo writes, alone and sixteen texts at once, and reads, once all is compiled."""
    model, text, length = zoo.load(name), read_text("milton")[:20_000], lm.CONTEXT - 1
    return {
        "writes": length / _shortest(lm.sample, model, "T", length, repeats=3),
        "writes 16 texts": 16 * length / _shortest(lm.sample, model, ["T"] * 16, length, repeats=3),
        "reads": len(text) / _shortest(lm.nll, model, text, repeats=3),
    }


def step_speed(steps: int = CHUNK) -> float:
    """FLOP per second of training a width-128 model with AdamW: 6 N D and the attention products, nothing else.

    The time is that of whole steps inside `fit`, with their batches, norms, softmaxes and the optimiser.
    """
    model = jax.device_put(init_language_model(np.random.default_rng(0), VOCABULARY, **SHAPE))
    tokens = np.zeros((BATCH, CONTEXT + 1), np.uint8)
    width, layers = SHAPE["d_model"], SHAPE["n_layers"]
    weights = 12 * layers * width**2 + VOCABULARY * width
    work = 6 * weights * BATCH * CONTEXT + 12 * layers * BATCH * CONTEXT**2 * width
    rates = constant(steps, 1e-3)
    seconds = _shortest(lambda: fit(next_token_loss, model, itertools.repeat(tokens), rates).params, repeats=5)
    return steps * work / seconds


def matmul_peak(size: int = 1024) -> float:
    """FLOP per second of a large float32 matrix product on the same thread."""
    square = jnp.ones((size, size))
    return 2 * size**3 / _shortest(jax.jit(jnp.matmul), square, square)


def _shortest(function: Callable, *arguments, repeats: int = 15) -> float:
    """Seconds of the fastest call, after one that compiles."""
    jax.block_until_ready(function(*arguments))
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        jax.block_until_ready(function(*arguments))
        times.append(time.perf_counter() - begin)
    return min(times)
