"""Recipe `black_box`: searches without a gradient for lesson 2.4, in many dimensions and with many calls.

    course make black_box [--jobs 2]

A prompt for text without spaces is searched as in the lesson: sixteen passages give the score, 128 others judge what
was the best so far after 100, 200, 400, ... calls. Every dimension and every scale of the directions is tried with five
seeds, each with passages, directions and a strategy of its own; beside them prompts at random, prompts cut from the
text, and the gradient. The model answers directly here, without HTTP. A run that is killed goes on after its last row.
"""

from functools import cache, partial
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from course import zoo
from course.data import DATA, load_text
from course.evolution import evolve, random_directions
from course.prompting import next_token_loss_with, prompt_from_tokens
from course.recipes.long_runs import in_processes
from course.recipes.sweep import read_rows, write_rows
from course.train import adamw, fit, warmup_stable_decay

MODEL, VECTORS, LENGTH, SHOTS, OTHERS = "lm-49k", 16, 65, 16, 128
CALLS, JUDGED = 2000, (100, 200, 400, 800, 1400, 2000)
DIMENSIONS, SCALES, SEEDS = (2, 8, 32, 128, 512), (0.01, 0.1, 10.0, 100.0), range(5)
GRADIENT_STEPS, RATE = 150, 0.3


class Job(NamedTuple):
    """One search."""

    method: str  # evolution, random, text or gradient
    dimensions: int  # 0 where there are none
    scale: float  # of the directions
    seed: int


def make(jobs: int = 2, runs: Path = Path("runs")) -> Path:
    """The path of the table course/data/black_box.csv, after every search of it is done."""
    folder = runs / "black_box"
    folder.mkdir(parents=True, exist_ok=True)
    list(in_processes(jobs, partial(run, folder=folder), searches()))
    write_rows(DATA / "black_box.csv", [row for job in searches() for row in read_rows(folder / name(job))])
    return DATA / "black_box.csv"


def searches() -> list[Job]:
    """Every search of the table."""
    cases = [("gradient", 0, 1.0), ("random", 0, 1.0), ("text", 0, 1.0)]
    cases += [("evolution", 32, scale) for scale in SCALES] + [("evolution", d, 1.0) for d in DIMENSIONS]
    return [Job(*case, seed) for case in cases for seed in SEEDS]


def name(job: Job) -> str:
    """The file that keeps its rows."""
    return "-".join(map(str, job)) + ".csv"


def run(job: Job, folder: Path) -> None:
    """Does a search, unless it is recorded."""
    if not (folder / name(job)).is_file():
        write_rows(folder / name(job), searched(job))
        print(*job, flush=True)


def searched(job: Job, calls: int = CALLS) -> list[dict]:
    """Rows of a search: calls, and the loss of the best prompt so far on the sixteen passages and on the others."""
    rng = np.random.default_rng(job.seed)
    train, unread = (without_spaces(part) for part in load_text("austen"))
    start, shots, others = (
        passages(train, 1, rng)[0, :VECTORS],
        passages(train, SHOTS, rng),
        passages(unread, OTHERS, rng),
    )
    begin = prompt_from_tokens(model(), start)
    if job.method == "gradient":
        found = [(GRADIENT_STEPS, by_gradient(begin, shots))]
    else:
        prompts, scores = tried(job, begin, shots, train, rng, calls)
        found = [(n, prompts(int(np.argmin(scores[:n])))) for n in JUDGED if n <= calls]
    return [
        job._asdict() | {"calls": n, "shots": f"{loss(prompt, shots):.5f}", "others": f"{loss(prompt, others):.5f}"}
        for n, prompt in [(0, begin), *found]
    ]


def tried(job: Job, begin: np.ndarray, shots: np.ndarray, train: np.ndarray, rng: np.random.Generator, calls: int):
    """(the prompt of each call, by its number; the score of each call)."""
    deviation = float(np.std(model()["embedding"]))
    if job.method == "evolution":
        A = random_directions(rng, job.dimensions, begin.shape, job.scale * deviation)
        prompt_at = partial(moved, begin, A)
        search = evolve(lambda z: loss(prompt_at(z), shots), job.dimensions, calls, job.seed + 1)
        return lambda i: prompt_at(search.candidates[i]), search.scores
    if job.method == "random":
        prompts = [begin + rng.normal(0, deviation, begin.shape) for _ in range(calls)]
    else:
        prompts = [prompt_from_tokens(model(), passages(train, 1, rng)[0, :VECTORS]) for _ in range(calls)]
    return prompts.__getitem__, np.array([loss(prompt, shots) for prompt in prompts])


def moved(begin: np.ndarray, A: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The prompt P0 + A z."""
    return begin + np.tensordot(z, A, axes=1)


def by_gradient(begin: np.ndarray, shots: np.ndarray) -> np.ndarray:
    """The prompt after gradient steps on the same passages."""
    rates = warmup_stable_decay(GRADIENT_STEPS, RATE, warmup=10, decay_share=0.5)
    ran = fit(partial(next_token_loss_with, model()), {"prompt": begin}, repeat(shots), rates, optimiser=adamw())
    return np.asarray(ran.params["prompt"])


def passages(text: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """n pieces of the text from random places, (n, LENGTH)."""
    return text[rng.integers(len(text) - LENGTH, size=n)[:, None] + np.arange(LENGTH)].astype(np.int32)


def without_spaces(text: np.ndarray) -> np.ndarray:
    """The bytes that are neither spaces nor ends of lines."""
    return text[~np.isin(text, list(b" \n\r"))]


@cache
def model() -> dict:
    """The model behind the service."""
    return zoo.load(MODEL)


def loss(prompt: np.ndarray, rows: np.ndarray) -> float:
    """Nats per byte of the passages behind the prompt."""
    return float(_loss(model(), {"prompt": prompt.astype(np.float32)}, rows))


_loss = jax.jit(next_token_loss_with)
