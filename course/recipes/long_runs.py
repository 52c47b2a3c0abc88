"""Runs of hours: they go on after a kill to the same bits, say how long the rest will take, and what they cost."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, PyTree
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from course.train import Fit, State, fit, muon, start

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
    to_come: int = 0,
) -> State:
    """The state after every step that the rates name; those that the given state has behind it are not taken again.

    batches(begin): the run's batches from step `begin` on. after: as in `fit`. The state is saved at the path every
    `save_every` steps. to_come: how many steps the run takes after these, for the time that it says is left.
    """
    while (begin := int(state.step)) < len(rates):
        since, ahead = time.perf_counter(), rates[begin : begin + save_every]
        result = whole(fit(loss, None, batches(begin), ahead, optimiser=muon(), after=after, state=state))
        state = result.state
        save_arrays(path, state)
        done = begin + len(ahead)
        minutes = (time.perf_counter() - since) / len(ahead) * (len(rates) - done + to_come) / 60
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


def whole(result: Fit) -> Fit:
    """The result; KeyboardInterrupt when it was interrupted: what is half trained must not be recorded as a run."""
    if result.interrupted:
        raise KeyboardInterrupt
    return result


def in_processes(jobs: int, work: Callable[[Any], Any], items: Iterable) -> Iterator:
    """What the work gives for each item, as it is done, from `jobs` processes.

    They end when this one is killed or interrupted, and when one of them fails. Raises OSError when one is killed.
    """
    with ProcessPoolExecutor(jobs, get_context("spawn"), _begin) as pool:
        try:
            for done in as_completed([pool.submit(work, item) for item in items]):
                yield done.result()
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in active_children():
                worker.terminate()
            if isinstance(error, BrokenProcessPool):
                raise OSError("a process was killed, perhaps for want of memory; --jobs 1 needs less.") from None
            raise


def _begin() -> None:
    """What a worker does first: it leaves Ctrl-C to its parent, and ends with it.

    Otherwise it would train on, beside the worker that goes on in its place.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

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
    """The saved state, with the structure and the devices of the fresh one; the fresh one when nothing is saved.

    Raises ValueError for a file that is damaged, or that holds the state of another model.
    """
    if not path.exists():
        return fresh
    leaves, structure = jax.tree.flatten(fresh)
    wanted = {f"{i:04d}": leaf for i, leaf in enumerate(leaves)}
    try:
        arrays = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}): delete it, and this run begins anew.") from None
    if {name: array.shape for name, array in arrays.items()} != {name: leaf.shape for name, leaf in wanted.items()}:
        raise ValueError(f"{path} holds the state of another model: delete it, and this run begins anew.")
    saved = [jax.device_put(arrays[name], leaf.sharding) for name, leaf in wanted.items()]
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
