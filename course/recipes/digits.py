"""Recipe `digits`: the scanned digits of course/data, from scikit-learn, which the course installs anyway.

    course make digits

They are copied so that a lesson need not load scikit-learn, 75 MB of memory, for 45 kB of pictures.
"""

import numpy as np
from sklearn.datasets import load_digits

from course.data import DATA, sha256


def make() -> dict[str, dict]:
    """The file's number of images and its SHA-256, after writing course/data/digits.npz."""
    scans = load_digits()
    path = DATA / "digits.npz"
    np.savez_compressed(path, images=scans.images.astype(np.uint8), digits=scans.target.astype(np.uint8))
    return {"digits": {"images": len(scans.images), "sha256": sha256(path.read_bytes())}}
