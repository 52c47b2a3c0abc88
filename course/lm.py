"""A character-level language model of one's own text: train, save, load, sample. What `course train lm` does."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Integer, PyTree
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from course.nn import init_language_model, language_model, next_token_loss
from course.train import fit, mean_loss, muon, random_windows, warmup_stable_decay, windows

CONTEXT = 64
WIDTH, LAYERS, HEADS = 64, 1, 2
NGRAMS = 16_384  # rows of the table of bigrams and trigrams
BATCH, STEPS, PEAK, FALLING, ADAM_RATIO = 16, 180, 0.04, 0.5, 4.0
MOST_CHARACTERS = 1000  # a text with more (Chinese, say) is read as UTF-8 bytes


class LanguageModel(NamedTuple):
    """A trained model and the characters that its tokens stand for; no characters: its tokens are UTF-8 bytes."""

    params: PyTree
    characters: str
    loss: float  # nats per character of the validation text


def characters_of(text: str) -> str:
    """The text's distinct characters in order, or "" when they are too many for a table."""
    distinct = "".join(sorted(set(text)))
    return distinct if len(distinct) <= MOST_CHARACTERS else ""


def encode(text: str, characters: str) -> Integer[np.ndarray, " tokens"]:
    """Token ids: the characters' places in the table, or the text's UTF-8 bytes when the table is empty.

    Raises ValueError when the text holds a character that is not in the table.
    """
    if not characters:
        return np.frombuffer(text.encode("utf-8"), np.uint8)
    table, codes = _codes(characters), _codes(text)
    ids = np.minimum(np.searchsorted(table, codes), len(table) - 1)
    unknown = np.flatnonzero(table[ids] != codes)
    if len(unknown):
        raise ValueError(f"the model has never seen the character {text[unknown[0]]!r}.")
    return ids.astype(np.uint16)


def decode(tokens: Integer[np.ndarray, " tokens"], characters: str) -> str:
    """The text of the token ids."""
    if not characters:
        return np.asarray(tokens, np.uint8).tobytes().decode("utf-8", errors="replace")
    return "".join(characters[token] for token in tokens)


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def train(text: str, *, steps: int = STEPS, seed: int = 0, report: Callable[[str], None] = print) -> LanguageModel:
    """A model of the first nine tenths of the text, with its loss on all of the last tenth.

    The loss is total nats over all positions of consecutive 64-token windows, divided by their characters.
    """
    begin, characters, cut = time.perf_counter(), characters_of(text), len(text) * 9 // 10
    learned, held_out = encode(text[:cut], characters), encode(text[cut:], characters)
    rows, untrained = windows(held_out, CONTEXT), initial(seed, characters)
    batches = random_windows(learned, BATCH, CONTEXT, seed)
    rates = warmup_stable_decay(steps, PEAK, decay_share=FALLING)
    with ThreadPoolExecutor() as pool:  # meanwhile compiles what comes after the training
        pool.submit(mean_loss, untrained, rows)
        pool.submit(_logits, untrained, np.zeros((1, CONTEXT), np.int32), 0)
        trained = fit(next_token_loss, untrained, batches, rates, optimiser=muon(ADAM_RATIO)).params
    report(f"trained {steps} steps in {time.perf_counter() - begin:.1f} s")
    params = jax.tree.map(np.asarray, trained)
    return LanguageModel(params, characters, mean_loss(params, rows) * len(held_out) / len(text[cut:]))


def initial(seed: int, characters: str) -> PyTree:
    """The parameters before training."""
    rng, vocabulary = np.random.default_rng(seed), len(characters) or 256
    return init_language_model(rng, vocabulary, WIDTH, LAYERS, HEADS, ngrams=NGRAMS)


def save(path: Path, model: LanguageModel) -> None:
    """Writes the model as safetensors; its characters and its loss go into the file's metadata."""
    arrays = {jax.tree_util.keystr(key): np.ascontiguousarray(leaf) for key, leaf in _leaves(model.params)}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(arrays, path, {"characters": json.dumps(model.characters), "loss": repr(model.loss)})


def load(path: Path) -> LanguageModel:
    """The model in the file. Raises ValueError, with one sentence, when it is not one."""
    try:
        with safe_open(path, "numpy") as file:
            metadata, arrays = file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        characters, loss = json.loads(metadata["characters"]), float(metadata["loss"])
        shape = initial(0, characters)
        params = jax.tree_util.tree_map_with_path(lambda key, leaf: _checked(arrays, key, leaf), shape)
    except (OSError, SafetensorError, KeyError, ValueError, IndexError) as error:
        raise ValueError(f"{path} is not a model that `course train lm` saved ({error}).") from None
    return LanguageModel(params, characters, loss)


def _leaves(params: PyTree) -> list:
    return jax.tree_util.tree_flatten_with_path(params)[0]


def _checked(arrays: dict, key: tuple, leaf: np.ndarray) -> np.ndarray:
    saved = arrays[jax.tree_util.keystr(key)]
    if saved.shape != leaf.shape or not np.isfinite(saved).all():
        raise ValueError(f"array {jax.tree_util.keystr(key)} is damaged")
    return saved


def sample(model: LanguageModel, prompt: str, length: int, *, temperature: float = 0.8, seed: int = 0) -> str:
    """The prompt, continued by `length` tokens. Temperature 0 always takes the likeliest one."""
    tokens = encode(prompt, model.characters)
    if not len(tokens):
        raise ValueError("the prompt is empty: give at least one character.")
    if not (np.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be a number of at least 0, got {temperature}.")
    return decode([*tokens, *_continued(model.params, tokens, length, temperature, seed)], model.characters)


def _continued(params: PyTree, tokens: np.ndarray, length: int, temperature: float, seed: int) -> Iterator[int]:
    """The next tokens, one at a time. Each is drawn by adding Gumbel noise to the logits."""
    rng, window = np.random.default_rng(seed), list(tokens[-CONTEXT:])
    for _ in range(length):
        padded = np.zeros((1, CONTEXT), np.int32)
        padded[0, : len(window)] = window
        logits = np.asarray(_logits(params, padded, len(window) - 1))
        noise = rng.gumbel(size=logits.shape)
        token = int(np.argmax(logits + temperature * noise))
        window = [*window, token][-CONTEXT:]
        yield token


@jax.jit
def _logits(params: PyTree, tokens: Integer[np.ndarray, "1 T"], last: Integer) -> Float[np.ndarray, " V"]:
    """Logits after position `last`; what stands behind it is padding, which causal attention never sees."""
    return jnp.take(language_model(params, tokens)[0], last, axis=0)
