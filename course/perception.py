"""Five senses in one form: a set of at most 256 inputs, each of up to 12 numbers at a place with up to 3 axes.

Nothing else is known about a sense. Pixels have a row and a column, bytes a place in their name, frames of sound a
time, the pixels of a film all three. The points of a cloud have no numbers at all: their place says everything.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree, Shaped, UInt8

from course import pictures, senses
from course.data.arrays import load_drawings, load_emoji, load_voices
from course.nn import cross_entropy, decode, encode, fourier_features, init_perceiver, perceiver

INPUTS, VALUES, AXES, ANSWERS = 256, 12, 3, 10  # of any sense, at most
BANDS, HIGHEST = 4, 4.0  # of the position codes
CODE = AXES * (2 * BANDS + 1)  # numbers of a position code
LOUDNESS = 4.0  # root of the summed squares of an input's numbers, on average: as much as its position code has
TRAIN, TEST = 3200, 500
SHAPE = {"n_latents": 16, "d_model": 64, "n_layers": 2, "n_heads": 4}

LANGUAGES = {
    "cs": "Czech", "de": "German", "en": "English", "es": "Spanish",
    "fi": "Finnish", "hu": "Hungarian", "it": "Italian", "tr": "Turkish",
}  # fmt: skip
NAME_BYTES, UNASKED = 40, 250  # bytes read of a name; concepts whose names are kept for the test
SOLIDS = ("ball", "box", "cone", "cylinder", "ring", "tetrahedron")
POINTS = 128
EVENTS = ("right", "left", "down", "up", "grows", "shrinks", "brightens", "fades")
FRAMES, SIDE = 4, 8  # of a film


class Examples(NamedTuple):
    """n examples of m inputs each, and their answers."""

    values: Float[np.ndarray, "n m v"]
    places: Float[np.ndarray, "#n m 3"]  # from -1 to 1
    present: Bool[np.ndarray, "#n m"]
    answers: Int[np.ndarray, " n"]


class Sense(NamedTuple):
    """One kind of input, and what is asked of it."""

    question: str
    names: tuple[str, ...]  # of the answers
    train: Examples
    test: Examples


def grid(*sizes: int) -> Float[np.ndarray, "m 3"]:
    """The places of frames x rows x columns, each in the middle of its cell; of axes left out, the first, all are 0."""
    axes = [(2 * np.arange(size) + 1) / size - 1 for size in (1,) * (AXES - len(sizes)) + sizes]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, AXES).astype(np.float32)


def along_time(steps: int) -> Float[np.ndarray, "steps 3"]:
    """The places of a sequence: the first axis, which is time in films, too."""
    return grid(steps, 1, 1)


def batch(examples: Examples, rows: Int[np.ndarray, " b"] | slice = slice(None)) -> dict[str, np.ndarray]:
    """values (b, 256, 12), places (b, 256, 3), present (b, 256), answers (b): the shapes that all senses share."""
    answers = examples.answers[rows].astype(np.int32)
    values, places, present = (_filled(part[rows] if len(part) > 1 else part, len(answers)) for part in examples[:3])
    numbers = np.zeros((*values.shape[:2], VALUES), np.float32)
    numbers[..., : values.shape[2]] = values
    return {"values": numbers, "places": places, "present": present, "answers": answers}


def _filled(part: Shaped[np.ndarray, "#n m ..."], n: int) -> Shaped[np.ndarray, "n 256 ..."]:
    """The part, once for each of n examples, filled up to 256 inputs with zeros."""
    whole = np.zeros((n, INPUTS, *part.shape[2:]), part.dtype)
    whole[:, : part.shape[1]] = part
    return whole


def batches(examples: Examples, size: int, seed: int = 0) -> Iterator[dict[str, np.ndarray]]:
    """Endless batches in random order, each example once before any comes twice.

    Raises ValueError when there are fewer examples than a batch holds.
    """
    if not 1 <= size <= len(examples.answers):
        raise ValueError(f"size must be from 1 to {len(examples.answers)}, the number of examples, got {size}.")
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(examples.answers))
        for i in range(0, len(order) - size + 1, size):
            yield batch(examples, order[i : i + size])


def coded(batch: dict[str, Array]) -> Float[Array, "b 256 39"]:
    """The inputs as the network reads them: the numbers of each beside the Fourier features of its place."""
    return jnp.concatenate([batch["values"], fourier_features(batch["places"], BANDS, HIGHEST)], axis=-1)


def init(rng: np.random.Generator) -> dict:
    """The parameters of the network that every sense gets."""
    return init_perceiver(rng, VALUES + CODE, 1, ANSWERS, **SHAPE)


def logits(params: PyTree, batch: dict[str, Array]) -> Float[Array, "b 10"]:
    """The answers to the only query that there is: what is it?"""
    return perceiver(params, coded(batch), jnp.ones((1, 1, 1)), batch["present"])[:, 0]


def loss(params: PyTree, batch: dict[str, Array]) -> Float[Array, ""]:
    """Mean cross-entropy in nats."""
    return cross_entropy(logits(params, batch), batch["answers"]).mean()


def answered(params: PyTree, examples: Examples, at_once: int = 100) -> Int[np.ndarray, " n"]:
    """The likeliest answer to each example."""
    rows = np.arange(-(-len(examples.answers) // at_once) * at_once) % len(examples.answers)
    parts = [_logits(params, batch(examples, part)).argmax(axis=1) for part in rows.reshape(-1, at_once)]
    return np.concatenate(parts)[: len(examples.answers)]


_logits = jax.jit(logits)


def torn(examples: Examples, rng: np.random.Generator) -> Examples:
    """The same numbers at the same places, but no longer which at which: each example's are exchanged among its inputs.

    Where there are no numbers, the coordinates are exchanged, each axis by itself.
    """
    n, m = examples.answers.shape[0], examples.places.shape[1]
    order = np.where(examples.present, rng.random((n, m)), 2.0).argsort(axis=1)[..., None]  # what is absent stays last
    if examples.values.any():
        return examples._replace(values=np.take_along_axis(examples.values, order, axis=1))
    orders = np.where(examples.present[..., None], rng.random(examples.places.shape), 2.0).argsort(axis=1)
    return examples._replace(places=np.take_along_axis(examples.places, orders, axis=1))


def _alike(*halves: Examples) -> list[Examples]:
    """Both halves, their numbers shifted and scaled: over the training half, mean 0 and summed squares LOUDNESS^2."""
    values = halves[0].values[np.broadcast_to(halves[0].present, halves[0].values.shape[:2])]
    mean, spread = values.mean(axis=0), values.std(axis=0)
    scale = LOUDNESS / np.sqrt(max(np.square(spread).sum(), 1e-12))
    return [half._replace(values=(half.values - mean) * scale * half.present[..., None]) for half in halves]


def scans(seed: int = 0) -> Sense:
    """Pictures: scanned digits of 8 x 8 pixels, one grey value at each place."""

    def half(images, digits):
        values = images.reshape(-1, SIDE * SIDE, 1)
        return Examples(values, grid(SIDE, SIDE)[None], np.ones((1, SIDE * SIDE), bool), digits)

    return Sense("Which digit?", tuple("0123456789"), *_alike(*(half(*part) for part in senses.digit_halves(seed))))


def names(seed: int = 0) -> Sense:
    """Text: the UTF-8 bytes of emoji's names, each byte as eight bits. In which language?

    All names of a concept are on one side. Names that two of the languages share are left out, and from training those
    that begin, as far as they are read, like one of the test.
    """
    emoji, rng = load_emoji(), np.random.default_rng(seed)
    asked = np.isin(np.arange(len(emoji.codes)), rng.permutation(len(emoji.codes))[:UNASKED])

    def named(concepts):
        rows = [[emoji.names[tag][i] for tag in LANGUAGES] for i in np.flatnonzero(concepts)]
        return [(name, k) for row in rows for k, name in enumerate(row) if name and row.count(name) == 1]

    def half(pairs):
        texts, answers = zip(*(pairs[i] for i in rng.permutation(len(pairs))), strict=True)
        values, present = _bits(texts)
        return Examples(values, along_time(NAME_BYTES)[None], present, np.array(answers))

    kept = {name.encode()[:NAME_BYTES] for name, _ in named(asked)}
    train = half([(name, k) for name, k in named(~asked) if name.encode()[:NAME_BYTES] not in kept])
    test = half(named(asked))
    test = test._replace(values=test.values[:TEST], present=test.present[:TEST], answers=test.answers[:TEST])
    return Sense("Which language?", tuple(LANGUAGES.values()), *_alike(train, test))


def _bits(texts: tuple[str, ...]) -> tuple[Float[np.ndarray, "n 40 8"], Bool[np.ndarray, "n 40"]]:
    """(the bits of the first 40 bytes, which bytes there are)."""
    encoded = [text.encode()[:NAME_BYTES] for text in texts]
    tokens = np.array([list(text.ljust(NAME_BYTES, b"\0")) for text in encoded], np.uint8)
    present = np.arange(NAME_BYTES) < np.array([len(text) for text in encoded])[:, None]
    return np.unpackbits(tokens[..., None], axis=-1).astype(np.float32), present


def text_of(examples: Examples, row: int) -> str:
    """The name that an example of `names` shows, read back from its bits."""
    bits = examples.values[row][examples.present[row]] > 0
    return np.packbits(bits, axis=-1).tobytes().decode("utf-8", errors="replace")


def voices(seed: int = 0) -> Sense:
    """Sound: two Japanese vowels in one breath, as frames of twelve cepstra. Which of nine men speaks?

    The halves are the publisher's; the seed changes nothing.
    """

    def half(frames, speakers):
        values, present = np.nan_to_num(frames.astype(np.float32)), np.isfinite(frames[..., 0])
        return Examples(values, along_time(frames.shape[1])[None], present, speakers)

    voices = load_voices()
    halves = half(voices.train_frames, voices.train_speakers), half(voices.test_frames, voices.test_speakers)
    return Sense("Which speaker?", tuple("ABCDEFGHI"), *_alike(*halves))


def clouds(seed: int = 0) -> Sense:
    """Space: 128 points on the surface of a solid, stretched, turned and blurred at random. Which solid?"""
    rng = np.random.default_rng(seed)

    def half(n):
        kinds = rng.integers(len(SOLIDS), size=n)
        points = np.stack([surface(SOLIDS[kind], POINTS, rng) for kind in kinds]) * rng.uniform(0.6, 1, (n, 1, 3))
        turned = points @ turns(n, rng) + 0.02 * rng.standard_normal(points.shape)
        places = (turned * 0.55).astype(np.float32)  # of what is in the unit cube, 0.55 of the corner is below 1
        return Examples(np.zeros((n, POINTS, 1), np.float32), places, np.ones((1, POINTS), bool), kinds)

    return Sense("Which solid?", SOLIDS, half(TRAIN), half(TEST))


def turns(n: int, rng: np.random.Generator) -> Float[np.ndarray, "n 3 3"]:
    """Matrices that turn, or turn and mirror, by chance: every direction is as likely as any other."""
    q, r = np.linalg.qr(rng.standard_normal((n, 3, 3)))
    return q * np.sign(np.einsum("nii->ni", r))[:, None]  # else the signs that the algorithm prefers would show


def surface(solid: str, n: int, rng: np.random.Generator) -> Float[np.ndarray, "n 3"]:
    """n random points on the surface of one of the `SOLIDS`, which fits into the cube from -1 to 1 (ring: 1.4)."""
    numbers, normals = rng.random((3, n)), rng.standard_normal((n, 3))
    if solid in ("ball", "box"):
        return normals / np.linalg.norm(normals, ord=2 if solid == "ball" else np.inf, axis=1, keepdims=True)
    return _tetrahedron(n, rng) if solid == "tetrahedron" else _round(solid, *numbers[..., None])


def _tetrahedron(n: int, rng: np.random.Generator) -> Float[np.ndarray, "n 3"]:
    """Points on the sides of a tetrahedron, each side opposite to a corner drawn by lot."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    sides = np.stack([np.delete(corners, k, axis=0) for k in range(4)])
    weights = rng.dirichlet([1, 1, 1], n)
    return np.einsum("nc,nca->na", weights, sides[rng.integers(4, size=n)])


def _round(
    solid: str, u: Float[np.ndarray, "n 1"], v: Float[np.ndarray, "n 1"], share: Float[np.ndarray, "n 1"]
) -> Float[np.ndarray, "n 3"]:
    """Points on a ring, a cone or a cylinder around the z axis, made of three numbers from 0 to 1 each."""
    around, tube, up = 2 * np.pi * u, 2 * np.pi * v, np.array([0, 0, 1])
    circle = np.concatenate([np.cos(around), np.sin(around), np.zeros_like(u)], axis=1)
    if solid == "ring":
        return (1 + 0.4 * np.cos(tube)) * circle + 0.4 * np.sin(tube) * up
    disc = np.sqrt(v) * circle
    if solid == "cone":
        return disc + np.where(share < np.sqrt(5) / (1 + np.sqrt(5)), 1 - 2 * np.sqrt(v), -1) * up
    lids = disc + np.where(share > 5 / 6, 1, -1) * up
    return np.where(share < 2 / 3, circle + (2 * v - 1) * up, lids)


def films(seed: int = 0) -> Sense:
    """Film: a soft spot in 4 frames of 8 x 8 pixels. What does it do?"""
    rng = np.random.default_rng(seed)

    def half(n):
        events = rng.integers(len(EVENTS), size=n)
        values = spots(events, rng).reshape(n, -1, 1)
        return Examples(values, grid(FRAMES, SIDE, SIDE)[None], np.ones((1, values.shape[1]), bool), events)

    return Sense("What does it do?", EVENTS, *_alike(half(TRAIN), half(TEST)))


def spots(events: Int[np.ndarray, " n"], rng: np.random.Generator) -> Float[np.ndarray, "n 4 8 8"]:
    """Films of the `EVENTS`: a spot moves a pixel a frame, or its radius or brightness changes by half, with noise."""
    n, t = len(events), np.linspace(-1, 1, FRAMES)
    change = np.zeros((len(EVENTS), 4))  # of row, column, radius, brightness
    change[range(len(EVENTS)), [1, 1, 0, 0, 2, 2, 3, 3]] = np.tile([1, -1], len(EVENTS) // 2)
    rows, columns, radius, light = (change[events].T[..., None] * t)[..., None, None]  # each (n, frames, 1, 1)
    y, x = np.indices((SIDE, SIDE))[:, None, None] - (SIDE - 1) / 2 - rng.uniform(-2.5, 2.5, (2, n, 1, 1, 1))
    size = rng.uniform(0.9, 1.5, (n, 1, 1, 1)) * np.exp(0.45 * radius)
    bright = rng.uniform(0.6, 1, (n, 1, 1, 1)) * np.exp(0.5 * light)
    distance = np.square(y - 1.5 * rows) + np.square(x - 1.5 * columns)
    noise = 0.03 * rng.standard_normal((n, FRAMES, SIDE, SIDE))
    return (bright * np.exp(-distance / (2 * np.square(size))) + noise).astype(np.float32)


SENSES: dict[str, Callable[[int], Sense]] = {
    "pictures": scans,
    "bytes": names,
    "sound": voices,
    "space": clouds,
    "film": films,
}


# A second use of the same network: small pictures in, colours out, at whatever places are asked for.

# The highest frequency stays below 8: there every cosine is zero at the places that are learned from.
SKETCH_SIDE, SKETCH_BANDS, SKETCH_HIGHEST = 16, 7, 7.0
SKETCH_CODE = AXES * (2 * SKETCH_BANDS + 1)


def init_sketcher(rng: np.random.Generator, n_latents: int, d_model: int, n_layers: int, n_heads: int) -> dict:
    """Parameters of a Perceiver that reads coloured pixels and answers places with colours."""
    return init_perceiver(rng, 3 + SKETCH_CODE, SKETCH_CODE, 3, n_latents, d_model, n_layers, n_heads)


def read_picture(params: PyTree, images: Float[Array, "n 16 16 3"]) -> Float[Array, "n N D"]:
    """The latents after reading pictures with colours from 0 to 1."""
    colours = 4 * (jnp.asarray(images).reshape(len(images), -1, 3) - 0.5)
    code = jnp.broadcast_to(place_code(grid(SKETCH_SIDE, SKETCH_SIDE)), (*colours.shape[:2], SKETCH_CODE))
    return encode(params, jnp.concatenate([colours, code], axis=-1))


def place_code(places: Float[Array, "... 3"]) -> Float[Array, "... 45"]:
    """The position code of places, as inputs carry it and as queries are made of it."""
    return fourier_features(places, SKETCH_BANDS, SKETCH_HIGHEST)


def colours_at(params: PyTree, latents: Float[Array, "n N D"], places: Float[Array, "o 3"]) -> Float[Array, "n o 3"]:
    """The colours from 0 to 1 that the latents answer to each place."""
    return 0.5 + decode(params, latents, place_code(places)[None])


def unseen_drawings() -> UInt8[np.ndarray, "n 32 32 4"]:
    """Drawings of concepts and in a style that no model of the course has seen."""
    drawings = load_drawings(pictures.held_out_style())[pictures.held_out_concepts()]
    return drawings[drawings[..., 3].any(axis=(1, 2))]


def small(drawings: Shaped[np.ndarray, "n 32 32 4"], side: int = SKETCH_SIDE) -> Float[np.ndarray, "n side side 3"]:
    """Drawings on white, the mean colour of each of side x side squares."""
    images, k = pictures.on_colour(drawings), pictures.SIZE // side
    return images.reshape(len(images), side, k, side, k, 3).mean(axis=(2, 4))


def sketch_loss(params: PyTree, batch: dict[str, Array]) -> Float[Array, ""]:
    """Mean squared error of the colours of "images" at some of the places read: the rows "asked" of the grid."""
    images, asked = batch["images"], batch["asked"]
    told = colours_at(params, read_picture(params, images), jnp.asarray(grid(SKETCH_SIDE, SKETCH_SIDE))[asked])
    return jnp.square(told - images.reshape(len(images), -1, 3)[:, asked]).mean()
