"""Optimisers from optax at learning rate 1: `fit` multiplies each update by that step's learning rate.

The factories are cached: equal arguments give the same object, and so the same compiled training step.
"""

from functools import cache

import jax
import optax
from optax.contrib import MuonDimensionNumbers
from optax.contrib import muon as optax_muon

SINGLE = ("read", "answer")  # the blocks through which a Perceiver reads and answers: one of each, not stacked


@cache
def adamw(b1: float = 0.9, b2: float = 0.95, weight_decay: float = 0.0) -> optax.GradientTransformation:
    """AdamW. Source: Loshchilov and Hutter (arXiv:1711.05101)."""
    return optax.adamw(1.0, b1=b1, b2=b2, weight_decay=weight_decay)


@cache
def sgd(momentum: float = 0.0) -> optax.GradientTransformation:
    """Stochastic gradient descent, with momentum if it is above 0."""
    return optax.sgd(1.0, momentum=momentum or None)


@cache
def muon(adam_ratio: float = 2.0, b1: float = 0.8, b2: float = 0.95) -> optax.GradientTransformation:
    """Muon for the matrices inside the blocks, Adam at `adam_ratio` times the learning rate for everything else.

    Muon replaces the momentum matrix by the nearest orthogonal one, so that a step changes every direction alike,
    at every width. Source: Jordan et al. 2024 (kellerjordan.github.io/posts/muon), as in optax.contrib.
    """
    return optax_muon(
        1.0, adam_learning_rate=adam_ratio, adam_b1=b1, adam_b2=b2, muon_weight_dimension_numbers=matrix_dimensions
    )


def matrix_dimensions(params: dict) -> dict:
    """For each leaf, which axes of a block parameter are rows and columns of its matrices; None: not a matrix.

    Axis 0 of what is in "blocks" counts the layers; the blocks SINGLE have no such axis. Heads belong to the columns of
    query, key and value, and to the rows of output.
    """

    def dimensions(path, leaf):
        names = [entry.key for entry in path if isinstance(entry, jax.tree_util.DictKey)]
        stacked = "blocks" in names
        if leaf.ndim < 2 + stacked or not (stacked or names[0] in SINGLE):
            return None
        inputs = tuple(range(stacked, stacked + (2 if names[-2:] == ["attention", "output"] else 1)))
        return MuonDimensionNumbers(inputs, tuple(range(stacked + len(inputs), leaf.ndim)))

    return jax.tree_util.tree_map_with_path(dimensions, params)
