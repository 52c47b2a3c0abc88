"""The zoo: what is stored comes back; what is damaged is refused with one sentence, and never loaded by halves."""

import json

import jax
import numpy as np
import pytest

from course import zoo
from course.nn import init_language_model
from course.train.checkpoints import save_params

SHAPE = {"vocabulary": 20, "d_model": 8, "n_layers": 2, "n_heads": 2}


@pytest.fixture
def params(tmp_path):
    """Parameters that float16 holds exactly, stored as the only model of an empty zoo."""
    rng = np.random.default_rng(0)
    fresh = init_language_model(rng, **SHAPE)
    tree = jax.tree.map(lambda leaf: rng.integers(-8, 8, leaf.shape).astype(np.float32) / 4, fresh)
    card = {"name": "lm-test", "kind": "language model", "parameters": 1536, "shape": SHAPE, "loss": 1.5}
    zoo.store(tree, card, tmp_path)
    return tree


def test_a_stored_model_comes_back_in_single_precision(params, tmp_path):
    again = zoo.load("lm-test", tmp_path)
    assert jax.tree.structure(again) == jax.tree.structure(params)
    for one, other in zip(jax.tree.leaves(params), jax.tree.leaves(again), strict=True):
        assert other.dtype == np.float32
        assert np.array_equal(one, other)


def test_a_card_tells_what_is_known_and_shows_itself_as_a_table(params, tmp_path):
    card = zoo.cards(tmp_path)["lm-test"]
    assert (card["parameters"], card["loss"]) == (1536, 1.5)
    assert "| parameters | 1,536 |" in card._repr_markdown_()
    assert zoo.names(tmp_path) == ["lm-test"]


def test_models_are_listed_from_small_to_large(params, tmp_path):
    zoo.store(params, {"name": "lm-small", "kind": "language model", "parameters": 10, "shape": SHAPE}, tmp_path)
    assert zoo.names(tmp_path) == ["lm-small", "lm-test"]


def test_an_unknown_name_lists_the_known_ones(params, tmp_path):
    with pytest.raises(ValueError, match="no model 'lm-tset' in the zoo: there are lm-test"):
        zoo.load("lm-tset", tmp_path)


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.999])
def test_a_truncated_file_is_refused(params, tmp_path, keep):
    path = tmp_path / "lm-test.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(ValueError, match="the model 'lm-test' is damaged"):
        zoo.load("lm-test", tmp_path)


def test_one_wrong_bit_is_refused(params, tmp_path):
    path = tmp_path / "lm-test.safetensors"
    whole = bytearray(path.read_bytes())
    whole[-5] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="is damaged"):
        zoo.load("lm-test", tmp_path)


def test_a_missing_file_is_named(params, tmp_path):
    (tmp_path / "lm-test.safetensors").unlink()
    with pytest.raises(ValueError, match="the model 'lm-test' cannot be loaded"):
        zoo.load("lm-test", tmp_path)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            lambda tree: tree | {"embedding": tree["embedding"][:-1]},
            "array .'embedding'. is missing, unknown or of another",
        ),
        (
            lambda tree: {key: leaf for key, leaf in tree.items() if key != "embedding"},
            "array .'embedding'. is missing",
        ),
        (lambda tree: tree | {"extra": np.zeros(3, np.float32)}, "array .'extra'. is missing, unknown"),
        (lambda tree: tree | {"embedding": tree["embedding"] * np.nan}, "not finite"),
    ],
)
def test_a_file_that_is_not_the_cards_model_is_refused(params, tmp_path, change, fault):
    """Even when its checksum agrees: someone may have stored another model under this name."""
    path = tmp_path / "lm-test.safetensors"
    save_params(path, change(params), dtype=np.float16)
    cards = json.loads((tmp_path / "cards.json").read_text(encoding="utf-8"))
    cards["lm-test"]["sha256"] = zoo.sha256(path.read_bytes())
    (tmp_path / "cards.json").write_text(json.dumps(cards), encoding="utf-8")
    zoo._parsed.cache_clear()
    with pytest.raises(ValueError, match=fault):
        zoo.load("lm-test", tmp_path)


@pytest.mark.parametrize("missing", ["sha256", "kind", "shape"])
def test_an_incomplete_card_is_one_sentence(params, tmp_path, missing):
    cards = json.loads((tmp_path / "cards.json").read_text(encoding="utf-8"))
    del cards["lm-test"][missing]
    (tmp_path / "cards.json").write_text(json.dumps(cards), encoding="utf-8")
    with pytest.raises(ValueError, match="the card of 'lm-test' is damaged or incomplete"):
        zoo.load("lm-test", tmp_path)


def test_cards_cut_off_are_one_sentence(params, tmp_path):
    (tmp_path / "cards.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"cards\.json is damaged: it is no JSON"):
        zoo.cards(tmp_path)


def test_a_model_that_a_recipe_stores_later_is_found(tmp_path):
    assert zoo.names(tmp_path) == []
    tree = init_language_model(np.random.default_rng(0), **SHAPE)
    zoo.store(tree, {"name": "lm-late", "kind": "language model", "parameters": 1, "shape": SHAPE}, tmp_path)
    assert zoo.names(tmp_path) == ["lm-late"]


def test_whoever_changes_a_card_changes_a_copy(params, tmp_path):
    zoo.cards(tmp_path)["lm-test"]["shape"]["d_model"] = 7
    zoo.load("lm-test", tmp_path)
