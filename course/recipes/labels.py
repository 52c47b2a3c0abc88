"""Recipe `labels`: what pairs of pictures and words are worth to someone with few labels, for lesson 3.1.

    course make labels [--jobs 2]

As in ConVIRT (arXiv:2010.00747): a picture tower of the zoo's shape learns Unicode's categories from 1, 10 or 100 % of
the drawings that may be learned from. It starts from scratch, or from where pairs have brought it; or it stays as it is
there, or as it was drawn at random, and a head of scikit-learn learns alone, its penalty chosen by cross-validation.
With a tenth of the labels and with all it also learns from scratch six times as long.
Asked are concepts that nothing was trained on, in all seven styles.

Runs are independent one-thread processes; one that is killed goes on after its last finished row.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Int, PyTree, UInt8
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold

from course import contrastive, pictures, zoo
from course.contrastive import PATCH
from course.data.arrays import STYLES, load_drawings, load_emoji
from course.nn import cross_entropy
from course.recipes import clip
from course.recipes.tuned import make_table
from course.train import fit, muon, warmup_stable_decay

SCRATCH, TUNED, HEAD, RANDOM = WAYS = ("from scratch", "from pairs", "head on pairs", "head on noise")
LONG = "from scratch six times as long"
SHARES, STEPS, BATCH, PEAK = (0.01, 0.1, 1.0), 600, 64, 0.005
SEEDS = range(3)
SHARED = 2  # fields of a job: of one way and share, all jobs are done by one process


class Job(NamedTuple):
    """One training."""

    way: str
    share: float  # of the labels
    seed: int


def make(jobs: int = 2, runs: Path = Path("runs")) -> Path:
    """The path of the table course/data/labels.csv, after every run of it is done."""
    return make_table("labels", jobs, runs, outcome, SHARED, experiments)


def experiments() -> list[Job]:
    """Every run of the table."""
    cases = [*itertools.product(WAYS, SHARES), (LONG, 0.1), (LONG, 1.0)]
    return [Job(*case, seed) for case in cases for seed in SEEDS]


def outcome(job: Job) -> dict[str, str]:
    """How many labels there were, and the share of right categories for concepts never seen."""
    drawings, concept = learned(job)
    asked, truth = asked_for()
    answer = by_library if job.way in (HEAD, RANDOM) else by_training
    right = (answer(job, drawings, concept, asked) == truth).mean()
    return {"labels": str(len(concept)), "right": f"{right:.5f}"}


def learned(job: Job) -> tuple[UInt8[np.ndarray, "n 32 32 4"], Int[np.ndarray, " n"]]:
    """That share, at random, of the drawings that may be learned from, and the concepts that they show."""
    drawings, concept = pictures.training_drawings()
    rows = np.random.default_rng(job.seed).permutation(len(concept))[: round(job.share * len(concept))]
    return drawings[rows], concept[rows]


def beginning(job: Job) -> PyTree:
    """The picture tower of the zoo, or one of its shape that was never trained."""
    if job.way in (TUNED, HEAD):
        return zoo.load(clip.NAME)["eye"]
    return contrastive.init_towers(np.random.default_rng(job.seed), **clip.SHAPE)["eye"]


def asked_for() -> tuple[UInt8[np.ndarray, "n 32 32 4"], Int[np.ndarray, " n"]]:
    """The concepts never seen, in every style that draws them, and their categories."""
    rows = np.flatnonzero(pictures.held_out_concepts())
    drawings = np.concatenate([load_drawings(style)[rows] for style in STYLES])
    drawn = drawings[..., 3].any(axis=(1, 2))
    return drawings[drawn], np.tile(categories()[rows], len(STYLES))[drawn]


def categories() -> Int[np.ndarray, " concepts"]:
    """The category of every concept, as a number."""
    return np.unique(load_emoji().category, return_inverse=True)[1]


def by_library(job: Job, drawings: np.ndarray, concept: np.ndarray, asked: np.ndarray) -> Int[np.ndarray, " m"]:
    """Answers of scikit-learn's head on the tower as it is. No concept is in two folds of the cross-validation."""
    eye = beginning(job)
    search = GridSearchCV(LogisticRegression(max_iter=500, tol=1e-3), {"C": np.logspace(-3, 2, 6)}, cv=GroupKFold(3))
    head = search.fit(vectors(eye, drawings), categories()[concept], groups=concept)
    return head.predict(vectors(eye, asked))


def by_training(job: Job, drawings: np.ndarray, concept: np.ndarray, asked: np.ndarray) -> Int[np.ndarray, " m"]:
    """Answers of the tower and a head that were trained together."""
    begin = {"eye": beginning(job), "head": np.zeros((clip.SHAPE["d_model"], categories().max() + 1), np.float32)}
    rates = warmup_stable_decay(STEPS * (6 if job.way == LONG else 1), PEAK, warmup=20, decay_share=0.5)
    stream = batches(drawings, categories()[concept], job.seed)
    trained = fit(loss, begin, stream, rates, optimiser=muon()).params
    return (vectors(trained["eye"], asked) @ trained["head"]).argmax(axis=1)


def batches(drawings: np.ndarray, labels: np.ndarray, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """Batches of drawings, moved and coloured as the pairs were."""
    rng = np.random.default_rng(seed)
    while True:
        rows = rng.integers(len(labels), size=BATCH)
        images = pictures.on_colour(pictures.moved(drawings[rows], rng), pictures.grounds(BATCH, rng))
        yield {"squares": pictures.patches(images, PATCH), "labels": labels[rows].astype(np.int32)}


def loss(params: PyTree, batch: dict[str, Array]) -> Float[Array, ""]:
    """Mean cross-entropy of the category, in nats."""
    return cross_entropy(pictures.look(params["eye"], batch["squares"]) @ params["head"], batch["labels"]).mean()


def vectors(eye: PyTree, drawings: UInt8[np.ndarray, "n 32 32 4"]) -> Float[np.ndarray, "n D"]:
    """What the eye makes of drawings on white."""
    return pictures.in_parts(lambda part: _look(eye, part), pictures.patches(pictures.on_colour(drawings), PATCH))


_look = jax.jit(pictures.look)
