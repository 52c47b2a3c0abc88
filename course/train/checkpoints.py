"""Parameters as safetensors files: written in one move, and never read by halves."""

import os
from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file


def save_params(path: Path, params: PyTree, metadata: dict[str, str] | None = None, dtype=np.float32) -> None:
    """Writes every array under its place in the tree, in one move: a kill never leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.asarray(leaf, dtype, order="C") for name, leaf in _leaves(params)}
    part = path.with_suffix(".part")
    try:
        save_file(arrays, part, metadata)
    except SafetensorError as error:
        raise OSError(f"{path} cannot be written: {error}") from None
    part.chmod(0o644)  # safetensors lets only the owner read it
    os.replace(part, path)


def load_params(path: Path, like: PyTree) -> PyTree:
    """The arrays in the file as float32, in a tree like the one given.

    Raises ValueError, with the reason, when the file is missing or damaged, or does not hold exactly these arrays.
    """
    arrays = _read(path, lambda file: {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    wanted = {name: np.shape(leaf) for name, leaf in _leaves(like)}
    found = {name: array.shape for name, array in arrays.items()}
    if wrong := sorted(name for name in wanted.keys() | found.keys() if found.get(name) != wanted.get(name)):
        raise ValueError(f"array {wrong[0]} is missing, unknown or of another shape")
    if bad := [name for name, array in arrays.items() if not np.isfinite(array).all()]:
        raise ValueError(f"array {bad[0]} holds numbers that are not finite")
    return jax.tree_util.tree_map_with_path(lambda key, _: arrays[jax.tree_util.keystr(key)].astype(np.float32), like)


def read_metadata(path: Path) -> dict[str, str]:
    """What was saved beside the arrays. Raises ValueError when the file is missing or damaged."""
    return _read(path, lambda file: file.metadata() or {})


def _read(path: Path, what) -> dict:
    try:
        with safe_open(path, "numpy") as file:
            return what(file)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"it cannot be read: {error}") from None


def _leaves(tree: PyTree) -> list[tuple[str, np.ndarray]]:
    return [(jax.tree_util.keystr(key), leaf) for key, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]]
