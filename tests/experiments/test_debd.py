"""The experiment `debd`: the recipe on made-up bits, and the numbers on the published tables."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from experiments.debd import Config, run
from experiments.debd.recipe import average_rows, learn
from experiments.debd.story import MEASURED
from genjax_lab.data import Bits


def made_up():
    """Two ways of being, in each of which every second bit repeats the one before it, or its opposite."""
    rng = np.random.default_rng(0)

    def part(n):
        way, lead = rng.integers(0, 2, n), rng.integers(0, 2, (n, 3))
        return np.stack([lead, lead ^ way[:, None]], -1).reshape(n, 6).astype(np.uint8)

    return Bits(part(600), part(200), part(200))


@pytest.mark.slow
def test_two_trees_learn_what_one_cannot_and_the_best_by_validation_is_tested():
    bits = made_up()
    found = learn(bits, (1, 2), (0.1, 1.0), 40, 2, 1e-3, 0)
    assert found.best.valid == max(trial.valid for trial in found.trials) and len(found.trials) == 2 * 4 + 1
    assert found.best.trees == 2
    assert found.test > found.tree + 0.8 > found.independent + 0.7
    assert found.test == pytest.approx(-4 * np.log(2), abs=0.1)  # three free bits, and the way


@pytest.mark.slow
def test_average_rows_are_pairs_of_all_rows_and_some_are_even():
    bits = made_up().train
    tree = gl.chow_liu((6,))
    table = np.asarray(average_rows(tree, jnp.asarray(bits), 3.0, 0.1))
    np.testing.assert_allclose(table.sum((2, 3)), 3.0, rtol=1e-6)
    share = (bits[:, :1].T @ bits[:, 1:2].astype(float)).item() / len(bits)
    assert table[0, 1, 1, 1] == pytest.approx(3.0 * (0.9 * share + 0.1 / 4), rel=1e-5)
    smoothing = {"prior": 3.0, "conditional": {"logits": jnp.asarray(table)}}
    method = gl.em(max_steps=5, curvature=False)
    with pytest.warns(gl.FitWarning):
        fit = gl.fit(gl.mixture(tree, 2), jnp.asarray(bits), smoothing=smoothing, key=jnp_key(), method=method)
    assert np.isfinite(fit.log_likelihood)


def test_average_rows_of_patches_are_pairs_of_patches():
    images = made_up().train.reshape(-1, 2, 3)
    tree = gl.patches(gl.chow_liu((1, 3), 4), (2, 1))
    table = np.asarray(average_rows(tree, jnp.asarray(images), 1.0, 0.0))
    first, last = (images[:, 0, j] + 2 * images[:, 1, j] for j in (0, 2))  # as `gl.patches` has them
    brute = [[((first == a) & (last == b)).mean() for b in range(4)] for a in range(4)]
    np.testing.assert_allclose(table[0, 2], brute, atol=1e-6)


def jnp_key():
    import jax

    return jax.random.key(0)


@pytest.mark.parametrize("change", [{"tables": ("none",)}, {"trees": ()}, {"rows": (0.0,)}, {"passes": 0}], ids=str)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Config(**change)


@pytest.mark.slow
def test_the_published_tables_give_the_expected_numbers(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    found = run(Config()).metrics
    goals = {"nltcs": -6.02, "plants": -12.68, "baudio": -39.96, "accidents": -29.4, "dna": -84.3, "mushrooms": -10.55}
    for name, goal in goals.items():
        assert found[name]["test"] >= max(goal, MEASURED.get(name, goal) - 0.005)
