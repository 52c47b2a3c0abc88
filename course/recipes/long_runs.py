"""Runs of hours: they go on after a kill to the same bits, say how long the rest will take, and what they cost."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, PyTree
from safetensors.numpy import load_file, save_file

from course.train import State, fit, muon, start

# Of a server core with its memory, of a large GPU, of a TPU chip: assumptions, for the order of magnitude.
WATTS = {"cpu": 10, "gpu": 500, "tpu": 200}


def go_on(
    loss: Callable[[PyTree, PyTree], Float[Array, ""]],
    state: State,
    batches: Callable[[int], Iterable[PyTree]],
    rates: Float[np.ndarray, " steps"],
    path: Path,
    save_every: int,
    after: Callable[[PyTree, PyTree], PyTree] | None = None,
) -> State:
    """The state after every step that the rates name; those that the given state has behind it are not taken again.

    batches(begin): the run's batches from step `begin` on. after: as in `fit`. The state is saved at the path every
    `save_every` steps.
    """
    while (begin := int(state.step)) < len(rates):
        since, ahead = time.perf_counter(), rates[begin : begin + save_every]
        result = fit(loss, None, batches(begin), ahead, optimiser=muon(), after=after, state=state)
        if result.interrupted:
            raise KeyboardInterrupt
        state = result.state
        save_arrays(path, state)
        done = begin + len(ahead)
        minutes = (time.perf_counter() - since) / len(ahead) * (len(rates) - done) / 60
        mean = result.history["loss"].mean()
        print(f"{path.stem}: step {done:,} of {len(rates):,}, loss {mean:.3f}, {minutes:.0f} min left", flush=True)
    return state


def trained(
    loss: Callable[[PyTree, PyTree], Float[Array, ""]],
    initial: PyTree,
    batches: Callable[[int], Iterable[PyTree]],
    rates: Float[np.ndarray, " steps"],
    path: Path,
    save_every: int,
    after: Callable[[PyTree, PyTree], PyTree] | None = None,
) -> PyTree:
    """The parameters after the last step, as NumPy's arrays; begun anew, or where the state at the path stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = load_state(path, start(initial, muon()))
    return jax.tree.map(np.asarray, go_on(loss, state, batches, rates, path, save_every, after).params)


def in_processes(jobs: int, work: Callable[[Any], Any], items: Iterable) -> Iterator:
    """What the work gives for each item, in their order, from `jobs` processes that end when this one does."""
    with ProcessPoolExecutor(jobs, get_context("spawn"), _end_with_parent) as pool:
        yield from pool.map(work, items)


def _end_with_parent() -> None:
    """A worker whose parent is killed would otherwise train on, beside the one that goes on in its place."""

    def watch() -> None:
        parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def as_stored(params: PyTree) -> PyTree:
    """The parameters as the zoo gives them back: rounded to float16, in float32."""
    return jax.tree.map(lambda leaf: leaf.astype(np.float16).astype(np.float32), params)


def save_arrays(path: Path, tree: PyTree) -> None:
    """Writes every array of a state or of a model, in one move."""
    part = path.with_suffix(".part")
    save_file({f"{i:04d}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))}, part)
    os.replace(part, path)


def load_state(path: Path, fresh: State) -> State:
    """The saved state, with the structure and the devices of the fresh one; the fresh one when nothing is saved."""
    if not path.exists():
        return fresh
    arrays = load_file(path)
    leaves, structure = jax.tree.flatten(fresh)
    saved = [jax.device_put(arrays[f"{i:04d}"], leaf.sharding) for i, leaf in enumerate(leaves)]
    return jax.tree.unflatten(structure, saved)


def step_seconds(
    loss: Callable[[PyTree, PyTree], Float[Array, ""]],
    params: PyTree,
    batches: Iterable[PyTree],
    steps: int = 25,
    after: Callable[[PyTree, PyTree], PyTree] | None = None,
) -> float:
    """Seconds of one training step, its batch included, after one that compiles."""
    batches, rates = iter(batches), np.full(steps + 1, 1e-3)
    state = fit(loss, params, batches, rates[:1], optimiser=muon(), after=after).state
    began = time.perf_counter()
    fit(loss, None, batches, rates[1:], optimiser=muon(), after=after, state=state)
    return (time.perf_counter() - began) / steps


def cost(flops: float, seconds: float) -> dict[str, float]:
    """What a card says of a run: FLOPs, hours of this machine's devices (on a CPU: of one core), and energy."""
    hours = seconds / 3600 * jax.device_count()
    kind = jax.default_backend()
    name = "core hours" if kind == "cpu" else f"{kind.upper()} hours"
    return {"FLOPs": flops, name: hours, "Wh, estimated": hours * WATTS[kind]}


def commit() -> str:
    """The commit of the course that something is made with; "unknown" without git, and for a copy that is no clone."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
