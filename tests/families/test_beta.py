"""Beta against SciPy in float64: U-shaped to needle-sharp, weights, groups, equal rows, a thousand fits at once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special, stats

import genjax_lab as gl
from genjax_lab.families.beta import beta

pytestmark = pytest.mark.slow  # many compilations


def best(x: np.ndarray, weights=None, guess=(1.0, 1.0)) -> np.ndarray:
    """The maximum of the likelihood in float64: the root of its slope in log a, log b, of four starts the best."""
    x = np.asarray(x, float)
    logs = np.average(np.stack([np.log(x), np.log1p(-x)]), axis=1, weights=weights)
    mean, variance = x.mean(), x.var()
    size = mean * (1 - mean) / variance - 1 if variance else 1.0
    moments = np.maximum([mean * size, (1 - mean) * size], 1e-3)

    def slope(t):
        return special.digamma(np.exp(t).sum()) - special.digamma(np.exp(t)) + logs

    def change(t):
        a = np.exp(t)
        return (special.polygamma(1, a.sum()) - np.diag(special.polygamma(1, a))) * a

    starts = [np.log(moments), np.log(moments) + 0.3, np.log(guess), np.zeros(2)]
    ends = [optimize.root(slope, s, jac=change, tol=1e-14).x for s in starts]
    return np.exp(min(ends, key=lambda t: np.abs(slope(t)).max()))


def rows(a: float, b: float, n: int, seed: int = 0) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).beta(a, b, n), 1e-30, 1 - 6e-8).astype(np.float32)


def pair(params) -> np.ndarray:
    return np.array([params["concentration1"], params["concentration0"]], float)


@pytest.mark.parametrize(
    "a, b", [(0.05, 0.05), (0.3, 0.7), (0.05, 3), (1, 1), (2, 5), (30, 2), (1e3, 2e3), (1e4, 1e4), (1e4, 100), (5, 2e4)]
)
@pytest.mark.parametrize("n", [20, 1000])
def test_fit_is_the_maximum_in_float32(a, b, n):
    x = rows(a, b, n)
    fit = gl.fit(beta(), x)
    wanted = best(x, guess=(a, b))
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    np.testing.assert_allclose(pair(fit.params), wanted, rtol=3e-6)
    assert float(fit.log_likelihood) == pytest.approx(stats.beta.logpdf(x.astype(float), *wanted).sum(), abs=6e-6 * n)


@pytest.mark.parametrize("a, b", [(0.05, 0.2), (1, 1), (1e4, 300)])
def test_fit_is_the_maximum_in_float64(a, b, x64):
    x = rows(a, b, 300).astype(float)
    np.testing.assert_allclose(pair(gl.fit(beta(), x).params), best(x, guess=(a, b)), rtol=1e-9)


def test_agrees_with_scipy_fit(x64):
    x = rows(2.2, 4.4, 300).astype(float)
    np.testing.assert_allclose(pair(gl.fit(beta(), x).params), stats.beta.fit(x, floc=0, fscale=1)[:2], rtol=1e-6)


@pytest.mark.parametrize("a, b", [(0.03, 0.5), (2, 3), (1e4, 3e4), (1e6, 1e6)])
def test_log_prob_keeps_its_digits_in_float32(a, b):
    spread = np.sqrt(a * b / (a + b + 1)) / (a + b)
    x = np.float32(np.clip(a / (a + b) + np.linspace(-3, 3, 7) * spread, 1e-6, 1 - 1e-6))
    exact = stats.beta.logpdf(x.astype(float), np.float64(np.float32(a)), b)
    got = gl.log_prob(beta(), {"concentration1": jnp.float32(a), "concentration0": jnp.float32(b)}, x)
    np.testing.assert_allclose(got, exact, rtol=3e-6, atol=3e-7 * np.sqrt(a + b) + 3e-6)


def test_weights_are_repeated_rows(x64):
    x, weights = rows(2, 3, 6).astype(float), np.array([0, 1, 3, 0, 2, 1])
    weighted, repeated = gl.fit(beta(), x, weights=weights), gl.fit(beta(), np.repeat(x, weights))
    np.testing.assert_allclose(pair(weighted.params), pair(repeated.params), rtol=1e-12)


def test_classes_keep_their_own_and_merge():
    x, y = np.concatenate([rows(3e3, 9e3, 300), rows(0.2, 40, 500)]), np.repeat([0, 2], [300, 500])
    order, model = np.random.default_rng(0).permutation(800), gl.per_class(beta(), 3)
    x, y = x[order], y[order]
    pieces = [gl.statistics(model, x[part], given=y[part]) for part in (slice(0, 1), slice(1, 500), slice(500, 800))]
    fits = (gl.fit(model, x, given=y), gl.fit_statistics(model, gl.merge(model, *pieces)))
    for fit in fits:
        for label in (0, 2):
            wanted = best(x[y == label])
            np.testing.assert_allclose(pair(fit.params)[:, label], wanted, rtol=5e-6)
        assert np.all(pair(fit.params)[:, 1] == 1)  # no rows: neutral


@pytest.mark.parametrize("x", [[0.3], [0.999] * 7, [1e-6] * 100])
def test_equal_rows_stop_at_the_boundary(x):
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(beta(), np.array(x, np.float32))
    a, b = pair(fit.params)
    assert max(a, b) == float(jnp.finfo(jnp.float32).eps) ** -2
    assert a / (a + b) == pytest.approx(x[0], rel=1e-5)
    assert np.isfinite(fit.log_likelihood)


def test_smoothing_keeps_off_the_boundary():
    fit = gl.fit(beta(), np.array([0.3, 0.3]), smoothing={"concentration1": 0.01, "concentration0": 0.01})
    assert 10 < pair(fit.params).sum() < 200


def test_a_thousand_fits_at_once():
    rng = np.random.default_rng(3)
    a, b = np.exp(rng.uniform(-2, 6, size=(2, 1000, 1)))
    x = np.clip(rng.beta(a, b, size=(1000, 200)), 1e-30, 1 - 6e-8).astype(np.float32)
    fits = jax.jit(jax.vmap(lambda x: gl.run(gl.closed_form(), beta(), gl.Data(x))))(x)
    assert np.all(fits.status == gl.Status.CONVERGED)
    wanted = np.array([best(one, guess=pair(p)) for one, p in zip(x, _each(fits.params), strict=True)])
    np.testing.assert_allclose(pair(fits.params).T, wanted, rtol=1e-5)


def _each(params):
    return [jax.tree.map(lambda v, i=i: v[i], jax.tree.map(np.asarray, params)) for i in range(1000)]


def test_rows_outside_the_space_are_named():
    with pytest.raises(ValueError, match=r"x\[2\] = 1.0 is outside the sample space .* strictly between 0.0 and 1.0"):
        gl.fit(beta(), np.array([0.5, 0.1, 1.0]))


def test_samples_of_tiny_concentrations_stay_inside():
    x = gl.sample(beta(), jax.random.key(0), {"concentration1": 0.02, "concentration0": 0.02}, 2000)
    assert bool(gl.contains(beta(), x).all())
