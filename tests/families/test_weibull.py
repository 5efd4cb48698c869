from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

from genjax_lab import constraints
from genjax_lab.families.weibull import steepest, weibull
from tests.families import rounds

pytestmark = pytest.mark.slow  # many compilations

SHAPES = [(0.3, 1e-3), (1.0, 1.0), (1.7, 3.0), (30.0, 1e6)]


def mle(x):
    """The profile equation, bracketed."""
    logs = np.log(x)
    top, mean = logs.max(), logs.mean()

    def slope(c):
        z = np.exp(c * (logs - top))
        return 1 / c + mean - (z @ logs) / z.sum()

    c = optimize.brentq(slope, 0.01 / logs.std(), 100 / logs.std(), xtol=1e-14, rtol=1e-14)
    return {"concentration": c, "scale": np.exp(top + np.log(np.mean(np.exp(c * (logs - top)))) / c)}


def general_mle(x):
    """The best of several starts of a general optimiser that knows nothing of Weibull's equations."""

    def loss(z):
        return -stats.weibull_min.logpdf(x, np.exp(z[0]), scale=np.exp(z[1])).mean()

    starts = [(c, np.log(np.median(x))) for c in (-0.5, 0.5, 2.0)]
    ends = [optimize.minimize(loss, z, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14}) for z in starts]
    best = min(ends, key=lambda end: end.fun)
    return dict(zip(("concentration", "scale"), np.exp(best.x), strict=True))


@pytest.mark.parametrize(("c", "scale"), SHAPES)
def test_log_prob_is_scipys(c, scale):
    x = np.float32(scale) * np.array([1e-6, 0.1, 0.5, 0.999, 1.0, 1.001, 1.3], np.float32)
    params = {"concentration": jnp.array(c), "scale": jnp.array(scale)}
    got = [weibull().log_prob(params, jnp.asarray(row)) for row in x]
    wanted = stats.weibull_min.logpdf(x.astype(float), float(np.float32(c)), scale=float(np.float32(scale)))
    np.testing.assert_allclose(got, wanted, rtol=2e-6, atol=3e-6)


def test_impossible_rows_and_far_tails():
    params = {"concentration": jnp.array([0.5, 2.0]), "scale": jnp.array([1.0, 1.0])}
    rows = np.array([[0.0, 1.0], [-1.0, 1.0], [1.0, 1e30], [1e-37, 1e-37]], np.float32)
    values = [float(weibull((2,)).log_prob(params, jnp.asarray(row))) for row in rows]
    assert values[:3] == [-np.inf] * 3
    assert np.isfinite(values[3])
    rounds.check_slopes(weibull((2,)), params, jnp.asarray(rows))
    for c, scale in [(0.0, 1.0), (1.0, 0.0), (8e4, 1.0), (1e-3, 1e-15)]:
        rounds.check_slopes(weibull(), {"concentration": c, "scale": scale}, jnp.array([0.5, 1.0, 1e30, 1e-30]))


@pytest.mark.parametrize(("c", "scale"), SHAPES)
@pytest.mark.parametrize("n", [3, 50, 1000])
def test_fit_is_the_maximum(c, scale, n):
    x = (np.random.default_rng(n).weibull(c, n) * scale).astype(np.float32)
    params, values = rounds.fit(weibull(), x)
    rounds.assert_same(rounds.one(params), mle(x.astype(float)), 3e-5)
    assert rounds.rounds_needed(values, n) <= 4


def test_fit_in_float64(x64):
    x = np.random.default_rng(0).weibull(1.7, 300) * 3
    params, _ = rounds.fit(weibull(), x, rounds=6)
    rounds.assert_same(rounds.one(params), mle(x), 1e-11)
    rounds.assert_same(rounds.one(params), general_mle(x), 1e-6)


def test_fit_from_a_poor_start():
    x = (np.random.default_rng(0).weibull(30.0, 200) * 1e6).astype(np.float32)
    params, _ = rounds.fit(weibull(), x, params={"concentration": jnp.ones(1), "scale": jnp.ones(1)})
    rounds.assert_same(rounds.one(params), mle(x.astype(float)), 3e-5)


def test_groups_weights_and_blocks():
    x = np.random.default_rng(1).weibull(1.3, 200).astype(np.float32)
    rounds.check_groups(weibull(), x)
    rounds.check_merge(weibull(), x, rounds.start(weibull(), jnp.asarray(x[:50])))


def test_coordinates_are_fitted_apart():
    x = np.random.default_rng(1).weibull([[0.5, 1.0, 4.0]] * 2, (100, 2, 3)).astype(np.float32)
    params, _ = rounds.fit(weibull((2, 3)), x)
    assert params["scale"].shape == (1, 2, 3)
    rounds.assert_same({k: v[0, 1, 2] for k, v in params.items()}, mle(x[:, 1, 2].astype(float)), 3e-5)


@pytest.mark.parametrize("value", [1.0, 3e-7, 1e6])
@pytest.mark.parametrize("poor", [False, True])
def test_equal_rows_end_at_the_boundary(value, poor):
    begin = {"concentration": jnp.ones(1), "scale": jnp.ones(1)} if poor else None
    params, _ = rounds.fit(weibull(), jnp.full(20, value), params=begin)
    assert rounds.one(params)["concentration"] == np.float32(steepest(jnp.float32))
    np.testing.assert_allclose(params["scale"], value, rtol=1e-6)
    own = {name: p[0] for name, p in params.items()}
    assert constraints.is_allowed(weibull().parameters, own)
    assert not constraints.is_interior(weibull().parameters, own)


def test_a_thousand_fits_at_once():
    rng = np.random.default_rng(0)
    c = np.exp(rng.uniform(-1.5, 4, (1000, 1)))
    x = (rng.weibull(np.broadcast_to(c, (1000, 60))) * np.exp(rng.normal(0, 4, (1000, 1)))).astype(np.float32)
    params = {name: np.asarray(p, float) for name, p in rounds.many(weibull(), x, 8).items()}
    wanted = [mle(row) for row in x.astype(float)]
    rounds.assert_same(params, {name: np.array([w[name] for w in wanted]) for name in params}, 1e-4)
