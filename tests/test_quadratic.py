"""Matmuls about a common centre, and centring on each model: one answer, and which is taken when."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import genjax_lab as gl
from genjax_lab import quadratic, triangular
from genjax_lab.groups import Groups
from tests.case import rest_slow

RNG = np.random.default_rng(0)
ROWS, MODELS, D = 2000, 40, 8


def factors(spread: float = 1.0) -> np.ndarray:
    """Lower factors f64[MODELS, D, D]."""
    return spread * np.tril(0.2 * RNG.normal(size=(MODELS, D, D)) + np.eye(D))


@pytest.mark.parametrize("distance", rest_slow((0.0, 3.0, 1000.0), 0.0, 1000.0))
def test_log_densities_of_many_models(distance: float) -> None:
    """Near or far, log p is SciPy's; at a distance of 1000 in units of σ no digit is lost."""
    loc, factor = distance * RNG.normal(size=(MODELS, D)), factors()
    x = (loc[RNG.integers(0, MODELS, ROWS)] + RNG.normal(size=(ROWS, D))).astype(np.float32)
    loc, factor = loc.astype(np.float32), factor.astype(np.float32)
    scale = np.diagonal(factor, axis1=1, axis2=2)
    full = gl.mvnormal(D).pairwise({"loc": jnp.asarray(loc), "scale_tril": jnp.asarray(factor)}, jnp.asarray(x))
    own = gl.normal((D,)).pairwise({"loc": jnp.asarray(loc), "scale": jnp.asarray(np.abs(scale))}, jnp.asarray(x))
    wide = x.astype(np.float64)
    for k in range(MODELS):
        m, low = loc[k].astype(np.float64), factor[k].astype(np.float64)
        np.testing.assert_allclose(full[:, k], stats.multivariate_normal(m, low @ low.T).logpdf(wide), 3e-6, 2e-4)
        each = stats.norm(m, np.abs(scale[k].astype(np.float64))).logpdf(wide).sum(1)
        np.testing.assert_allclose(own[:, k], each, 3e-6, 2e-4)


def soft_moments(distance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows in clusters, their shares, and each group's weighted mean and covariance in float64."""
    centres = distance * RNG.normal(size=(MODELS, D))
    labels = RNG.integers(0, MODELS, ROWS)
    x = (centres[labels] + RNG.normal(size=(ROWS, D))).astype(np.float32)
    shares = (0.98 * np.eye(MODELS)[labels] if distance > 100 else 0.7 * np.eye(MODELS)[labels]) + 1e-12
    shares = shares.astype(np.float32)
    wide, w = x.astype(np.float64), shares.astype(np.float64)
    mean = w.T @ wide / w.sum(0)[:, None]
    centred = wide[:, None] - mean
    return x, shares, mean, np.einsum("nk,nki,nkj->kij", w, centred, centred) / w.sum(0)[:, None, None]


@pytest.mark.parametrize("distance", rest_slow((0.0, 3.0, 1000.0), 1000.0))
def test_expected_moments_of_many_models(distance: float) -> None:
    """Soft groups' means and covariances are those of float64, near or far."""
    x, shares, mean, covariance = soft_moments(distance)
    groups = Groups(MODELS, soft=jnp.asarray(shares))
    loc = jnp.asarray(mean, jnp.float32)
    at = {"loc": loc, "scale_tril": jnp.tile(jnp.eye(D), (MODELS, 1, 1))}
    found = gl.mvnormal(D).estimator.statistics(at, jnp.asarray(x), None, groups)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(
        found.root @ found.root.swapaxes(1, 2) / found.weight[:, None, None], covariance, rtol=2e-5, atol=2e-5
    )
    one = {"loc": loc, "scale": jnp.ones((MODELS, D))}
    each = gl.normal((D,)).estimator.statistics(one, jnp.asarray(x), None, groups)
    np.testing.assert_allclose(each.mean + each.low, mean, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(each.variance, np.diagonal(covariance, axis1=1, axis2=2), rtol=5e-5)


def test_near_is_by_the_models_own_spread() -> None:
    """Models 20 σ apart are near, 30 σ are not; a variance that shrinks at once is not lost."""
    assert bool(quadratic.near(jnp.full((2, 1), 7.0)))
    assert not bool(quadratic.near(jnp.full((2, 3), 30.0)))
    places = RNG.normal(size=(300, 1)).astype(np.float32)
    soft = Groups(300, soft=jnp.asarray(np.repeat(np.eye(300), 2, 0), jnp.float32))
    wide = {"loc": jnp.asarray(places), "scale": jnp.ones((300, 1))}
    found = gl.normal((1,)).estimator.statistics(wide, jnp.asarray(np.repeat(places, 2, 0)), None, soft)
    assert np.all(np.asarray(found.variance) > 0)  # a floor, not a point mass made of rounding


@pytest.mark.parametrize("d", rest_slow((1, 2, 3, 7, 20), 3))
def test_triangular_inverse(d: int) -> None:
    """Of a batch, equal to NumPy's in float64; above the diagonal nothing is read."""
    factor = np.tril(RNG.normal(size=(4, d, d)) / d + 2 * np.eye(d)).astype(np.float32)
    dirty = factor + np.triu(np.full((d, d), np.nan, np.float32), 1)
    found = jax.vmap(triangular.inverse)(jnp.asarray(np.where(np.isnan(dirty), 9.0, dirty)))
    np.testing.assert_allclose(found, np.linalg.inv(factor.astype(np.float64)), atol=1e-6)


@pytest.mark.slow
def test_factors_side_by_side_do_not_wait_for_each_other() -> None:
    """Two batched LAPACK kernels at once hang a pool of two threads: 50 components of 20 coordinates were enough."""
    x = jnp.asarray(RNG.normal(size=(3000, 20)), jnp.float32)
    start = {
        "prior": {"logits": jnp.zeros(50)},
        "conditional": {"loc": x[:50], "scale_tril": jnp.tile(3.0 * jnp.eye(20), (50, 1, 1))},
    }
    fit = gl.fit(gl.mixture(gl.mvnormal(20), 50), x, method=gl.em(max_steps=8, curvature=False, tol=1.0), start=start,
                 smoothing={"conditional": {"scale_tril": 0.1}})  # fmt: skip
    assert np.isfinite(float(fit.log_likelihood))
