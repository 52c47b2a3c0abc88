"""The search without gradients: it finds minima, uses only the order of scores, and its directions have their scale."""

import numpy as np
import pytest

from course.data import load_black_box
from course.evolution import POPULATION, evolve, random_directions
from course.recipes import black_box


def bowl(z):
    return float(((z - np.arange(1, len(z) + 1)) ** 2).sum())


def test_it_finds_the_minimum_of_a_bowl():
    search = evolve(bowl, 3, 1200, seed=0)
    np.testing.assert_allclose(search.best, [1, 2, 3], atol=1e-3)
    assert search.scores.shape == (1200,)
    assert search.candidates.shape == (1200, 3)
    assert search.means.shape == (1200 // POPULATION, 3)
    assert bowl(search.best) == search.scores.min()
    np.testing.assert_array_equal(search.means[0], 0)


def test_only_the_order_of_the_scores_counts():
    search, bent = evolve(bowl, 4, 200, seed=1), evolve(lambda z: np.log1p(bowl(z)), 4, 200, seed=1)
    np.testing.assert_array_equal(search.candidates, bent.candidates)


def test_the_seed_decides_everything():
    np.testing.assert_array_equal(evolve(bowl, 2, 100, seed=3).candidates, evolve(bowl, 2, 100, seed=3).candidates)
    assert (evolve(bowl, 2, 100, seed=3).candidates != evolve(bowl, 2, 100, seed=4).candidates).all()


@pytest.mark.parametrize("d", [2, 50])
def test_directions_add_up_to_the_deviation(d):
    rng = np.random.default_rng(0)
    A = random_directions(rng, d, (16, 32), 3.0)
    assert A.shape == (d, 16, 32)
    moves = rng.standard_normal((400, d)) @ A.reshape(d, -1)
    assert moves.std() == pytest.approx(3.0, rel=0.1)


def test_a_search_of_the_recipe_lowers_the_loss_and_repeats_to_the_bit():
    job = black_box.Job("evolution", 8, 1.0, 0)
    rows = black_box.searched(job, calls=200)
    assert rows == black_box.searched(job, calls=200)
    assert [row["calls"] for row in rows] == [0, 100, 200]
    assert float(rows[2]["shots"]) <= float(rows[1]["shots"]) < float(rows[0]["shots"])


def test_every_search_of_the_recipe_has_a_file_of_its_own():
    names = [black_box.name(job) for job in black_box.searches()]
    assert len(set(names)) == len(names)


def test_a_finished_search_is_not_done_again(tmp_path, monkeypatch):
    job = black_box.Job("random", 0, 1.0, 0)
    (tmp_path / black_box.name(job)).write_text("kept", encoding="utf-8")
    monkeypatch.setattr(black_box, "searched", None)
    black_box.run(job, tmp_path)
    assert (tmp_path / black_box.name(job)).read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(("method", "calls"), [("evolution", 200), ("gradient", 150)])
def test_a_recorded_search_comes_out_again(method, calls):
    """Another processor rounds otherwise, and may swap two candidates in an order."""
    table = load_black_box()
    recorded = table[(table["method"] == method) & (table["seed"] == 1) & (table["calls"] == calls)]
    (row,) = recorded[(recorded["dimensions"] <= 2) & (recorded["scale"] == 1)]
    job = black_box.Job(*(row[field].item() for field in black_box.Job._fields))
    again = black_box.searched(job, calls=200)[-1]
    assert again["calls"] == calls
    assert float(again["others"]) == pytest.approx(row["others"], abs=0.05)


def test_the_recorded_table_holds_every_search():
    table = load_black_box()
    kept = {(row["method"], row["dimensions"], row["scale"], row["seed"]) for row in table}
    assert kept == {tuple(job) for job in black_box.searches()}


def test_a_score_that_is_no_number_counts_as_the_worst():
    def score(z):
        return np.nan if z[0] > 2.5 else float(((z - 2) ** 2).sum())

    search = evolve(score, 3, 600, seed=0)
    assert score(search.best) < 0.1
    assert search.best[0] <= 2.5


def test_fewer_calls_than_a_generation_are_refused():
    with pytest.raises(ValueError, match="calls must be at least 20"):
        evolve(lambda z: 0.0, 3, 19, seed=0)
