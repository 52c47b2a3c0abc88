"""Recipe `emoji`: 1,636 concepts, drawn in seven styles and named in a hundred languages, from registry packages.

    course make emoji --sources FOLDER

FOLDER holds the packages as their registry serves them; the command prints how to get them when one is missing. The
two share-alike styles (OpenMoji, EmojiOne 1) stay out. Flags stay out, too: their names are those of countries.
"""

import hashlib
import json
import lzma
import re
import tarfile
import unicodedata
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from course.data import DATA, sha256
from course.recipes.sources import hold_out, rasterised, read_json, require
from course.recipes.texts import XZ

CONCEPTS = "emoji-datasource-google-16.0.0.tgz"
NAMES = ("cldr-annotations-full-48.2.0.tgz", "cldr-annotations-derived-full-48.2.0.tgz")
STYLES = {
    "noto": "iconify-json-noto-1.2.9.tgz",
    "fluent": "iconify-json-fluent-emoji-1.2.7.tgz",
    "fluent-flat": "iconify-json-fluent-emoji-flat-1.2.6.tgz",
    "twemoji": "iconify-json-twemoji-1.2.5.tgz",
    "noto-v1": "iconify-json-noto-v1-1.2.5.tgz",
    "emojione": "iconify-json-emojione-1.2.3.tgz",
    "fxemoji": "iconify-json-fxemoji-1.2.2.tgz",
}
SIZE = 32  # pixels
ENOUGH_NAMES = 1700  # of the 1,911 emoji without skin tones, flags included
HELD_OUT_STYLE = "twemoji"  # complete, and drawn by people who drew none of the others
HELD_OUT_SHARE = 8  # one group of concepts in eight
GENDERS = {"1f468", "1f469", "1f9d1", "2640", "2642", "200d"}  # man, woman, person, the two signs, the joiner


def make(sources: Path) -> dict[str, dict]:
    """Sizes and SHA-256 of course/data/emoji.json.xz and emoji.npz, which it writes, with its part of held_out.json."""
    require(sources, {name: npm_command(name) for name in (CONCEPTS, *NAMES, *STYLES.values())})
    base = read_json(sources / CONCEPTS, "package/emoji.json")
    concepts = [one for one in base if one["category"] not in ("Flags", "Component")]
    concepts.sort(key=lambda one: one["sort_order"])
    names = read_names(sources, [plain_code(one["unified"]) for one in base])
    table = tabulate(concepts, names)
    (DATA / "emoji.json.xz").write_bytes(lzma.compress(compact_json(table), filters=XZ))
    hold_out("emoji", {"style": HELD_OUT_STYLE, "concepts": held_out_concepts(table["codes"])})
    known = icon_names(sources, concepts, table["names"]["en"])
    pictures = {style: draw_style(sources / package, known) for style, package in STYLES.items()}
    np.savez_compressed(DATA / "emoji.npz", **pictures)
    return {
        path.name: {"bytes": path.stat().st_size, "sha256": sha256(path.read_bytes())}
        for path in (DATA / "emoji.json.xz", DATA / "emoji.npz")
    }


def npm_command(package: str) -> str:
    """The command that fetches a package by the name of its file."""
    name, version = re.fullmatch(r"(.+)-(\d+\.\d+\.\d+)\.tgz", package).groups()
    return f"npm pack {name.replace('iconify-json-', '@iconify-json/')}@{version}"


def plain_code(unified: str) -> str:
    """The code points in lower case, without leading zeros and the mark FE0F, which asks for a coloured picture."""
    return "-".join(f"{int(part, 16):x}" for part in unified.split("-") if part.lower() != "fe0f")


def code_of(characters: str) -> str:
    """The code points of an emoji as `plain_code` writes them."""
    return plain_code("-".join(f"{ord(character):x}" for character in characters))


def read_names(sources: Path, codes: list[str]) -> dict[str, dict[str, dict]]:
    """{language: {code: {"tts": [name], "default": [keywords]}}} of every language that names enough of the codes."""
    found: dict[str, dict[str, dict]] = {}
    for package, folder in zip(NAMES, ("annotations", "annotationsDerived"), strict=True):
        with tarfile.open(sources / package) as tar:
            for member in tar.getmembers():
                if not member.name.endswith("/annotations.json"):
                    continue
                language = member.name.split("/")[-2]
                entries = json.load(tar.extractfile(member))[folder].get("annotations", {})
                found.setdefault(language, {}).update({code_of(emoji): entry for emoji, entry in entries.items()})
    return {
        language: entries
        for language, entries in sorted(found.items())
        if sum("tts" in entries.get(code, ()) for code in codes) >= ENOUGH_NAMES
    }


def tabulate(concepts: list[dict], names: dict[str, dict]) -> dict:
    """Codes, categories, English keywords, and each language's names, empty where it has none."""
    codes = [plain_code(one["unified"]) for one in concepts]
    return {
        "codes": codes,
        "category": [one["category"] for one in concepts],
        "subcategory": [one["subcategory"] for one in concepts],
        "keywords": [names["en"].get(code, {}).get("default", []) for code in codes],
        "names": {
            language: [entries.get(code, {}).get("tts", [""])[0] for code in codes]
            for language, entries in names.items()
        },
    }


def compact_json(table: dict) -> bytes:
    """The table as UTF-8 JSON without blanks."""
    return json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def held_out_concepts(codes: list[str]) -> list[str]:
    """One in eight. Variants that differ by gender alone are held out together."""
    return [code for code in codes if int(hashlib.sha256(group(code).encode()).hexdigest(), 16) % HELD_OUT_SHARE == 0]


def group(code: str) -> str:
    """The code without its gender; the whole code where nothing else is left."""
    return "-".join(part for part in code.split("-") if part not in GENDERS) or code


def draw_style(package: Path, names: list[set[str]]) -> UInt8[np.ndarray, "concepts 32 32 4"]:
    """The pictures of one style, red, green, blue and opacity; fully transparent where the style has none."""
    icons = read_json(package, "package/icons.json")
    present = icons["icons"].keys() | icons.get("aliases", {}).keys()
    found = [sorted(candidates & present) for candidates in names]
    drawn = [draw(icons, matches[0]) if matches else np.zeros((SIZE, SIZE, 4), np.uint8) for matches in found]
    return np.array(drawn)


def icon_names(sources: Path, concepts: list[dict], english: list[str]) -> list[set[str]]:
    """The names by which the styles may know each concept.

    Three styles list their names by code point. The others use the same names, the English one, a short one, or the
    Unicode character's own without its blanks.
    """
    listed = [read_json(sources / package, "package/chars.json") for package in STYLES.values()]
    names = {plain_code(one["unified"]): set() for one in concepts}
    for code, name in (pair for chars in listed for pair in chars.items()):
        names.get(plain_code(code), set()).add(name)
    for one, own, name in zip(concepts, names.values(), english, strict=True):
        own |= {slug(name), *(short.replace("_", "-") for short in one["short_names"])}
        own.add(re.sub("[^a-z0-9]", "", (one["name"] or "").lower()))
    return list(names.values())


def slug(name: str) -> str:
    """A name in lower case, its words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def draw(icons: dict, name: str) -> UInt8[np.ndarray, "32 32 4"]:
    """One icon of a collection, rasterised."""
    icon = icons["icons"].get(name) or icons["icons"][icons["aliases"][name]["parent"]]
    width, height = (icon.get(side) or icons.get(side, 16) for side in ("width", "height"))
    left, top = icon.get("left", icons.get("left", 0)), icon.get("top", icons.get("top", 0))
    view = f"{left} {top} {width} {height}"
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{SIZE}" height="{SIZE}" viewBox="{view}">{icon["body"]}</svg>'
    )
    return rasterised(svg, SIZE)
