"""Search without gradients: an evolution strategy that hears a score for what it proposes, and nothing else."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from cmaes import CMA
from jaxtyping import Float

POPULATION = 20  # candidates in a generation


class Search(NamedTuple):
    """What a search found, and how: n generations of `POPULATION` candidates z of d numbers."""

    best: Float[np.ndarray, " d"]
    scores: Float[np.ndarray, " calls"]
    means: Float[np.ndarray, "n d"]  # of the distribution from which each generation was drawn
    candidates: Float[np.ndarray, "calls d"]


def random_directions(
    rng: np.random.Generator, d: int, shape: tuple[int, ...], deviation: float
) -> Float[np.ndarray, "d *shape"]:
    """The matrix A of a search in d dimensions: if z is standard normal, each number of A z deviates by `deviation`.

    Source: Black-Box Tuning (arXiv:2201.03514), with the scale of its successor BBTv2 (arXiv:2205.11200).
    """
    return rng.normal(0, deviation / np.sqrt(d), (d, *shape))


def evolve(score: Callable[[Float[np.ndarray, " d"]], float], d: int, calls: int, seed: int) -> Search:
    """A search by CMA-ES for the z of least score, from z = 0 with steps of one standard deviation.

    A score that is not finite counts as the worst. Raises ValueError for fewer calls than one generation makes.
    Source: The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772), as in the library `cmaes`.
    """
    if calls < POPULATION:
        raise ValueError(f"calls must be at least {POPULATION}, those of one generation, got {calls}.")
    strategy = CMA(mean=np.zeros(d), sigma=1.0, population_size=POPULATION, seed=seed)
    means, candidates, scores = [], [], []
    for _ in range(calls // POPULATION):
        means.append(strategy.mean.copy())
        generation = [strategy.ask() for _ in range(POPULATION)]
        heard = [_finite(score(z)) for z in generation]
        strategy.tell(list(zip(generation, heard, strict=True)))
        candidates += generation
        scores += heard
    return Search(candidates[int(np.argmin(scores))], np.array(scores), np.array(means), np.array(candidates))


def _finite(score: float) -> float:
    """The score, infinite where it is no number: a search must not take it for the least."""
    return float(score) if np.isfinite(score) else np.inf
