"""Pictures and tasks: shapes, what moving does, and that no test shows what a model was trained on."""

import numpy as np
import pytest

from course import pictures, zoo
from course.data.arrays import STYLES, held_out, load_drawings, load_emoji, load_glyphs
from course.nn import encoder
from course.recipes import eye

ALL = pytest.mark.parametrize("name", pictures.TASKS)


@ALL
def test_every_task_has_pictures_of_every_answer(name):
    task = pictures.TASKS[name]()
    for half in (task.train, task.test):
        assert half.images.shape == (len(half.labels), 32, 32, 3)
        assert half.images.min() >= 0
        assert half.images.max() <= 1 + 1e-6
        assert set(half.labels) == set(range(len(task.names)))


@ALL
def test_a_task_is_the_same_for_the_same_seed_and_another_for_another(name):
    one, same, other = (pictures.TASKS[name](seed=seed).test for seed in (1, 1, 2))
    assert np.array_equal(one.images, same.images)
    assert one.images.shape != other.images.shape or not np.array_equal(one.images, other.images)


@pytest.mark.parametrize("name", ["digits", "animals", "icons", "categories", "scripts"])
def test_no_picture_is_in_both_halves(name):
    task = pictures.TASKS[name]()
    seen = {image.tobytes() for image in task.train.images}
    repeated = [image.tobytes() in seen for image in task.test.images]
    assert np.mean(repeated) < 0.02  # a few letters and silhouettes look alike


def test_patches_are_squares_row_by_row():
    image = np.arange(32 * 32 * 3).reshape(1, 32, 32, 3) / (32 * 32 * 3)
    squares = pictures.patches(image)
    assert squares.shape == (1, 64, 48)
    np.testing.assert_allclose(squares[0, 9].reshape(4, 4, 3) + 0.5, image[0, 4:8, 4:8], rtol=1e-6)


def test_what_is_not_moved_stays():
    drawings = load_drawings("noto")[:5]
    still = pictures.moved(drawings, np.random.default_rng(0), turn=0, smallest=1, largest=1, shift=0)
    np.testing.assert_allclose(pictures.on_colour(still), pictures.on_colour(drawings), atol=0.01)


def test_a_quarter_turn_is_that_of_numpy():
    drawings = load_drawings("noto")[:5]

    class Quarter:
        def uniform(self, low, high, size):
            return np.full(size, 90.0 if high == 90 else (low + high) / 2)

    turned = pictures.moved(drawings, Quarter(), turn=90, smallest=1, largest=1, shift=0)
    white = pictures.on_colour(turned)
    assert any(
        np.allclose(white, np.rot90(pictures.on_colour(drawings), quarter, axes=(1, 2)), atol=0.02)
        for quarter in (1, 3)
    )


SMALL = {"d_model": 16, "n_layers": 2, "n_heads": 2}


def test_the_eye_is_the_encoder_of_the_course_with_a_vector_for_each_place():
    params, squares = pictures.init_eye(np.random.default_rng(3), **SMALL), pictures.patches(some_digits())
    expected = encoder(params | {"unembedding": 4 * np.eye(16)}, squares, positions=False).mean(axis=1)
    np.testing.assert_allclose(pictures.look(params, squares), expected, atol=1e-5)
    turned = pictures.look(params, squares[:, ::-1])
    assert np.abs(turned - expected).max() > 0.01
    placeless = params | {"bias": params["bias"][:1]}
    np.testing.assert_allclose(pictures.look(placeless, squares), pictures.look(placeless, squares[:, ::-1]), atol=1e-4)


def test_features_are_the_streams_halfway_and_their_spread_whatever_the_company():
    params, images = pictures.init_eye(np.random.default_rng(0), **SMALL), some_digits()
    together = pictures.features(params, images)
    assert together.shape == (70, (64 + 2) * 16)
    np.testing.assert_allclose(together[66:], pictures.features(params, images[66:]), atol=1e-5)
    first, last = pictures.streams(params, pictures.patches(images))
    np.testing.assert_allclose(together[:, : 64 * 16], np.reshape(first, (70, -1)), atol=1e-5)
    np.testing.assert_allclose(together[:, -16:], np.std(last, axis=1), atol=1e-5)


def some_digits():
    """70 pictures: not a multiple of the 64 that are computed at once."""
    return pictures.digits().test.images[:70]


def test_nothing_held_out_is_trained_on():
    shown = eye.curriculum()
    kept_back = held_out()
    free = np.array([code not in kept_back["emoji"]["concepts"] for code in load_emoji().codes])
    forbidden = [load_drawings(kept_back["emoji"]["style"])]
    forbidden += [load_drawings(style)[~free] for style in STYLES]
    hidden = {drawing.tobytes() for part in forbidden for drawing in part}
    assert not any(drawing.tobytes() in hidden for drawing in shown.emoji)
    assert shown.emoji_labels.max() + 1 == free.sum() <= shown.letter_labels.min()
    glyphs = load_glyphs()
    secret = np.isin(glyphs.scripts, kept_back["glyphs"]["scripts"])[glyphs.script]
    assert len(shown.letters) == (~secret).sum()
    learned = {letter.tobytes() for letter in shown.letters}
    unseen = pictures.inked(glyphs.pictures[secret], eye.GLYPH_LEVELS)
    assert sum(letter.tobytes() in learned for letter in unseen) == 10  # drawn alike in both; the card says so
    assert 0.15 < secret.mean() < 0.3


def test_the_eyes_batches_do_not_depend_on_where_a_run_began():
    shown = eye.curriculum()
    early, late = eye.batches(shown, 0), eye.batches(shown, 2)
    next(early), next(early)
    assert np.array_equal(next(early)["squares"], next(late)["squares"])


def test_the_eye_sees_the_same_every_time():
    """Without jit: jax 0.8.0 and 0.8.1 gave three to thirteen answers to the same twenty questions."""
    shown = pictures.patches(pictures.digits().test.images[:4])
    seen = {np.asarray(pictures.look(zoo.load("vit-442k"), shown)).tobytes() for _ in range(20)}
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (np.zeros((2, 64, 64, 3)), r"shape \(n, 32, 32, 3\) with n > 0, got \(2, 64, 64, 3\)"),
        (np.zeros((3, 32, 32, 4)), "with n > 0, got"),
        (np.zeros((3, 3, 32, 32)), "with n > 0, got"),
        (np.zeros((0, 32, 32, 3)), "with n > 0, got"),
        (np.full((1, 32, 32, 3), 255), "pixels must lie between 0 and 1, got 255 to 255"),
        (np.full((1, 32, 32, 3), np.nan), "pixels must lie between 0 and 1"),
    ],
)
def test_what_is_no_picture_is_refused(images, sentence):
    with pytest.raises(ValueError, match=sentence):
        pictures.patches(images)
