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

NOISE = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1])
MIX = np.array([[1.5, 0.0], [1.2, -1.0], [-0.8, 0.9], [1.0, 1.1], [0.2, 1.3], [-1.1, 0.4], [0.9, -0.7]])
FA = gl.factor_analysis(7, 2)
QUICK = gl.em(curvature=False)


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may stop short of the maximum: SciPy goes on
        rival = FactorAnalysis(k, tol=1e-9, max_iter=2000, svd_method="lapack").fit(x)

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
    assert w[0, 1] == 0 and abs(w[0, 0]) > 0.5  # turned so that nothing is idle


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
    one, other = (gl.fit(FA, a, key=jax.random.key(0), method=QUICK) for a in (x, x * units))
    np.testing.assert_allclose(other.params["scale"] / units, one.params["scale"], rtol=3e-2)
    shift = 500 * np.log(units.astype(float)).sum()
    assert float(other.log_likelihood) == pytest.approx(float(one.log_likelihood) - shift, rel=2e-5)


@pytest.mark.slow
def test_weights_are_repeated_rows():
    x, weights = rows(100), np.random.default_rng(1).integers(0, 4, 100)
    one = gl.fit(FA, x, weights=weights, key=jax.random.key(0), method=QUICK)
    many = gl.fit(FA, np.repeat(x, weights, 0), key=jax.random.key(0), method=QUICK)
    np.testing.assert_allclose(covariance(one.params), covariance(many.params), rtol=2e-2, atol=2e-2)
    assert float(one.log_likelihood) == pytest.approx(float(many.log_likelihood), rel=1e-5)


def heywood() -> np.ndarray:
    """Three that go with a first one, more than one another: its own noise would have a variance below 0."""
    wide = np.array([[1.0, 0.8, 0.8, 0.6], [0.8, 1.0, 0.5, 0.4], [0.8, 0.5, 1.0, 0.4], [0.6, 0.4, 0.4, 1.0]])
    z = np.random.default_rng(0).normal(size=(300, 4))
    z -= z.mean(0)
    white = z @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T, bias=True))).T
    return (white @ np.linalg.cholesky(wide).T).astype(np.float32)


def test_noise_that_vanishes_is_said_and_smoothing_prevents_it():
    density = gl.factor_analysis(4, 1)
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(density, heywood(), key=jax.random.key(0))
    assert np.flatnonzero(np.asarray(fit.params["scale"]) == 0).tolist() == [0]
    assert float(fit.log_likelihood) / 300 == pytest.approx(best(heywood(), 1), abs=1e-3)
    smooth = gl.fit(density, heywood(), key=jax.random.key(0), smoothing={"scale": 0.5})
    assert gl.Status(int(smooth.status)) is gl.Status.CONVERGED
    assert float(smooth.params["scale"].min()) > 0.3


@pytest.mark.slow
def test_each_class_has_hidden_coordinates_of_its_own():
    x, y = rows(), np.arange(500) % 2
    moved = x * (1 + y[:, None]) + 10 * y[:, None]
    fit = gl.fit(gl.per_class(FA, 2), moved, given=y, key=jax.random.key(0), method=QUICK)
    alone = [gl.fit(FA, moved[y == c], key=jax.random.key(0), method=QUICK) for c in (0, 1)]
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
