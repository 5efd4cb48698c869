"""Correlations against NumPy, mutual information against scikit-learn."""

import jax
import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from genjax_lab.evaluate import correlation, mutual_information


@pytest.mark.parametrize("rows", [2, 100, 1024, 3000])
def test_matches_numpy(rows):
    rng = np.random.default_rng(rows)
    x = (rng.normal(size=(rows, 7)) @ rng.normal(size=(7, 7)) + 1000).astype(np.float32)
    np.testing.assert_allclose(correlation(x), np.corrcoef(x.astype(float).T), atol=2e-4)


def test_bits_stay_bytes_and_agree():
    x = (np.random.default_rng(0).uniform(size=(2500, 9)) < np.linspace(0.01, 0.99, 9)).astype(np.uint8)
    np.testing.assert_allclose(correlation(x), np.corrcoef(x.T), atol=1e-5)


def test_a_constant_coordinate_has_no_correlation():
    x = np.stack([np.arange(5), np.full(5, 0.1), np.arange(5)[::-1]], 1).astype(np.float32)
    ours = np.asarray(correlation(x))
    assert np.isnan(ours[1]).all() and np.isnan(ours[:, 1]).all()
    assert ours[0, 2] == pytest.approx(-1)


def test_under_jit():
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    np.testing.assert_allclose(jax.jit(correlation)(x), correlation(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(5,), (1, 3), (2, 2, 2)])
def test_bad_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="correlation: x must be"):
        correlation(np.zeros(shape))


@pytest.mark.parametrize("rows", [1, 30, 5000])
def test_mutual_information_is_scikit_learns_within_each_class(rows):
    rng = np.random.default_rng(rows)
    y = rng.integers(0, 3, rows)
    x = np.stack([y, rng.integers(0, 4, rows), rng.integers(0, 2, rows)], 1)
    x = np.concatenate([x, (x[:, 1:2] + x[:, 2:]) % 4], 1)
    expected = np.zeros((4, 4))
    for c in np.unique(y):
        own = x[y == c]
        expected += [[mutual_info_score(a, b) * len(own) / rows for a in own.T] for b in own.T]
    np.testing.assert_allclose(mutual_information(x, 4, y, 3), expected, atol=2e-6)
    alone = [[mutual_info_score(a, b) for a in x.T] for b in x.T]
    np.testing.assert_allclose(mutual_information(x, 4), alone, atol=2e-6)


def test_independent_coordinates_measure_what_chance_gives():
    x = np.random.default_rng(0).integers(0, 5, (20_000, 3))
    y = np.arange(20_000) % 2
    measured = np.asarray(mutual_information(x, 5, y, 2))[np.triu_indices(3, 1)]
    assert measured.mean() == pytest.approx(2 * 4 * 4 / 40_000, rel=0.35)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.5]], 2), "whole numbers"),
        (([0, 1], 2), "whole numbers"),
        (([[0, 1], [0, 2]], 2), r"x\[1, 1\] = 2 is outside 0..1"),
        (([[0], [1]], 2, [0, 1]), "go together"),
        (([[0], [1]], 2, [0], 2), "1 labels for 2 rows"),
        (([[0], [1]], 2, [0, 2], 2), r"labels\[1\] = 2 is outside"),
    ],
    ids=str,
)
def test_what_has_no_mutual_information_is_refused(arguments, message):
    x, *others = arguments
    with pytest.raises(ValueError, match=message):
        mutual_information(np.array(x), *others)
