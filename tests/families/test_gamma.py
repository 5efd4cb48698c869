"""Gamma against SciPy in float64: small and huge concentrations, weights, groups, equal rows, a thousand fits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special, stats

import genjax_lab as gl
from genjax_lab.families.gamma import gamma

pytestmark = pytest.mark.slow  # many compilations


def best(x: np.ndarray, weights=None) -> tuple[float, float]:
    """The maximum of the likelihood by bisection in float64."""
    x = np.asarray(x, float)
    mean = np.average(x, weights=weights)
    deficit = np.average(x / mean - 1 - np.log(x / mean), weights=weights)

    def slope(log_a):
        return log_a - special.digamma(np.exp(log_a)) - deficit

    a = np.exp(optimize.brentq(slope, -np.log(deficit) - 6, -np.log(deficit) + 3, xtol=1e-14))
    return a, a / mean


def rows(concentration: float, n: int, seed: int = 0) -> np.ndarray:
    return np.maximum(np.random.default_rng(seed).gamma(concentration, 1 / 3.7, n), 1e-30).astype(np.float32)


@pytest.mark.parametrize("concentration", [0.05, 0.3, 1.0, 30.0, 1e3, 1e4, 1e6])
@pytest.mark.parametrize("n", [3, 1000])
def test_fit_is_the_maximum_in_float32(concentration, n):
    x = rows(concentration, n)
    fit = gl.fit(gamma(), x)
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    np.testing.assert_allclose([fit.params["concentration"], fit.params["rate"]], best(x), rtol=2e-6)
    wanted = stats.gamma.logpdf(x.astype(float), *best(x)[:1], scale=1 / best(x)[1]).sum()
    assert float(fit.log_likelihood) == pytest.approx(wanted, abs=4e-6 * n)


@pytest.mark.parametrize("concentration", [0.05, 1.0, 1e4])
def test_fit_is_the_maximum_in_float64(concentration, x64):
    x = rows(concentration, 500).astype(float)
    fit = gl.fit(gamma(), x)
    np.testing.assert_allclose([fit.params["concentration"], fit.params["rate"]], best(x), rtol=1e-9)


def test_agrees_with_scipy_fit(x64):
    x = rows(2.98, 400).astype(float)
    a, _, scale = stats.gamma.fit(x, floc=0)
    fit = gl.fit(gamma(), x)
    np.testing.assert_allclose([fit.params["concentration"], 1 / fit.params["rate"]], [a, scale], rtol=1e-6)


@pytest.mark.parametrize("a", [0.03, 0.9, 3.0, 50.0, 1e4, 1e6])
def test_log_prob_keeps_its_digits_in_float32(a):
    x = np.float32(a * (1 + np.linspace(-3, 3, 7) / np.sqrt(a + 9)) / 2.5)
    exact = stats.gamma.logpdf(x.astype(float), np.float64(np.float32(a)), scale=1 / 2.5)
    params = {"concentration": jnp.float32(a), "rate": jnp.float32(2.5)}
    inside = x > 0
    got = gl.log_prob(gamma(), params, x[inside])
    np.testing.assert_allclose(got, exact[inside], rtol=3e-6, atol=1e-7 * np.sqrt(a) + 3e-6)


def test_weights_are_repeated_rows(x64):
    x, weights = rows(2.0, 6).astype(float), np.array([0, 1, 3, 0, 2, 1])
    weighted, repeated = gl.fit(gamma(), x, weights=weights), gl.fit(gamma(), np.repeat(x, weights))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), weighted.params, repeated.params)
    assert float(weighted.log_likelihood) == pytest.approx(float(repeated.log_likelihood), rel=1e-12)


def test_pieces_far_apart_merge_to_the_whole():
    """Scales 10⁶ apart, each with a spread of 1 in 100: the deficits within survive the merge."""
    x = np.concatenate([rows(1e4, 300), 1e6 * rows(1e4, 500, 1)])
    pieces = [gl.statistics(gamma(), part) for part in (x[:1], x[1:300], x[300:450], x[450:])]
    fit = gl.fit_statistics(gamma(), gl.merge(gamma(), *pieces))
    np.testing.assert_allclose([fit.params["concentration"], fit.params["rate"]], best(x), rtol=5e-6)
    whole = gl.fit_statistics(gamma(), gl.merge(gamma(), *pieces[:2]))
    assert float(whole.params["concentration"]) == pytest.approx(best(x[:300])[0], rel=5e-6)


def test_classes_far_apart_keep_their_own(monkeypatch):
    x, y = np.concatenate([rows(1e4, 300), 1e6 * rows(50.0, 500, 1)]), np.repeat([0, 2], [300, 500])
    order = np.random.default_rng(0).permutation(800)
    fit = gl.fit(gl.per_class(gamma(), 3), x[order], given=y[order])
    for label in (0, 2):
        got = [fit.params["concentration"][label], fit.params["rate"][label]]
        np.testing.assert_allclose(got, best(x[y == label]), rtol=2e-6)
    assert (fit.params["concentration"][1], fit.params["rate"][1]) == (1, 1)  # no rows: neutral


def test_soft_groups_are_weights():
    x, shares = rows(40.0, 200), np.random.default_rng(1).random((200, 3)).astype(np.float32)
    estimator = gamma().estimator
    stats_ = estimator.statistics(None, jnp.asarray(x), None, gl.Groups(3, soft=jnp.asarray(shares)))
    params = jax.vmap(lambda one: estimator.maximise(one, None, None))(stats_)
    for k in range(3):
        got = [params["concentration"][k], params["rate"][k]]
        np.testing.assert_allclose(got, best(x, shares[:, k].astype(float)), rtol=3e-6)


@pytest.mark.parametrize("x", [[3.7], [0.1] * 7, [1e6] * 1000])
def test_equal_rows_stop_at_the_boundary(x):
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(gamma(), np.array(x, np.float32))
    a, rate = float(fit.params["concentration"]), float(fit.params["rate"])
    assert a == float(jnp.finfo(jnp.float32).eps) ** -2
    assert a / rate == pytest.approx(x[0], rel=1e-6)
    assert np.isfinite(fit.log_likelihood)


def test_smoothing_keeps_off_the_boundary():
    fit = gl.fit(gamma(), np.array([2.0, 2.0]), smoothing={"concentration": 0.01})
    assert float(fit.params["concentration"]) == pytest.approx(50, rel=0.01)


def test_a_thousand_fits_and_a_bad_one(x64):
    x = np.random.default_rng(2).gamma(np.exp(np.linspace(-2, 6, 1000))[:, None], size=(1000, 50))
    x[500] = np.nan
    fits = jax.jit(jax.vmap(lambda x: gl.run(gl.closed_form(), gamma(), gl.Data(x))))(x)
    good = np.arange(1000) != 500
    assert np.all(np.asarray(fits.status)[good] == gl.Status.CONVERGED)
    assert fits.status[500] == gl.Status.NON_FINITE
    wanted = np.array([best(one) for one in x[good]])
    np.testing.assert_allclose(np.asarray(fits.params["concentration"])[good], wanted[:, 0], rtol=1e-9)
    np.testing.assert_allclose(np.asarray(fits.params["rate"])[good], wanted[:, 1], rtol=1e-9)


def test_rows_outside_the_space_are_named():
    with pytest.raises(ValueError, match=r"x\[1\] = 0.0 is outside the sample space reals\(low=0.0\) of gamma\(\)"):
        gl.fit(gamma(), np.array([1.0, 0.0, 2.0]))


def test_samples_of_tiny_concentrations_stay_inside():
    x = gl.sample(gamma(), jax.random.key(0), {"concentration": 0.01, "rate": 5.0}, 2000)
    assert bool(gl.contains(gamma(), x).all())
