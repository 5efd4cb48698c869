"""Flows: their Jacobian, inverse and integral; levels as what is seen of real numbers, against exact integrals."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

import genjax_lab as gl
from genjax_lab.nets.coupling import Couplings
from tests.case import rest_slow


def shaken(density, key=0, size=0.4):
    """Weights at random everywhere: those that start from zero tell nothing."""
    leaves, tree = jax.tree.flatten(density.init(jax.random.key(key)))
    keys = jax.random.split(jax.random.key(key + 1), len(leaves))
    return tree.unflatten([a + size * jax.random.uniform(k, a.shape) for k, a in zip(keys, leaves, strict=True)])


@pytest.mark.parametrize("shape", rest_slow([(2,), (5,), (2, 3)], (5,)), ids=str)
def test_slope_and_inverse_are_those_of_the_map(shape):
    params, d = shaken(gl.affine_coupling(gl.normal(shape), 3, (7,))), int(np.prod(shape))
    module, weights = Couplings(shape, 3, (7,)), {"params": params["couplings"]}
    x = jax.random.normal(jax.random.key(2), (d,))
    z, slope = module.apply(weights, x)
    sign, expected = jnp.linalg.slogdet(jax.jacfwd(lambda x: module.apply(weights, x)[0])(x))
    assert sign == 1 and float(slope) == pytest.approx(float(expected), abs=1e-4)
    np.testing.assert_allclose(module.apply(weights, z, method="back"), x, rtol=1e-4, atol=1e-5)
    assert np.all(np.asarray(z) != np.asarray(x))  # three layers move all


def test_it_integrates_to_one():
    density = gl.affine_coupling(gl.normal((2,)), 2, (6,))
    assert gl.check_normalised(density, shaken(density)) == pytest.approx(1, abs=2e-3)


@pytest.mark.slow
def test_it_bends_to_what_no_normal_density_is():
    rng = np.random.default_rng(0)
    first = rng.normal(size=4000)
    x = jnp.asarray(np.stack([first, first**2 + 0.1 * rng.normal(size=4000)], 1), jnp.float32)
    density = gl.affine_coupling(gl.normal((2,)), 4, (32,))
    method = gl.gradient(optax.adam, learning_rate=3e-3, batch_size=100, epochs=20)
    fit = gl.fit(density, x[:3000], method=method, key=jax.random.key(0))
    flat = gl.fit(gl.mvnormal(2), x[:3000])
    truth = (stats.norm.logpdf(first) + stats.norm.logpdf(x[:, 1], first**2, 0.1))[3000:].mean()
    found, plain = -gl.nll(density, fit.params, x[3000:]), -gl.nll(gl.mvnormal(2), flat.params, x[3000:])
    assert truth - 0.25 < found < truth + 0.05 and found > plain + 1
    drawn = np.asarray(gl.sample(density, jax.random.key(1), fit.params, 2000))
    assert np.abs(drawn[:, 1] - drawn[:, 0] ** 2).mean() < 0.2


@pytest.mark.parametrize(("loc", "scale"), [(-0.95, 0.14), (0.4, 0.1), (1.0, 0.12)])
@pytest.mark.parametrize("k", [5, 16])
def test_a_level_has_the_integral_over_what_is_nearest_to_it(k, loc, scale):
    grey = gl.dequantised(gl.normal((1,)), k, 20_000)
    params = {"loc": jnp.array([loc]), "scale": jnp.array([scale])}
    found = np.exp(np.asarray(gl.log_prob(grey, params, jnp.arange(k)[:, None]), float))
    edges = np.concatenate([[-np.inf], (2 * np.arange(1, k) - k) / (k - 1), [np.inf]])
    np.testing.assert_allclose(found, np.diff(stats.norm.cdf(edges, loc, scale)), rtol=0.05, atol=3e-3)
    drawn = np.asarray(gl.sample(grey, jax.random.key(0), params, 4000))[:, 0]
    np.testing.assert_allclose(np.bincount(drawn, minlength=k) / 4000, found, atol=0.03)


@pytest.mark.slow
def test_more_draws_are_nearer_from_below():
    params = {"loc": jnp.full(30, -0.9), "scale": jnp.full(30, 0.14)}
    x = gl.sample(gl.dequantised(gl.normal((30,)), 8), jax.random.key(0), params, 300)
    edges = np.concatenate([[-np.inf], (2 * np.arange(1, 8) - 8) / 7, [np.inf]])
    exact = np.log(np.maximum(np.diff(stats.norm.cdf(edges, -0.9, 0.14)), 1e-30))[np.asarray(x)].sum(1).mean()
    one, many = (-gl.nll(gl.dequantised(gl.normal((30,)), 8, s), params, x) for s in (1, 50))
    assert one < many < exact + 0.3 and exact - many < 0.5 * (exact - one)


def test_what_lies_far_beyond_is_seldom_drawn_so_that_an_end_is_told_from_below():
    grey = gl.dequantised(gl.normal((1,)), 4, 20_000)
    params = {"loc": jnp.zeros(1), "scale": jnp.ones(1)}
    found = np.exp(np.asarray(gl.log_prob(grey, params, jnp.arange(4)[:, None]), float))
    exact = np.diff(stats.norm.cdf([-np.inf, -2 / 3, 0, 2 / 3, np.inf]))
    np.testing.assert_allclose(found[1:3], exact[1:3], rtol=0.01)
    assert np.all(found[[0, 3]] < exact[[0, 3]]) and np.all(found[[0, 3]] > 0.7 * exact[[0, 3]])


def test_with_one_draw_levels_are_fitted_in_closed_form_or_by_em():
    """As the density is of real numbers, of the draws: no other parameters have a higher bound."""
    x = np.random.default_rng(0).binomial(7, [0.2, 0.5, 0.9], (200, 3)).astype(np.uint8)
    grey = gl.dequantised(gl.normal((3,)), 8)
    fit = gl.fit(grey, x)
    assert float(fit.log_likelihood) == pytest.approx(-200 * float(gl.nll(grey, fit.params, x)), rel=1e-5)
    for name, by in (("loc", 0.01), ("scale", 0.01), ("loc", -0.01), ("scale", -0.01)):
        moved = {**fit.params, name: fit.params[name] + by}
        assert gl.nll(grey, moved, x) > gl.nll(grey, fit.params, x)
    factors = gl.dequantised(gl.factor_analysis(3, 1), 8)
    climbed = gl.fit(factors, x, key=jax.random.key(0), method=gl.em(curvature=False), smoothing={"scale": 0.01})
    assert np.isfinite(climbed.log_likelihood) and int(climbed.steps) > 1
    assert gl.dequantised(gl.normal((3,)), 8, 2).estimator is None  # a bound of more draws is another's maximum


@pytest.mark.slow
def test_a_flow_of_levels_is_fitted_and_composes():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600).astype(np.int32)
    x = np.clip(rng.integers(0, 4, (600, 3)) + 3 * y[:, None], 0, 7).astype(np.uint8)
    inside = gl.dequantised(gl.affine_coupling(gl.normal((3,)), 2, (8,)), 8)
    model = gl.joint(gl.categorical(2), gl.per_class(inside, 2))
    method = gl.gradient(optax.adam, learning_rate=0.01, batch_size=50, epochs=10)
    fit = gl.fit(model, (y, x), method=method, key=jax.random.key(0))
    assert np.mean(np.asarray(gl.predict(gl.posterior(model), fit.params, x)) == y) > 0.9


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: gl.affine_coupling(gl.bernoulli((3,))), "real numbers"),
        (lambda: gl.affine_coupling(gl.beta((3,))), "real numbers"),
        (lambda: gl.affine_coupling(gl.normal()), "two or more"),
        (lambda: gl.affine_coupling(gl.normal((2,)), 0), "layers = 0"),
        (lambda: gl.affine_coupling(gl.normal((2,)), 2, ()), "hidden"),
        (lambda: gl.dequantised(gl.gamma((3,))), "real numbers"),
        (lambda: gl.dequantised(gl.normal((3,)), 1), "at least 2"),
        (lambda: gl.dequantised(gl.normal((3,)), 4, 0), "draws = 0"),
    ],
)
def test_what_cannot_be_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
