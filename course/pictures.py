"""Small colour pictures: how they are moved and coloured at random, and ten tasks that test a pretrained eye.

A picture is 32 x 32 pixels of red, green and blue from 0 to 1. No task shows what the models of the zoo were trained
on: all use the held-out style, concepts and scripts of `course.data.arrays.held_out`, or another source.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped, UInt8

from course.data.arrays import (
    ANIMALS,
    ICON_CATEGORIES,
    STYLES,
    held_out,
    load_animals,
    load_digits,
    load_drawings,
    load_emoji,
    load_glyphs,
    load_icons,
)
from course.nn import block, embed, init_encoder, layers_of, normal, rms_norm

SIZE, PATCH = 32, 4
PATCHES = (SIZE // PATCH) ** 2
AT_ONCE = 64  # pictures


class Pictures(NamedTuple):
    """n pictures and what each shows."""

    images: Float[np.ndarray, "n 32 32 3"]
    labels: Int[np.ndarray, " n"]


class Task(NamedTuple):
    """One question about pictures."""

    question: str
    names: tuple[str, ...]  # of the answers
    train: Pictures
    test: Pictures


def patches(images: Float[np.ndarray, "n 32 32 3"], patch: int = PATCH) -> Float[np.ndarray, "n places features"]:
    """Each picture as a sequence of squares of `patch` x `patch` pixels, row by row, centred on zero.

    Raises ValueError for other shapes, and for values that do not run from 0 to 1.
    """
    images = np.asarray(images)
    if images.shape[1:] != (SIZE, SIZE, 3) or len(images) == 0:
        raise ValueError(f"pictures must have the shape (n, {SIZE}, {SIZE}, 3) with n > 0, got {images.shape}.")
    if not (images.min() >= -0.01 and images.max() <= 1.01):  # painted ones may overshoot by a rounding
        raise ValueError(f"pixels must lie between 0 and 1, got {images.min():.3g} to {images.max():.3g}.")
    side = SIZE // patch
    squares = images.reshape(-1, side, patch, side, patch, 3).transpose(0, 1, 3, 2, 4, 5)
    return (squares.reshape(-1, side * side, patch * patch * 3) - 0.5).astype(np.float32)


def on_colour(
    drawings: Shaped[np.ndarray, "n 32 32 4"], colour: Float[np.ndarray, "#n 3"] | float = 1.0
) -> Float[np.ndarray, "n 32 32 3"]:
    """The drawings on a ground of one colour, white by default."""
    drawings = drawings.astype(np.float32) / 255
    opacity = drawings[..., 3:]
    ground = np.broadcast_to(np.asarray(colour, np.float32), (len(drawings), 3))[:, None, None]
    return drawings[..., :3] * opacity + ground * (1 - opacity)


def grounds(n: int, rng: np.random.Generator) -> Float[np.ndarray, "n 3"]:
    """Colours for what is behind a drawing: half of them white, half at random."""
    return np.where(rng.random((n, 1)) < 0.5, 1.0, rng.random((n, 3)))


def inked(ink: Shaped[np.ndarray, "n h w"], most: float) -> UInt8[np.ndarray, "n h w 4"]:
    """Drawings in black, as opaque as the ink says."""
    drawings = np.zeros((*ink.shape, 4), np.uint8)
    drawings[..., 3] = np.round(ink / most * 255)
    return drawings


def moved(
    drawings: Shaped[np.ndarray, "n 32 32 4"],
    rng: np.random.Generator,
    turn: float = 15.0,
    smallest: float = 0.7,
    largest: float = 1.1,
    shift: float = 3.0,
) -> Float[np.ndarray, "n 32 32 4"]:
    """Each drawing turned by up to `turn` degrees, resized and shifted by up to `shift` pixels, at random."""
    n, middle = len(drawings), (SIZE - 1) / 2
    angle = np.radians(rng.uniform(-turn, turn, n))
    size = rng.uniform(smallest, largest, n)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / size  # (2, 2, n)
    offset = rng.uniform(-shift, shift, (2, n, 1, 1))
    grid = np.indices((SIZE, SIZE))[:, None] - middle - offset  # (2, n, 32, 32)
    places = np.einsum("ijn,jnyx->inyx", matrix, grid) + middle
    return _sampled(drawings, places)


def _sampled(
    drawings: Shaped[np.ndarray, "n 32 32 4"], places: Float[np.ndarray, "2 n 32 32"]
) -> Float[np.ndarray, "n 32 32 4"]:
    """The drawings read at places between pixels, by bilinear interpolation; outside they are transparent."""
    framed = np.pad(drawings.astype(np.float32), ((0, 0), (1, 1), (1, 1), (0, 0)))
    framed[..., :3] *= framed[..., 3:] / 255  # else the colour of transparent pixels would bleed in
    places = np.clip(places + 1, 0, SIZE + 0.999)
    low = places.astype(int)
    (fy, fx), (y, x), row = (places - low)[..., None], low, SIZE + 2
    pixels, at = framed.reshape(-1, 4), (np.arange(len(drawings))[:, None, None] * row + y) * row + x
    top = pixels.take(at, axis=0) * (1 - fx) + pixels.take(at + 1, axis=0) * fx
    bottom = pixels.take(at + row, axis=0) * (1 - fx) + pixels.take(at + row + 1, axis=0) * fx
    mixed = top * (1 - fy) + bottom * fy
    mixed[..., :3] *= 255 / np.maximum(mixed[..., 3:], 1e-3)
    return mixed


def held_out_concepts() -> Bool[np.ndarray, " concepts"]:
    """True for the concepts that no model was trained on."""
    codes = set(held_out()["emoji"]["concepts"])
    return np.array([code in codes for code in load_emoji().codes])


def held_out_style() -> str:
    """The drawing style that no model was trained on."""
    return held_out()["emoji"]["style"]


def training_styles() -> list[str]:
    """The other styles."""
    return [style for style in STYLES if style != held_out_style()]


def training_drawings() -> tuple[UInt8[np.ndarray, "n 32 32 4"], Int[np.ndarray, " n"]]:
    """(every emoji that may be learned from, in six styles; the concept that each shows, as its place in `load_emoji`).

    Some concepts share a drawing: one that shows a held-out concept, or is the held-out style's, is not among them.
    """
    free = np.flatnonzero(~held_out_concepts())
    drawings = {style: load_drawings(style) for style in STYLES}
    emoji = np.concatenate([drawings[style][free] for style in training_styles()])
    hidden = [drawing[held_out_concepts()] for drawing in drawings.values()] + [drawings[held_out_style()]]
    shown = seen_nowhere_in(emoji, np.concatenate(hidden)) & emoji[..., 3].any(axis=(1, 2))
    return emoji[shown], np.tile(free, len(training_styles()))[shown]


def digits(seed: int = 0) -> Task:
    """Scanned digits of 8 x 8 pixels, each pixel drawn as a square."""
    images, labels = load_digits()
    large = np.kron(images, np.ones((1, 4, 4), images.dtype))
    return _split("Which digit is it?", tuple("0123456789"), on_colour(inked(large, 16)), labels, seed)


def animals(seed: int = 0) -> Task:
    """Silhouettes, dark on light."""
    silhouettes, labels = load_animals()
    ink = np.pad(silhouettes, ((0, 0), (2, 2), (2, 2)))
    return _split("Which animal is it?", ANIMALS, on_colour(inked(ink, 224)), labels, seed)


def icons(seed: int = 0) -> Task:
    """Line drawings by category."""
    ink, labels = load_icons()
    return _split("Which category is the icon of?", ICON_CATEGORIES, on_colour(inked(ink, 7)), labels, seed)


def categories(seed: int = 0) -> Task:
    """Emoji in the held-out style, by Unicode's category."""
    names, labels = np.unique(load_emoji().category, return_inverse=True)
    images = on_colour(load_drawings(held_out_style()))
    return _split("Which category is the emoji of?", tuple(names), images, labels, seed)


def concepts(seed: int = 0, count: int = 20) -> Task:
    """Held-out concepts, seen in the other styles, to be told in the held-out style."""
    rng = np.random.default_rng(seed)
    drawings = {style: load_drawings(style) for style in STYLES}
    complete = np.all([drawing[..., 3].any(axis=(1, 2)) for drawing in drawings.values()], axis=0)
    chosen = rng.choice(np.flatnonzero(held_out_concepts() & complete), count, replace=False)
    seen = np.concatenate([drawings[style][chosen] for style in training_styles() for _ in range(10)])
    unseen = np.concatenate([drawings[held_out_style()][chosen]] * 10)
    names = tuple(load_emoji().names["en"][row] for row in chosen)
    halves = (
        Pictures(on_colour(moved(one, rng)), np.tile(np.arange(count), len(one) // count)) for one in (seen, unseen)
    )
    return Task("Which concept is it?", names, *halves)


def drawn_by(seed: int = 0) -> Task:
    """Held-out concepts in all styles: who drew them?"""
    rows = np.flatnonzero(held_out_concepts())
    drawings = {style: load_drawings(style)[rows] for style in STYLES}
    present = {style: one[one[..., 3].any(axis=(1, 2))] for style, one in drawings.items()}
    labels = np.repeat(np.arange(len(STYLES)), [len(one) for one in present.values()])
    return _split(
        "Which style is it drawn in?", STYLES, on_colour(np.concatenate(list(present.values()))), labels, seed
    )


def scripts(seed: int = 0) -> Task:
    """Letters of held-out scripts: which script? The letters of the test are not among those to learn from."""
    glyphs, chosen = load_glyphs(), held_out()["glyphs"]["scripts"]
    keep = np.isin(glyphs.scripts, chosen)[glyphs.script]
    labels = np.searchsorted(chosen, glyphs.scripts[glyphs.script[keep]])
    images = on_colour(inked(glyphs.pictures[keep], 7))
    return _split("Which script is the letter of?", tuple(chosen), images, labels, seed, groups=glyphs.code[keep])


def letters(seed: int = 0, count: int = 40) -> Task:
    """Letters of held-out scripts, learned from sans-serif type, to be told in type with serifs."""
    rng, glyphs, chosen = np.random.default_rng(seed), load_glyphs(), held_out()["glyphs"]["scripts"]
    keep = np.isin(glyphs.scripts, chosen)[glyphs.script]
    codes, styles = np.unique(glyphs.code[keep], return_counts=True)
    codes = np.sort(rng.choice(codes[styles == 4], count, replace=False))

    def type_of(*wanted):
        rows = np.flatnonzero(np.isin(glyphs.code, codes) & np.isin(glyphs.style, wanted)).repeat(10)
        return Pictures(
            on_colour(moved(inked(glyphs.pictures[rows], 7), rng)), np.searchsorted(codes, glyphs.code[rows])
        )

    return Task("Which letter is it?", tuple(map(chr, codes)), type_of(0, 1), type_of(2, 3))


def counting(seed: int = 0, most: int = 5, n: int = 1500) -> Task:
    """One to five copies of a held-out concept, each 8 pixels wide, near the places of a grid."""
    rng = np.random.default_rng(seed)
    images, labels = on_colour(_held_out_drawings()), rng.integers(most, size=n)
    small = images.reshape(len(images), 8, 4, 8, 4, 3).mean(axis=(2, 4))
    scenes = np.ones((n, SIZE, SIZE, 3), np.float32)
    for scene, label in zip(scenes, labels, strict=True):
        picture = small[rng.integers(len(small))]
        for place in rng.choice(9, label + 1, replace=False):
            top, left = (10 * np.array(divmod(place, 3)) + rng.integers(3, size=2)).tolist()
            scene[top : top + 8, left : left + 8] = picture
    return _split("How many are there?", tuple("12345"), scenes, labels, seed)


def turned(seed: int = 0) -> Task:
    """Held-out concepts, upright or turned by a quarter, a half or three quarters."""
    rng, images = np.random.default_rng(seed), on_colour(_held_out_drawings())
    labels = rng.integers(4, size=len(images))
    rotated = np.stack([np.rot90(image, quarter) for image, quarter in zip(images, labels, strict=True)])
    return _split("How far is it turned to the left?", ("0", "90", "180", "270 degrees"), rotated, labels, seed)


TASKS: dict[str, Callable[..., Task]] = {
    task.__name__: task
    for task in (digits, animals, icons, categories, concepts, drawn_by, scripts, letters, counting, turned)
}


@cache
def _held_out_drawings() -> UInt8[np.ndarray, "n 32 32 4"]:
    """The held-out concepts in all styles that draw them."""
    every = np.concatenate([load_drawings(style)[held_out_concepts()] for style in STYLES])
    return every[every[..., 3].any(axis=(1, 2))]


def _split(
    question: str,
    names: tuple[str, ...],
    images: Float[np.ndarray, "n 32 32 3"],
    labels: Int[np.ndarray, " n"],
    seed: int,
    groups: Int[np.ndarray, " n"] | None = None,
) -> Task:
    """Two thirds to learn from and one third to test, at random; what shares a group or its pixels stays together."""
    group = np.unique(_keys(images) if groups is None else groups, return_inverse=True)[1]
    tested = (np.random.default_rng([seed, 1]).permutation(group.max() + 1) < (group.max() + 1) // 3)[group]
    halves = (Pictures(images[rows], np.asarray(labels)[rows].astype(int)) for rows in (~tested, tested))
    return Task(question, names, *halves)


def _keys(images: Shaped[np.ndarray, "n ..."]) -> Shaped[np.ndarray, " n"]:
    """A key for each picture, the same for the same pixels."""
    return np.array([hashlib.sha256(np.ascontiguousarray(image)).hexdigest() for image in images])


def seen_nowhere_in(
    drawings: UInt8[np.ndarray, "n 32 32 4"], others: UInt8[np.ndarray, "m 32 32 4"]
) -> Bool[np.ndarray, " n"]:
    """True for the drawings of which no pixel-for-pixel copy is among the others."""
    return ~np.isin(_keys(drawings), _keys(others))


def init_eye(rng: np.random.Generator, d_model: int, n_layers: int, n_heads: int, patch: int = PATCH) -> dict:
    """Parameters of a vision transformer without a head: patch embedding, a vector for each place, and the blocks.

    Source: An Image is Worth 16x16 Words (arXiv:2010.11929), with the mean over all squares as the summary.
    """
    encoder = init_encoder(rng, patch * patch * 3, 1, d_model, n_layers, n_heads)
    return {
        "embedding": encoder["embedding"],
        "bias": normal(rng, ((SIZE // patch) ** 2, d_model), 1),
        "blocks": encoder["blocks"],
    }


def look(params: dict, squares: Float[Array, "n places features"]) -> Float[Array, "n D"]:
    """What the eye makes of pictures cut by `patches`: the mean over all squares of the normalised stream."""
    return streams(params, squares)[-1].mean(axis=1)


def streams(params: dict, squares: Float[Array, "n places features"]) -> list[Float[Array, "n places D"]]:
    """The normalised stream after each block: one vector for each square."""
    x, after = embed(params, squares), []
    for layer in layers_of(params["blocks"]):
        x = block(layer, x, positions=False)
        after.append(rms_norm(x))
    return after


def features(params: dict, images: Float[np.ndarray, "n 32 32 3"]) -> Float[np.ndarray, "n (64+L)*D"]:
    """What a linear classifier may use: the stream of every square halfway up, and its spread after each of L blocks.

    Halfway, since the last blocks serve the names that the eye was trained to give (as in iGPT, Chen et al. 2020, where
    features from the middle classify best); the spread over the squares is what texture and style show in.
    """
    return in_parts(lambda part: _features(params, part), patches(images))


def in_parts(
    function: Callable[[Shaped[np.ndarray, "k ..."]], Shaped[Array, "k ..."]], inputs: Shaped[np.ndarray, "n ..."]
) -> Shaped[np.ndarray, "n ..."]:
    """The function's value for many inputs, 64 at a time, so that one compiled program serves any number of them."""
    padded = np.concatenate([inputs, np.zeros((-len(inputs) % AT_ONCE, *inputs.shape[1:]), inputs.dtype)])
    parts = [function(padded[i : i + AT_ONCE]) for i in range(0, len(padded), AT_ONCE)]
    return np.concatenate(parts)[: len(inputs)]


@jax.jit
def _features(params: dict, squares: Float[Array, "n 64 48"]) -> Float[Array, "n (64+L)*D"]:
    after = streams(params, squares)
    halfway = after[len(after) // 2 - 1]
    return jnp.concatenate([halfway.reshape(len(squares), -1), *(stream.std(axis=1) for stream in after)], axis=1)
