"""Recipe `glyphs`: letters of some 140 scripts, drawn from the Noto fonts.

    course make glyphs --sources FOLDER

FOLDER holds the package as its registry serves it:

    apt-get download fonts-noto-core=20201225-1                      (Debian)

Each letter comes in every style in which the fonts have it: sans and serif, regular and bold. They stand for the
different hands that write one letter.
"""

import io
import subprocess
import tarfile
import unicodedata
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from course.data import DATA, sha256
from course.recipes.sources import by_lot, hold_out, require

PACKAGE = "fonts-noto-core_20201225-1_all.deb"
SOURCES = {PACKAGE: "apt-get download fonts-noto-core=20201225-1"}
SIZE, EM, MARGIN = 32, 26, 1  # pixels: of the picture, of the type, left free at each side
FEWEST, MOST = 20, 80  # letters of a script: with fewer it stays out; of more, so many are drawn by lot
STYLES = ("Sans-Regular", "Sans-Bold", "Serif-Regular", "Serif-Bold")
LEVELS = 8  # of grey: more would double the file
HELD_OUT_SHARE = 5  # one script in five
NOT_LETTERS = {"Zyyy", "Zinh", "Zzzz"}  # common, inherited, unknown


class Glyph(NamedTuple):
    """One letter in one style."""

    script: str  # by its ISO 15924 code, such as "Grek"
    code: int
    style: int  # index into STYLES


def make(sources: Path) -> dict[str, dict]:
    """The file's size and SHA-256, after writing course/data/glyphs.npz and the held-out scripts."""
    require(sources, SOURCES)
    drawn = dict(sorted(draw_fonts(sources / PACKAGE).items()))
    scripts = sorted({glyph.script for glyph in drawn})
    path = DATA / "glyphs.npz"
    np.savez_compressed(
        path,
        pictures=np.stack(list(drawn.values())),
        script=np.array([scripts.index(glyph.script) for glyph in drawn], np.uint8),
        code=np.array([glyph.code for glyph in drawn], np.uint32),
        style=np.array([glyph.style for glyph in drawn], np.uint8),
        scripts=np.array(scripts),
    )
    hold_out("glyphs", {"scripts": sorted(by_lot(scripts, len(scripts) // HELD_OUT_SHARE))})
    return {path.name: {"glyphs": len(drawn), "scripts": len(scripts), "sha256": sha256(path.read_bytes())}}


def draw_fonts(package: Path) -> dict[Glyph, UInt8[np.ndarray, "32 32"]]:
    """The picture of every letter in every style, of the scripts that have enough letters."""
    fonts = {name: font for name, font in read_fonts(package).items() if style_of(name) is not None}
    letters: dict[str, set[int]] = {}
    for font in fonts.values():
        for code in letters_in(font):
            letters.setdefault(script_of(code), set()).add(code)
    chosen = {code for codes in letters.values() if len(codes) >= FEWEST for code in by_lot(codes, MOST)}
    drawn = {}
    for name, font in sorted(fonts.items(), key=lambda item: (len(item[0]), item[0])):  # a script's plain font first
        for code in sorted(chosen & letters_in(font)):
            glyph = Glyph(script_of(code), code, style_of(name))
            if glyph not in drawn and (picture := draw(font, code)).any():
                drawn[glyph] = picture
    return drawn


def read_fonts(package: Path) -> dict[str, bytes]:
    """{name: contents} of the package's fonts."""
    data = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {Path(name).stem: tar.extractfile(name).read() for name in tar.getnames() if name.endswith(".ttf")}


def style_of(name: str) -> int | None:
    """The index of a font's style, such as NotoSansLao-Bold's; None for fonts of other styles."""
    family, weight = name.split("-")
    kind = next((kind for kind in ("Sans", "Serif") if family.startswith(f"Noto{kind}")), None)
    style = f"{kind}-{weight}"
    return STYLES.index(style) if style in STYLES and "Display" not in family and "Slanted" not in family else None


def letters_in(font: bytes) -> set[int]:
    """The code points of the letters that the font draws."""
    from fontTools.ttLib import TTFont

    codes = TTFont(io.BytesIO(font), lazy=True).getBestCmap()
    return {code for code in codes if unicodedata.category(chr(code))[0] == "L" and script_of(code) not in NOT_LETTERS}


def script_of(code: int) -> str:
    """The ISO 15924 code of a character's script."""
    from fontTools import unicodedata as scripts

    return scripts.script(chr(code))


def draw(font: bytes, code: int) -> UInt8[np.ndarray, "32 32"]:
    """The letter in the middle of the picture, dark on light as ink from 0 to LEVELS - 1; smaller where it must be."""
    from PIL import Image, ImageDraw, ImageFont

    for size in range(EM, 5, -2):
        type_face = ImageFont.truetype(io.BytesIO(font), size)
        left, top, right, bottom = type_face.getbbox(chr(code))
        if max(right - left, bottom - top) <= SIZE - 2 * MARGIN:
            break
    image = Image.new("L", (SIZE, SIZE))
    corner = ((SIZE - right - left) / 2, (SIZE - bottom - top) / 2)
    ImageDraw.Draw(image).text(corner, chr(code), fill=255, font=type_face)
    return np.round(np.asarray(image) / 255 * (LEVELS - 1)).astype(np.uint8)
