"""The picture-word data: complete where it says so, and with a part that no recipe may train on."""

import numpy as np
import pytest

from course.data.arrays import STYLES, held_out, load_drawings, load_emoji
from course.recipes.emoji import group

EXPECTED = {"noto": 1636, "fluent": 1587, "fluent-flat": 1587, "twemoji": 1636, "noto-v1": 1217}


def drawn(style):
    return load_drawings(style)[..., 3].any(axis=(1, 2))


def test_every_list_has_an_entry_for_every_concept():
    emoji = load_emoji()
    lists = [emoji.codes, emoji.category, emoji.subcategory, emoji.keywords, *emoji.names.values()]
    assert {len(one) for one in lists} == {1636}
    assert len(set(emoji.codes)) == 1636
    assert len(emoji.names) == 100


def test_nearly_all_concepts_have_a_name_in_every_language():
    names = load_emoji().names
    missing = [language for language, given in names.items() if sum(map(bool, given)) < 1600]
    assert not missing
    everywhere = np.all([[bool(name) for name in given] for given in names.values()], axis=0)
    assert everywhere.sum() == 1547


@pytest.mark.parametrize(
    ("code", "language", "name"),
    [("1f418", "sw", "ndovu"), ("1f34e", "de", "roter Apfel"), ("1f468-200d-1f52c", "en", "man scientist")],
)
def test_known_names(code, language, name):
    emoji = load_emoji()
    assert emoji.names[language][emoji.codes.index(code)] == name


@pytest.mark.parametrize("style", STYLES)
def test_drawings_are_small_pictures_with_opacity(style):
    pictures = load_drawings(style)
    assert (pictures.shape, pictures.dtype) == ((1636, 32, 32, 4), np.uint8)
    assert drawn(style).sum() >= EXPECTED.get(style, 600)
    red_apple = pictures[load_emoji().codes.index("1f34e")].astype(float)
    if drawn(style)[load_emoji().codes.index("1f34e")]:
        red, green, blue = (red_apple[..., :3] * red_apple[..., 3:]).sum(axis=(0, 1))
        assert red > 1.5 * max(green, blue)


def test_unknown_styles_are_refused():
    with pytest.raises(ValueError, match="no drawing style 'crayon': there are noto"):
        load_drawings("crayon")


def test_held_out_concepts_come_from_every_category_and_no_variant_of_one_is_trained_on():
    emoji, kept_back = load_emoji(), held_out()["emoji"]
    concepts = set(kept_back["concepts"])
    assert kept_back["style"] in STYLES
    assert concepts < set(emoji.codes)
    assert 0.1 < len(concepts) / len(emoji.codes) < 0.16
    assert {emoji.category[emoji.codes.index(code)] for code in concepts} == set(emoji.category)
    held_groups = {group(code) for code in concepts}
    assert not held_groups & {group(code) for code in emoji.codes if code not in concepts}
