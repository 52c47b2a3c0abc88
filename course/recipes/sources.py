"""What the data recipes share: their packages, drawing, choosing by lot, and the file of what is held out."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from course.data import HELD_OUT


def require(sources: Path, commands: dict[str, str]) -> None:
    """Raises FileNotFoundError with the commands that fetch the packages missing in the folder."""
    if missing := [command for name, command in commands.items() if not (sources / name).exists()]:
        raise FileNotFoundError(f"missing in {sources}. Get it with:\n  " + "\n  ".join(missing))


def read_json(package: Path, member: str) -> dict | list:
    """The contents of one JSON file of a packed package."""
    with tarfile.open(package) as tar:
        return json.load(tar.extractfile(member))


def rasterised(svg: str, size: int = 32) -> UInt8[np.ndarray, "size size 4"]:
    """The drawing as pixels of red, green, blue and opacity."""
    import resvg_py  # a recipe's dependency only
    from PIL import Image

    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def by_lot(items: Iterable, count: int) -> list:
    """At most `count` of the items, always the same ones."""
    return sorted(items, key=lambda item: hashlib.sha256(str(item).encode()).digest())[:count]


def hold_out(part: str, what: dict) -> None:
    """Writes one part of course/data/held_out.json and leaves the others."""
    everything = json.loads(HELD_OUT.read_text(encoding="utf-8")) if HELD_OUT.exists() else {}
    HELD_OUT.write_text(json.dumps(everything | {part: what}, indent=1) + "\n", encoding="utf-8")
