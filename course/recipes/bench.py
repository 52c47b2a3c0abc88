"""What `course bench lm` measures: the whole command in a cold process, and one step against the machine's own peak."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from course.data import read_text
from course.nn import init_language_model, next_token_loss

CHARACTERS = 1_115_394
SHAPE = {"d_model": 128, "n_layers": 4, "n_heads": 4}
BATCH, CONTEXT, VOCABULARY = 12, 64, 65


def report(echo: Callable[[str], None]) -> None:
    """Prints the time and loss of a cold `course train lm` on 1.1 MB of Shakespeare, and the share of peak."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        text.write_text(read_text("shakespeare")[:CHARACTERS], encoding="utf-8")
        command = [sys.executable, "-m", "course.cli", "train", "lm", "--text", str(text), "--out", f"{folder}/lm"]
        begin = time.perf_counter()
        output = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8").stdout
        echo(f"course train lm: {time.perf_counter() - begin:.1f} s from start to exit")
    echo(next(line for line in output.splitlines() if line.startswith("validation loss")))
    achieved, peak = step_speed(), matmul_peak()
    echo(
        f"width-128 step: {achieved / 1e9:.1f} GFLOP/s, {100 * achieved / peak:.0f} % of {peak / 1e9:.1f} GFLOP/s peak"
    )


def step_speed() -> float:
    """FLOP per second of the gradient of a width-128 model, counted as 6 N D plus the attention products."""
    model = init_language_model(np.random.default_rng(0), VOCABULARY, **SHAPE)
    tokens = np.zeros((BATCH, CONTEXT + 1), np.uint8)
    width, layers = SHAPE["d_model"], SHAPE["n_layers"]
    weights = 12 * layers * width**2 + VOCABULARY * width
    work = 6 * weights * tokens[:, 1:].size + 12 * layers * BATCH * CONTEXT**2 * width
    return work / _shortest(jax.jit(jax.grad(next_token_loss)), model, tokens)


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
