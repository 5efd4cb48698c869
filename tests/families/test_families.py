"""What is particular to one family: its closed form by hand, its numbers in float32, its refusals."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

import genjax_lab as gl
from genjax_lab.density import pairwise


def test_bernoulli_score_at_logit_zero():
    """Trap 12: the gradient of |z| at 0 is 1 in JAX, so that the usual stable cross-entropy has slope 0 there."""
    score = gl.per_example_scores(gl.bernoulli(), {"logits": 0.0}, np.array([1, 0]))
    assert score["logits"].tolist() == [0.5, -0.5]


@pytest.mark.parametrize("logit", [100.0, -100.0])
def test_bernoulli_keeps_the_tail(logit):
    """Trap 4: far out the log-density is −|logit|, not −87."""
    got = gl.log_prob(gl.bernoulli(), {"logits": logit}, np.array([0, 1]))
    np.testing.assert_allclose(got, [-max(logit, 0), min(logit, 0)], atol=1e-30)


def test_bernoulli_takes_bits_of_any_dtype():
    params = {"logits": jnp.array([0.3, -2.0])}
    bits = np.array([[0, 1], [1, 1], [1, 0]])
    wanted = gl.log_prob(gl.bernoulli((2,)), params, bits)
    for dtype in (np.uint8, np.int8, bool, np.float32, np.int64):
        np.testing.assert_allclose(gl.log_prob(gl.bernoulli((2,)), params, bits.astype(dtype)), wanted, rtol=1e-6)
        fit = gl.fit(gl.bernoulli((2,)), bits.astype(dtype), smoothing=1.0)
        np.testing.assert_allclose(jax.nn.sigmoid(fit.params["logits"]), [0.6, 0.6], rtol=1e-6)


def test_bernoulli_smoothing_by_hand():
    fit = gl.fit(gl.bernoulli(), np.array([1, 1, 1]), smoothing=1.0)
    assert float(jax.nn.sigmoid(fit.params["logits"])) == pytest.approx(4 / 5)


def test_categorical_counts_many_levels_in_uint8():
    x = np.random.default_rng(0).integers(256, size=(500, 3)).astype(np.uint8)
    fit = gl.fit(gl.categorical(256, (3,)), x, smoothing=1.0)
    counts = np.stack([np.bincount(column, minlength=256) for column in x.T])
    np.testing.assert_allclose(np.exp(fit.params["logits"]), (counts + 1) / (500 + 256), rtol=1e-5)


def test_categorical_of_one_category_is_certain():
    fit = gl.fit(gl.categorical(1), np.array([0, 0]))
    assert float(fit.log_likelihood) == 0
    assert gl.degrees_of_freedom(gl.categorical(1)) == 0


def test_categorical_ignores_a_constant_in_its_logits():
    x, logits = np.array([0, 1, 2]), jnp.array([0.3, -1.0, 2.0])
    a, b = (gl.log_prob(gl.categorical(3), {"logits": logits + c}, x) for c in (0.0, 50.0))
    np.testing.assert_allclose(a, b, atol=1e-5)


def test_multinomial_pools_documents_of_different_length():
    x = np.array([[2, 0, 1], [0, 0, 0], [4, 1, 0]])
    fit = gl.fit(gl.multinomial(3), x, smoothing=0.5)
    np.testing.assert_allclose(np.exp(fit.params["logits"]), (x.sum(0) + 0.5) / (8 + 1.5), rtol=1e-5)
    wanted = stats.multinomial.logpmf(x, x.sum(1), (x.sum(0) + 0.5) / 9.5).sum()
    assert float(fit.log_likelihood) == pytest.approx(wanted, rel=1e-5)


def test_multinomial_of_any_total_cannot_be_sampled():
    with pytest.raises(ValueError, match=r"say multinomial\(3, total=n\)"):
        gl.sample(gl.multinomial(3), jax.random.key(0), {"logits": jnp.zeros(3)}, 2)


@pytest.mark.parametrize("rate", [1e4, 1e6, 1e7])
def test_poisson_keeps_the_digits_of_large_counts(rate):
    x = np.round(rate + np.sqrt(rate) * np.array([-5.0, 0.0, 1.0, 20.0])).astype(np.int32)
    wanted = stats.poisson.logpmf(x, rate)
    params, log_prob = {"rate": jnp.float32(rate)}, jax.jit(gl.poisson().log_prob)
    np.testing.assert_allclose(gl.log_prob(gl.poisson(), params, x), wanted, rtol=2e-6)
    np.testing.assert_allclose([log_prob(params, row) for row in jnp.asarray(x)], wanted, rtol=2e-6)
    assert float(gl.fit(gl.poisson(), x).log_likelihood) == pytest.approx(
        stats.poisson.logpmf(x, x.mean()).sum(), rel=1e-5
    )


def test_poisson_far_from_its_rate_and_at_a_rate_of_zero():
    x, rates = np.array([0, 1, 7, 200, 10**9]), [0.0, 1e-6, 0.5, 6.9, 1e4, 1e12]
    for rate in rates:
        wanted = stats.poisson.logpmf(x, float(np.float32(rate)))
        np.testing.assert_allclose(gl.log_prob(gl.poisson(), {"rate": rate}, x), wanted, rtol=3e-6)
    curve = jax.jit(jax.vmap(jax.hessian(lambda r, x: gl.poisson().log_prob({"rate": r}, x)), (0, None)))
    assert np.isfinite([curve(jnp.array([0.0, 1e-3, 7.0]), jnp.array(count)) for count in (0, 7, 10**7)]).all()


@pytest.mark.slow
@pytest.mark.parametrize("rates", [[1e6 - 1000, 1e6 + 1000], [10.0, 1e6 - 1000, 1e6 + 1000, 1e7], [0.0, 3.0, 1e7]])
def test_poisson_models_side_by_side_keep_their_digits(rates):
    """Also of two models that are near one another and far from a third."""
    x = np.array([0, 12, 999_000, 1_000_500, 10_000_100])
    params = {"rate": jnp.asarray(rates, jnp.float32)}
    got = jax.jit(pairwise, static_argnums=0)(gl.poisson(), params, jnp.asarray(x))
    np.testing.assert_allclose(got, stats.poisson.logpmf(x[:, None], np.array(rates)), rtol=3e-6, atol=3e-4)


def test_poisson_statistics_of_parts_and_groups_keep_their_digits():
    x = np.random.default_rng(0).poisson([[1e6, 5.0], [1e6, 5.0], [3.0, 2e4]] * 40)
    parts = [gl.statistics(gl.poisson((2,)), part) for part in np.split(x, 3)]
    together = gl.fit_statistics(gl.poisson((2,)), gl.merge(gl.poisson((2,)), *parts))
    assert float(together.log_likelihood) == pytest.approx(stats.poisson.logpmf(x, x.mean(0)).sum(), rel=1e-5)
    y = np.array([0, 0, 1] * 40)
    fit = gl.fit(gl.joint(gl.categorical(2), gl.per_class(gl.poisson((2,)), 2)), (y, x))
    each = [stats.poisson.logpmf(x[y == c], x[y == c].mean(0)).sum() for c in range(2)]
    prior = 120 * stats.entropy([2 / 3, 1 / 3])
    assert float(fit.log_likelihood) == pytest.approx(sum(each) - prior, rel=1e-6)


@pytest.mark.parametrize("n", [10**4, 10**7])
def test_multinomial_keeps_the_digits_of_large_counts(n):
    rng, p = np.random.default_rng(0), np.array([0.2, 0.7, 0.1])
    x, logits = rng.multinomial(n, p, size=50), jnp.log(jnp.asarray(p, jnp.float32))
    p = np.exp(np.asarray(logits, float)) / np.exp(np.asarray(logits, float)).sum()
    got = gl.log_prob(gl.multinomial(3), {"logits": logits}, x)
    np.testing.assert_allclose(got, stats.multinomial.logpmf(x, n, p), rtol=2e-5)
    wanted = stats.multinomial.logpmf(x, n, x.sum(0) / x.sum()).sum()
    assert float(gl.fit(gl.multinomial(3), x).log_likelihood) == pytest.approx(wanted, rel=1e-5)


def test_multinomial_keeps_probabilities_too_small_for_its_dtype():
    got = gl.log_prob(gl.multinomial(2), {"logits": jnp.array([-200.0, 0.0])}, np.array([[0, 3], [2, 0], [1, 1]]))
    np.testing.assert_allclose(got, [0.0, -400.0, np.log(2) - 200], rtol=1e-6, atol=1e-6)


def test_poisson_rate_of_zeros_is_the_boundary():
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(gl.poisson((2,)), np.array([[0, 1], [0, 3]]))
    assert fit.params["rate"].tolist() == [0.0, 2.0]
    assert float(fit.log_likelihood) == pytest.approx(stats.poisson.logpmf([1, 3], 2).sum(), rel=1e-5)


def test_normal_far_from_zero_keeps_its_digits():
    """Trap 3: the natural form of N(1000, 0.1²) in float32 says 3.08 for 1.26."""
    params = {"loc": jnp.float32(1000), "scale": jnp.float32(0.1)}
    x = np.array([1000.0625], np.float32)
    wanted = stats.norm.logpdf(1000.0625, 1000, float(np.float32(0.1)))
    assert float(gl.log_prob(gl.normal(), params, x)[0]) == pytest.approx(wanted, rel=1e-5)


def test_normal_variance_far_from_zero():
    """Trap 3: E[x²] − E[x]² is negative here."""
    x = (1000 + 0.1 * np.random.default_rng(0).normal(size=5000)).astype(np.float32)
    fit = gl.fit(gl.normal(), x)
    assert float(fit.params["scale"]) == pytest.approx(x.astype(float).std(), rel=1e-5)


def test_normal_variance_floor_is_in_units_of_x_squared():
    fit = gl.fit(gl.normal(), np.array([1.0, 3.0]), smoothing={"scale": 8.0})
    assert float(fit.params["scale"]) == pytest.approx(3.0)
    assert float(gl.fit(gl.normal(), np.array([1.0, 3.0]), smoothing=8.0).params["scale"]) == 1.0


def test_normal_matches_scipys_fit(x64):
    x = np.random.default_rng(1).gamma(2.0, size=50)
    loc, scale = stats.norm.fit(x)
    fit = gl.fit(gl.normal(), x)
    assert float(fit.params["loc"]) == pytest.approx(loc, rel=1e-12)
    assert float(fit.params["scale"]) == pytest.approx(scale, rel=1e-12)


def test_uniform_is_the_bounding_box():
    x = np.random.default_rng(2).normal(size=(30, 2)).astype(np.float32)
    fit = gl.fit(gl.uniform((2,)), x)
    np.testing.assert_array_equal(fit.params["low"], x.min(0))
    np.testing.assert_array_equal(fit.params["high"], x.max(0))
    assert float(fit.log_likelihood) == pytest.approx(-30 * np.log(np.ptp(x, axis=0)).sum(), rel=1e-5)
    assert np.isfinite(gl.log_prob(gl.uniform((2,)), fit.params, x)).all()


def test_uniform_samples_stay_inside_a_narrow_interval():
    params = {"low": jnp.float32(1000), "high": jnp.float32(1000.0002)}
    x = gl.sample(gl.uniform(), jax.random.key(0), params, 1000)
    assert np.isfinite(gl.log_prob(gl.uniform(), params, x)).all()


NUMERICAL = [
    (
        gl.poisson(),
        np.array([0, 3, 1, 7]),
        lambda z, x: -stats.poisson.logpmf(x, np.exp(z[0])).sum(),
        lambda p: [np.log(p["rate"])],
    ),
    (
        gl.normal(),
        np.array([0.5, 2.0, -1.0, 4.0]),
        lambda z, x: -stats.norm.logpdf(x, z[0], np.exp(z[1])).sum(),
        lambda p: [p["loc"], np.log(p["scale"])],
    ),
    (
        gl.categorical(3),
        np.array([0, 0, 1, 2, 2, 2]),
        lambda z, x: -(np.append(0, z)[x] - np.logaddexp.reduce(np.append(0, z))).sum(),
        lambda p: p["logits"][1:] - p["logits"][0],
    ),
]


@pytest.mark.parametrize(
    ("density", "x", "loss", "free"), NUMERICAL, ids=lambda v: repr(v) if isinstance(v, gl.Density) else ""
)
def test_closed_form_is_where_scipys_optimiser_ends(density, x, loss, free, x64):
    fit = gl.fit(density, x)
    found = optimize.minimize(loss, np.zeros(np.size(free(fit.params))), args=(x,), method="BFGS", tol=1e-9)
    np.testing.assert_allclose(free(fit.params), found.x, atol=1e-6)
    assert float(fit.log_likelihood) == pytest.approx(-found.fun, rel=1e-9)
