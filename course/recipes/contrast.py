"""Recipe `contrast`: what two towers need in order to learn, for lesson 3.1.

    course make contrast [--jobs 2]

Towers of the lesson's shape are trained on 300 batches of 128 pairs, all concepts but those held out, and then look up
every picture of a style never seen by its name. One thing differs from run to run:

* negatives: the loss is taken in groups, so that each picture is compared with fewer texts; pictures, steps and
  learning rates stay what they are.
* queue: groups of eight, and beside each the vectors of 120 earlier pairs, as in MoCo (arXiv:1911.05722) and WenLan
  (arXiv:2103.06561). A copy of the towers, their moving average, makes them; at momentum 0 the towers themselves.
* copy, copy whole: the same without the earlier pairs, in groups of eight and of the whole batch.
* temperature: fixed, where all others learn it from CLIP's. learned from: learned from another beginning.

Runs are independent one-thread processes; one that is killed goes on after its last finished row.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from course import contrastive
from course.contrastive import info_nce, read, see
from course.nn import cross_entropy
from course.recipes.tuned import make_table
from course.train import fit, muon, warmup_stable_decay

BATCH, STEPS, PEAK = 128, 300, 0.005
GROUPS, SMALL_GROUP, MOMENTA = (2, 8, 32, 128), 8, (0.0, 0.9, 0.99)
TEMPERATURES, BEGINNINGS = (1.0, 0.1, 0.07, 0.03, 0.01), (1.0, 0.02)
BESIDE_A_COPY = ("queue", "copy", "copy whole")
SEEDS = range(3)
SHARED = 2  # fields of a job: of one experiment and setting, all jobs share a compiled step


class Job(NamedTuple):
    """One run."""

    experiment: str
    setting: float
    seed: int


def make(jobs: int = 2, runs: Path = Path("runs")) -> Path:
    """The path of the table course/data/contrast.csv, after every run of it is done."""
    return make_table("contrast", jobs, runs, outcome, SHARED, experiments)


def experiments() -> list[Job]:
    """Every run of the table."""
    settings = {"negatives": GROUPS} | dict.fromkeys(BESIDE_A_COPY, MOMENTA)
    settings |= {"temperature": TEMPERATURES, "learned from": BEGINNINGS}
    cases = [(name, value) for name, values in settings.items() for value in values]
    return [Job(name, float(value), seed) for name, value in cases for seed in SEEDS]


def outcome(job: Job) -> dict[str, str]:
    """What the trained towers find, and the temperature at the end."""
    params = beside_a_copy(job) if job.experiment in BESIDE_A_COPY else towers(job)
    shares = contrastive.found_in_unseen_style(params) | {"temperature": 1 / float(contrastive.scale(params))}
    return {key: f"{value:.5f}" for key, value in shares.items()}


def towers(job: Job) -> PyTree:
    """The towers after training."""
    begin = contrastive.init_towers(np.random.default_rng(job.seed))
    fixed = job.experiment == "temperature"
    if job.experiment in ("temperature", "learned from"):
        begin["log scale"] = np.float32(-np.log(job.setting))
    group = int(job.setting) if job.experiment == "negatives" else BATCH
    return fit(loss_in_groups(group, fixed), begin, stream(job.seed), rates(STEPS, PEAK), optimiser=muon()).params


def stream(seed: int) -> Iterator[dict[str, np.ndarray]]:
    """The pairs of a run."""
    return contrastive.batches(contrastive.training_pairs(), BATCH, seed, moves=contrastive.A_LITTLE)


def rates(steps: int, peak: float) -> Float[np.ndarray, " steps"]:
    """The learning rate of each step."""
    return warmup_stable_decay(steps, peak, warmup=20, decay_share=0.5)


@cache
def loss_in_groups(group: int, fixed: bool) -> Callable[[PyTree, PyTree], Float[Array, ""]]:
    """The mean loss over groups of a batch, each compared with itself alone; the same function at every call."""

    def loss(params: PyTree, batch: dict[str, Array]) -> Float[Array, ""]:
        if fixed:
            params = params | {"log scale": jax.lax.stop_gradient(params["log scale"])}
        seen, told = (x.reshape(-1, group, x.shape[1]) for x in _vectors(params, batch))
        return jax.vmap(lambda s, t: info_nce(s @ t.T, contrastive.scale(params)))(seen, told).mean()

    return loss


def _vectors(params: PyTree, batch: dict[str, Array]) -> tuple[Float[Array, "n width"], Float[Array, "n width"]]:
    return see(params, batch["squares"]), read(params, batch["ngrams"])


def beside_a_copy(job: Job) -> PyTree:
    """The towers after training in groups against what their copy makes of the group, and of earlier pairs."""
    group = BATCH if job.experiment == "copy whole" else SMALL_GROUP
    earlier = BATCH - group if job.experiment == "queue" else 0
    params = contrastive.init_towers(np.random.default_rng(job.seed))
    keys, optimiser = params, jax.jit(muon().init)(params)
    nobody = np.zeros((BATCH, params["eye out"].shape[1]), np.float32)
    queue = {"seen": nobody, "told": nobody, "concept": np.full(BATCH, -1)}
    for batch, rate in zip(stream(job.seed), rates(STEPS, PEAK), strict=False):
        params, keys, optimiser, queue = _step(params, keys, optimiser, queue, batch, rate, job.setting, group, earlier)
    return params


@partial(jax.jit, static_argnames=("group", "earlier"))
def _step(params, keys, optimiser, queue, batch, rate, momentum, group, earlier):
    """Towers, copy, optimiser and queue after one more step; the queue then holds what the copy made of this batch."""
    key_seen, key_told = _vectors(keys, batch)
    fresh = {"seen": key_seen, "told": key_told, "concept": batch["concept"]}
    gradient = jax.grad(queue_loss)(params, fresh, queue, batch, group, earlier)
    update, optimiser = muon().update(gradient, optimiser, params)
    params = jax.tree.map(lambda p, u: p + rate * u, params, update)
    keys = jax.tree.map(lambda k, p: momentum * k + (1 - momentum) * p, keys, params)
    return params, keys, optimiser, fresh


def queue_loss(params: PyTree, fresh: dict, queue: dict, batch: dict, group: int, earlier: int) -> Float[Array, ""]:
    """InfoNCE of each pair, both ways, against the copy's vectors of its group and of so many earlier pairs."""
    seen, told = _vectors(params, batch)
    ways = ((seen, fresh["told"], queue["told"]), (told, fresh["seen"], queue["seen"]))
    same = batch["concept"][:, None] == queue["concept"][:earlier]  # is no negative
    return sum(_against(contrastive.scale(params), *way[:2], way[2][:earlier], same, group) for way in ways) / 2


def _against(
    scale: Float[Array, ""],
    ours: Float[Array, "n width"],
    keys: Float[Array, "n width"],
    queued: Float[Array, "earlier width"],
    same: Bool[Array, "n earlier"],
    group: int,
) -> Float[Array, ""]:
    """The mean loss one way: the first columns are a group's keys, its own among them, then come those of the queue."""
    grouped, own = (x.reshape(-1, group, x.shape[1]) for x in (ours, keys))
    near = scale * (grouped @ own.swapaxes(1, 2)).reshape(-1, group)
    far = jnp.where(same, -jnp.inf, scale * ours @ queued.T)
    return cross_entropy(jnp.concatenate([near, far], axis=1), jnp.arange(len(ours)) % group).mean()
