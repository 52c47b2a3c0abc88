"""What a trained language model does: the cached path equals the plain one, and each rule of sampling holds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from course import lm, nn

TEXT = "the cat sat on the mat. a dog ate the rat! " * 8


@pytest.fixture(scope="module")
def params():
    """A model with random weights everywhere, so that every part of it matters."""
    rng = np.random.default_rng(0)
    fresh = nn.init_language_model(rng, 256, d_model=16, n_layers=2, n_heads=2, ngrams=50)
    return jax.tree.map(lambda leaf: rng.standard_normal(leaf.shape).astype(np.float32) * 0.5, fresh)


def test_reading_on_gives_the_logits_of_reading_at_once(params):
    tokens = np.random.default_rng(1).integers(256, size=(3, 20))
    cache = nn.empty_cache(params, 3, 20)
    parts = []
    for begin, end in ((0, 7), (7, 8), (8, 20)):
        logits, cache = nn.read_on(params, cache, jnp.asarray(tokens[:, begin:end]), begin)
        parts.append(logits)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), nn.language_model(params, tokens), atol=2e-4)


def greedy(params, text, length, context):
    """The likeliest continuation, each token from a plain pass over the whole window."""
    tokens = list(text.encode())
    begin = 0
    for _ in range(length):
        if len(tokens) - begin == context:
            begin = len(tokens) - context // 2
        logits = nn.language_model(params, np.array([tokens[begin:]]))
        tokens.append(int(np.argmax(logits[0, -1])))
    return tokens


@pytest.mark.parametrize("prompt", ["a", "the cat sat", "the cat sat on the mat. a dog"])
def test_cached_sampling_equals_plain_passes(params, prompt):
    """Also across the window's end, where the later half is read again."""
    tokens = greedy(params, prompt, 40, context=16) if len(prompt) < 16 else None
    written = lm.sample(params, prompt, 40, temperature=0, context=16)
    if tokens is None:  # a prompt longer than the window: its last 8 tokens count
        tokens = list(prompt[:-8].encode()) + greedy(params, prompt[-8:], 40, context=16)
    assert written == bytes(tokens).decode("utf-8", errors="replace")


def test_prompts_in_a_batch_are_continued_as_if_alone(params):
    prompts = ["the cat", "a dog ate the"]
    together = lm.sample(params, prompts, 30, temperature=0, context=16)
    assert together == [lm.sample(params, prompt, 30, temperature=0, context=16) for prompt in prompts]


def test_a_seed_gives_the_same_text_again(params):
    assert lm.sample(params, "the", 30, seed=1) == lm.sample(params, "the", 30, seed=1)
    assert lm.sample(params, "the", 30, seed=1) != lm.sample(params, "the", 30, seed=2)


def drawn(logits, temperature=1.0, top_k=None, top_p=1.0, count=4000):
    noise = np.random.default_rng(0).gumbel(size=(count, len(logits)))
    limits = None if top_k is None and top_p == 1 else (top_k or 2**30, top_p)
    tokens = lm.choose(jnp.tile(jnp.asarray(logits), (count, 1)), (temperature, limits), noise)
    return np.bincount(tokens, minlength=len(logits)) / count


def test_tokens_come_as_often_as_their_probability_says():
    p = np.array([0.5, 0.3, 0.15, 0.05])
    np.testing.assert_allclose(drawn(np.log(p)), p, atol=0.03)
    np.testing.assert_allclose(drawn(np.log(p), temperature=0.5), p**2 / (p**2).sum(), atol=0.03)


def test_top_k_and_top_p_keep_the_likeliest():
    p = np.array([0.05, 0.5, 0.15, 0.3])
    np.testing.assert_allclose(drawn(np.log(p), top_k=2), [0, 0.625, 0, 0.375], atol=0.03)
    np.testing.assert_allclose(drawn(np.log(p), top_p=0.7), [0, 0.625, 0, 0.375], atol=0.03)
    np.testing.assert_allclose(drawn(np.log(p), top_p=0.4), [0, 1, 0, 0])
    np.testing.assert_allclose(drawn(np.log(p), temperature=0.0), [0, 1, 0, 0])


def test_nll_is_the_cross_entropy_of_each_token(params):
    tokens = np.array([list(TEXT[:17].encode())])
    expected = nn.cross_entropy(nn.language_model(params, tokens[:, :-1]), tokens[:, 1:])[0]
    np.testing.assert_allclose(lm.nll(params, TEXT[:17], context=16), expected, rtol=1e-4)


@pytest.mark.parametrize("stride", [1, 5, 16])
@pytest.mark.parametrize("length", [2, 16, 17, 40, 300])
def test_each_token_is_scored_once_with_enough_context(params, stride, length):
    text = TEXT[:length]
    losses = lm.nll(params, text, context=16, stride=stride)
    assert len(losses) == length - 1
    i = length - 2  # the last token: some window holds it, with at least 16 - stride tokens before it
    contexts = range(min(17 - stride, i + 1), min(16, i + 1) + 1)
    candidates = [lm.nll(params, text[-n - 1 :], context=16)[-1] for n in contexts]
    assert np.isclose(losses[-1], candidates, rtol=1e-4).any()


def test_perplexity_of_an_untrained_model_is_its_vocabulary():
    fresh = nn.init_language_model(np.random.default_rng(0), 256, d_model=8, n_layers=1, n_heads=1)
    assert lm.perplexity(fresh, TEXT) == pytest.approx(256, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": -1.0}, "temperature must be"),
        ({"temperature": np.nan}, "temperature must be"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1"),
        ({"top_p": 0.0}, "top_p must be above 0"),
        ({"top_p": 1.5}, "top_p must be above 0"),
    ],
)
def test_settings_out_of_range_are_refused(params, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        lm.sample(params, "the", 5, **options)


def test_texts_that_cannot_be_scored_are_refused(params):
    with pytest.raises(ValueError, match="at least two tokens"):
        lm.nll(params, "a")
    with pytest.raises(ValueError, match="stride must be from 1 to the context"):
        lm.nll(params, TEXT, context=16, stride=17)
    with pytest.raises(ValueError, match="prompt is empty"):
        lm.sample(params, ["the", ""], 5)


@pytest.mark.parametrize("text", ["naïve — “text”\n", "plain", "日本語\n"])
def test_characters_round_trip(text):
    table = lm.characters_of(text)
    assert lm.decode(lm.encode(text, table), table) == text
    assert lm.decode(lm.encode(text, ""), "") == text


def test_many_characters_become_bytes():
    assert lm.characters_of("".join(map(chr, range(0x4E00, 0x4E00 + 2000)))) == ""


def test_of_equally_likely_tokens_top_k_keeps_k():
    level = jnp.zeros((1, 5))
    kept = lm._among_likeliest(level, level, jnp.int32(2), jnp.float32(1.0))
    assert kept.tolist() == [[True, True, False, False, False]]


def test_a_text_is_read_with_the_models_own_table(params):
    with pytest.raises(ValueError, match="the model has 256 tokens, not 3 characters"):
        lm.nll(params, "abc", characters="abc")
    with pytest.raises(ValueError, match="the model has 256 tokens, not 3 characters"):
        lm.sample(params, "abc", 3, characters="abc")
