import jax
import numpy as np
import pytest

from course import nn, perception, zoo
from course.data.arrays import UTTERANCE, load_emoji, load_voices
from course.recipes import sketcher, voices
from course.train.optimisers import matrix_dimensions

ALL = pytest.mark.parametrize("name", perception.SENSES)


@pytest.fixture(scope="module")
def senses():
    """Every sense, made once."""
    return {name: make(0) for name, make in perception.SENSES.items()}


@ALL
def test_every_sense_fits_one_compiled_step(senses, name):
    sense = senses[name]
    batch = next(perception.batches(sense.train, 4))
    assert {key: (value.shape, value.dtype) for key, value in batch.items()} == {
        "values": ((4, 256, 12), np.float32),
        "places": ((4, 256, 3), np.float32),
        "present": ((4, 256), bool),
        "answers": ((4,), np.int32),
    }
    assert batch["present"].any(axis=1).all()
    assert abs(batch["places"]).max() <= 1
    assert set(np.unique(sense.train.answers)) == set(range(len(sense.names)))


@ALL
def test_numbers_are_alike_in_every_sense(senses, name):
    values, present = senses[name].train.values, senses[name].train.present
    seen = values[np.broadcast_to(present, values.shape[:2])]
    assert np.allclose(seen.mean(axis=0), 0, atol=1e-3)
    size = np.sqrt(np.square(seen).sum(axis=1).mean())
    assert size == pytest.approx(0 if name == "space" else perception.LOUDNESS, rel=1e-3)


@ALL
def test_the_seed_decides_and_no_test_example_is_trained_on(senses, name):
    sense = senses[name]
    again = perception.SENSES[name](0)
    assert np.array_equal(sense.test.values, again.test.values)
    seen = {values.tobytes() + place.tobytes() for values, place in _pairs(sense.train)}
    assert not any(values.tobytes() + place.tobytes() in seen for values, place in _pairs(sense.test))


def _pairs(examples):
    places = np.broadcast_to(examples.places, (len(examples.values), *examples.places.shape[1:]))
    return zip(examples.values, places, strict=True)


@ALL
def test_tearing_keeps_the_numbers_and_moves_them(senses, name):
    examples = senses[name].test
    torn = perception.torn(examples, np.random.default_rng(0))
    part = "places" if name == "space" else "values"
    before, after = getattr(examples, part), getattr(torn, part)
    assert not np.array_equal(before, after)
    assert np.allclose(np.sort(before, axis=1), np.sort(after, axis=1))
    absent = ~np.broadcast_to(examples.present, examples.values.shape[:2])
    assert not torn.values[absent].any()


def test_names_can_be_read_back(senses):
    known = {name for tag in perception.LANGUAGES for name in load_emoji().names[tag]}
    short = [row for row in range(50) if senses["bytes"].test.present[row].sum() < perception.NAME_BYTES]
    assert all(perception.text_of(senses["bytes"].test, row) in known for row in short)


def test_a_grid_stands_in_the_middle_of_its_cells():
    assert np.allclose(perception.grid(2, 4)[:4], [[0, -0.5, x] for x in (-0.75, -0.25, 0.25, 0.75)])
    assert np.allclose(perception.along_time(2), [[-0.5, 0, 0], [0.5, 0, 0]])


@pytest.mark.parametrize("solid", perception.SOLIDS)
def test_points_lie_on_the_surface(solid):
    x, y, z = perception.surface(solid, 500, np.random.default_rng(0)).T
    radius = np.hypot(x, y)
    off = {
        "ball": np.sqrt(x**2 + y**2 + z**2) - 1,
        "box": np.maximum(np.maximum(abs(x), abs(y)), abs(z)) - 1,
        "cone": np.minimum(abs(radius - (1 - z) / 2), abs(z + 1)),
        "cylinder": np.maximum(radius, abs(z)) - 1,
        "ring": np.hypot(radius - 1, z) - 0.4,
        "tetrahedron": np.min([x + y + z, x - y - z, -x + y - z, -x - y + z], axis=0) + 1,
    }
    assert np.allclose(off[solid], 0, atol=1e-6)


def test_turns_are_orthogonal_and_prefer_no_direction():
    turned = perception.turns(20_000, np.random.default_rng(0))
    assert np.allclose(turned @ turned.swapaxes(1, 2), np.eye(3), atol=1e-9)
    assert abs(turned.mean(axis=0)).max() < 0.02  # a mean of 20,000 numbers of variance 1/3: five deviations


@pytest.mark.parametrize("event", range(8))
def test_a_spot_does_what_its_answer_says(event):
    films = perception.spots(np.full(300, event), np.random.default_rng(0))
    light = films.sum(axis=(2, 3))
    columns = (films * np.arange(8)).sum(axis=(2, 3)) / light
    rows = (films * np.arange(8)[:, None]).sum(axis=(2, 3)) / light
    motion = [np.mean(columns[:, -1] - columns[:, 0]), np.mean(rows[:, -1] - rows[:, 0])]
    gain = np.mean(np.log(films[:, -1].max(axis=(1, 2)) / films[:, 0].max(axis=(1, 2))))
    expected = {0: (2, 0), 1: (-2, 0), 2: (0, 2), 3: (0, -2)}.get(event, (0, 0))
    assert np.allclose(motion, expected, atol=1.1)
    assert np.sign(round(gain, 1)) == {6: 1, 7: -1}.get(event, np.sign(round(gain, 1)))


def test_answers_come_for_every_example(senses):
    rng = np.random.default_rng(0)
    params = perception.init(rng) | {"unembedding": nn.normal(rng, (64, 10), 64)}
    examples = senses["sound"].test
    few = jax.tree.map(lambda part: part[:7] if len(part) > 1 else part, examples)
    expected = np.asarray(perception.logits(params, perception.batch(few))).argmax(axis=1)
    assert perception.answered(params, examples).shape == (370,)
    assert np.array_equal(perception.answered(params, few, at_once=5), expected)


def test_muon_takes_every_matrix_of_the_reading_and_answering_blocks():
    taken = matrix_dimensions(perception.init(np.random.default_rng(0)))
    for part in ("read", "answer", "blocks"):
        assert None not in jax.tree.leaves(taken[part], is_leaf=lambda leaf: leaf is None)
    assert taken["latents"] is None
    assert taken["unembedding"] is None


def test_the_zoo_s_sketcher_is_as_good_as_its_card_says():
    card = zoo.cards()["perceiver-440k"]
    batch = {"images": perception.small(perception.unseen_drawings()), "asked": np.arange(256)}
    error = float(perception.sketch_loss(zoo.load("perceiver-440k"), batch))
    assert error == pytest.approx(card["error on unseen drawings"], rel=0.01)  # rounding elsewhere
    assert error < 0.1 * batch["images"].var()


def test_the_sketcher_s_recipe_repeats_itself():
    first, again = (next(sketcher.batches(7)) for _ in range(2))
    assert first["images"].shape == (32, 16, 16, 3)
    assert len(set(first["asked"].tolist())) == 64
    assert np.array_equal(first["images"], again["images"])
    assert np.array_equal(first["asked"], again["asked"])


def test_vowels_are_the_publisher_s_halves():
    data = load_voices()
    assert data.train_frames.shape == (270, UTTERANCE, 12)
    assert data.test_frames.shape == (370, UTTERANCE, 12)
    assert np.array_equal(np.bincount(data.train_speakers), [30] * 9)
    lengths = np.isfinite(data.test_frames[..., 0]).sum(axis=1)
    assert lengths.min() == 7
    assert lengths.max() == UTTERANCE
    assert np.array_equal(np.isfinite(data.test_frames).all(axis=-1), np.arange(UTTERANCE) < lengths[:, None])


def test_a_line_of_the_vowels_package_is_read():
    line = ":".join(["1.5,2.5"] * 12) + ":9"
    frames, speaker = voices.utterance(line)
    assert speaker == 8
    assert frames.shape == (UTTERANCE, 12)
    assert np.array_equal(frames[:2, 3], [1.5, 2.5])
    assert np.isnan(frames[2:]).all()


def test_a_missing_package_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"pip download --no-deps aeon==1\.6\.0"):
        voices.make(tmp_path)


@pytest.mark.parametrize("size", [0, 10**6])
def test_a_batch_larger_than_the_examples_is_refused(size):
    with pytest.raises(ValueError, match="size must be from 1 to"):
        next(perception.batches(perception.clouds(0).test, size))
