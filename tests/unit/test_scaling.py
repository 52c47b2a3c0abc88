"""Scaling laws: known constants come back, two routes agree, and what unusable data gets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad, least_squares

from course.facts import chinchilla_models, fact
from course.scaling import (
    NAMES,
    JointLaw,
    Law,
    fit_joint_law,
    fit_law,
    flops,
    isoflop_minimum,
    objective,
    parameters,
)

TRUE = Law(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)


def simulated(noise: float, runs: int = 240, seed: int = 0):
    """Runs like the published ones: 57 million to 16 billion parameters, 0.25 to 318 billion tokens."""
    rng = np.random.default_rng(seed)
    N = np.exp(rng.uniform(np.log(57e6), np.log(16.2e9), runs))
    D = np.exp(rng.uniform(np.log(0.25e9), np.log(318e9), runs))
    return N, D, TRUE.loss(N, D) * np.exp(noise * rng.standard_normal(runs))


def constants(law: Law) -> list[float]:
    return [getattr(law, name) for name in NAMES]


def theta(law: Law) -> np.ndarray:
    return np.array([np.log(law.E), np.log(law.A), np.log(law.B), law.alpha, law.beta])


def test_gradient_of_the_objective():
    columns = [np.log(column) for column in simulated(0.05, 40)]
    point = theta(TRUE) + 0.01
    error = check_grad(lambda t: objective(t, *columns)[0], lambda t: objective(t, *columns)[1], point)
    assert error < 1e-4 * np.linalg.norm(objective(point, *columns)[1])


def test_law_without_noise_comes_back():
    law = fit_law(*simulated(0.0), bootstrap=0)
    np.testing.assert_allclose(constants(law), constants(TRUE), rtol=1e-3)
    assert law.standard_errors == {}
    assert law.resampled() == []


def test_fit_agrees_with_another_library():
    """scipy's trust-region least squares with a Huber loss minimises the same sum by another method."""
    N, D, loss = simulated(0.01)
    law = fit_law(N, D, loss, bootstrap=0)

    def residuals(t):
        return np.log(np.exp(t[0]) + np.exp(t[1] - t[3] * np.log(N)) + np.exp(t[2] - t[4] * np.log(D))) - np.log(loss)

    other = least_squares(residuals, theta(law) + 1e-3, loss="huber", f_scale=1e-3, x_scale=[1, 10, 10, 1, 1],
                          ftol=1e-15, xtol=1e-15, gtol=1e-15)  # fmt: skip
    columns = [np.log(column) for column in (N, D, loss)]
    assert objective(theta(law), *columns)[0] <= other.cost * (1 + 1e-6)
    np.testing.assert_allclose(theta(law), other.x, rtol=2e-3)


def test_standard_errors_match_the_spread_of_repeated_experiments():
    """The bootstrap of one data set against twelve fresh data sets; a factor of 1.8 covers twelve draws."""
    repeats = np.array([constants(fit_law(*simulated(0.01, seed=seed), bootstrap=0)) for seed in range(12)])
    errors = fit_law(*simulated(0.01), bootstrap=60).standard_errors
    for name, spread in zip(NAMES, repeats.std(axis=0, ddof=1), strict=True):
        assert spread / 1.8 < errors[name] < spread * 1.8, name


def test_points_of_one_run_are_drawn_together():
    """Copies of a run add no knowledge: grouped, 60 runs given four times keep the errors of 60."""
    N, D, loss = simulated(0.02, 60)
    alone = fit_law(N, D, loss, bootstrap=40).standard_errors["alpha"]
    copies = [np.tile(column, 4) for column in (N, D, loss)]
    grouped = fit_law(*copies, bootstrap=40, groups=np.tile(np.arange(60), 4)).standard_errors["alpha"]
    naive = fit_law(*copies, bootstrap=40).standard_errors["alpha"]
    assert grouped > 1.4 * naive
    assert grouped == pytest.approx(alone, rel=0.4)


@given(st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_order_of_the_runs_does_not_matter(seed):
    data, order = simulated(0.01, 30), np.random.default_rng(seed).permutation(30)
    first, second = fit_law(*data, bootstrap=0), fit_law(*(column[order] for column in data), bootstrap=0)
    np.testing.assert_allclose(theta(second), theta(first), rtol=1e-2, atol=1e-2)


def test_law_survives_other_scales():
    """Small models of a few thousand parameters, where exponents and constants look quite different."""
    small = Law(E=1.1, A=12.0, B=60.0, alpha=0.3, beta=0.35)
    N, D = (grid.ravel() for grid in np.meshgrid(np.geomspace(5e3, 5e5, 6), np.geomspace(2e4, 5e6, 6)))
    law = fit_law(N, D, small.loss(N, D), bootstrap=0)
    np.testing.assert_allclose(constants(law), constants(small), rtol=1e-2)


def test_optimum_is_the_lowest_point_of_its_budget():
    best = TRUE.optimum(1e21)
    assert flops(best.N, best.D) == pytest.approx(1e21)
    for factor in (0.8, 1.25):
        assert TRUE.loss(best.N * factor, best.D / factor) > best.loss
    assert TRUE.optimum([1e20, 1e21]).N.shape == (2,)


def test_chinchillas_table_is_reproduced():
    """Approach 3 of the paper, tokens per parameter at Chinchilla's own budget, for the three forms of its law."""
    budget = fact("BES03").budget
    for constants_id, key in (("CHI01", "rounded"), ("CHI02", "unrounded"), ("BES01", "replication")):
        law = Law(*(float(getattr(fact(constants_id), name)) for name in NAMES))
        best = law.optimum(float(budget))
        assert pytest.approx(float(getattr(fact("BES03"), key)), rel=0.03) == best.D / best.N


def test_tokens_inverts_the_loss():
    assert TRUE.tokens(1e9, TRUE.loss(1e9, 2e10)) == pytest.approx(2e10)
    assert TRUE.tokens(1e9, TRUE.E) == np.inf


def test_parameters_of_fifty_published_models():
    """Within 0.7 %, the rounding of the published counts. With d_model as the attention's width six models fail."""
    shapes = chinchilla_models()
    assert len(shapes) == 50

    def error(shape, width):
        mine = parameters(shape["n_layers"], shape["d_model"], 32_000, attention_width=width,
                          d_ff=shape["ffw_size"], relative_positions=True, biases=True)  # fmt: skip
        return abs(mine / shape["params"] - 1)

    assert max(error(shape, shape["kv_size"] * shape["n_heads"]) for shape in shapes) < 0.007
    assert sum(error(shape, shape["d_model"]) > 0.007 for shape in shapes) == 6


def test_parameters_default_is_the_rule_of_thumb():
    assert parameters(96, 12_288, 50_257) == 12 * 96 * 12_288**2 + 50_257 * 12_288


def test_isoflop_minimum():
    N = np.geomspace(1e6, 1e8, 7)
    lowest, coefficients = isoflop_minimum(N, 2 + 0.1 * (np.log(N) - np.log(2e7)) ** 2)
    assert lowest == pytest.approx(2e7)
    assert coefficients[0] == pytest.approx(0.1)
    with pytest.raises(ValueError, match="no interior minimum"):
        isoflop_minimum(N, 5 - np.log(N) / 10)
    with pytest.raises(ValueError, match="at least 3"):
        isoflop_minimum(N[:2], [1.0, 2.0])


RUNS = simulated(0.0, 10)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda N, D, L: (N[:4], D[:4], L[:4]), "5 constants; 4 runs"),
        (lambda N, D, L: (N, D[:-1], L), "equally long"),
        (lambda N, D, L: (N, D, np.where(L[3] == L, np.nan, L)), "loss must be positive and finite; entry 3 is nan"),
        (lambda N, D, L: (-N, D, L), "N must be positive"),
        (lambda N, D, L: (N, np.where(D[0] == D, np.inf, D), L), "D must be positive and finite; entry 0"),
        (lambda N, D, L: (np.ones(10), D, L), "N must take at least 3 different values"),
        (lambda N, D, L: (N[:, None], D, L), "vector"),
        (lambda N, D, L: ("many", D, L), "N must be numbers"),
        (lambda N, D, L: ([], [], []), "5 constants; 0 runs"),
    ],
)
def test_unusable_input_gets_one_sentence(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        fit_law(*change(*RUNS))


def test_joint_law_is_found_again():
    """Kaplan's own constants, from 60 points with 0.2 % of noise."""
    rng = np.random.default_rng(0)
    N, D = 10 ** rng.uniform(6, 9.5, 60), 10 ** rng.uniform(8, 11, 60)
    kaplan = JointLaw(8.8e13, 5.4e13, 0.076, 0.095)
    found = fit_joint_law(N, D, kaplan.loss(N, D) * np.exp(0.002 * rng.standard_normal(60)), bootstrap=20)
    assert found.alpha_N == pytest.approx(kaplan.alpha_N, rel=0.02)
    assert found.alpha_D == pytest.approx(kaplan.alpha_D, rel=0.02)
    np.testing.assert_allclose(found.loss(N, D), kaplan.loss(N, D), rtol=2e-3)
    low, high = np.percentile([float(law.loss(1e10, 1e12)) for law in found.resampled()], [1, 99])
    assert low < float(kaplan.loss(1e10, 1e12)) < high


def test_joint_law_against_its_formula():
    law = JointLaw(1e6, 1e7, 0.2, 0.25)
    assert law.loss(1e5, 1e6) == pytest.approx(((1e6 / 1e5) ** (0.2 / 0.25) + 1e7 / 1e6) ** 0.25)


def test_joint_law_refuses_what_fit_law_refuses():
    with pytest.raises(ValueError, match="positive and finite"):
        fit_joint_law([1, 2, 3, 4, 5], [1, 2, 3, 4, -5], [1, 1, 1, 1, 1])


@pytest.mark.parametrize("fit", [fit_law, fit_joint_law])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"delta": -1.0}, "delta must be a positive number"),
        ({"delta": np.nan}, "delta must be a positive number"),
        ({"groups": [1, 2]}, "groups must name one run for each of the 25 points, got 2"),
        ({"bootstrap": 1}, "bootstrap must be 0, or at least 2"),
        ({"bootstrap": -3}, "bootstrap must be 0, or at least 2"),
    ],
)
def test_options_that_mean_nothing_are_refused(fit, options, sentence):
    N, D = (side.ravel() for side in np.meshgrid(np.geomspace(1e6, 1e8, 5), np.geomspace(1e8, 1e10, 5)))
    with pytest.raises(ValueError, match=sentence):
        fit(N, D, 1.7 + 400 / N**0.34 + 400 / D**0.28, **options)


def test_a_masked_run_is_refused_and_not_fitted():
    N = np.ma.masked_array(np.geomspace(1e6, 1e8, 8), mask=[False] * 7 + [True])
    with pytest.raises(ValueError, match="positive and finite; entry 7 is nan"):
        fit_law(N, N, N)
