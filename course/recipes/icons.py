"""Recipe `icons`: line drawings of twelve categories, from a pinned registry package.

    course make icons --sources FOLDER

FOLDER holds the package as its registry serves it:

    npm pack @tabler/icons@3.51.0                                    (npm)
"""

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from course.data import DATA, sha256
from course.data.arrays import ICON_CATEGORIES
from course.recipes.emoji import read_json

PACKAGE = "tabler-icons-3.51.0.tgz"
SOURCES = {PACKAGE: "npm pack @tabler/icons@3.51.0"}
MOST = 150  # icons of a category, drawn by lot
SIZE, LEVELS = 32, 8


def make(sources: Path) -> dict[str, dict]:
    """The file's size and SHA-256, after writing course/data/icons.npz."""
    if not (sources / PACKAGE).exists():
        raise FileNotFoundError(f"missing in {sources}. Get it with:\n  {SOURCES[PACKAGE]}")
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
        chosen |= dict.fromkeys(sorted(pool, key=lambda name: hashlib.sha256(name.encode()).digest())[:MOST], category)
    return chosen


def draw(svg: bytes) -> UInt8[np.ndarray, "32 32"]:
    """One icon as ink from 0 to LEVELS - 1."""
    import resvg_py  # a recipe's dependency only
    from PIL import Image

    png = bytes(resvg_py.svg_to_bytes(svg_string=svg.decode().replace("currentColor", "#000"), width=SIZE, height=SIZE))
    ink = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))[..., 3]
    return np.round(ink / 255 * (LEVELS - 1)).astype(np.uint8)
