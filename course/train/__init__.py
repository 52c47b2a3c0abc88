"""Training: one loop, optax's optimisers, learning rates as arrays, batches of text."""

from course.train.fitting import Fit, State, fit, start
from course.train.optimisers import adamw, matrix_dimensions, muon, sgd
from course.train.schedules import constant, decay, warmup_stable_decay
from course.train.text import epochs, mean_loss, random_windows, unigram_entropy, windows

__all__ = [
    "Fit",
    "State",
    "adamw",
    "constant",
    "decay",
    "epochs",
    "fit",
    "matrix_dimensions",
    "mean_loss",
    "muon",
    "random_windows",
    "sgd",
    "start",
    "unigram_entropy",
    "warmup_stable_decay",
    "windows",
]
