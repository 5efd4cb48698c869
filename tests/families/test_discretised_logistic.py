"""Discretised logistic levels: against SciPy, in the tails, fitted, and as the entry of a network."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

import genjax_lab as gl


def scipy_log_prob(k, loc, scale):
    edges = (2 * np.arange(k + 1) - 1) / (k - 1) - 1
    edges[0], edges[-1] = -np.inf, np.inf
    law = stats.logistic(loc, scale)
    upper = np.diff(law.cdf(edges)), -np.diff(law.sf(edges))
    return np.log(np.where(edges[1:] < loc, *upper))


@pytest.mark.parametrize(("loc", "scale"), [(0.0, 0.3), (0.9, 0.02), (-2.0, 0.1), (0.3, 3.0)])
@pytest.mark.parametrize("k", [2, 16, 256])
def test_every_level_is_what_scipy_says(k, loc, scale):
    found = gl.log_prob(gl.discretised_logistic(k), {"loc": loc, "scale": scale}, jnp.arange(k))
    expected = scipy_log_prob(k, loc, scale)
    known = expected > -30  # beyond, the differences of SciPy's float64 have no digits
    np.testing.assert_allclose(np.asarray(found)[known], expected[known], rtol=1e-4, atol=1e-5)
    assert np.exp(np.asarray(found, np.float64)).sum() == pytest.approx(1, abs=1e-5)


def test_far_in_a_tail_it_falls_evenly_with_finite_slopes():
    model, params = gl.discretised_logistic(256), {"loc": jnp.array(-1.0), "scale": jnp.array(0.002)}
    x = jnp.array([100, 200, 254])
    found = gl.log_prob(model, params, x)
    np.testing.assert_allclose(np.diff(found), -np.diff(2 * np.asarray(x) / 255) / 0.002, rtol=1e-4)
    slopes = gl.per_example_scores(model, params, x)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slopes))


@pytest.mark.slow
def test_it_is_fitted_and_sampled():
    model, truth = gl.discretised_logistic(64, (2,)), {"loc": jnp.array([-0.5, 0.2]), "scale": jnp.array([0.1, 0.3])}
    x = gl.sample(model, jax.random.key(0), truth, 4000)
    fit = gl.fit(model, x, key=jax.random.key(1))
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    np.testing.assert_allclose(fit.params["loc"], truth["loc"], atol=0.03)
    np.testing.assert_allclose(fit.params["scale"], truth["scale"], atol=0.02)


@pytest.mark.slow
def test_a_mixture_of_them_is_the_entry_of_a_network():
    model = gl.autoregressive((2,), gl.nets.made((6,)), gl.mixture(gl.discretised_logistic(5), 2))
    params = model.init(jax.random.key(0))
    assert gl.check_normalised(model, params) == pytest.approx(1, abs=1e-5)
    first = np.random.default_rng(0).integers(0, 5, 500)
    x = jnp.asarray(np.stack([first, 4 - first], 1))  # the second is what the first is not
    method = gl.gradient(optax.adam, learning_rate=0.03, batch_size=50, epochs=40)
    fit = gl.fit(model, x, method=method, key=jax.random.key(1))
    assert -float(fit.log_likelihood) / 500 < np.log(5) + 0.6
    assert gl.sample(model, jax.random.key(2), fit.params, 10).shape == (10, 2)


def test_one_level_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        gl.discretised_logistic(1)
