from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special, stats

from genjax_lab import constraints
from genjax_lab.constraints import most_concentrated
from genjax_lab.families.negative_binomial import negative_binomial
from tests.families import rounds

pytestmark = pytest.mark.slow  # many compilations

MODELS = [(0.3, 0.05), (10.0, 3.0), (1000.0, 0.02), (1000.0, 50.0), (1e5, 2.0), (5.0, 100.0)]


def draw(rng, mean, r, n):
    return rng.poisson(rng.gamma(r, size=n) * mean / r)


def oracle(x, mean, r):
    return stats.nbinom.logpmf(x, r, r / (r + mean))


def mle(x):
    """The score in log r with the mean at the mean, bracketed; None where the variance is not above the mean."""
    mean = x.mean()
    if x.var() <= mean:
        return {"mean": mean, "concentration": None}

    def slope(z):
        r = np.exp(z)
        return np.mean(special.digamma(x + r)) - special.digamma(r) - np.log1p(mean / r)

    low = high = np.log(mean**2 / (x.var() - mean))
    while slope(low) < 0:
        low -= 1
    while slope(high) > 0:
        high += 1
    return {"mean": mean, "concentration": np.exp(optimize.brentq(slope, low - 1, high + 1, xtol=1e-13, rtol=1e-14))}


@pytest.mark.parametrize(("mean", "r"), [*MODELS, (1.0, 1e-3), (20.0, 1e6), (7.5, 1.0)])
def test_log_prob_is_scipys(mean, r):
    x = np.array([0, 1, 2, 3, 4, 7, 12, 40, 100, 1000, 30_000])
    params = {"mean": jnp.array(mean), "concentration": jnp.array(r)}
    got = [negative_binomial().log_prob(params, jnp.asarray(row)) for row in x]
    np.testing.assert_allclose(got, oracle(x, float(np.float32(mean)), float(np.float32(r))), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("mean", [0.01, 5.0, 1e6])
def test_log_prob_ends_in_poisson(mean):
    x = np.unique(np.round(mean + np.sqrt(mean) * np.arange(-3, 4))).clip(0).astype(np.int32)
    params = {"mean": jnp.array(mean), "concentration": jnp.array(most_concentrated(jnp.float32))}
    got = [negative_binomial().log_prob(params, jnp.asarray(row)) for row in x]
    np.testing.assert_allclose(got, stats.poisson.logpmf(x, float(np.float32(mean))), rtol=2e-6, atol=2e-6)


def test_edges():
    pair = negative_binomial((2,))
    params = {"mean": jnp.array([0.0, 2.0]), "concentration": jnp.array([1.0, 3.0])}
    first = float(oracle(1, 2.0, 3.0))
    rows = np.array([[0, 1], [1, 1], [0, -1]])
    got = [float(pair.log_prob(params, jnp.asarray(row))) for row in rows]
    np.testing.assert_allclose(got, [first, -np.inf, -np.inf], rtol=1e-6)
    rounds.check_slopes(pair, params, jnp.asarray(rows))
    for mean, r in [(0.0, 0.0), (1.0, 0.0), (1e15, 1e-15), (1e-15, 7e13), (1e6, 7e13)]:
        rounds.check_slopes(negative_binomial(), {"mean": mean, "concentration": r}, jnp.array([0, 1, 5, 2**30]))


@pytest.mark.parametrize(("mean", "r"), MODELS)
@pytest.mark.parametrize("n", [30, 1000])
def test_fit_is_the_maximum(mean, r, n):
    x = draw(np.random.default_rng(n), mean, r, n)
    params, values = rounds.fit(negative_binomial(), x.astype(np.int32))
    wanted = mle(x.astype(float))
    if wanted["concentration"] is None:
        wanted["concentration"] = most_concentrated(jnp.float32)
    rounds.assert_same(rounds.one(params), wanted, 1e-4)
    assert rounds.rounds_needed(values, n) <= 5


def test_fit_in_float64(x64):
    x = draw(np.random.default_rng(0), 10.0, 3.0, 300)
    params, _ = rounds.fit(negative_binomial(), x, rounds=8)
    rounds.assert_same(rounds.one(params), mle(x.astype(float)), 1e-11)
    starts = [(np.log(x.mean()), z) for z in (-1.0, 1.0, 3.0)]
    ends = [optimize.minimize(lambda z: -oracle(x, *np.exp(z)).mean(), z, method="Nelder-Mead") for z in starts]
    best = min(ends, key=lambda end: end.fun)
    rounds.assert_same(rounds.one(params), dict(zip(("mean", "concentration"), np.exp(best.x), strict=True)), 1e-3)


@pytest.mark.parametrize(("mean", "r"), MODELS)
def test_fit_from_a_poor_start(mean, r):
    x = draw(np.random.default_rng(5), mean, r, 500)
    begin = {"mean": jnp.ones(1), "concentration": jnp.ones(1)}
    params, _ = rounds.fit(negative_binomial(), x.astype(np.int32), params=begin)
    rounds.assert_same(rounds.one(params), mle(x.astype(float)), 1e-4)


def test_groups_weights_and_blocks():
    x = draw(np.random.default_rng(1), 4.0, 1.5, 400)
    rounds.check_groups(negative_binomial(), x)
    rounds.check_merge(negative_binomial(), x, rounds.start(negative_binomial(), jnp.asarray(x[:50])))


@pytest.mark.parametrize(
    "x", [[0, 0, 0], [7, 7, 7, 7], [1, 0, 1, 0], [100_000, 100_001, 99_999], [0, 1, 2, 0, 2, 1]], ids=str
)
@pytest.mark.parametrize("poor", [False, True])
def test_rows_that_spread_too_little_end_in_poisson(x, poor):
    begin = {"mean": jnp.ones(1), "concentration": jnp.ones(1)} if poor else None
    params, _ = rounds.fit(negative_binomial(), np.array(x), params=begin)
    own = {name: p[0] for name, p in params.items()}
    np.testing.assert_allclose(own["mean"], np.mean(x), rtol=1e-6)
    assert float(own["concentration"]) == np.float32(most_concentrated(jnp.float32))
    assert constraints.is_allowed(negative_binomial().parameters, own)
    assert not constraints.is_interior(negative_binomial().parameters, own)


def test_variance_just_above_the_mean_is_no_boundary():
    x = np.repeat(np.arange(4), [3, 2, 3, 3])  # mean 1.545, variance 1.339: below; one row more is above
    assert rounds.one(rounds.fit(negative_binomial(), x)[0])["concentration"] == np.float32(2.0**46)
    x = np.append(x, 5)
    params, _ = rounds.fit(negative_binomial(), x)
    rounds.assert_same(rounds.one(params), mle(x.astype(float)), 1e-3)


def test_a_thousand_fits_at_once():
    rng = np.random.default_rng(0)
    mean, r = np.exp(rng.uniform(-1, 9, (1000, 1))), np.exp(rng.uniform(-3, 6, (1000, 1)))
    x = rng.poisson(rng.gamma(np.broadcast_to(r, (1000, 80))) * mean / r)
    params = {name: np.asarray(p, float) for name, p in rounds.many(negative_binomial(), x, 10).items()}
    wanted = [mle(row) for row in x.astype(float)]
    end = most_concentrated(jnp.float32)
    inverse = np.array([1 / (w["concentration"] or end) for w in wanted])
    np.testing.assert_allclose(params["mean"], [w["mean"] for w in wanted], rtol=1e-6)
    # The inverse is what the data tell: near Poisson the concentration itself has no digits.
    np.testing.assert_allclose(1 / params["concentration"], inverse, rtol=1e-4, atol=1e-6)
