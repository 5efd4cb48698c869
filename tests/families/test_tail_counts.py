from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from genjax_lab.dispersion import of_tails, row
from genjax_lab.families.negative_binomial import negative_binomial
from genjax_lab.tail_counts import BOUND, tails_of
from tests.families.test_negative_binomial import draw, mle

METHOD = gl.em(curvature=False)


def few(rng, mean, r, n):
    x = draw(rng, mean, r, 3 * n)
    return np.resize(x[x < BOUND], n).astype(np.int32)


def fit(x, weights=None, density=None):
    weights = None if weights is None else jnp.asarray(weights, jnp.result_type(float))
    return gl.run(METHOD, density or negative_binomial(), gl.Data(jnp.asarray(x), None, weights), key=jax.random.key(0))


@pytest.mark.parametrize(("mean", "r"), [(5.0, 1.0), (0.3, 0.05), (50.0, 3.0), (50.0, 1e4), (0.01, 2.0), (60.0, 0.5)])
@pytest.mark.parametrize("weighted", [False, True])
def test_tails_tell_what_rows_do(x64, mean, r, weighted):
    """In float32 they are as near to the rows in float64 as rounding lets them."""
    rng = np.random.default_rng(0)
    x = few(rng, mean, r, 700).astype(np.float32)
    weights = rng.integers(0, 4, 700).astype(np.float32) if weighted else None
    tails, known = jax.jit(tails_of)(jnp.asarray(x), None if weights is None else jnp.asarray(weights))
    assert bool(known) and tails.excess.dtype == jnp.float32
    share = np.full(700, 1 / 700) if weights is None else weights / weights.sum(dtype=float)
    for m, own in [(None, r), (None, 1e-6), (None, 7e13), (7.3, 2.0), (300.0, 20.0)]:
        at = np.float32(share @ x if m is None else m), np.float32(own)
        got = jax.jit(of_tails)(*(jnp.asarray(a) for a in at), tails)
        rows = jax.jit(row)(*(jnp.asarray(a, jnp.float64) for a in at), jnp.asarray(x, jnp.float64))
        for name, value in rows.items():
            each = np.asarray(value)
            size = np.abs(share * each).sum() + float(at[0])
            assert abs(float(got[name]) - share @ each) <= 1e-6 * size, (name, m, own)


@pytest.mark.slow
def test_tails_are_of_all_blocks():
    x = few(np.random.default_rng(1), 9.0, 2.0, 70_000)
    tails, known = tails_of(jnp.asarray(x), None)
    assert bool(known)
    above = (x[:, None] > np.arange(BOUND)).mean(0)
    steps = np.clip(x.mean() - np.arange(BOUND), 0, 1)
    np.testing.assert_allclose(tails.excess, above - steps, atol=2e-6)
    np.testing.assert_allclose(tails.mean, x.mean(), rtol=3e-7)


def test_too_large_a_count_is_not_told():
    for x, wanted in [([1, BOUND - 1], True), ([1, BOUND], False), ([0, 2**31 - 1], False)]:
        assert bool(tails_of(jnp.array(x), None)[1]) is wanted


@pytest.mark.slow
def test_fits_at_once_of_which_some_have_huge_counts():
    rng = np.random.default_rng(2)
    x = np.stack([draw(rng, m, r, 400) for m, r in [(5, 1), (1e5, 2), (0.4, 0.2), (1000, 50), (20, 1e3), (90, 3)]])
    x[4, 0] = BOUND + 5  # one row too large
    keys = jax.random.split(jax.random.key(0), len(x))
    fits = jax.jit(jax.vmap(lambda x, key: gl.run(METHOD, negative_binomial(), gl.Data(x), key=key)))(
        jnp.asarray(x, jnp.int32), keys
    )
    assert (fits.status == gl.Status.CONVERGED).all()
    for i, rows in enumerate(x.astype(float)):
        wanted = mle(rows)
        np.testing.assert_allclose(fits.params["mean"][i], wanted["mean"], rtol=1e-6)
        np.testing.assert_allclose(fits.params["concentration"][i], wanted["concentration"], rtol=2e-3)
        value = jax.vmap(lambda v, i=i: negative_binomial().log_prob({k: p[i] for k, p in fits.params.items()}, v))
        np.testing.assert_allclose(fits.log_likelihood[i], value(jnp.asarray(x[i], jnp.int32)).sum(), rtol=2e-6)


@pytest.mark.slow
def test_weights_repeat_rows():
    rng = np.random.default_rng(3)
    x, times = few(rng, 6.0, 1.5, 500), rng.integers(0, 4, 500)
    weighted, repeated = fit(x, times), fit(np.repeat(x, times))
    for name in ("mean", "concentration"):
        np.testing.assert_allclose(weighted.params[name], repeated.params[name], rtol=1e-4)
    np.testing.assert_allclose(weighted.log_likelihood, repeated.log_likelihood, rtol=1e-6)
    none = fit(x, 0 * times)
    assert all(np.isfinite(p) for p in none.params.values())


@pytest.mark.slow
def test_coordinates_are_fits_apart():
    rng = np.random.default_rng(4)
    x = np.stack([few(rng, 3.0, 1.0, 400), few(rng, 30.0, 8.0, 400)], 1)
    for columns in (x, x * [1, 50]):
        pair = fit(columns, density=negative_binomial((2,)))
        for j in (0, 1):
            alone = mle(columns[:, j].astype(float))
            np.testing.assert_allclose(pair.params["mean"][j], alone["mean"], rtol=1e-6)
            np.testing.assert_allclose(pair.params["concentration"][j], alone["concentration"], rtol=2e-3)


SPREAD_TOO_LITTLE = {
    "zeros": [0] * 300,
    "sevens": [7] * 300,
    "few": [0, 1, 0, 0, 1],
    "two": [4, 1],
}


@pytest.mark.parametrize(
    "x",
    [x if n == "few" else pytest.param(x, marks=pytest.mark.slow) for n, x in SPREAD_TOO_LITTLE.items()],
    ids=SPREAD_TOO_LITTLE,
)
def test_rows_that_spread_too_little_end_in_poisson(x):
    """And the fit says so: no leap moves it off the boundary."""
    end = fit(np.array(x))
    assert int(end.status) == gl.Status.BOUNDARY
    np.testing.assert_allclose(end.params["mean"], np.mean(x), rtol=1e-6)


@pytest.mark.slow
def test_in_float64(x64):
    x = few(np.random.default_rng(5), 10.0, 3.0, 600)
    end, wanted = fit(x.astype(np.int64)), mle(x.astype(float))
    np.testing.assert_allclose(end.params["concentration"], wanted["concentration"], rtol=1e-6)
