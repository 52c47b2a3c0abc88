"""The training loop against closed forms, and what it does when something goes wrong."""

import itertools
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from course.data import load_text
from course.nn import init_language_model, language_model, next_token_loss
from course.train import (
    adamw,
    constant,
    decay,
    epochs,
    fit,
    matrix_dimensions,
    mean_loss,
    muon,
    random_windows,
    sgd,
    start,
    unigram_entropy,
    warmup_stable_decay,
    windows,
)


def quadratic(params, batch):
    return jnp.square(params["w"] - batch).sum() / 2


def ones():
    return itertools.repeat(np.ones(3, np.float32))


def test_sgd_follows_its_closed_form():
    """w - 1 shrinks by (1 - rate) a step, also across chunks of the compiled loop."""
    rates = np.full(60, 0.1, np.float32)
    result = fit(quadratic, {"w": np.zeros(3, np.float32)}, ones(), rates, optimiser=sgd())
    np.testing.assert_allclose(result.params["w"], 1 - 0.9**60, rtol=1e-5)  # float32 rounding over 60 products
    np.testing.assert_allclose(
        result.history["loss"], 1.5 * 0.81 ** np.arange(60), rtol=1e-3
    )  # (w - 1)^2 cancels digits


def test_each_step_uses_its_own_learning_rate():
    rates = np.linspace(0.0, 0.5, 37)
    result = fit(quadratic, {"w": np.zeros(3, np.float32)}, ones(), rates, optimiser=sgd())
    np.testing.assert_allclose(result.params["w"], 1 - np.prod(1 - rates), rtol=1e-4)


def test_what_no_gradient_moves_is_changed_after_each_step():
    """`after` sees the step's parameters and its batch: here it keeps the sum of both over 30 steps, two chunks."""
    begin = {"w": np.zeros(3, np.float32), "sum": np.zeros(3, np.float32)}

    def after(params, batch):
        return params | {"sum": params["sum"] + params["w"] + batch}

    result = fit(quadratic, begin, ones(), np.full(30, 0.1), optimiser=sgd(), after=after)
    expected = sum(1 - 0.9**t + 1 for t in range(1, 31))
    np.testing.assert_allclose(result.params["sum"], expected, rtol=1e-5)  # float32 rounding
    np.testing.assert_allclose(result.params["w"], 1 - 0.9**30, rtol=1e-5)


def test_moving_average_lags_behind():
    result = fit(quadratic, {"w": np.zeros(3, np.float32)}, ones(), np.full(50, 0.1), optimiser=sgd(), averaging=0.9)
    assert (result.average["w"] < result.params["w"]).all()
    assert (result.average["w"] > 0.5).all()
    plain = fit(quadratic, {"w": np.zeros(3, np.float32)}, ones(), np.full(50, 0.1), optimiser=sgd())
    np.testing.assert_array_equal(plain.average["w"], plain.params["w"])


def test_evaluation_happens_on_time():
    seen = []
    result = fit(
        quadratic, {"w": np.zeros(3, np.float32)}, ones(), np.full(70, 0.1), optimiser=sgd(),
        evaluate=lambda params: seen.append(float(params["w"][0])) or len(seen), evaluate_every=30,
    )  # fmt: skip
    assert result.history["step"].tolist() == [30, 60, 70]
    assert result.history["evaluation"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(seen, 1 - 0.9 ** np.array([30, 60, 70]), rtol=1e-5)


def test_state_goes_on_where_it_stopped():
    """Two halves give the bits of one whole, optimiser state included."""
    model = init_language_model(np.random.default_rng(0), 16, 16, 1, 1)
    tokens = np.random.default_rng(1).integers(0, 16, 2000).astype(np.uint8)
    rates = constant(40, 0.02, 5)
    whole = fit(next_token_loss, model, random_windows(tokens, 4, 8), rates, optimiser=muon())
    stream = random_windows(tokens, 4, 8)
    first = fit(next_token_loss, model, stream, rates[:13], optimiser=muon())
    second = fit(next_token_loss, None, stream, rates[13:], optimiser=muon(), state=first.state)
    assert int(second.state.step) == 40
    jax.tree.map(np.testing.assert_array_equal, whole.params, second.params)


def test_loss_that_is_not_finite_stops_with_a_sentence():
    with pytest.raises(FloatingPointError, match=r"at step \d+ of 200, at learning rate 1e\+03.*smaller learning rate"):
        fit(quadratic, {"w": np.zeros(3, np.float32)}, ones(), np.full(200, 1e3), optimiser=sgd())


def test_batches_that_run_out():
    with pytest.raises(ValueError, match="the batches ran out"):
        fit(quadratic, {"w": np.zeros(3)}, itertools.repeat(np.ones(3), 30), np.full(60, 0.1), optimiser=sgd())


def test_interrupt_keeps_what_was_learned():
    def stop_at_fifty():
        for step in itertools.count():
            if step == 50:
                raise KeyboardInterrupt
            yield np.ones(3, np.float32)

    result = fit(quadratic, {"w": np.zeros(3, np.float32)}, stop_at_fifty(), np.full(500, 0.1), optimiser=sgd())
    assert result.interrupted
    assert len(result.history["loss"]) == 50
    np.testing.assert_allclose(result.params["w"], 1 - 0.9**50, rtol=1e-5)


def test_zero_steps_change_nothing():
    params = {"w": np.arange(3, dtype=np.float32)}
    result = fit(quadratic, params, ones(), np.zeros(0), optimiser=sgd())
    np.testing.assert_array_equal(result.params["w"], params["w"])


def test_muon_updates_exactly_the_matrices_of_the_blocks():
    """Muon's first update of a matrix is nearly orthogonal, layer by layer; Adam's has one size for every entry."""
    model = init_language_model(np.random.default_rng(0), 20, 16, 3, 2)
    gradient = jax.tree.map(lambda leaf: np.random.default_rng(2).standard_normal(leaf.shape).astype(np.float32), model)
    update, _ = muon(adam_ratio=1.0).update(gradient, start(model, muon(adam_ratio=1.0)).optimiser, model)
    dimensions = matrix_dimensions(model)
    for name in ("embedding", "unembedding"):
        assert dimensions[name] is None
        size = np.abs(update[name])  # Adam's first step: the same size for every entry, the gradient's sign
        np.testing.assert_allclose(size, size.mean(), rtol=1e-3)
    for layers in (_matrices(update["blocks"]["attention"]), _matrices(update["blocks"]["mlp"])):
        for stacked in layers:
            assert len(stacked) == 3
            values = np.linalg.svd(stacked, compute_uv=False)
            assert values.min() > 0.5 * values.max()  # five Newton-Schulz steps leave singular values in 0.7..1.2


def _matrices(block: dict) -> list[np.ndarray]:
    """Each parameter as (layers, rows, columns)."""
    flat = {"output": lambda a: a.reshape(a.shape[0], -1, a.shape[-1])}
    return [flat.get(name, lambda a: a.reshape(*a.shape[:2], -1))(np.asarray(leaf)) for name, leaf in block.items()]


@pytest.mark.parametrize("optimiser", [adamw(), muon(), sgd(0.9)])
def test_every_optimiser_learns_a_periodic_text(optimiser):
    tokens = np.tile(np.arange(8, dtype=np.uint8), 200)
    model = init_language_model(np.random.default_rng(0), 8, 16, 1, 1)
    rate = {id(sgd(0.9)): 0.1, id(adamw()): 0.02}.get(id(optimiser), 0.02)
    rates = warmup_stable_decay(100, rate)
    result = fit(next_token_loss, model, random_windows(tokens, 4, 16), rates, optimiser=optimiser)
    assert result.history["loss"][0] == pytest.approx(np.log(8), rel=1e-5)
    assert result.history["loss"][-1] < 1.0


@pytest.mark.parametrize("width", [16, 64, 256])
def test_one_learning_rate_serves_every_width(width):
    """After 60 steps at 0.04 the loss is within 0.15 nats of that at a rate four times smaller or larger."""
    text, _ = load_text("shakespeare")
    ended = {}
    for rate in (0.01, 0.04, 0.16):
        model = init_language_model(np.random.default_rng(0), 256, width, n_layers=1, n_heads=max(1, width // 32))
        run = fit(next_token_loss, model, random_windows(text, 8, 32), warmup_stable_decay(60, rate), optimiser=muon())
        ended[rate] = run.history["loss"][-10:].mean()
    assert ended[0.04] < min(ended.values()) + 0.15
    assert ended[0.04] < unigram_entropy(text) - 0.4


def test_schedules():
    rates = warmup_stable_decay(100, 1.0, warmup=10, decay_share=0.2)
    assert len(rates) == 100
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 10)
    assert (rates[10:80] == 1.0).all()
    assert (np.diff(rates[79:]) < 0).all()
    assert 0 < rates[-1] < 0.05
    np.testing.assert_allclose(decay(3, 1.0), 1 - np.sqrt([0.25, 0.5, 0.75]))


def test_windows_cover_every_target_once():
    rows = windows(np.arange(50), 8)
    assert rows.shape == (6, 9)
    assert sorted(rows[:, 1:].ravel()) == list(range(1, 49))


def test_epochs_show_everything_before_anything_twice():
    tokens, batches = (
        np.arange(1001),
        10,
    )  # 1001 = 20 x 50 + 1: one epoch of 10 batches of 5 windows, or 9 after a shift
    seen = np.concatenate([batch[:, 1:].ravel() for batch in itertools.islice(epochs(tokens, 2, 20), batches)])
    assert len(set(seen)) == len(seen)


def test_random_windows_repeat_with_the_seed():
    first, again, other = (next(random_windows(np.arange(500), 4, 8, seed)) for seed in (0, 0, 1))
    assert first.shape == (4, 9)
    assert (np.diff(first, axis=1) == 1).all()
    assert (first == again).all()
    assert (first != other).any()


def test_text_shorter_than_a_window():
    with pytest.raises(ValueError, match="needs at least 65"):
        next(random_windows(np.arange(30), 4, 64))


def test_mean_loss_is_the_mean_over_all_positions():
    """Against the same sum written out, at a number of windows that is no multiple of the evaluation batch."""
    model = init_language_model(np.random.default_rng(0), 12, 16, 1, 1)
    model["unembedding"] = np.random.default_rng(1).standard_normal((16, 12)).astype(np.float32)
    rows = windows(np.random.default_rng(2).integers(0, 12, 600).astype(np.uint8), 16)
    logits = jax.nn.log_softmax(language_model(model, rows[:, :-1].astype(np.int32)))
    expected = -np.take_along_axis(np.asarray(logits), rows[:, 1:, None].astype(int), -1).mean()
    assert mean_loss(model, rows) == pytest.approx(expected, rel=1e-5)


def test_unigram_entropy():
    assert unigram_entropy(np.array([3, 3, 5, 5])) == pytest.approx(np.log(2))


DEVICES = """
import course, jax, numpy as np
from course.nn import init_language_model, next_token_loss
from course.train import constant, fit, muon, random_windows
tokens = np.random.default_rng(1).integers(0, 16, 3000).astype(np.uint8)
model = init_language_model(np.random.default_rng(0), 16, 16, 2, 2)
result = fit(next_token_loss, model, random_windows(tokens, 8, 16), constant(30, 0.02), optimiser=muon())
print(jax.device_count(), *[f"{loss:.9g}" for loss in result.history["loss"]])
"""


def _losses(devices: int) -> list[float]:
    import os

    environment = dict(os.environ, XLA_FLAGS=f"--xla_force_host_platform_device_count={devices}", COURSE_HEADLESS="1")
    output = subprocess.run(
        [sys.executable, "-c", DEVICES], env=environment, capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout.split()
    assert int(output[0]) == devices
    return [float(loss) for loss in output[1:]]


def test_eight_devices_give_the_losses_of_one():
    """Within 1e-4: the devices sum the gradient in another order, and 30 steps let float32 rounding grow."""
    one, again, eight = _losses(1), _losses(1), _losses(8)
    assert one == again  # one thread, same seed, same machine: the same bits
    np.testing.assert_allclose(eight, one, rtol=1e-4)
    assert one[-1] < one[0]
