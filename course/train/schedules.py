"""Learning rates as plain arrays, one number a step: they are data, so a new schedule never compiles anything anew."""

import numpy as np
from jaxtyping import Float


def constant(steps: int, peak: float, warmup: int = 0) -> Float[np.ndarray, " steps"]:
    """Learning rates that rise linearly over `warmup` steps, then stay at the peak."""
    return peak * np.minimum(1.0, (np.arange(steps) + 1) / max(warmup, 1))


def decay(steps: int, peak: float) -> Float[np.ndarray, " steps"]:
    """Learning rates that fall from the peak to zero as 1 - sqrt(t / steps).

    Source: Hägele et al. 2024 (arXiv:2405.18392), section 3.
    """
    return peak * (1.0 - np.sqrt(np.arange(1, steps + 1) / (steps + 1)))


def warmup_stable_decay(
    steps: int, peak: float, warmup: int | None = None, decay_share: float = 0.2
) -> Float[np.ndarray, " steps"]:
    """Learning rates that rise, stay, and over the last `decay_share` of the steps fall to zero.

    The warm-up is 20 steps by default, or a tenth of a run shorter than 200.
    """
    warmup = min(20, steps // 10) if warmup is None else warmup
    falling = max(1, round(decay_share * steps))
    return np.concatenate([constant(steps - falling, peak, warmup), decay(falling, peak)])
