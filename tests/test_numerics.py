"""Arithmetic at the edge, against NumPy and SciPy in float64."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from genjax_lab import numerics

INF = np.inf


@pytest.mark.parametrize(
    "a",
    [[0.0, 1.0], [-INF, 2.0], [1e4, 1e4], [-1e4, -1e4 + 1], [-INF, -INF], [INF, 0.0], [INF, -INF], [INF, INF], [5.0]],
)
def test_logsumexp_matches_scipy_and_has_a_finite_slope(a):
    a = jnp.array(a)
    value, slope = jax.value_and_grad(numerics.logsumexp)(a)
    assert float(value) == pytest.approx(float(special.logsumexp(np.asarray(a, float))), rel=1e-6)
    assert np.isfinite(slope).all()
    if np.isfinite(value):
        np.testing.assert_allclose(slope, special.softmax(np.asarray(a, float)), rtol=1e-4)


def test_logsumexp_does_not_hide_nan():
    assert np.isnan(numerics.logsumexp(jnp.array([0.0, jnp.nan])))


def test_log_normalise_keeps_impossible_categories():
    got = numerics.log_normalise(jnp.array([[0.0, -jnp.inf, 0.0], [1.0, -jnp.inf, -jnp.inf]]))
    np.testing.assert_allclose(got, [[-np.log(2), -INF, -np.log(2)], [0.0, -INF, -INF]], rtol=1e-6)


@pytest.mark.parametrize(
    ("a", "otherwise", "wanted"),
    [
        ([0.0, np.log(3.0)], [0.5, 0.5], [0.25, 0.75]),
        ([-INF, -INF], [0.9, 0.1], [0.9, 0.1]),
        ([INF, 3.0], [0.1, 0.9], [1.0, 0.0]),
        ([INF, INF], [0.75, 0.25], [0.75, 0.25]),
        ([-INF, 0.0], [0.5, 0.5], [0.0, 1.0]),
        ([-1e5, -1e5], [0.9, 0.1], [0.5, 0.5]),
    ],
)
def test_log_share_is_bayes_rule(a, otherwise, wanted):
    got = numerics.log_share(jnp.array(a), jnp.log(jnp.array(otherwise)))
    np.testing.assert_allclose(np.exp(got), wanted, rtol=1e-5)


@pytest.mark.parametrize(("a", "b", "wanted"), [(1.0, 2.0, 3.0), (INF, -INF, -INF), (-INF, 1.0, -INF), (INF, 0.0, INF)])
def test_logs_of_factors_add_and_impossible_wins(a, b, wanted):
    assert float(numerics.add_logs(jnp.array(a), jnp.array(b))) == wanted
    assert float(numerics.sum_logs(jnp.array([a, b]))) == wanted


@pytest.mark.parametrize(
    ("x", "log_w", "wanted"),
    [
        ([0, 2], [-INF, 0.5], 1.0),
        ([1, 0], [-INF, 0.5], -INF),
        ([0, 0], [-INF, -INF], 0.0),
        ([10**9, 1], [-INF, 0.0], -INF),
        ([10**6, 1], [-50.0, 0.0], -5e7),
    ],
)
def test_dot_log_at_the_edge(x, log_w, wanted):
    value, slope = jax.value_and_grad(lambda w: numerics.dot_log(jnp.array(x), w))(jnp.array(log_w))
    assert float(value) == wanted
    assert np.isfinite(slope).all()


def test_dot_takes_leading_axes_of_weights():
    x, weights = np.arange(6).reshape(2, 3), np.arange(24.0).reshape(4, 2, 3)
    np.testing.assert_allclose(numerics.dot(x, jnp.asarray(weights)), np.einsum("ij,kij->k", x, weights))


@pytest.mark.parametrize(
    ("count", "log_p", "wanted"), [(0, -INF, 0.0), (2, -INF, -INF), (2, -0.5, -1.0), (0, 0.0, 0.0)]
)
def test_times_log(count, log_p, wanted):
    assert float(numerics.times_log(jnp.array(count), jnp.array(log_p))) == wanted


def test_log_of_zero_has_slope_zero():
    value, slope = jax.value_and_grad(numerics.log)(0.0)
    assert (float(value), float(slope)) == (-INF, 0.0)
    assert float(jax.grad(numerics.log)(4.0)) == 0.25


@pytest.mark.parametrize("index", [-1, 0, 2, 3])
def test_select_is_minus_infinity_beyond_the_ends(index):
    every = jnp.array([1.0, -jnp.inf, 3.0])
    wanted = every[index] if 0 <= index < 3 else -INF
    assert float(numerics.select(every, jnp.array(index))) == wanted


def test_total_carries_what_float32_drops():
    """Trap 6: a million times 0.1 on top of 2^24."""
    start = numerics.Total(jnp.float32(2**24), jnp.float32(0))
    one = numerics.Total(jnp.float32(0.1), jnp.float32(0))
    total = jax.jit(lambda: jax.lax.fori_loop(0, 10**6, lambda i, t: t.merge(one), start))()
    assert float(total.result()) == pytest.approx(2**24 + 10**6 * float(np.float32(0.1)), abs=2)
    assert float(numerics.Total(jnp.float32(-jnp.inf), jnp.float32(0)).merge(one).result()) == -INF


@pytest.mark.parametrize(("x64", "wanted"), [(False, jnp.float32), (True, jnp.float64)])
def test_whole_numbers_are_reckoned_with_in_the_callers_precision(x64, wanted):
    with jax.enable_x64(x64):
        assert numerics.float_dtype(jnp.zeros(2, jnp.uint8)) == wanted
        assert numerics.float_dtype(jnp.zeros(2, jnp.float32), jnp.zeros(2, jnp.uint8)) == jnp.float32
        assert numerics.float_dtype(jnp.zeros(2, jnp.bfloat16)) == jnp.float32
