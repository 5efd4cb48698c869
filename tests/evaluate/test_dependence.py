"""Correlations against NumPy."""

import jax
import numpy as np
import pytest

from genjax_lab.evaluate import correlation


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
