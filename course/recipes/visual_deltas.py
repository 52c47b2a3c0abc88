"""Recipe `visual_deltas`: six ways to adapt the zoo's eye to ten tasks that it was not trained on, for lesson 2.3.

    course make visual_deltas [--jobs 2]

As in Visual Prompt Tuning (arXiv:2203.12119), but with the mean of the last stream in place of a class token: each way
trains a linear head, and beside it nothing (linear), prompts before the first block or before every block, biases, the
last block, or everything. First every way's learning rate is tuned alike, for few pictures and for all, on two of the
tasks and with seeds of its own. Then every task is learned in every way with five seeds from ten pictures of each
answer, and from all; three tasks also from 2, 5 and 25. What counts is the share of right answers.

The controls are an eye that was never trained, and three heads of scikit-learn, whose penalty is chosen by
cross-validation on the pictures that they learn from: on the eye's vectors, on its vectors beside random prompts, and
on the bare pixels.

Runs are independent one-thread processes; one that is killed goes on after its last finished row.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from course import pictures, zoo
from course.nn import cross_entropy, normal
from course.prompting import LAST_BLOCK, init_delta, look_with, trained_numbers
from course.recipes.tuned import best_factors, make_table
from course.train import adamw, fit, warmup_stable_decay

EYE, UNTRAINED = "vit-442k", "untrained"
WAYS = ("linear", "prompt", "deep prompt", "bias", LAST_BLOCK, "full")
PIXELS, CONVERGED, RANDOM = HEADS = ("pixels", "converged head", "random prompts")  # of scikit-learn
PROMPTS = 8
FEW, ALL = 10, 0  # pictures of each answer; 0 stands for all there are
OTHER_AMOUNTS, TREND_TASKS, TREND_WAYS = (
    (2, 5, 25),
    ("concepts", "letters", "animals"),
    ("linear", "deep prompt", "full"),
)
BATCH, STEPS, MOST_CLASSES = 32, 150, 40
RATES = {"linear": 0.01, "prompt": 0.05, "deep prompt": 0.05, "bias": 0.01, LAST_BLOCK: 0.002, "full": 0.001}
STRENGTHS, FOLDS = np.logspace(-3, 2, 6), 3  # C of a head of scikit-learn
FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0)
SHARED = 3  # fields of a job: of one eye, way and task, all jobs share a compiled step and pictures
TUNED_ON, TUNING_SEEDS, SEEDS = ("categories", "scripts"), (100, 101), range(5)
CLOSED = -30.0  # the bias of an answer that a task does not have


class Job(NamedTuple):
    """One adaptation."""

    eye: str
    way: str
    task: str
    shots: int
    seed: int
    factor: float  # of the way's rate in RATES


def make(jobs: int = 2, runs: Path = Path("runs")) -> Path:
    """The path of the table course/data/visual_deltas.csv, after every adaptation of it is done."""
    return make_table("visual_deltas", jobs, runs, adapted, SHARED, experiments, tuning(), chosen)


def tuning() -> list[Job]:
    """The runs by which learning rates are chosen."""
    cases = itertools.product(WAYS, TUNED_ON, (FEW, ALL), TUNING_SEEDS, FACTORS)
    return [Job(EYE, *case) for case in cases]


def experiments(factors: dict[tuple[str, bool], float]) -> list[Job]:
    """The runs that are reported. The rate for few pictures serves wherever not all are taken."""
    cases = [(EYE, way, task, shots) for way in (*WAYS, *HEADS) for task in pictures.TASKS for shots in (FEW, ALL)]
    factors = defaultdict(lambda: 1.0, factors)  # heads of scikit-learn have no rate
    cases += [(EYE, *case) for case in itertools.product(TREND_WAYS, TREND_TASKS, OTHER_AMOUNTS)]
    cases += [(UNTRAINED, way, task, FEW) for way in (*TREND_WAYS, CONVERGED) for task in pictures.TASKS]
    return [Job(*case, seed, factors[case[1], case[3] == ALL]) for case in cases for seed in SEEDS]


def chosen(folder: Path) -> dict[tuple[str, bool], float]:
    """For each way, and for few pictures and all, the factor of the largest mean share of right answers."""
    return best_factors(folder, tuning(), lambda job: (job.way, job.shots == ALL), lambda row: float(row["right"]))


def adapted(job: Job) -> dict[str, str]:
    """What came of one adaptation: how many numbers it trains, and the share of right answers on the test pictures."""
    task, rng = pictures.TASKS[job.task](job.seed), np.random.default_rng(job.seed)
    learned = few(task.train, job.shots, rng)
    if job.way in HEADS:
        return by_library(job, learned, task.test)
    begin = beginning(job.way, backbone(job.eye), len(task.names), rng)
    rates = warmup_stable_decay(STEPS, RATES[job.way] * job.factor, warmup=10, decay_share=0.5)
    trained = fit(loss_of(job.eye), begin, batches(learned, rng), rates, optimiser=adamw()).params
    numbers = trained_numbers(begin["delta"]) + (backbone(job.eye)["embedding"].shape[1] + 1) * len(task.names)
    return {"numbers": str(numbers), "right": f"{right_answers(job.eye, trained, task.test):.5f}"}


def seen(job: Job, images: Float[np.ndarray, "n 32 32 3"]) -> Float[np.ndarray, "n features"]:
    """What a head of scikit-learn may read."""
    squares = pictures.patches(images)
    if job.way == PIXELS:
        return squares.reshape(len(squares), -1)
    rng, eye = np.random.default_rng(job.seed), backbone(job.eye)
    delta = beginning("deep prompt", eye, 0, rng)["delta"] if job.way == RANDOM else {}
    return pictures.in_parts(lambda part: _look(eye, delta, part), squares)


def by_library(job: Job, learned: pictures.Pictures, asked: pictures.Pictures) -> dict[str, str]:
    """The same of scikit-learn's logistic regression."""
    search = GridSearchCV(LogisticRegression(max_iter=500, tol=1e-3), {"C": STRENGTHS}, cv=FOLDS)
    head = search.fit(seen(job, learned.images), learned.labels).best_estimator_
    right = head.score(seen(job, asked.images), asked.labels)
    return {"numbers": str(head.coef_.size + head.intercept_.size), "right": f"{right:.5f}"}


def few(shown: pictures.Pictures, shots: int, rng: np.random.Generator) -> pictures.Pictures:
    """So many pictures of each answer, or as many as there are; all of them for 0."""
    if shots == ALL:
        return shown
    order = rng.permutation(len(shown.labels))
    rank = np.zeros(len(order), int)
    for label in np.unique(shown.labels):
        mine = order[shown.labels[order] == label]
        rank[mine] = np.arange(len(mine))
    return pictures.Pictures(shown.images[rank < shots], shown.labels[rank < shots])


def beginning(way: str, eye: PyTree, answers: int, rng: np.random.Generator) -> PyTree:
    """A delta and a head of zeros. Heads are as wide as the largest task's, so that all share one compiled step."""
    d_model, n_layers = eye["embedding"].shape[1], len(eye["blocks"]["attention"]["query"])
    delta = {}
    if way in ("prompt", "deep prompt"):
        delta = {"prompt": normal(rng, (PROMPTS, d_model), 1)}
    if way == "deep prompt":
        delta["deep"] = normal(rng, (n_layers - 1, PROMPTS, d_model), 1)
    if way in ("bias", LAST_BLOCK, "full"):
        delta = init_delta(way, eye, rng)
    closed = np.where(np.arange(MOST_CLASSES) < answers, 0.0, CLOSED).astype(np.float32)
    return {"delta": delta, "head": np.zeros((d_model, MOST_CLASSES), np.float32), "bias": closed}


def batches(learned: pictures.Pictures, rng: np.random.Generator) -> Iterator[dict[str, np.ndarray]]:
    """Batches of pictures drawn at random."""
    squares = pictures.patches(learned.images)
    while True:
        rows = rng.integers(len(squares), size=BATCH)
        yield {"squares": squares[rows], "labels": learned.labels[rows].astype(np.int32)}


@cache
def backbone(name: str) -> PyTree:
    """The frozen eye: the zoo's, or one of the same shape that was never trained."""
    if name != UNTRAINED:
        return zoo.load(name)
    return pictures.init_eye(np.random.default_rng(0), **zoo.cards()[EYE]["shape"])


@cache
def loss_of(eye: str):
    """The loss with this eye, the same function at every call."""

    def loss(params: PyTree, batch: dict[str, Array]) -> Float[Array, ""]:
        return cross_entropy(logits(backbone(eye), params, batch["squares"]), batch["labels"]).mean()

    return loss


def logits(eye: PyTree, params: PyTree, squares: Float[Array, "n 64 48"]) -> Float[Array, "n classes"]:
    """The head's answer to what the adapted eye makes of pictures."""
    return look_with(eye, params["delta"], squares) @ params["head"] + params["bias"]


def right_answers(eye: str, params: PyTree, asked: pictures.Pictures) -> float:
    """The share of right answers."""
    answers = pictures.in_parts(lambda part: _answers(backbone(eye), params, part), pictures.patches(asked.images))
    return float((answers == asked.labels).mean())


_look = jax.jit(look_with)


@jax.jit
def _answers(eye: PyTree, params: PyTree, squares: Float[Array, "n 64 48"]) -> Array:
    return jnp.argmax(logits(eye, params, squares), axis=1)
