"""What is particular to one family: its closed form by hand, its numbers in float32, its refusals."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

import genjax_lab as gl


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


def test_poisson_large_counts():
    got = gl.log_prob(gl.poisson(), {"rate": 1e4}, np.array([10_050]))
    assert float(got[0]) == pytest.approx(stats.poisson.logpmf(10_050, 1e4), abs=0.02)  # 10⁵ · float32's eps


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
