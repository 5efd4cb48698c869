"""Fits by a plain loop over an estimator's two calls, and checks that every family without a closed form shares."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab import constraints
from genjax_lab.groups import Groups


@functools.partial(jax.jit, static_argnums=(0, 4))
def _round(density, params, x, given_groups, k):
    labels, weights, soft = given_groups
    groups = Groups(k, labels, weights, soft)
    stats = density.estimator.statistics(params, x, None, groups)
    better = jax.vmap(lambda s, p: density.estimator.maximise(s, p, None))(stats, params)
    return jax.vmap(density.estimator.log_likelihood)(stats, params), better


def start(density, x, groups=None):
    return density.estimator.start(jax.random.key(0), x, None, groups or Groups(), None)


def fit(density, x, groups=None, params=None, rounds=30):
    """Iterate; return params[k] and the log-likelihoods [rounds, k]. The likelihood may not fall."""
    groups = groups or Groups()
    x = jnp.asarray(x)
    params = start(density, x, groups) if params is None else params
    values = []
    for _ in range(rounds):
        value, better = _round(density, params, x, (groups.labels, groups.weights, groups.soft), groups.k)
        values.append(np.asarray(value, float))
        best, params = params, better
    values = np.array(values)
    weight = np.maximum(np.asarray(groups.totals(len(x)), float), 1e-9)
    slack = 16 * jnp.finfo(jax.tree.leaves(params)[0].dtype).eps * (weight + np.abs(values[:-1]))
    with np.errstate(invalid="ignore"):
        assert not np.any(np.diff(values, axis=0) < -slack), np.diff(values, axis=0).min()
    return best, values


def rounds_needed(values, n, tol=1e-6):
    """Rounds after which the mean log-likelihood is within a tolerance of the last."""
    return int(np.argmax(values[:, 0] >= values[-1, 0] - tol * n))


def one(params, group=0):
    return {name: float(p[group]) for name, p in params.items()}


def assert_same(got, wanted, rtol):
    for name in wanted:
        np.testing.assert_allclose(got[name], wanted[name], rtol=rtol, atol=1e-7, err_msg=name)


def check_groups(density, x, rtol=2e-4):
    """Weights repeat rows; hard groups are fits apart; soft ones are weights; no rows give neutral finite numbers."""
    rng = np.random.default_rng(3)
    n = len(x)
    times = rng.integers(0, 4, n)
    weighted, _ = fit(density, x, Groups(weights=jnp.asarray(times, jnp.result_type(float))))
    repeated, _ = fit(density, np.repeat(x, times, 0))
    assert_same(weighted, repeated, rtol)

    labels = rng.integers(0, 2, n)
    hard, _ = fit(density, x, Groups(3, jnp.asarray(labels)))
    soft = Groups(3, soft=jnp.asarray(np.eye(3)[labels], jnp.result_type(float)))
    shared, _ = fit(density, x, soft)
    for group in (0, 1):
        alone, _ = fit(density, x[labels == group])
        assert_same({k: v[group] for k, v in hard.items()}, {k: v[0] for k, v in alone.items()}, rtol)
        assert_same({k: v[group] for k, v in shared.items()}, {k: v[0] for k, v in alone.items()}, rtol)
    for params in (hard, shared):
        empty = jax.tree.map(lambda p: p[2], params)
        assert all(np.isfinite(p).all() for p in empty.values())
        assert constraints.is_allowed(density.parameters, empty)


def check_merge(density, x, params):
    """The statistics of two blocks, merged, are those of all rows."""
    estimator = density.estimator
    parts = [estimator.statistics(params, jnp.asarray(part), None, Groups()) for part in (x[:17], x[17:])]
    whole = estimator.statistics(params, jnp.asarray(x), None, Groups())
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5), estimator.merge(*parts), whole)


def check_slopes(density, params, rows):
    """Never NaN, nor a slope that is not finite, at the edges of the parameters and the events."""
    params = jax.tree.map(lambda p: jnp.asarray(p, float), params)
    for x in rows:
        value, slope = jax.value_and_grad(density.log_prob)(params, x)
        assert not np.isnan(value), (params, x)
        assert all(np.isfinite(s).all() for s in slope.values()), (params, x, slope)


def many(density, x, rounds=25):
    """Fits of many data sets at once: params[data sets]."""

    def one_fit(x):
        params = start(density, x)

        def step(params, _):
            stats = density.estimator.statistics(params, x, None, Groups())
            return jax.vmap(lambda s, p: density.estimator.maximise(s, p, None))(stats, params), None

        return jax.tree.map(lambda p: p[0], jax.lax.scan(step, params, None, length=rounds)[0])

    return jax.jit(jax.vmap(one_fit))(jnp.asarray(x))
