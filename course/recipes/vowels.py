"""Recipe `vowels`: Peterson and Barney's measurements of spoken vowels, from the table that the program Praat carries.

    pip install praat-parselmouth==0.4.7
    course make vowels

The package, Praat for Python, is needed here only: the course reads the file.
"""

import csv
from collections.abc import Iterator

from course.data import DATA, sha256

PACKAGE = "praat-parselmouth==0.4.7"
TABLE = "Create formant table (Peterson & Barney 1952)"
KINDS = {"m": "man", "w": "woman", "c": "child"}
MEASURED = ("F0", "F1", "F2", "F3")  # in Hz


def make() -> dict[str, dict]:
    """The file's number of rows and its SHA-256, after writing course/data/vowels.csv."""
    rows = list(read(praat_table()))
    path = DATA / "vowels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("kind", "speaker", "vowel", *MEASURED), *rows])
    return {path.name: {"rows": len(rows), "sha256": sha256(path.read_bytes())}}


def praat_table() -> str:
    """Praat's table as tab-separated text. ModuleNotFoundError says what to install where the package is missing."""
    try:
        from parselmouth.praat import call
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"this recipe needs {PACKAGE}: pip install {PACKAGE}") from error
    return call(call(TABLE), "List", False)


def read(table: str) -> Iterator[tuple]:
    """Each row of Praat's table as (kind of speaker, speaker, vowel, F0, F1, F2, F3)."""
    for row in csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        yield (KINDS[row["Type"]], int(row["Speaker"]), row["Vowel"], *(int(row[name]) for name in MEASURED))
