"""Every bundled file is listed with its source and its size, and stays within the bytes allotted to its part."""

import re

import pytest

from course.data import DATA

TEXT = (DATA / "ATTRIBUTION.md").read_text(encoding="utf-8")
LISTED = {
    name: int(size.replace(",", "")) for name, size in re.findall(r"^\| `([^`]+)` \|.*\| ([\d,]+) \|$", TEXT, re.M)
}
ALLOTTED = [
    (part, re.findall("`([^`]+)`", files), float(megabytes))
    for part, files, megabytes in re.findall(r"^\| ([^`|]+) \| (`.+`) \| ([\d.]+) \|$", TEXT, re.M)
]
BUNDLED = [path for path in DATA.iterdir() if path.is_file() and path.suffix not in (".py", ".md")]


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.name)
def test_a_bundled_file_is_listed_with_its_size(path):
    assert LISTED.get(path.name) == path.stat().st_size


def test_nothing_is_listed_that_is_not_there():
    assert LISTED.keys() == {path.name for path in BUNDLED}


@pytest.mark.parametrize(("part", "patterns", "megabytes"), ALLOTTED, ids=lambda value: str(value)[:20])
def test_each_part_stays_within_its_bytes(part, patterns, megabytes):
    used = sum(path.stat().st_size for pattern in patterns for path in DATA.parent.glob(pattern))
    assert used <= megabytes * 1e6


def test_every_byte_belongs_to_one_part():
    counted = [path for _, patterns, _ in ALLOTTED for pattern in patterns for path in DATA.parent.glob(pattern)]
    checkpoints = [path for path in (DATA.parent / "zoo").iterdir() if path.suffix in (".safetensors", ".json")]
    assert sorted(counted) == sorted([*BUNDLED, *checkpoints])


def test_the_allotments_keep_the_promises():
    limits = [megabytes for *_, megabytes in ALLOTTED]
    assert sum(limits) <= 60
    assert sum(limits[:3]) <= 30
