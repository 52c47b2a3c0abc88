"""The language model of one's own text: it learns, it comes back from its file, and it refuses what it cannot use."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from course import lm
from course.data import DATA


@pytest.fixture(scope="module")
def model():
    return lm.train("the cat sat on the mat. a dog ate the rat!\n" * 400, steps=60, report=lambda line: None)


def test_training_learns_a_repeated_sentence(model):
    """43 characters that repeat can be known almost surely; frequencies alone give 2.6 nats."""
    assert model.loss < 0.5
    assert set(model.characters) == set("the cat sat on the mat. a dog ate the rat!\n")


def test_sample_continues_the_prompt(model):
    text = lm.sample(model, "the cat", 43, temperature=0)
    assert text.startswith("the cat sat on the mat.")
    assert len(text) == 50
    assert lm.sample(model, "the cat", 20, seed=1) == lm.sample(model, "the cat", 20, seed=1)


def test_model_comes_back_from_its_file(model, tmp_path):
    lm.save(tmp_path / "model.safetensors", model)
    again = lm.load(tmp_path / "model.safetensors")
    assert (again.characters, again.loss) == (model.characters, model.loss)
    assert lm.sample(again, "a dog", 30) == lm.sample(model, "a dog", 30)


def test_damaged_files_get_one_sentence(model, tmp_path):
    path = tmp_path / "model.safetensors"
    lm.save(path, model)
    whole = path.read_bytes()
    foreign = tmp_path / "foreign"
    save_file({"weights": np.zeros(3, np.float32)}, foreign)
    for content in (whole[: len(whole) // 2], b"", b"not a model", foreign.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not a model that"):
            lm.load(path)
    with pytest.raises(ValueError, match="is not a model that"):
        lm.load(tmp_path / "missing")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("", 5), "prompt is empty"), (("日本", 5), "never seen the character '日'")],
)
def test_prompts_that_cannot_be_read(model, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        lm.sample(model, *arguments)


@pytest.mark.parametrize("temperature", [-1.0, np.nan, np.inf])
def test_temperature_must_be_a_number(model, temperature):
    with pytest.raises(ValueError, match="temperature must be"):
        lm.sample(model, "the", 5, temperature=temperature)


@pytest.mark.parametrize("text", ["naïve — “text”\n", "plain", "日本語\n"])
def test_characters_round_trip(text):
    table = lm.characters_of(text)
    assert lm.decode(lm.encode(text, table), table) == text
    assert lm.decode(lm.encode(text, ""), "") == text


def test_many_characters_become_bytes():
    assert lm.characters_of("".join(map(chr, range(0x4E00, 0x4E00 + 2000)))) == ""


def test_bundled_data_stays_within_its_budget():
    assert sum(path.stat().st_size for path in DATA.iterdir() if path.is_file()) < 10e6  # texts and arrays, as allotted
