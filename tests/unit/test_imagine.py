"""Text to image: the codebook by hand, rows of tokens there and back, what may be learned from, and what is written."""

import collections

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, softmax
from scipy.stats import chisquare
from sklearn.cluster import KMeans

from course import imagine, pictures, zoo
from course.contrastive import training_pairs, words
from course.data.arrays import STYLES, load_drawings, load_emoji
from course.imagine import BEGIN, CODES, LENGTH, PLACES, SCENE, SCENE_PLACES, WORDS
from course.nn import language_model, normal
from course.recipes import painter as painter_recipe
from course.recipes import tokeniser as tokeniser_recipe

SMALL = {"codes": 8, "width": 4, "d_model": 8, "depths": (1, 1), "n_heads": 2}
TEXTS = ["red apple", "two cats and a dog"]
SCENES = arrays(int, (2, 8, 8), elements=st.integers(0, 2))
encode, decode = jax.jit(imagine.encode), jax.jit(imagine.decode)
read, written_loss = jax.jit(language_model), jax.jit(imagine.written_loss)


def rng(seed=0):
    return np.random.default_rng(seed)


def without_zeros(params, seed=1):
    """The parameters with a random number for each."""
    source = rng(seed)
    return jax.tree.map(lambda leaf: normal(source, leaf.shape, 4), params)


def some_tokeniser(codes):
    """A tokeniser in which no layer is zero, with codes that are met: some of its own vectors."""
    params = imagine.init_tokeniser(rng(), **SMALL | {"codes": codes})
    params = without_zeros(params) | {"codebook": params["codebook"]}
    z = np.asarray(encode(params, pictures.patches(some_images(8)))).reshape(-1, 4)
    return params | {"codebook": params["codebook"] | {"sums": rng(3).permutation(z)[:codes]}}


@pytest.fixture(scope="module")
def tokeniser():
    return some_tokeniser(8)


@pytest.fixture(scope="module")
def squares():
    return pictures.patches(some_images(3))


def some_images(n):
    return rng(2).random((n, 32, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def painter():
    """A painter in which no layer is zero, and whose logits differ by about one."""
    params = without_zeros(imagine.init_painter(rng(), d_model=16, n_layers=1, n_heads=2))
    return params | {"unembedding": normal(rng(3), params["unembedding"].shape, 1)}


@pytest.fixture(scope="module")
def large_tokeniser():
    """One with as many codes as the painter writes."""
    return some_tokeniser(CODES)


@pytest.fixture(scope="module")
def noto():
    return imagine.things("noto")


# The tokeniser


def test_a_new_tokeniser_has_the_shapes_that_it_is_asked_for():
    params = imagine.init_tokeniser(rng(), codes=8, width=4, d_model=6, depths=(1, 3), n_heads=2)
    assert imagine.vectors_of(params["codebook"]).shape == (8, 4)
    assert params["encoder"]["embedding"].shape == params["decoder"]["unembedding"].shape[::-1] == (48, 6)
    assert params["encoder"]["unembedding"].shape == params["decoder"]["embedding"].shape[::-1] == (6, 4)
    assert [params[half]["blocks"]["mlp"]["in"].shape[0] for half in ("encoder", "decoder")] == [1, 3]
    assert params["encoder"]["bias"].shape == params["decoder"]["bias"].shape == (64, 6)


def test_encoded_places_are_vectors_of_mean_square_one_and_decoded_ones_are_squares(tokeniser, squares):
    z = encode(tokeniser, squares)
    assert z.shape == (3, 64, 4)
    np.testing.assert_allclose(np.square(z).mean(axis=-1), 1, atol=1e-3)  # rms_norm adds 1e-6 to a small square
    assert decode(tokeniser, z).shape == (3, 64, 48)


def test_each_half_looks_at_all_places_of_one_picture_and_knows_a_place_by_its_bias_alone(tokeniser, squares):
    order = rng().permutation(64)
    for half, name, x in ((encode, "encoder", squares), (decode, "decoder", squares[..., :4])):
        plain = half(tokeniser, x)
        moved = tokeniser | {name: tokeniser[name] | {"bias": tokeniser[name]["bias"][order]}}
        np.testing.assert_allclose(half(moved, x[:, order]), plain[:, order], atol=1e-4)  # float32, summed otherwise
        assert np.abs(half(tokeniser, x[:, order]) - plain[:, order]).max() > 0.1
        changed = x.copy()
        changed[1, 5] += 1
        difference = np.abs(half(tokeniser, changed) - plain).max(axis=2)
        assert (difference[1] > 1e-4).all()
        assert difference[[0, 2]].max() < 1e-4  # other pictures: rounding at most


def test_a_codes_vector_is_the_sum_by_the_count():
    codebook = {"counts": np.array([1.0, 4.0]), "sums": np.array([[1.0, 2.0], [2.0, -8.0]])}
    np.testing.assert_array_equal(imagine.vectors_of(codebook), [[1, 2], [0.5, -2]])


def test_nearest_is_the_least_distance():
    vectors, z = normal(rng(), (20, 5), 1), normal(rng(1), (3, 40, 5), 1)
    codes = imagine.nearest(vectors, z)
    assert codes.shape == (3, 40)
    np.testing.assert_array_equal(codes.ravel(), cdist(z.reshape(-1, 5), vectors).argmin(axis=1))
    np.testing.assert_array_equal(imagine.nearest(vectors, vectors), np.arange(20))
    np.testing.assert_array_equal(imagine.nearest(vectors + 3, z + 3), codes)


def test_the_gradient_passes_straight_through_the_choice(tokeniser, squares):
    z = encode(tokeniser, squares)
    vectors = imagine.vectors_of(tokeniser["codebook"])
    chosen = vectors[imagine.nearest(vectors, z)]
    np.testing.assert_allclose(imagine.straight_through(z, chosen), chosen, atol=1e-6)  # z + chosen - z, in float32

    def error(vectors):
        return jnp.square(decode(tokeniser, vectors) - squares).mean()

    through = jax.grad(lambda z: error(imagine.straight_through(z, chosen)))(z)
    at_chosen = jax.grad(error)(chosen)
    np.testing.assert_allclose(through, at_chosen, atol=1e-3 * np.abs(at_chosen).max())  # float32
    assert not jax.grad(lambda chosen: error(imagine.straight_through(z, chosen)))(chosen).any()


def test_the_tokenisers_loss_by_hand_leaves_the_codes_alone(tokeniser, squares):
    z, vectors = (np.asarray(x) for x in (encode(tokeniser, squares), tokeniser["codebook"]["sums"]))
    chosen = vectors[cdist(z.reshape(-1, 4), vectors).argmin(axis=1)].reshape(z.shape)
    error = np.square(decode(tokeniser, chosen) - squares).mean()
    loss, slope = jax.jit(jax.value_and_grad(imagine.tokeniser_loss))(tokeniser, {"squares": squares})
    assert float(loss) == pytest.approx(error / 0.1 + 0.25 * np.square(z - chosen).mean(), rel=1e-4)  # float32
    assert not any(leaf.any() for leaf in jax.tree.leaves(slope["codebook"]))
    assert all(leaf.any() for half in ("encoder", "decoder") for leaf in jax.tree.leaves(slope[half]))


CODEBOOK = {
    "counts": np.array([2.0, 1.0, 0.5], np.float32),
    "sums": np.array([[2, 0], [0, 1], [-5, -5]], np.float32),
}
MET = np.array([[1, 0.2], [0.9, 0], [0, 1.5]], np.float32)  # twice the first code, once the second


def test_one_move_of_the_codebook_by_hand_and_a_dead_code_begins_again_where_it_is_told():
    moved = imagine.moved_codebook(CODEBOOK, MET, np.array([0, 0, 2]))
    np.testing.assert_allclose(moved["counts"], [2, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(moved["sums"], [[1.98 + 0.019, 0.002], [0, 0.99 + 0.015], [0, 1.5]], rtol=1e-5)


def test_a_code_that_is_not_met_keeps_its_vector_until_it_is_dead():
    moved = imagine.moved_codebook(CODEBOOK, MET, np.array([0, 0, 2]), dead=0.4)
    assert moved["counts"][2] == pytest.approx(0.99 * 0.5)
    np.testing.assert_allclose(imagine.vectors_of(moved)[2], [-10, -10], rtol=1e-6)


def test_a_codebook_that_meets_its_own_vectors_stays():
    codebook = {"counts": np.arange(1, 9, dtype=np.float32), "sums": normal(rng(), (8, 4), 1)}
    z = np.asarray(imagine.vectors_of(codebook))
    moved = imagine.moved_codebook(codebook, z, np.zeros(8, int))
    np.testing.assert_allclose(imagine.vectors_of(moved), z, rtol=1e-5)


def test_the_codebook_comes_to_rest_at_k_means():
    middles = 10 * normal(rng(), (5, 3), 1)
    z = (middles[np.arange(60) % 5] + normal(rng(1), (60, 3), 1)).astype(np.float32)
    begin = {"counts": np.ones(5, np.float32), "sums": z[:5]}
    move = jax.jit(lambda _, codebook: imagine.moved_codebook(codebook, z, np.zeros(5, int)))
    rested = jax.lax.fori_loop(0, 2000, move, begin)  # of the beginning 0.99^2000 is left: 2e-9
    theirs = KMeans(5, init=z[:5], n_init=1).fit(z)
    np.testing.assert_allclose(imagine.vectors_of(rested), theirs.cluster_centers_, rtol=1e-3)
    np.testing.assert_allclose(rested["counts"], np.bincount(theirs.labels_), rtol=1e-3)


def test_following_moves_the_codebook_to_what_the_encoder_says_and_nothing_else(tokeniser, squares):
    spare = np.arange(8)
    followed = imagine.follow(tokeniser, {"squares": squares, "spare": spare})
    z = encode(tokeniser, squares).reshape(-1, 4)
    expected = imagine.moved_codebook(tokeniser["codebook"], z, spare)
    for key in ("counts", "sums"):
        np.testing.assert_allclose(followed["codebook"][key], expected[key], atol=1e-4)  # float32
    assert not np.array_equal(followed["codebook"]["sums"], tokeniser["codebook"]["sums"])
    assert followed["encoder"] is tokeniser["encoder"]
    assert followed["decoder"] is tokeniser["decoder"]


def test_perplexity_is_how_many_codes_are_used_alike():
    assert imagine.perplexity(np.arange(64).reshape(8, 8), 512) == pytest.approx(64)
    assert imagine.perplexity(np.full((2, 7), 3), 512) == 1
    three_to_one = np.array([0, 0, 0, 1])
    assert imagine.perplexity(three_to_one, 2) == pytest.approx(4 / 3**0.75)
    assert imagine.perplexity(5 - three_to_one.reshape(2, 2), 9) == pytest.approx(4 / 3**0.75)


def test_codes_of_any_number_of_pictures_whatever_their_company(tokeniser):
    images = some_images(70)  # more than the 64 that are computed at once
    codes = imagine.codes_of(tokeniser, images)
    assert codes.shape == (70, 64)
    z = encode(tokeniser, pictures.patches(images)).reshape(-1, 4)
    expected = cdist(z, tokeniser["codebook"]["sums"]).argmin(axis=1)
    assert (codes.ravel() == expected).mean() > 0.999  # rounding may settle a tie otherwise
    assert (imagine.codes_of(tokeniser, images[66:]) == codes[66:]).mean() > 0.99  # the same, of 256


def test_drawn_pictures_are_what_the_decoder_makes_of_the_codes_vectors(tokeniser):
    codes = rng().integers(0, 8, (70, 64))
    images = imagine.drawn(tokeniser, codes)
    assert images.shape == (70, 32, 32, 3)
    squares = np.asarray(decode(tokeniser, tokeniser["codebook"]["sums"][codes[:1]]))
    expected = np.clip(squares[0, 9].reshape(4, 4, 3) + 0.5, 0, 1)
    np.testing.assert_allclose(images[0, 4:8, 4:8], expected, atol=1e-5)
    assert images.min() == 0
    assert images.max() == 1


def test_joined_puts_together_what_patches_take_apart():
    images = some_images(3)
    np.testing.assert_allclose(imagine.joined(pictures.patches(images)), images, atol=1e-6)
    bright = imagine.joined(np.full((1, 64, 48), 7.0))
    assert bright.shape == (1, 32, 32, 3)
    assert (bright == 1).all()


# Words, scenes and codes in one row


def test_every_word_of_a_name_has_a_token_of_its_own_after_those_that_are_written():
    known = imagine.vocabulary()
    assert sorted(known.values()) == list(range(593, 593 + len(known)))
    assert known[""] == CODES + SCENE == 593  # what is read where words are not told
    assert set(imagine.STYLES) < set(known)
    needed = [*training_pairs().names, "above", "below", "left of", "right of", "and"]
    assert {word for text in needed for word in words(text)} <= set(known)


def test_another_word_has_a_token_if_three_keywords_hold_it():
    pairs = training_pairs()
    named = {word for name in [*pairs.names, "above below left right of and"] for word in words(name)}
    met = collections.Counter(word for part in pairs.keywords for keyword in part for word in words(keyword))
    known = set(imagine.vocabulary()) - named - {"", *imagine.STYLES}
    assert known == {word for word, count in met.items() if count >= 3} - named - set(imagine.STYLES)
    assert min(met.values()) == 1


def test_captions_are_a_style_and_the_first_twelve_words_that_are_known():
    known = imagine.vocabulary()
    texts = ["Red, APPLE!", "xyzzy apple", "", "red " * 11 + "xyzzy dog cat"]
    rows = imagine.caption_tokens(texts, ["noto", "", "emojione", ""])
    assert rows.shape == (4, BEGIN) == (4, 13)
    heads = [["noto", "red", "apple"], ["", "apple"], ["emojione"], ["", *["red"] * 11, "dog"]]
    assert rows.tolist() == [[known[word] for word in head + [""] * (13 - len(head))] for head in heads]


def test_captions_need_a_style_each():
    with pytest.raises(ValueError, match="shorter"):
        imagine.caption_tokens(["cat", "dog"], ["noto"])


@given(SCENES)
def test_parts_come_back_from_scene_tokens(parts):
    tokens = imagine.scene_tokens(parts)
    assert tokens.shape == (2, SCENE_PLACES) == (2, 16)
    assert tokens.min() >= CODES
    assert tokens.max() < CODES + SCENE
    np.testing.assert_array_equal(imagine.parts_of(tokens), parts)


@given(arrays(int, (3, 16), elements=st.integers(512, 592)))
def test_every_row_of_scene_tokens_is_a_scene(tokens):
    parts = imagine.parts_of(tokens)
    assert parts.shape == (3, 8, 8)
    np.testing.assert_array_equal(imagine.scene_tokens(parts), tokens)


def test_a_scene_token_by_hand():
    parts = np.zeros((1, 8, 8), int)
    parts[0, 2:4, 6:8] = [[1, 2], [0, 1]]
    tokens = imagine.scene_tokens(parts)[0]
    assert tokens[7] == 512 + 1 + 2 * 3 + 0 * 9 + 1 * 27  # the second row of four, its last
    assert (np.delete(tokens, 7) == 512).all()


def test_a_place_is_covered_if_a_third_of_it_is():
    opacity = np.zeros((2, 8, 8))
    opacity[0, :4, 4:6] = 1
    opacity[0, 4:, :4] = 0.33
    opacity[1, 4:, 4:] = 0.34
    expected = [[[False, True], [False, False]], [[False, False], [False, True]]]
    assert imagine.covered(opacity).tolist() == expected


def test_weighed_drawings_on_white_are_those_that_are_put_on_white():
    drawings = load_drawings("noto")[:20]
    weighed = imagine.weighed(drawings)
    assert weighed.shape == drawings.shape
    np.testing.assert_allclose(imagine.on_white(weighed), pictures.on_colour(drawings), atol=1e-6)  # float32
    assert imagine.weighed(np.array([[[[255, 51, 0, 51]]]], np.uint8)).ravel() == pytest.approx([0.2, 0.04, 0, 0.2])


def test_a_small_drawing_is_the_mean_of_four_pixels_of_which_unseen_ones_give_no_colour():
    drawing = np.zeros((32, 32, 4), np.uint8)
    drawing[0, 0] = [255, 0, 0, 255]
    drawing[0, 1] = [255, 255, 255, 0]
    small = imagine.small_drawings(drawing)
    assert small.shape == (16, 16, 4)
    assert small[0, 0].tolist() == [0.25, 0, 0, 0.25]
    assert small.sum() == 0.5
    doubled = load_drawings("noto")[:4, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(
        imagine.small_drawings(doubled.reshape(2, 2, 32, 32, 4)),
        imagine.weighed(doubled)[:, ::2, ::2].reshape(2, 2, 16, 16, 4),
        atol=1e-6,  # float32
    )


@pytest.fixture(scope="module")
def hidden():
    """What nothing may be learned from: the held-out concepts in every style, and the held-out style."""
    secret = pictures.held_out_concepts()
    drawings = [load_drawings(style)[secret] for style in STYLES] + [load_drawings(pictures.held_out_style())]
    drawings = np.concatenate(drawings)
    large = drawings[drawings[..., 3].any(axis=(1, 2))]
    return {drawing.tobytes() for part in (imagine.weighed(large), imagine.small_drawings(large)) for drawing in part}


@pytest.mark.parametrize("style", STYLES)
def test_nothing_held_out_is_among_the_things_of_any_style(style, hidden):
    things, names = imagine.things(style), load_emoji().names["en"]
    assert bool(things.names) == (style != pictures.held_out_style())
    assert not any(drawing.tobytes() in hidden for part in (things.drawings, things.small) for drawing in part)
    rows = [names.index(name) for name in things.names]
    assert not pictures.held_out_concepts()[rows].any()
    assert len(set(rows)) == len(rows) == len(things.drawings) == len(things.small) == len(things.keywords)
    assert things.drawings[..., 3].any(axis=(1, 2)).all()
    some = rows[::50]
    np.testing.assert_array_equal(things.drawings[::50], imagine.weighed(load_drawings(style)[some]))
    np.testing.assert_array_equal(things.small[::50], imagine.small_drawings(load_drawings(style)[some]))
    assert things.keywords[::50] == [load_emoji().keywords[row] for row in some]


def test_a_style_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="no drawing style 'crayon'"):
        imagine.things("crayon")


def test_two_brief_names_leave_room_for_a_relation_and_others_do_not(noto):
    brief = set(noto.brief)
    lengths = {row: len(words(name)) for row, name in enumerate(noto.names)}
    assert all((2 * length + 2 <= WORDS) == (row in brief) for row, length in lengths.items())
    assert max(lengths.values()) > 5


def test_things_alone_come_with_their_parts_and_words(noto):
    rows = np.array([3, 700, 3])
    examples = imagine.alone(noto, rows, rng())
    assert examples.images.shape == (3, 32, 32, 3)
    assert examples.parts.shape == (3, 8, 8)
    np.testing.assert_array_equal(examples.images, imagine.on_white(noto.drawings[rows]))
    ink = noto.drawings[700, ..., 3]
    by_hand = [[int(ink[y : y + 4, x : x + 4].mean() >= 1 / 3) for x in range(0, 32, 4)] for y in range(0, 32, 4)]
    assert examples.parts[1].tolist() == by_hand
    for row, text in zip(rows, examples.texts, strict=True):
        assert set(words(text)) <= set(words(" ".join([noto.names[row], *noto.keywords[row]])))


def test_seven_times_in_ten_a_things_name_is_said_else_one_to_three_keywords():
    thing = imagine.Things(np.zeros((1, 32, 32, 4)), np.zeros((1, 16, 16, 4)), ["name"], [[*"abcde"]], np.array([0]))
    source = rng()
    said = [imagine.said_of(thing, 0, source).split() for _ in range(4000)]
    keywords = [each for each in said if each != ["name"]]
    assert len(keywords) / 4000 == pytest.approx(0.3, abs=0.03)  # four deviations of a share of 4000
    assert all(set(each) <= set("abcde") and len(set(each)) == len(each) for each in keywords)
    sizes = np.bincount([len(each) for each in keywords])
    assert sizes[0] == 0
    np.testing.assert_allclose(sizes[1:] / len(keywords), [1 / 3] * 3, atol=0.06)  # four, of 1200


def test_small_things_lie_where_they_are_laid():
    small = np.zeros((1, 2, 16, 16, 4), np.float32)
    small[0, 0] = [1, 0, 0, 1]
    small[0, 1, :8] = [0, 0.5, 0, 0.5]
    examples = imagine.laid_out(small, np.array([[[0, 1], [4, 3]]]), ["both"])
    image, parts = np.ones((32, 32, 3)), np.zeros((8, 8), int)
    image[:16, 4:20] = [1, 0, 0]
    image[16:24, 12:28] = [0.5, 1, 0.5]
    parts[:4, 1:5] = 1
    parts[4:6, 3:7] = 2
    np.testing.assert_array_equal(examples.images, image[None])
    np.testing.assert_array_equal(examples.parts, parts[None])
    assert examples.texts == ["both"]


def test_corners_of_two_never_let_them_overlap_and_every_relation_comes():
    source, seen = rng(), collections.Counter()
    for _ in range(400):
        (first, second), relation = imagine.corners_of_two(source)
        assert {*first, *second} <= set(range(5))  # of eight places each thing takes four
        down, right = second - first
        assert max(abs(down), abs(right)) >= 4
        assert {"above": down, "below": -down, "left of": right, "right of": -right}[relation] >= 4
        seen[relation] += 1
    assert len(seen) == 4
    assert min(seen.values()) > 50


def test_what_a_text_says_of_two_things_is_so(noto):
    pairs = imagine.some_pairs(noto, 300, rng())
    examples = imagine.together(noto, pairs, rng(1))
    assert examples.images.shape == (300, 32, 32, 3)
    assert examples.parts.shape == (300, 8, 8)
    seen = collections.Counter()
    for (first, second), parts, text in zip(pairs, examples.parts, examples.texts, strict=True):
        relation = text.removeprefix(noto.names[first]).removesuffix(noto.names[second]).strip()
        assert text == f"{noto.names[first]} {relation} {noto.names[second]}"
        seen[relation] += 1
        places = [np.argwhere(parts == part) for part in (1, 2)]
        if relation == "and" or not all(map(len, places)):  # of thin drawings no place is covered
            continue
        down, right = places[1].mean(axis=0) - places[0].mean(axis=0)
        assert {"above": down, "below": -down, "left of": right, "right of": -right}[relation] > 0
    assert set(seen) == {"and", "above", "below", "left of", "right of"}
    assert seen["and"] / 300 == pytest.approx(0.5, abs=0.12)  # four deviations of a share of 300


def test_no_word_of_two_things_is_lost(noto):
    texts = imagine.together(noto, imagine.some_pairs(noto, 100, rng()), rng()).texts
    back = {token: word for word, token in imagine.vocabulary().items() if word}
    rows = imagine.caption_tokens(texts, [""] * 100)
    assert [[back[token] for token in row[1:] if token in back] for row in rows] == [words(text) for text in texts]


def test_some_pairs_are_of_two_brief_things_and_none_is_held_out(noto):
    pairs = imagine.some_pairs(noto, 500, rng())
    assert pairs.shape == (500, 2)
    assert np.isin(pairs, noto.brief).all()
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert not any(imagine.held_out_pair(noto.names[first], noto.names[second]) for first, second in pairs)
    assert np.array_equal(imagine.some_pairs(noto, 500, rng()), pairs)
    assert len(set(map(tuple, pairs.tolist()))) > 490


def test_an_eighth_of_pairs_are_held_out_whatever_their_order(noto):
    names = [noto.names[row] for row in noto.brief[::7]]
    table = np.array([[imagine.held_out_pair(first, second) for second in names] for first in names])
    assert np.array_equal(table, table.T)
    share = table[np.triu_indices(len(names), 1)].mean()
    assert share == pytest.approx(1 / 8, abs=0.01)  # four deviations of a share of 19,900


def test_a_row_of_tokens_is_a_caption_a_scene_and_codes(large_tokeniser, noto):
    examples = imagine.alone(noto, np.array([5, 9]), rng())
    rows = imagine.tokens_of(large_tokeniser, examples, ["noto", ""])
    assert rows.shape == (2, LENGTH) == (2, 93)
    np.testing.assert_array_equal(rows[:, :13], imagine.caption_tokens(examples.texts, ["noto", ""]))
    np.testing.assert_array_equal(imagine.parts_of(rows[:, 13:29]), examples.parts)
    np.testing.assert_array_equal(rows[:, 29:], imagine.codes_of(large_tokeniser, examples.images))


# The painter


def test_a_new_painter_reads_every_word_and_takes_all_that_it_writes_for_equally_likely():
    params = imagine.init_painter(rng(), d_model=16, n_layers=1, n_heads=2)
    assert params["embedding"].shape == (593 + len(imagine.vocabulary()), 16)
    assert params["unembedding"].shape == (16, 593)
    losses = written_loss(params, some_rows())
    assert losses.shape == (2, SCENE_PLACES + PLACES) == (2, 80)
    np.testing.assert_allclose(losses, np.log(593), rtol=1e-6)


def some_rows():
    scenes, codes = rng(4).integers(CODES, CODES + SCENE, (2, SCENE_PLACES)), rng(5).integers(0, CODES, (2, PLACES))
    return np.concatenate([imagine.caption_tokens(TEXTS, ["", "noto"]), scenes, codes], axis=1).astype(np.uint16)


def test_losses_are_those_of_the_language_model_from_the_first_scene_token_on(painter):
    rows = some_rows()
    log_p = log_softmax(read(painter, rows[:, :-1].astype(int)), axis=-1)
    expected = -np.take_along_axis(log_p[:, 12:], rows[:, 13:, None].astype(int), axis=-1)[..., 0]
    np.testing.assert_allclose(written_loss(painter, rows), expected, atol=1e-4)  # float32
    assert float(imagine.painter_loss(painter, {"tokens": rows})) == pytest.approx(expected.mean(), rel=1e-5)


def test_a_later_token_never_changes_an_earlier_loss_and_words_change_all(painter):
    rows = np.repeat(some_rows()[:1], 6, axis=0)
    places = [13, 20, 29, 60, 92]
    rows[np.arange(5), places] = np.where(rows[0, places] > 100, rows[0, places] - 1, 101)
    rows[5, 3] += 1
    losses = np.asarray(written_loss(painter, rows))
    plain = np.asarray(written_loss(painter, np.repeat(some_rows()[:1], 6, axis=0)))
    for changed, kept, place in zip(losses, plain, places, strict=False):
        np.testing.assert_allclose(changed[: place - 13], kept[: place - 13], atol=1e-5)  # rounding at most
        assert abs(changed[place - 13] - kept[place - 13]) > 1e-3
    assert (losses[5] != plain[5]).mean() > 0.9  # a few may round to the same number


@pytest.mark.parametrize("guidance", [0, 0.5, 1, 3])
def test_guided_logits_multiply_powers_of_two_probabilities(guidance):
    told, untold = rng(6).normal(size=(2, 4, 9))
    guided = imagine.guided(told, untold, guidance)
    assert guided.shape == (4, 9)
    product = softmax(told, axis=1) ** guidance * softmax(untold, axis=1) ** (1 - guidance)
    np.testing.assert_allclose(softmax(guided, axis=1), product / product.sum(axis=1, keepdims=True), rtol=1e-9)
    if guidance in (0, 1):
        np.testing.assert_allclose(guided, told if guidance else untold, atol=1e-12)


def test_plausible_is_what_has_its_share_of_the_likeliest():
    logits = np.log([[0.5, 0.3, 0.15, 0.05], [0.97, 0.01, 0.01, 0.01]]).astype(np.float32)
    assert imagine.plausible(logits, 0.25).tolist() == [[True, True, True, False], [True, False, False, False]]
    assert imagine.plausible(logits, 0.0).all()
    assert imagine.plausible(logits, 1.0).sum() == 2


def to_write():
    """Rows of two captions of which the rest is to be written."""
    rows = np.full((2, LENGTH), -1)
    rows[:, :BEGIN] = imagine.caption_tokens(TEXTS, ["", "noto"])
    return rows


def scores_of(painter, rows, guidance, least=0.0):
    """Guided logits after each token by two readings of the whole rows; -inf for what may not be written there."""
    untold = rows.copy()
    untold[:, 1:BEGIN] = imagine.vocabulary()[""]
    told, untold = (np.asarray(read(painter, part)).astype(float) for part in (rows, untold))
    is_code, for_code = np.arange(CODES + SCENE) < CODES, np.arange(rows.shape[1]) + 1 >= BEGIN + SCENE_PLACES
    allowed = is_code == for_code[:, None]
    chances = softmax(np.where(allowed, told if guidance else untold, -np.inf), axis=-1)
    allowed = allowed & (chances >= least * chances.max(axis=-1, keepdims=True))
    return np.where(allowed, imagine.guided(told, untold, guidance), -np.inf)


def write(painter, given, guidance, least, temperature, noise):
    return np.asarray(imagine._write(painter, given, np.array([guidance, least, temperature], np.float32), noise))


@pytest.mark.parametrize(
    ("guidance", "least", "temperature", "loud"),
    [(3, 0, 1, 0), (0, 0, 1, 1), (2, 0, 0.5, 1), (0, 0.6, 1, 1), (3, 0.6, 1, 1)],
)
def test_each_token_is_the_best_of_noisy_guided_logits_as_read_without_a_cache(
    painter, guidance, least, temperature, loud
):
    noise = loud * rng(7).gumbel(size=(2, LENGTH, CODES + SCENE)).astype(np.float32)
    rows = write(painter, to_write(), guidance, least, temperature, noise)
    assert rows.shape == (2, LENGTH)
    np.testing.assert_array_equal(rows[:, :BEGIN], to_write()[:, :BEGIN])
    scores = (scores_of(painter, rows, guidance, least) / temperature + noise)[:, BEGIN - 1 : -1]
    taken = np.take_along_axis(scores, rows[:, BEGIN:, None], axis=2)[..., 0]
    np.testing.assert_allclose(taken, scores.max(axis=2), atol=1e-3)  # a tie but for rounding in float32


def test_given_tokens_are_kept_wherever_they_stand_and_what_follows_reads_them(painter):
    given = to_write()
    some = np.array([13, 17, 28, 29, 50, 92])
    given[:, some] = some_rows()[:, some]
    silence = np.zeros((2, LENGTH, CODES + SCENE), np.float32)
    rows = write(painter, given, 3, 0, 1, silence)
    np.testing.assert_array_equal(rows[given >= 0], given[given >= 0])
    scores = scores_of(painter, rows, 3)[:, :-1]
    taken = np.take_along_axis(scores, rows[:, 1:, None].clip(max=CODES + SCENE - 1), axis=2)[..., 0]
    written = given[:, 1:] < 0
    np.testing.assert_allclose(taken[written], scores.max(axis=2)[written], atol=1e-3)  # as above


def test_tokens_are_drawn_from_the_softmax_of_guided_logits(painter):
    draws, length = 2000, BEGIN + 1
    given = np.repeat(to_write()[:1, :length], draws, axis=0)
    noise = np.zeros((draws, length, CODES + SCENE), np.float32)
    noise[:, BEGIN - 1] = rng(8).gumbel(size=(draws, CODES + SCENE))
    rows = write(painter, given, 2, 0, 0.7, noise)
    expected = draws * softmax(scores_of(painter, rows[:1], 2)[0, BEGIN - 1].astype(float) / 0.7)
    counts, often = np.bincount(rows[:, BEGIN], minlength=CODES + SCENE), expected >= 5
    bins = [np.append(part[often], part[~often].sum()) for part in (counts, expected)]
    assert often.sum() > 10
    assert counts[:CODES].sum() == 0
    assert chisquare(*bins).pvalue > 0.001  # one seed of a thousand


@pytest.fixture(scope="module")
def paint(painter, large_tokeniser):
    """`imagine.paint` by the painter of these tests."""
    return lambda texts=TEXTS, **options: imagine.paint(painter, large_tokeniser, texts, **options)


def test_a_painted_picture_and_its_scene_are_the_seeds(paint):
    images, scenes = paint(seed=1)
    assert images.shape == (2, 32, 32, 3)
    assert images.min() >= 0
    assert images.max() <= 1
    assert scenes.shape == (2, 8, 8)
    assert set(np.unique(scenes)) <= {0, 1, 2}
    again, other = paint(seed=1), paint(seed=2)
    np.testing.assert_array_equal(again[0], images)
    np.testing.assert_array_equal(again[1], scenes)
    assert np.abs(other[0] - images).max() > 0.1
    assert (other[1] != scenes).any()


def test_a_scene_that_is_given_is_kept(paint):
    given = rng(9).integers(0, 3, (2, 8, 8))
    images, scenes = paint(scenes=given)
    np.testing.assert_array_equal(scenes, given)
    assert np.abs(images - paint(scenes=given[::-1])[0]).max() > 0.1


def test_without_guidance_words_do_not_matter_and_the_style_does(paint):
    plain = paint(guidance=0)
    for one, other in zip(plain, paint(["fox", "moon above sea"], guidance=0), strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(paint(guidance=0, style="noto")[0] - plain[0]).max() > 0.1
    for guidance in (1, 3):
        one, other = (paint(texts, guidance=guidance)[0] for texts in (TEXTS, ["fox", "moon above sea"]))
        assert np.abs(one - other).max() > 0.1


def test_at_temperature_zero_the_likeliest_is_painted_whatever_the_seed(paint, painter, large_tokeniser):
    silence = np.zeros((2, LENGTH, CODES + SCENE), np.float32)
    given = to_write()
    given[:, 0] = imagine.vocabulary()[""]
    rows = write(painter, given, 3, 0, 1, silence)  # no noise: greedy
    for seed in (0, 1):
        images, scenes = paint(temperature=0, least=0, seed=seed)
        np.testing.assert_array_equal(scenes, imagine.parts_of(rows[:, BEGIN : BEGIN + SCENE_PLACES]))
        np.testing.assert_allclose(images, imagine.drawn(large_tokeniser, rows[:, -PLACES:]), atol=1e-6)


def test_painting_changes_nothing_that_it_is_given(paint):
    given = rng(9).integers(0, 3, (2, 8, 8))
    kept = given.copy()
    paint(scenes=given)
    np.testing.assert_array_equal(given, kept)


def test_a_picture_does_not_depend_on_those_painted_after_it(paint):
    np.testing.assert_allclose(paint(TEXTS[:1], seed=1)[0], paint(seed=1)[0][:1], atol=1e-5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"texts": []}, "at least one text"),
        ({"style": "twemoji"}, "the styles are noto"),
        ({"temperature": -1}, "temperature must be"),
        ({"guidance": float("nan")}, "guidance must be"),
        ({"least": -0.1}, "least must be"),
        ({"least": float("nan")}, "least must be"),
        ({"least": 1.1}, "least must be"),
    ],
)
def test_what_cannot_be_painted_is_said(paint, options, says):
    with pytest.raises(ValueError, match=says):
        paint(**options)


@pytest.fixture
def unstored(monkeypatch):
    """What recipes hand to the zoo, which keeps nothing; and no step is timed."""
    stored = []
    monkeypatch.setattr("course.zoo.store", lambda params, card: stored.append((params, card)))
    for recipe in (painter_recipe, tokeniser_recipe):
        monkeypatch.setattr(recipe, "step_seconds", lambda *_, **__: 1.0)
    return stored


def test_the_recipe_of_the_painter_ends_in_a_card(unstored, monkeypatch, painter, tmp_path):
    monkeypatch.setattr(painter_recipe, "train", lambda path, tokeniser: painter)
    line = painter_recipe.make(tmp_path)
    (params, card), *_ = unstored
    assert params is painter
    assert card["name"] in line
    assert set(card["nats per token"]) == {"pairs learned", "held out"}
    by_hand = painter_recipe.nats(painter, zoo.load(painter_recipe.TOKENISER))
    assert card["nats per token"]["pairs learned"] == by_hand > 5  # untrained: near ln 593


def test_the_recipe_of_the_tokeniser_ends_in_the_card_that_is_stored(unstored, monkeypatch, tmp_path):
    name = painter_recipe.TOKENISER
    monkeypatch.setattr(tokeniser_recipe, "train", lambda path: zoo.load(name))
    assert tokeniser_recipe.make(tmp_path).startswith(name)
    (_, card), *_ = unstored
    known = zoo.cards()[name]
    assert card["on the unseen style"] == pytest.approx(known["on the unseen style"], rel=1e-2)  # other processors
    assert card["on the unseen style"]["variance explained"] > 0.9
    assert [card[key] for key in ("parameters", "data")] == [known[key] for key in ("parameters", "data")]


def test_the_zoo_s_painter_is_as_good_as_its_card_says():
    card = zoo.cards()["painter-2.8m"]
    tokeniser = zoo.load(card["tokeniser"])
    told = {"pairs learned": False, "held out": True}
    for which, held_out in told.items():
        found = painter_recipe.nats(zoo.load("painter-2.8m"), tokeniser, held_out=held_out)
        assert found == pytest.approx(card["nats per token"][which], rel=0.01)  # rounding elsewhere
        assert found < 1.2  # of ln 593 = 6.4 for one who knows nothing
