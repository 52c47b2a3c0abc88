"""A character-level language model of one's own text: train, save, load. What `course train lm` does."""

import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import PyTree

from course.lm import characters_of, encode, sample
from course.nn import init_language_model, next_token_loss
from course.train import fit, mean_loss, muon, random_windows, warmup_stable_decay, windows
from course.train.checkpoints import load_params, read_metadata, save_params

CONTEXT = 64
WIDTH, LAYERS, HEADS = 64, 1, 2
NGRAMS = 16_384  # rows of the table of bigrams and trigrams
BATCH, STEPS, PEAK, FALLING, ADAM_RATIO = 16, 180, 0.04, 0.5, 4.0
EPOCHS = 3  # of a short text: 16 kB of Python score 1.42 after three, 1.70 after twelve


class LanguageModel(NamedTuple):
    """A trained model and the characters that its tokens stand for; no characters: its tokens are UTF-8 bytes."""

    params: PyTree
    characters: str
    loss: float  # nats per character of the validation text

    @property
    def first(self) -> str:
        """What a text begins with where nothing is said: a new line, or the first of the model's characters."""
        return "\n" if "\n" in (self.characters or "\n") else self.characters[0]

    def sample(self, prompt: str, length: int, **options) -> str:
        """The prompt, continued by `length` tokens; the options are those of `course.lm.sample`."""
        return sample(self.params, prompt, length, characters=self.characters, context=CONTEXT, **options)


def train(
    text: str, *, steps: int | None = None, seed: int = 0, report: Callable[[str], None] = print
) -> LanguageModel:
    """A model of the first nine tenths of the text, with its loss on all of the last tenth.

    The loss is total nats over all positions of consecutive 64-token windows, divided by their characters. steps: by
    default STEPS, but no more than read the text EPOCHS times, after which a short text is learned by heart.
    """
    begin, characters, cut = time.perf_counter(), characters_of(text), len(text) * 9 // 10
    learned, held_out = encode(text[:cut], characters), encode(text[cut:], characters)
    rows, untrained = windows(held_out, CONTEXT), initial(seed, characters)
    batches = random_windows(learned, BATCH, CONTEXT, seed)
    steps = steps or max(1, min(STEPS, EPOCHS * len(learned) // (BATCH * CONTEXT)))
    rates = warmup_stable_decay(steps, PEAK, decay_share=FALLING)
    with ThreadPoolExecutor() as pool:  # meanwhile compiles what comes after the training
        pool.submit(mean_loss, untrained, rows)
        pool.submit(LanguageModel(untrained, characters, 0.0).sample, text[:1], 1)
        result = fit(next_token_loss, untrained, batches, rates, optimiser=muon(ADAM_RATIO))
    losses = result.history["loss"]
    report(f"trained {len(losses)} steps in {time.perf_counter() - begin:.1f} s")
    if len(losses):
        report(f"training loss: {losses[-10:].mean():.4f} nats per token, on the last batches")
    params = jax.tree.map(np.asarray, result.params)
    return LanguageModel(params, characters, mean_loss(params, rows) * len(held_out) / len(text[cut:]))


def initial(seed: int, characters: str) -> PyTree:
    """The parameters before training."""
    rng, vocabulary = np.random.default_rng(seed), len(characters) or 256
    return init_language_model(rng, vocabulary, WIDTH, LAYERS, HEADS, ngrams=NGRAMS)


def check_place(path: Path) -> None:
    """OSError, before anything is trained, where no file can be written."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name a file in it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def save(path: Path, model: LanguageModel) -> None:
    """Writes the model as safetensors; its characters and its loss go into the file's metadata."""
    save_params(path, model.params, {"characters": json.dumps(model.characters), "loss": repr(model.loss)})


def load(path: Path) -> LanguageModel:
    """The model in the file. Raises ValueError, with one sentence, when it is not one."""
    try:
        metadata = read_metadata(path)
        characters, loss = json.loads(metadata["characters"]), float(metadata["loss"])
        return LanguageModel(load_params(path, initial(0, characters)), characters, loss)
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{path} is not a model that `course train lm` saved ({error}).") from None
