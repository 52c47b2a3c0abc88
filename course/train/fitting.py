"""One training loop for everything: `fit`."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, PyTree
from tqdm.auto import tqdm

from course import memory
from course.train.optimisers import adamw

CHUNK = 25  # steps in one call of the compiled loop: few enough that the progress bar moves


class State(NamedTuple):
    """All that training changes; hand it back to `fit` to go on where a run stopped."""

    params: PyTree
    average: PyTree
    optimiser: PyTree
    step: Array


class Fit(NamedTuple):
    """What `fit` returns."""

    params: PyTree  # after the last step
    average: PyTree  # exponential moving average of the parameters; equal to params when `averaging` is 0
    history: dict[str, np.ndarray]  # "loss" of every step; "step" and "evaluation" of every evaluation
    state: State
    interrupted: bool


def fit(
    loss: Callable[[PyTree, PyTree], Float[Array, ""]],
    params: PyTree,
    batches: Iterable[PyTree],
    learning_rates: Float[np.ndarray, " steps"],
    *,
    optimiser: optax.GradientTransformation | None = None,
    after: Callable[[PyTree, PyTree], PyTree] | None = None,
    evaluate: Callable[[PyTree], Any] = lambda params: np.nan,
    evaluate_every: int | None = None,
    averaging: float = 0.0,
    state: State | None = None,
    label: str = "training",
) -> Fit:
    """The parameters after one step per learning rate, with the history of the run.

    loss(params, batch) is the mean loss of a batch; `batches` yields pytrees of arrays, all of the same shapes.
    `after(params, batch)` changes the parameters after each step in ways that no gradient tells, as for a codebook.
    `evaluate(params)` runs every `evaluate_every` steps and after the last one. `averaging` is the decay per step of
    the moving average. With several JAX devices each batch is split over them. An interrupt (Stop, Ctrl-C) keeps what
    was learned. Raises FloatingPointError when the loss is no longer finite, ValueError when the batches run out.
    """
    rates, every = np.asarray(learning_rates, dtype=np.float32), evaluate_every or len(learning_rates)
    optimiser = optimiser or adamw()
    state = state or start(params, optimiser)
    run = _compiled_loop(loss, optimiser, averaging, after)
    chunks = _chunks(run, state, iter(batches), rates, every, label)
    losses, evaluations, interrupted = [], [], False
    try:
        for state, chunk, end in chunks:
            losses.append(chunk)
            if end == len(rates) or end % every == 0:
                evaluations.append((end, evaluate(state.params)))
    except KeyboardInterrupt:
        interrupted = True
    memory.release()
    return Fit(state.params, state.average, _history(losses, evaluations), state, interrupted)


def _chunks(
    run: Callable, state: State, batches: Iterator, rates: Float[np.ndarray, " steps"], every: int, label: str
) -> Iterator[tuple[State, np.ndarray, int]]:
    """(the state, the losses since the last, the steps taken) after each chunk, while a progress bar moves."""
    with tqdm(total=len(rates), desc=label, leave=False, disable=_headless()) as bar:
        for begin, end in _spans(len(rates), every):
            state, chunk = _advance(run, state, batches, rates[begin:end])
            losses = _finite(chunk, begin, rates)
            bar.set_postfix(loss=f"{chunk[-1]:.3f}", refresh=False)
            bar.update(end - begin)
            yield state, losses, end


def start(params: PyTree, optimiser: optax.GradientTransformation) -> State:
    """The state before the first step, on every device."""
    fresh = State(params, params, jax.jit(optimiser.init)(params), jnp.zeros((), jnp.int32))
    return jax.device_put(fresh, NamedSharding(_mesh(), P()))


@cache
def _mesh() -> jax.sharding.Mesh:
    return jax.make_mesh((jax.device_count(),), ("batch",), axis_types=(AxisType.Auto,))


@cache
def _compiled_loop(
    loss: Callable, optimiser: optax.GradientTransformation, averaging: float, after: Callable | None
) -> Callable:
    """A jitted (state, stacked batches, learning rates, n) -> (state, losses) that takes the first n of CHUNK steps."""

    def step(state: State, batch: PyTree, rate: Float[Array, ""]) -> tuple[State, Float[Array, ""]]:
        value, gradient = jax.value_and_grad(loss)(state.params, batch)
        update, optimiser_state = optimiser.update(gradient, state.optimiser, state.params)
        params = jax.tree.map(lambda p, u: p + rate * u, state.params, update)
        params = after(params, batch) if after else params
        average = _moving_average(state.average, params, state.step, averaging)
        return State(params, average, optimiser_state, state.step + 1), value

    def body(i, carry, batches, rates):
        state, losses = carry
        state, value = step(state, jax.tree.map(lambda b: b[i], batches), rates[i])
        return state, losses.at[i].set(value)

    @jax.jit
    def run(state, batches, rates, n):
        return jax.lax.fori_loop(
            0, n, lambda i, carry: body(i, carry, batches, rates), (state, jnp.full(CHUNK, jnp.nan))
        )

    return run


def _moving_average(average: PyTree, params: PyTree, step: Array, decay: float) -> PyTree:
    """decay * average + (1 - decay) * params, with a shorter memory in the first steps."""
    if decay == 0:
        return params
    decay = jnp.minimum(decay, (1 + step) / (10 + step))
    return jax.tree.map(lambda a, p: decay * a + (1 - decay) * p, average, params)


def _spans(steps: int, every: int) -> Iterator[tuple[int, int]]:
    """(begin, end) of consecutive runs of at most CHUNK steps, none of which crosses an evaluation."""
    begin = 0
    while begin < steps:
        end = min(begin + CHUNK, steps, (begin // every + 1) * every)
        yield begin, end
        begin = end


def _advance(run: Callable, state: State, batches: Iterator, rates: np.ndarray) -> tuple[State, np.ndarray]:
    """The state after len(rates) more steps, and their losses."""
    n = len(rates)
    stacked = _stacked(list(itertools.islice(batches, n)), n)
    stacked = jax.device_put(stacked, jax.tree.map(_sharding, stacked))
    state, losses = run(state, stacked, _padded(rates), n)
    return state, np.asarray(losses)[:n]


def _stacked(chunk: list, n: int) -> PyTree:
    """The batches, n of them, on a new first axis."""
    if len(chunk) < n:
        raise ValueError(f"the batches ran out: {n} more steps were to come, {len(chunk)} batches were left.")
    return jax.tree.map(lambda *leaves: _padded(np.stack(leaves)), *chunk)


def _padded(array: np.ndarray) -> np.ndarray:
    """The array with its first axis filled up to CHUNK, so that a shorter chunk needs no new compilation."""
    if len(array) == CHUNK:
        return array
    return np.concatenate([array, np.zeros((CHUNK - len(array), *array.shape[1:]), array.dtype)])


def _sharding(stacked: np.ndarray) -> NamedSharding:
    """Each batch split over the devices when its size allows, else the same on all."""
    splits = stacked.ndim > 1 and stacked.shape[1] % jax.device_count() == 0
    return NamedSharding(_mesh(), P(None, "batch") if splits else P())


def _finite(losses: np.ndarray, begin: int, rates: np.ndarray) -> np.ndarray:
    """The losses, or FloatingPointError at the first that is not finite."""
    bad = np.flatnonzero(~np.isfinite(losses))
    if len(bad):
        step = begin + bad[0]
        raise FloatingPointError(
            f"the loss is {losses[bad[0]]} at step {step + 1} of {len(rates)}, at learning rate {rates[step]:.2g}. "
            "Try a smaller learning rate or a longer warm-up, and look for zeros or infinities in the data."
        )
    return losses


def _history(losses: list, evaluations: list) -> dict[str, np.ndarray]:
    """The run as plain arrays."""
    return {
        "loss": np.concatenate(losses) if losses else np.zeros(0, np.float32),
        "step": np.array([step for step, _ in evaluations], dtype=int),
        "evaluation": np.array([value for _, value in evaluations]),
    }


def _headless() -> bool:
    """True where a progress bar would leave unstable output: in tests and in refreshed notebooks."""
    return "COURSE_HEADLESS" in os.environ or "PYTEST_CURRENT_TEST" in os.environ
