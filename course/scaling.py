"""Scaling laws: the loss of a language model as a function of its parameters N and its training tokens D."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import product
from numbers import Integral
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.optimize import least_squares, minimize
from threadpoolctl import threadpool_limits

NAMES = ("E", "A", "B", "alpha", "beta")
OFFSETS, EXPONENTS = (-3.0, -1.0, 0.0), (0.1, 0.35, 0.7, 1.2)  # of ln E, ln A, ln B; of alpha, beta
STARTS = list(product(OFFSETS, OFFSETS, OFFSETS, EXPONENTS, EXPONENTS))
JOINT_STARTS = list(product((2.0, 8.0), (2.0, 8.0), (0.5, 1.0, 2.0), (0.1, 0.3)))
BEST_STARTS, FINALISTS = 12, 3  # starts that are followed at all, and minima that are followed to the end


class Optimum(NamedTuple):
    """The best model for a budget."""

    N: Float[np.ndarray, "..."]  # parameters
    D: Float[np.ndarray, "..."]  # training tokens
    loss: Float[np.ndarray, "..."]  # nats per token


@dataclass(frozen=True)
class Law:
    """L(N, D) = E + A / N^alpha + B / D^beta. Source: Hoffmann et al. 2022 (arXiv:2203.15556), eq. 2."""

    E: float  # loss of an infinite model on infinite data, nats per token
    A: float
    B: float
    alpha: float
    beta: float
    samples: Float[np.ndarray, "bootstrap 5"] | None = field(default=None, repr=False, compare=False)  # rows as NAMES

    def loss(self, N: ArrayLike, D: ArrayLike) -> Float[np.ndarray, "..."]:
        """Nats per token of N parameters trained on D tokens."""
        N, D = np.asarray(N, float), np.asarray(D, float)
        return self.E + self.A / N**self.alpha + self.B / D**self.beta

    def optimum(self, C: ArrayLike) -> Optimum:
        """The N and D of lowest loss with 6 N D = C FLOPs. Source: Hoffmann et al. 2022, eq. 4."""
        ratio = (self.alpha * self.A / (self.beta * self.B)) ** (1 / (self.alpha + self.beta))
        N = ratio * (np.asarray(C, float) / 6) ** self.exponent
        D = np.asarray(C, float) / (6 * N)
        return Optimum(N, D, self.loss(N, D))

    def tokens(self, N: ArrayLike, loss: ArrayLike) -> Float[np.ndarray, "..."]:
        """Training tokens that N parameters need to reach the loss; infinite where N is too small for it."""
        rest = np.asarray(loss, float) - self.E - self.A / np.asarray(N, float) ** self.alpha
        return np.where(rest > 0, (self.B / np.where(rest > 0, rest, 1.0)) ** (1 / self.beta), np.inf)

    @property
    def exponent(self) -> float:
        """a in N_optimal proportional to C^a."""
        return self.beta / (self.alpha + self.beta)

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard deviation of each constant over the bootstrap resamples. Empty for a law typed in."""
        return {} if self.samples is None else dict(zip(NAMES, self.samples.std(axis=0, ddof=1).tolist(), strict=True))

    def resampled(self) -> list["Law"]:
        """One law per bootstrap resample: the spread of any prediction over them is its uncertainty."""
        return [] if self.samples is None else [Law(*row) for row in self.samples.tolist()]


@dataclass(frozen=True)
class JointLaw:
    """L(N, D) = ((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D: a small model gains less from more data.

    Source: Kaplan et al. 2020 (arXiv:2001.08361), eq. 1.5.
    """

    N_c: float
    D_c: float
    alpha_N: float
    alpha_D: float
    samples: Float[np.ndarray, "bootstrap 4"] | None = field(default=None, repr=False, compare=False)

    def loss(self, N: ArrayLike, D: ArrayLike) -> Float[np.ndarray, "..."]:
        """Nats per token of N parameters trained on D tokens."""
        ratio = self.alpha_N / self.alpha_D
        theta = ratio * np.log(self.N_c), np.log(self.D_c), ratio, self.alpha_D
        return np.exp(_joint_log_loss(theta, np.log(np.asarray(N, float)), np.log(np.asarray(D, float))))

    def resampled(self) -> list["JointLaw"]:
        """One law per bootstrap resample."""
        return [] if self.samples is None else [JointLaw(*row) for row in self.samples.tolist()]


def flops(N: ArrayLike, D: ArrayLike) -> Float[np.ndarray, "..."]:
    """6 N D: two FLOPs a parameter and token forwards, four backwards. Source: Kaplan et al. 2020, section 2.1."""
    return 6 * np.asarray(N, float) * np.asarray(D, float)


def parameters(
    layers: int,
    d_model: int,
    vocabulary: int,
    *,
    attention_width: int | None = None,
    d_ff: int | None = None,
    relative_positions: bool = False,
    biases: bool = False,
) -> int:
    """Parameters of a transformer: 12 L d^2 + V d, when attention is d_model wide and the MLP four times that.

    attention_width: heads x width of a head. relative_positions: the extra key matrix and the two biases of
    Transformer-XL (arXiv:1901.02860), as in Gopher and Chinchilla. biases: also those of every matrix, the gains and
    biases of the normalisations. Learned position embeddings are not counted.
    """
    width, hidden = attention_width or d_model, d_ff or 4 * d_model
    layer = 4 * d_model * width + 2 * d_model * hidden
    layer += (d_model + 2) * width if relative_positions else 0
    layer += 3 * width + hidden + 6 * d_model if biases else 0
    return layers * layer + vocabulary * d_model + (2 * d_model if biases else 0)


def objective(
    theta: Float[np.ndarray, " 5"],
    log_N: Float[np.ndarray, " runs"],
    log_D: Float[np.ndarray, " runs"],
    log_loss: Float[np.ndarray, " runs"],
    weights: Float[np.ndarray, " runs"] | float = 1.0,
    delta: float = 1e-3,
) -> tuple[float, Float[np.ndarray, " 5"]]:
    """(value, gradient) of the summed Huber loss of ln L_predicted - ln L, at theta = (ln E, ln A, ln B, alpha, beta).

    Source: Hoffmann et al. 2022, eq. 3; it must be a sum: Besiroglu et al. 2024 (arXiv:2404.10102), section 4.
    """
    e, a, b, alpha, beta = theta
    terms = np.stack([np.full_like(log_N, e), a - alpha * log_N, b - beta * log_D])
    top = terms.max(axis=0)
    shares = np.exp(terms - top)
    total = shares.sum(axis=0)
    shares /= total
    residual = top + np.log(total) - log_loss
    clipped = np.clip(residual, -delta, delta)  # the derivative of the Huber loss
    slopes = np.concatenate([shares, [-log_N * shares[1], -log_D * shares[2]]])
    return float((weights * clipped * (residual - clipped / 2)).sum()), slopes @ (weights * clipped)


def fit_law(
    N: ArrayLike,
    D: ArrayLike,
    loss: ArrayLike,
    *,
    delta: float = 1e-3,
    bootstrap: int = 200,
    groups: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> Law:
    """The law of lowest summed Huber loss in log space, with bootstrap samples for its standard errors.

    N, D, loss: one entry per run, positive. `groups` names the run that each point comes from: points of one group are
    drawn together, since they are not independent. Raises ValueError for input that cannot be fitted.
    """
    centred, means = _centred(_log_columns(N, D, loss, len(NAMES)))
    draws = _draws(groups, len(centred[0]), bootstrap, seed)
    _check_delta(delta)
    with threadpool_limits(1, "blas"):  # on 5 x 5 matrices more threads only wait for each other
        best = _fit(centred, np.ones(len(centred[0])), _starts(centred, delta), delta)
        samples = [_constants(_fit(centred, weights, [best], delta), means) for weights in draws]
    return Law(*_constants(best, means).tolist(), samples=np.array(samples) if samples else None)


def fit_joint_law(
    N: ArrayLike,
    D: ArrayLike,
    loss: ArrayLike,
    *,
    delta: float = 1e-3,
    bootstrap: int = 0,
    groups: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> JointLaw:
    """The joint law of lowest summed Huber loss in log space. Arguments and errors are those of `fit_law`."""
    centred, means = _centred(_log_columns(N, D, loss, 4))
    draws = _draws(groups, len(centred[0]), bootstrap, seed)
    _check_delta(delta)
    with threadpool_limits(1, "blas"):
        rough = sorted((_joint_fit(centred, start, 0.1) for start in JOINT_STARTS), key=lambda pair: pair[0])
        best = min((_joint_fit(centred, theta, delta) for _, theta in rough[:FINALISTS]), key=lambda pair: pair[0])[1]
        samples = [_joint_fit(np.repeat(centred, weights.astype(int), axis=1), best, delta)[1] for weights in draws]
    constants = [_joint_constants(theta, means) for theta in (best, *samples)]
    return JointLaw(*constants[0].tolist(), samples=np.array(constants[1:]) if samples else None)


def isoflop_minimum(N: ArrayLike, loss: ArrayLike) -> tuple[float, Float[np.ndarray, " 3"]]:
    """(N of lowest loss, coefficients) of the parabola in ln N through runs of equal compute.

    Raises ValueError when the parabola has no minimum between the smallest and the largest N.
    """
    log_N, loss = np.log(_positive("N", N)), _positive("loss", loss)
    if len(log_N) != len(loss):
        raise ValueError(f"N and loss must be equally long, got {len(log_N)} and {len(loss)}.")
    if len(log_N) < 3:
        raise ValueError(f"a parabola needs at least 3 runs; {len(log_N)} were given.")
    coefficients = np.polyfit(log_N, loss, 2)
    lowest = -coefficients[1] / (2 * coefficients[0])
    if coefficients[0] <= 0 or not log_N.min() < lowest < log_N.max():
        raise ValueError("the parabola has no interior minimum: add smaller or larger models at this budget.")
    return float(np.exp(lowest)), coefficients


def _joint_log_loss(theta: Sequence[float], log_N: np.ndarray, log_D: np.ndarray) -> Float[np.ndarray, "..."]:
    """ln L at theta = (ratio ln N_c, ln D_c, ratio, alpha_D), where ratio = alpha_N / alpha_D."""
    n, d, ratio, alpha_D = theta
    return alpha_D * np.logaddexp(n - ratio * log_N, d - log_D)


def _joint_fit(data: np.ndarray, start: Sequence[float], delta: float) -> tuple[float, np.ndarray]:
    """(objective, theta) where SciPy's least squares ends."""
    log_N, log_D, log_loss = data
    found = least_squares(
        lambda theta: _joint_log_loss(theta, log_N, log_D) - log_loss,
        start,
        bounds=([-np.inf, -np.inf, 0.01, 0.001], np.inf),
        x_scale=(1, 1, 0.3, 0.1),
        loss="huber",
        f_scale=delta,
    )
    return found.cost, found.x


def _joint_constants(theta: np.ndarray, means: np.ndarray) -> Float[np.ndarray, " 4"]:
    """(N_c, D_c, alpha_N, alpha_D) of a theta that was fitted to centred logarithms."""
    n, d, ratio, alpha_D = theta
    return np.array([np.exp(n / ratio + means[0]), np.exp(d + means[1]), ratio * alpha_D, alpha_D])


def _positive(name: str, values: ArrayLike) -> Float[np.ndarray, " runs"]:
    """The values as a vector, or ValueError when one is not a positive finite number."""
    try:
        array = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)  # a masked entry is no number
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, got {type(values).__name__}.") from None
    if array.ndim != 1:
        raise ValueError(f"{name} must be a vector with one entry per run, got shape {array.shape}.")
    bad = np.flatnonzero(~(np.isfinite(array) & (array > 0)))
    if len(bad):
        raise ValueError(f"{name} must be positive and finite; entry {bad[0]} is {array[bad[0]]}.")
    return array


def _check_delta(delta: float) -> None:
    if not 0 < delta < np.inf:
        raise ValueError(f"delta must be a positive number, got {delta}.")


def _log_columns(N: ArrayLike, D: ArrayLike, loss: ArrayLike, constants: int) -> tuple[Float[np.ndarray, " runs"], ...]:
    columns = {name: _positive(name, values) for name, values in (("N", N), ("D", D), ("loss", loss))}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"N, D and loss must be equally long, got {lengths}.")
    if lengths["N"] < constants:
        raise ValueError(f"the law has {constants} constants; {lengths['N']} runs cannot fix them.")
    for name in ("N", "D"):
        if len(np.unique(columns[name])) < 3:
            raise ValueError(f"{name} must take at least 3 different values to fix its exponent.")
    return tuple(np.log(values) for values in columns.values())


def _centred(columns: tuple[np.ndarray, ...]) -> tuple[Float[np.ndarray, "3 runs"], Float[np.ndarray, " 2"]]:
    """(ln N and ln D less their means, ln L; the two means). Centred, a factor and its exponent no longer compete."""
    means = np.array([columns[0].mean(), columns[1].mean()])
    return np.array([columns[0] - means[0], columns[1] - means[1], columns[2]]), means


def _fit(data: np.ndarray, weights: np.ndarray, starts: list, delta: float) -> Float[np.ndarray, " 5"]:
    """theta at the lowest objective that any of the starts leads to.

    A wide Huber loss goes first: from far away a narrow one has almost no curvature. Only its best minima go on.
    """
    rough = sorted((_descend(data, weights, start, max(delta, 0.03)) for start in starts), key=lambda pair: pair[0])
    found = []
    for _, theta in rough[:FINALISTS]:
        for width in (max(delta, 5e-3), delta):
            value, theta = _descend(data, weights, theta, width)
        found.append((value, theta))
    return min(found, key=lambda pair: pair[0])[1]


def _descend(data: np.ndarray, weights: np.ndarray, start: np.ndarray, width: float) -> tuple[float, np.ndarray]:
    """(objective, theta) where L-BFGS ends; the objective is scaled to order one, where tolerances mean the same."""

    def scaled(theta):
        value, gradient = objective(theta, *data, weights, width)
        return value / width, gradient / width

    options = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8, "maxcor": 20}
    result = minimize(scaled, start, jac=True, method="L-BFGS-B", options=options)
    return result.fun * width, result.x


def _starts(data: np.ndarray, delta: float) -> list[Float[np.ndarray, " 5"]]:
    """The most promising starts of a coarse grid, with E, A and B relative to the lowest loss."""
    lowest = data[2].min()
    grid = [np.array([lowest + e, lowest + a, lowest + b, alpha, beta]) for e, a, b, alpha, beta in STARTS]
    return sorted(grid, key=lambda theta: objective(theta, *data, delta=max(delta, 0.1))[0])[:BEST_STARTS]


def _constants(theta: Float[np.ndarray, " 5"], centre: Float[np.ndarray, " 2"]) -> Float[np.ndarray, " 5"]:
    """(E, A, B, alpha, beta) of a theta that was fitted to centred logarithms."""
    e, a, b, alpha, beta = theta
    return np.array([np.exp(e), np.exp(a + alpha * centre[0]), np.exp(b + beta * centre[1]), alpha, beta])


def _draws(groups: Sequence[Hashable] | None, runs: int, count: int, seed: int) -> list[Float[np.ndarray, " runs"]]:
    """`count` weight vectors: how often each run is drawn, when groups of runs are drawn with replacement."""
    groups = range(runs) if groups is None else list(groups)
    if len(groups) != runs:
        raise ValueError(f"groups must name one run for each of the {runs} points, got {len(groups)} names.")
    if not isinstance(count, Integral) or count < 0 or count == 1:
        raise ValueError(f"bootstrap must be 0, or at least 2 resamples, got {count!r}.")
    order = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    index, kinds, rng = np.array([order[group] for group in groups]), len(order), np.random.default_rng(seed)
    return [rng.multinomial(kinds, np.full(kinds, 1 / kinds))[index].astype(float) for _ in range(count)]
