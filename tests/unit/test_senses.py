import numpy as np
import pytest

from course import senses

ALL = pytest.mark.parametrize("name", senses.SENSES)


@ALL
def test_every_sense_fits_one_compiled_step(name):
    sense = senses.SENSES[name]()
    batch = next(senses.batches(sense, 4))
    assert {key: (value.shape, value.dtype) for key, value in batch.items()} == {
        "inputs": ((4, 64, 64), np.float32),
        "answers": ((4, 64), np.int32),
        "asked": ((4, 64), np.float32),
        "mask": ((64, 64), bool),
    }
    assert batch["asked"].any(axis=1).all()
    assert sense.train.answers.max() < len(sense.names)


@pytest.mark.parametrize("name", ["pixels", "frames", "waves"])
def test_shuffling_keeps_the_steps_and_moves_them(name):
    plain, shuffled = (senses.SENSES[name](seed=3, shuffled=on).test.inputs for on in (False, True))
    assert not np.array_equal(plain, shuffled)
    for one, other in zip(plain, shuffled, strict=True):
        assert sorted(map(tuple, one)) == sorted(map(tuple, other))


@pytest.mark.parametrize("name", ["words", "residues"])
def test_shuffled_symbols_are_other_symbols_in_the_same_amounts(name):
    plain, shuffled = (senses.SENSES[name](seed=3, shuffled=on).test for on in (False, True))
    assert not np.array_equal(plain.inputs, shuffled.inputs)
    for one, other in zip(plain.answers, shuffled.answers, strict=True):
        assert abs(np.bincount(one, minlength=64) - np.bincount(other, minlength=64)).sum() <= 2


@ALL
def test_no_test_example_is_trained_on(name):
    sense = senses.SENSES[name]()
    seen = {example.tobytes() for example in sense.train.inputs}
    assert not any(example.tobytes() in seen for example in sense.test.inputs)


def test_next_symbols_are_the_inputs_one_step_later():
    examples = senses.words().test
    assert np.array_equal(examples.inputs[:, 1:], examples.answers[:, :-1])


def test_one_frame_does_not_tell_the_motion():
    films = senses.frames().train
    first = films.inputs.reshape(-1, 8, 8, 8)[:, 0].sum(axis=(1, 2))
    motion = films.answers[:, -1]
    means = np.array([first[motion == kind].mean() for kind in range(4)])
    assert np.ptp(means) < 4 * first.std() / np.sqrt(len(first) / 4)


def test_a_film_moves_as_its_answer_says():
    films = senses.frames().test
    frames = films.inputs.reshape(-1, 8, 8, 8)  # film, frame, row, column
    for film, kind in zip(frames, films.answers[:, -1], strict=True):
        moved = np.roll(film[:-1], senses.SPEEDS[kind], axis=-1)
        assert np.array_equal(moved, film[1:])


def test_a_wave_is_silent_before_its_onset():
    rng = np.random.default_rng(0)
    traces, onsets = senses.seismograms(rng, 2000)
    place = np.arange(512) - onsets[:, None]
    before, after = traces[(place < 0) & (abs(traces) < 4)], traces[(place > 20) & (place < 40) & (abs(traces) < 4)]
    assert abs(before.std() - 1) < 0.02
    assert after.std() > 1.3


@pytest.mark.parametrize("size", [0, 3201])
def test_a_batch_must_find_enough_examples(size):
    with pytest.raises(ValueError, match="size must be from 1 to 3200"):
        next(senses.batches(senses.words(), size))


def test_an_epoch_of_batches_holds_each_example_once():
    sense = senses.residues()
    batches = senses.batches(sense, 1)
    seen = [next(batches)["inputs"].tobytes() for _ in range(len(sense.train.answers))]
    everything = senses.batch(sense.train, sense.mask)["inputs"]
    assert sorted(seen) == sorted(example[None].tobytes() for example in everything)
