"""The small arrays that ship with the course."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from course.data import DATA

RESIDUES = "-ACDEFGHIKLMNPQRSTVWY"  # a gap, then the twenty amino acids by their one-letter names


class Proteins(NamedTuple):
    """Aligned sequences of one protein family; no test sequence is a near relative of a training sequence."""

    train: UInt8[np.ndarray, "n columns"]  # indices into RESIDUES
    test: UInt8[np.ndarray, "m columns"]


def load_proteins() -> Proteins:
    """The WW domain: 31 columns, which every row shares at fewer than 25 with every row of the other half.

    Source: Pfam PF00397; `course.recipes.proteins` made the file.
    """
    with np.load(DATA / "ww_domain.npz") as arrays:
        return Proteins(arrays["train"], arrays["test"])


def load_digits() -> tuple[UInt8[np.ndarray, "n 8 8"], UInt8[np.ndarray, " n"]]:
    """(images with grey values 0 to 16, the digits they show): 1,797 scans of the handwriting of 13 people.

    Source: the test part of UCI's Optical Recognition of Handwritten Digits; `course.recipes.digits` made the file.
    """
    with np.load(DATA / "digits.npz") as arrays:
        return arrays["images"], arrays["digits"]
