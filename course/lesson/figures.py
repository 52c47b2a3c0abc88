"""Figures: one house style, readable from the back row and without colour vision, and a description."""

import functools
import html
import io
import sys
from typing import NamedTuple

from course.lesson import usage, words
from course.lesson.environment import publish
from course.lesson.numbers import as_number, describe

# Okabe and Ito's colours, without the yellow that vanishes on white. Every colour comes with its own marker.
COLORS = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
}
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

CSS_PIXELS_PER_INCH = 96
DPIS = (192, 144, 96)  # twice the screen's density, and less only where the file would outgrow LARGEST_PNG
LARGEST_PNG = 150_000
SHORTEST_ALT = 20
LARGEST_INCHES = 50  # at the highest density 370 MB, which a kernel survives


class Picture(NamedTuple):
    """A figure as PNG bytes, and the width in CSS pixels at which it is shown."""

    png: bytes
    width: int


def figure(width: float = 8.0, height: float = 4.5, nrows: int = 1, ncols: int = 1, **subplots):
    """(fig, ax): a figure of width x height inches in the house style; ax is an array when there are several.

    It belongs to no global state, so only show() draws it. The default size fits a 1280 x 720 screen.
    A line of many points wants markevery=len(x) // 10, or marker="".
    """
    for name, inches in (("width", width), ("height", height)):
        if not 0 < (as_number(inches) or 0) <= LARGEST_INCHES:
            raise ValueError(words.FIGURE_SIZE.format(name=name, most=LARGEST_INCHES, given=describe(inches)))
    _use_house_style()
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.subplots(nrows, ncols, **subplots)


def show(fig, alt: str = "") -> None:
    """Display the figure as a white PNG, with its description in the metadata and as a caption, and close it.

    alt: what a person who cannot see the figure should know, in at least 20 characters.
    """
    check_alt(alt)
    display_picture(render(fig), alt)


def check_alt(alt: str) -> str:
    """The description itself; ValueError when it is too short to describe anything."""
    if not isinstance(alt, str) or len(alt.strip()) < SHORTEST_ALT:
        raise ValueError(words.ALT_TOO_SHORT.format(least=SHORTEST_ALT, given=describe(alt)))
    return alt


def render(fig) -> Picture:
    """The figure as a picture, at the highest density whose file is small enough; the figure is closed."""
    from matplotlib.figure import FigureBase

    if not isinstance(fig, FigureBase):  # pyplot has a savefig, too
        raise TypeError(words.NOT_A_FIGURE.format(given=type(fig).__name__))
    for dpi in DPIS:
        png = _png(fig, dpi)
        if len(png) <= LARGEST_PNG:
            break
    if "matplotlib.pyplot" in sys.modules:  # otherwise Jupyter would draw a pyplot figure once more
        sys.modules["matplotlib.pyplot"].close(fig)
    return Picture(png, round(fig.get_figwidth() * CSS_PIXELS_PER_INCH))


def display_picture(picture: Picture, alt: str) -> None:
    """Show the picture, then its caption: JupyterLab keeps the description in the metadata to itself."""
    publish({"image/png": picture.png, "text/plain": "<Figure>"}, png_metadata(picture, alt))
    publish({"text/html": caption(alt), "text/plain": alt})
    usage.record_figure()


def png_metadata(picture: Picture, alt: str) -> dict:
    """An output's metadata: the description for screen readers, and the width in CSS pixels."""
    return {"image/png": {"alt": alt, "width": picture.width}}


def caption(alt: str) -> str:
    """The visible description, as HTML."""
    return f"<p><strong>{words.CAPTION}</strong> {html.escape(alt)}</p>"


def lecture_mode(on: bool = True) -> None:
    """Draw the figures that follow with larger type and thicker lines (on), or as usual (off)."""
    import matplotlib

    _use_house_style()
    matplotlib.rcParams.update(_house_style(scale=1.4 if on else 1.0))
    print(words.LECTURE_ON if on else words.LECTURE_OFF)


def _png(fig, dpi: int) -> bytes:
    """The figure as an opaque PNG of 256 colours, a third of the size of the full-colour file."""
    from PIL import Image

    full, small = io.BytesIO(), io.BytesIO()
    fig.savefig(full, format="png", dpi=dpi, facecolor="white", pil_kwargs={"compress_level": 1})
    image = Image.open(full).convert("RGB")
    image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(small, "png")
    return small.getvalue()


@functools.cache  # once per kernel, so that what a reader changes in rcParams afterwards is kept
def _use_house_style() -> None:
    import matplotlib

    matplotlib.rcParams.update(_house_style())


def _house_style(scale: float = 1.0) -> dict:
    from cycler import cycler

    return {
        "figure.figsize": (8.0, 4.5),
        "figure.facecolor": "white",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib
        "font.size": 13 * scale,
        "axes.titlesize": "large",
        "axes.labelsize": "medium",
        "xtick.labelsize": "medium",
        "ytick.labelsize": "medium",
        "legend.fontsize": "medium",
        "legend.frameon": False,
        "axes.prop_cycle": cycler(color=list(COLORS.values())) + cycler(marker=list(MARKERS)),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.alpha": 0.3,
        "lines.linewidth": 2.0 * scale,
        "lines.markersize": 7.0,
    }
