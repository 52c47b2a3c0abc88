"""Recipe `verbaliser`: who wrote it, Austen or Milton? Asked of the ladder's models in words, for lesson 2.2.

    course make verbaliser [--jobs 2]

A model reads 64 bytes and `This is `, and the delta is trained to make it go on with p, for prose, or v, for verse. As
in prompt tuning (arXiv:2104.08691) the question is how near prompts come to tuning all weights as models grow. For each
model and kind the learning rate is tuned first, with seeds of its own, on passages that are neither learned nor asked.

Runs are independent one-thread processes; one that is killed goes on after its last finished row.
"""

import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from course import zoo
from course.data import load_text
from course.nn import cross_entropy
from course.prompting import init_delta, prompt_from_tokens, trained_numbers, verbalised
from course.recipes.tuned import ADAPTED, best_factors, make_table
from course.train import adamw, fit, warmup_stable_decay

AUTHORS, LENGTH = ("austen", "milton"), 64
QUESTION, ANSWERS = np.frombuffer(b"\nThis is ", np.uint8), np.frombuffer(b"pv", np.uint8)  # prose, verse
HINT = b"Prose or verse? "  # prompts begin as it, as often as it fits
LEARNED, ASKED = 500, 500  # passages of each author
WATCHED_SHARE = 0.1  # of the training part, at its end: where rates are chosen
BATCH, STEPS = 16, 300
SIZES = {"prompt": 16, "deep prompt": 8, "lora": 4, "full": 1}
RATES = {"prompt": 3.0, "deep prompt": 0.6, "lora": 0.01, "full": 0.004}
FACTORS = (0.3, 1.0, 3.0)  # of RATES
TUNING_SEEDS, SEEDS = (100, 101), range(5)
SHARED = 2  # fields of a job: of one model and kind, all jobs share a compiled step


class Job(NamedTuple):
    """One adaptation."""

    model: str
    kind: str
    seed: int
    factor: float  # of the kind's rate in RATES


def make(jobs: int = 2, runs: Path = Path("runs")) -> Path:
    """The path of the table course/data/verbaliser.csv, after every adaptation of it is done."""
    return make_table("verbaliser", jobs, runs, adapted, SHARED, experiments, tuning(), chosen)


def cases() -> list[tuple[str, str]]:
    """Every model with every kind, the small models first."""
    return list(itertools.product(ADAPTED, SIZES))


def tuning() -> list[Job]:
    """The runs by which learning rates are chosen."""
    return [Job(*case, seed, factor) for case in cases() for seed in TUNING_SEEDS for factor in FACTORS]


def experiments(factors: dict[tuple[str, str], float]) -> list[Job]:
    """The runs that are reported."""
    return [Job(*case, seed, factors[case]) for case in cases() for seed in SEEDS]


def chosen(folder: Path) -> dict[tuple[str, str], float]:
    """For each model and kind the factor of the largest mean share of right answers on the watched passages."""
    return best_factors(folder, tuning(), lambda job: (job.model, job.kind), lambda row: float(row["watched"]))


def adapted(job: Job) -> dict[str, str]:
    """What came of one adaptation: how many numbers it trains, and the share of right answers."""
    model, rng = zoo.load(job.model), np.random.default_rng(job.seed)
    learned, watched, asked = (passages(part, n, rng) for part, n in enumerate((LEARNED, ASKED, ASKED)))
    begin = beginning(job.kind, model, rng)
    rates = warmup_stable_decay(STEPS, RATES[job.kind] * job.factor, warmup=10, decay_share=0.5)
    delta = fit(_loss_of(job.model), begin, batches(learned, rng), rates, optimiser=adamw()).params
    shares = {name: right_answers(model, delta, *part) for name, part in (("watched", watched), ("right", asked))}
    return {"numbers": str(trained_numbers(begin))} | {name: f"{share:.4f}" for name, share in shares.items()}


def beginning(kind: str, model: PyTree, rng: np.random.Generator) -> dict:
    """The delta before its first step; a prompt begins as text."""
    delta, p = init_delta(kind, model, rng, SIZES[kind]), SIZES[kind]
    if "prompt" in delta:
        delta["prompt"] = prompt_from_tokens(model, np.frombuffer((HINT * p)[:p], np.uint8))
    return delta


def passages(part: int, n: int, rng: np.random.Generator) -> tuple[Int[np.ndarray, "N T"], Int[np.ndarray, " N"]]:
    """n passages of each author, and who wrote them: 0 of what is learned, 1 watched, 2 of the validation part."""
    cuts = []
    for text in (parts_of(author)[part] for author in AUTHORS):
        starts = rng.integers(len(text) - LENGTH + 1, size=n)
        cuts.append(text[starts[:, None] + np.arange(LENGTH)])
    return np.concatenate(cuts), np.repeat(np.arange(len(AUTHORS)), n)


@cache
def parts_of(author: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An author's training part without its end, that end, and the validation part, each as one line."""
    train, validation = map(one_line, load_text(author))
    end = int(len(train) * (1 - WATCHED_SHARE))
    return train[:end], train[end:], validation


def one_line(text: np.ndarray) -> np.ndarray:
    """The text with one space for every blank and line break: else verse would be known by its lines."""
    return np.frombuffer(b" ".join(text.tobytes().split()), np.uint8)


def batches(learned: tuple[np.ndarray, np.ndarray], rng: np.random.Generator) -> Iterator[dict[str, np.ndarray]]:
    """Batches of passages drawn at random, with their authors."""
    texts, authors = learned
    while True:
        rows = rng.integers(len(texts), size=BATCH)
        yield {"texts": texts[rows], "authors": authors[rows]}


@cache
def _loss_of(name: str):
    model = zoo.load(name)

    def loss(delta: dict, batch: dict[str, Array]) -> Float[Array, ""]:
        return cross_entropy(verbalised(model, delta, batch["texts"], QUESTION, ANSWERS), batch["authors"]).mean()

    return loss


_verbalised = jax.jit(verbalised)


def right_answers(model: PyTree, delta: dict, texts: np.ndarray, authors: np.ndarray) -> float:
    """The share of right answers."""
    answered = np.asarray(_verbalised(model, delta, texts, QUESTION, ANSWERS)).argmax(axis=1)
    return float((answered == authors).mean())
