"""Recipe `icons`: line drawings of twelve categories, from a pinned registry package.

    course make icons --sources FOLDER

FOLDER holds the package as its registry serves it:

    npm pack @tabler/icons@3.51.0                                    (npm)
"""

import tarfile
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from course.data import DATA, sha256
from course.data.arrays import ICON_CATEGORIES
from course.recipes.sources import by_lot, rasterised, read_json, require

PACKAGE = "tabler-icons-3.51.0.tgz"
SOURCES = {PACKAGE: "npm pack @tabler/icons@3.51.0"}
MOST = 150  # icons of a category, drawn by lot
LEVELS = 8  # of grey


def make(sources: Path) -> dict[str, dict]:
    """The file's size and SHA-256, after writing course/data/icons.npz."""
    require(sources, SOURCES)
    chosen = choose(read_json(sources / PACKAGE, "package/icons.json"))
    with tarfile.open(sources / PACKAGE) as tar:
        pictures = [draw(tar.extractfile(f"package/icons/outline/{name}.svg").read()) for name in chosen]
    path = DATA / "icons.npz"
    labels = np.array([ICON_CATEGORIES.index(category) for category in chosen.values()], np.uint8)
    np.savez_compressed(path, pictures=np.stack(pictures), labels=labels)
    return {path.name: {"pictures": len(pictures), "sha256": sha256(path.read_bytes())}}


def choose(icons: dict[str, dict]) -> dict[str, str]:
    """{name: category} of at most MOST outlined icons of each category; variants such as -off and -2 stay out."""
    chosen = {}
    for category in ICON_CATEGORIES:
        names = [name for name, icon in icons.items() if icon["category"] == category and "outline" in icon["styles"]]
        plain = [name for name in names if not any(name.startswith(f"{other}-") for other in names)]
        pool = plain if len(plain) >= MOST // 3 else names
        chosen |= dict.fromkeys(by_lot(pool, MOST), category)
    return chosen


def draw(svg: bytes) -> UInt8[np.ndarray, "32 32"]:
    """One icon as ink from 0 to LEVELS - 1."""
    ink = rasterised(svg.decode().replace("currentColor", "#000"))[..., 3]
    return np.round(ink / 255 * (LEVELS - 1)).astype(np.uint8)
