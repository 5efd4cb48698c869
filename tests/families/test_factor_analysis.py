"""Factor analysis against scikit-learn, SciPy's best of its likelihood, and its own laws."""

from __future__ import annotations

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.decomposition import FactorAnalysis

import genjax_lab as gl

NOISE = np.array([0.2, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5])
MIX = np.random.default_rng(5).normal(size=(7, 2)) * [1.5, 1.0]
FA = gl.factor_analysis(7, 2)


def rows(n: int = 500, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, 2)) @ MIX.T + NOISE * rng.normal(size=(n, 7)) + np.arange(7)).astype(np.float32)


def covariance(params) -> np.ndarray:
    w = np.asarray(params["cov_factor"], float)
    return w @ w.T + np.diag(np.asarray(params["scale"], float) ** 2)


def best(x, k) -> float:
    """The largest mean log-likelihood that SciPy finds, from scikit-learn's end."""
    x = np.asarray(x, float)
    d, own = x.shape[1], np.cov(x.T, bias=True)
    rival = FactorAnalysis(k, tol=1e-9, max_iter=10_000, svd_method="lapack").fit(x)

    def cost(z):
        w, log_scale = z[: d * k].reshape(d, k), z[d * k :]
        wide = w @ w.T + np.diag(np.exp(2 * log_scale))
        return 0.5 * (d * np.log(2 * np.pi) + np.linalg.slogdet(wide)[1] + np.trace(np.linalg.solve(wide, own)))

    start = np.concatenate([rival.components_.T.ravel(), 0.5 * np.log(rival.noise_variance_)])
    return -optimize.minimize(cost, start, method="L-BFGS-B", options={"ftol": 1e-13, "maxiter": 2000}).fun


def test_the_fit_is_the_maximum():
    x = rows()
    fit = gl.fit(FA, x, key=jax.random.key(0))
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    assert float(fit.log_likelihood) / 500 == pytest.approx(best(x, 2), abs=1e-4)
    exact = stats.multivariate_normal.logpdf(np.asarray(x, float), fit.params["loc"], covariance(fit.params)).sum()
    assert float(fit.log_likelihood) == pytest.approx(exact, rel=1e-6)
    rival = FactorAnalysis(2, tol=1e-9, max_iter=10_000, svd_method="lapack").fit(np.asarray(x, float))
    np.testing.assert_allclose(covariance(fit.params), rival.get_covariance(), rtol=0.01, atol=0.01)
    w, scale = np.asarray(fit.params["cov_factor"], float), np.asarray(fit.params["scale"], float)
    np.testing.assert_allclose(scale, NOISE, atol=0.2)
    gains = (w / scale[:, None] ** 2).T @ w  # Lawley's: diagonal, the largest first
    assert gains[0, 0] > gains[1, 1] and abs(gains[0, 1]) < 2e-3 * gains[0, 0]


def test_no_step_lowers_the_likelihood_and_the_rows_are_looked_at_once():
    x, method = jnp.asarray(rows()), gl.em(tol=0.0)
    told, enough = FA.estimator.digest(x, None)
    assert bool(enough)
    problem = gl.Problem(FA, gl.Data(x), digest=told)
    step = jax.jit(lambda state: method.step(problem, state))
    state, values = method.init(problem, FA.init(jax.random.key(3))), []
    for _ in range(40):
        state = step(state)
        values.append(float(state.value))
    assert np.diff(values).min() > -2e-6 and values[-1] > values[0] + 1
    assert values[-1] == pytest.approx(best(x, 2), abs=1e-3)


def test_units_do_not_matter():
    x, units = rows(), np.array([1e-3, 1.0, 1e3, 1.0, 10.0, 1.0, 1e-2], np.float32)
    one, other = (gl.fit(FA, a, key=jax.random.key(0)) for a in (x, x * units))
    np.testing.assert_allclose(other.params["scale"] / units, one.params["scale"], rtol=3e-2)
    shift = 500 * np.log(units.astype(float)).sum()
    assert float(other.log_likelihood) == pytest.approx(float(one.log_likelihood) - shift, rel=2e-5)


def test_weights_are_repeated_rows():
    x, weights = rows(100), np.random.default_rng(1).integers(0, 4, 100)
    one = gl.fit(FA, x, weights=weights, key=jax.random.key(0))
    many = gl.fit(FA, np.repeat(x, weights, 0), key=jax.random.key(0))
    np.testing.assert_allclose(covariance(one.params), covariance(many.params), rtol=2e-2, atol=2e-2)
    assert float(one.log_likelihood) == pytest.approx(float(many.log_likelihood), rel=1e-5)


def heywood() -> np.ndarray:
    """Two coordinates that go together, and three that do not: the hidden one is one of the two."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5))
    x[:, 1] = x[:, 0] + 0.8 * x[:, 1]
    return x.astype(np.float32)


def test_noise_that_vanishes_is_said_and_smoothing_prevents_it():
    density = gl.factor_analysis(5, 1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fit = gl.fit(density, heywood(), key=jax.random.key(0))
    assert gl.Status(int(fit.status)).name in ("FLAT", "BOUNDARY") and len(said) == 1
    assert float(fit.params["scale"].min()) < 0.2
    smooth = gl.fit(density, heywood(), key=jax.random.key(0), smoothing={"scale": 0.3})
    assert gl.Status(int(smooth.status)) is gl.Status.CONVERGED
    assert float(smooth.params["scale"].min()) >= 0.5


@pytest.mark.slow
def test_each_class_has_hidden_coordinates_of_its_own():
    x, y = rows(), np.arange(500) % 2
    moved = x * (1 + y[:, None]) + 10 * y[:, None]
    fit = gl.fit(gl.per_class(FA, 2), moved, given=y, key=jax.random.key(0))
    alone = [gl.fit(FA, moved[y == c], key=jax.random.key(0)) for c in (0, 1)]
    for c in (0, 1):
        own = jax.tree.map(lambda a, c=c: a[c], fit.params)
        np.testing.assert_allclose(covariance(own), covariance(alone[c].params), rtol=0.03, atol=0.03)
    total = sum(float(one.log_likelihood) for one in alone)
    assert float(fit.log_likelihood) == pytest.approx(total, rel=1e-4)


def test_a_coordinate_told_by_the_hidden_ones_alone_leaves_a_density():
    """Noise of 0 in one coordinate: the covariance is of full rank, and so SciPy's."""
    params = {"loc": np.zeros(3), "cov_factor": np.array([[1.0], [0.5], [2.0]]), "scale": np.array([0.0, 1.0, 0.5])}
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    exact = stats.multivariate_normal.logpdf(np.asarray(x, float), np.zeros(3), covariance(params))
    np.testing.assert_allclose(gl.log_prob(gl.factor_analysis(3, 1), params, x), exact, rtol=1e-3, atol=1e-3)
