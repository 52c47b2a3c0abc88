"""The language model of one's own text: it learns, it comes back from its file, and it refuses what it cannot use."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from course import own_text


@pytest.fixture(scope="module")
def model():
    return own_text.train("the cat sat on the mat. a dog ate the rat!\n" * 400, steps=60, report=lambda line: None)


def test_training_learns_a_repeated_sentence(model):
    """43 characters that repeat can be known almost surely; frequencies alone give 2.6 nats."""
    assert model.loss < 0.5
    assert set(model.characters) == set("the cat sat on the mat. a dog ate the rat!\n")


def test_sample_continues_the_prompt(model):
    text = model.sample("the cat", 43, temperature=0)
    assert text.startswith("the cat sat on the mat.")
    assert len(text) == 50
    assert model.sample("the cat", 20, seed=1) == model.sample("the cat", 20, seed=1)


def test_model_comes_back_from_its_file(model, tmp_path):
    own_text.save(tmp_path / "model.safetensors", model)
    again = own_text.load(tmp_path / "model.safetensors")
    assert (again.characters, again.loss) == (model.characters, model.loss)
    assert again.sample("a dog", 30) == model.sample("a dog", 30)


def test_damaged_files_get_one_sentence(model, tmp_path):
    path = tmp_path / "model.safetensors"
    own_text.save(path, model)
    whole = path.read_bytes()
    foreign = tmp_path / "foreign"
    save_file({"weights": np.zeros(3, np.float32)}, foreign)
    for content in (whole[: len(whole) // 2], b"", b"not a model", foreign.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not a model that"):
            own_text.load(path)
    with pytest.raises(ValueError, match="is not a model that"):
        own_text.load(tmp_path / "missing")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("", 5), "prompt is empty"), (("日本", 5), "never seen the character '日'")],
)
def test_prompts_that_cannot_be_read(model, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        model.sample(*arguments)


@pytest.mark.parametrize("temperature", [-1.0, np.nan, np.inf])
def test_temperature_must_be_a_number(model, temperature):
    with pytest.raises(ValueError, match="temperature must be"):
        model.sample("the", 5, temperature=temperature)


def test_a_short_text_is_not_learned_by_heart():
    said = []
    own_text.train("the cat sat on the mat. a dog ate the rat!\n" * 400, report=said.append)
    assert said[0].startswith("trained 45 steps")  # three epochs of 15,480 characters, 1,024 a step
    assert said[1].startswith("training loss: ")


def test_a_sample_may_begin_with_nothing(model):
    assert model.first == "\n"
    assert model._replace(characters="abc").first == "a"
    assert model._replace(characters="").first == "\n"


def test_a_place_where_nothing_can_be_written_is_found_before_training(tmp_path):
    own_text.check_place(tmp_path / "new" / "model.safetensors")
    (tmp_path / "file").write_text("")
    for place in (tmp_path, tmp_path / "file" / "model.safetensors"):
        with pytest.raises(OSError, match=r"folder|exists|directory"):
            own_text.check_place(place)
