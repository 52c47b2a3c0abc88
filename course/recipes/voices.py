"""Recipe `voices`: two Japanese vowels as nine men spoke them, from a pinned registry package.

    course make voices --sources FOLDER

FOLDER holds the package as its registry serves it:

    pip download --no-deps aeon==1.6.0                               (PyPI)
"""

import zipfile
from pathlib import Path

import numpy as np

from course.data import DATA, sha256
from course.data.arrays import UTTERANCE
from course.recipes.sources import require

PACKAGE = "aeon-1.6.0-py3-none-any.whl"
SOURCES = {PACKAGE: "pip download --no-deps aeon==1.6.0"}
MEMBER = "aeon/datasets/data/JapaneseVowels/JapaneseVowels_{}.ts"


def make(sources: Path) -> dict[str, dict]:
    """The file's numbers of utterances and its SHA-256, after writing course/data/voices.npz."""
    require(sources, SOURCES)
    arrays = {}
    for half in ("train", "test"):
        text = zipfile.ZipFile(sources / PACKAGE).read(MEMBER.format(half.upper())).decode()
        frames, speakers = zip(*map(utterance, text.split("@data\n")[1].splitlines()), strict=True)
        arrays |= {f"{half}_frames": np.stack(frames), f"{half}_speakers": np.array(speakers, np.uint8)}
    path = DATA / "voices.npz"
    np.savez_compressed(path, **arrays)
    counts = {half: len(arrays[f"{half}_speakers"]) for half in ("train", "test")}
    return {path.name: counts | {"sha256": sha256(path.read_bytes())}}


def utterance(line: str) -> tuple[np.ndarray, int]:
    """One line as frames of twelve cepstra, filled up with nan to UTTERANCE frames, and its speaker from 0 to 8."""
    *series, speaker = line.split(":")
    frames = np.array([one.split(",") for one in series], np.float16).T
    return np.pad(frames, ((0, UTTERANCE - len(frames)), (0, 0)), constant_values=np.nan), int(speaker) - 1
