"""Dirichlet against SciPy in float64: sparse to needle-sharp, one share that is nearly all, equal rows, many fits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special

import genjax_lab as gl
from genjax_lab.families.dirichlet import dirichlet

pytestmark = pytest.mark.slow  # many compilations


def whole(x: np.ndarray) -> np.ndarray:
    """Rows in float64 that add up to 1."""
    x = np.asarray(x, float)
    return x / x.sum(-1, keepdims=True)


def best(x: np.ndarray, guess: np.ndarray, weights=None) -> np.ndarray:
    """The maximum of the likelihood in float64: the root of its slope in log α nearest to zero, of several starts."""
    logs = np.average(np.log(whole(x)), axis=0, weights=weights)

    def slope(t):
        return special.digamma(np.exp(t).sum()) - special.digamma(np.exp(t)) + logs

    def change(t):
        a = np.exp(t)
        return (special.polygamma(1, a.sum()) - np.diag(special.polygamma(1, a))) * a

    ends = [optimize.root(slope, np.log(guess) + s, jac=change, tol=1e-14).x for s in (0.0, 0.2, -0.2)]
    return np.exp(min(ends, key=lambda t: np.abs(slope(t)).max()))


def rows(alpha, n: int, seed: int = 0) -> np.ndarray:
    return np.maximum(np.random.default_rng(seed).dirichlet(alpha, n), 1e-30).astype(np.float32)


ALPHAS = [[0.05] * 3, [0.1, 1, 5], [1, 1], [20, 30, 50], [1e4, 100, 5e3], [1e4, 0.3, 2], list(np.linspace(0.5, 50, 20))]


@pytest.mark.parametrize("alpha", ALPHAS, ids=str)
@pytest.mark.parametrize("n", [30, 1000])
def test_fit_is_the_maximum_in_float32(alpha, n):
    x = rows(alpha, n)
    fit = gl.fit(dirichlet(len(alpha)), x)
    wanted = best(x, np.asarray(alpha, float))
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    np.testing.assert_allclose(fit.params["concentration"], wanted, rtol=5e-6)
    ways = special.gammaln(wanted.sum()) - special.gammaln(wanted).sum()
    value = n * ways + ((wanted - 1) * np.log(whole(x))).sum()
    assert float(fit.log_likelihood) == pytest.approx(value, abs=1e-5 * n)


@pytest.mark.parametrize("alpha", [[0.05, 0.2, 3.0], [1e4, 300, 1e3]], ids=str)
def test_fit_is_the_maximum_in_float64(alpha, x64):
    x = whole(rows(alpha, 300))
    got = gl.fit(dirichlet(3), x).params["concentration"]
    np.testing.assert_allclose(got, best(x, np.asarray(alpha, float)), rtol=1e-9)


def test_odd_data_reach_the_maximum_too():
    """Outliers by many orders of magnitude, far from any Dirichlet: the slope at the end is 0."""
    rng = np.random.default_rng(1)
    logs = rng.normal(size=(300, 12, 10)) * rng.choice([0.1, 1, 5, 15], size=(300, 1, 10))
    x = np.maximum(special.softmax(logs, -1), 1e-30).astype(np.float32)
    fits = jax.jit(jax.vmap(lambda x: gl.run(gl.closed_form(), dirichlet(10), gl.Data(x))))(x)
    a = np.asarray(fits.params["concentration"], float)
    slope = special.digamma(a.sum(-1, keepdims=True)) - special.digamma(a) + np.log(whole(x)).mean(1)
    assert np.all(fits.status == gl.Status.CONVERGED)
    assert np.abs(a * slope).max() < 1e-4


def test_weights_are_repeated_rows_and_pieces_merge(x64):
    x, weights = whole(rows([2, 3, 9], 6)), np.array([0, 1, 3, 0, 2, 1])
    weighted, repeated = gl.fit(dirichlet(3), x, weights=weights), gl.fit(dirichlet(3), np.repeat(x, weights, 0))
    np.testing.assert_allclose(weighted.params["concentration"], repeated.params["concentration"], rtol=1e-12)
    pieces = [gl.statistics(dirichlet(3), x[part], weights[part]) for part in (slice(0, 2), slice(2, 3), slice(3, 6))]
    merged = gl.fit_statistics(dirichlet(3), gl.merge(dirichlet(3), *pieces))
    np.testing.assert_allclose(merged.params["concentration"], repeated.params["concentration"], rtol=1e-11)


def test_classes_keep_their_own():
    alphas, y = np.array([[1e4, 2e4, 10], [1, 1, 1], [0.2, 0.3, 40]]), np.resize([0, 2], 600)
    x = np.stack([rows(alphas[label], 1, i)[0] for i, label in enumerate(y)])
    fit = gl.fit(gl.per_class(dirichlet(3), 3), x, given=y)
    for label in (0, 2):
        wanted = best(x[y == label], alphas[label])
        np.testing.assert_allclose(fit.params["concentration"][label], wanted, rtol=1e-5)
    assert np.all(fit.params["concentration"][1] == 1)  # no rows: neutral


def test_equal_rows_stop_at_the_boundary():
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(dirichlet(3), np.array([[0.2, 0.5, 0.3]] * 4, np.float32))
    a = np.asarray(fit.params["concentration"], float)
    assert a.max() == float(jnp.finfo(jnp.float32).eps) ** -2
    np.testing.assert_allclose(a / a.sum(), [0.2, 0.5, 0.3], rtol=1e-6)
    assert np.isfinite(fit.log_likelihood)


def test_one_share_that_never_changes_is_no_boundary():
    x = np.array([[0.5, 0.1, 0.4], [0.5, 0.3, 0.2], [0.5, 0.25, 0.25]], np.float32)
    fit = gl.fit(dirichlet(3), x)
    np.testing.assert_allclose(fit.params["concentration"], best(x, np.array([10.0, 4, 6])), rtol=1e-5)


def test_rows_outside_the_space_are_named():
    with pytest.raises(ValueError, match=r"x\[1, 0\] = 0.5 is outside .*simplex\(3\).* add up to 1"):
        gl.fit(dirichlet(3), np.array([[0.5, 0.2, 0.3], [0.5, 0.2, 0.2]]))
    with pytest.raises(ValueError, match="at least 2"):
        dirichlet(1)
