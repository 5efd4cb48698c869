"""Uniform numbers on an interval; with shape (2,), points of a box.

    log p(x; a, b) = −Σ_j log(b_j − a_j) where a ≤ x ≤ b, and −∞ elsewhere      a_j < b_j

The likelihood falls as the box grows and is 0 for a box that misses a point: the maximum-likelihood box is the
bounding box of the data.  Casella & Berger (2002), §7.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab.constraints import ordered_pair
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, merge_all
from genjax_lab.groups import Groups
from genjax_lab.numerics import float_dtype, log
from genjax_lab.seen import independent
from genjax_lab.space import reals, whole_shape
from genjax_lab.types import Event, Params, Shape, Smoothing


@factory
def uniform(shape: Shape = ()) -> Density:
    """Uniform density on a closed interval, or on a box.

    Args:
      shape: shape of one event; each coordinate has its own ends.

    Returns:
      A density with params {"low": f[shape], "high": f[shape]}, in units of x.

    Example:
      >>> fit = gl.fit(gl.uniform(), jnp.array([3.0, 1.0, 2.0]))
      >>> float(fit.params["low"]), float(fit.params["high"])
      (1.0, 3.0)
    """
    shape = whole_shape(shape)

    def init(key: jax.Array) -> Params:
        low, width = jax.random.split(key)
        start = jax.random.normal(low, shape)
        return {"low": start, "high": start + jnp.exp(jax.random.normal(width, shape))}

    def sample(key: jax.Array, params: Params) -> jax.Array:
        share = jax.random.uniform(key, shape, params["low"].dtype)
        return jnp.minimum(params["low"] + share * (params["high"] - params["low"]), params["high"])

    return Density(
        space=reals(shape),
        parameters=ordered_pair(shape),
        init=init,
        log_prob=lambda params, x: _log_prob(params["low"], params["high"], x),
        sample=sample,
        estimator=Estimator(_statistics, _merge, _maximise, _log_likelihood, pool=_pool),
        **independent(uniform, shape),
    )


class Bounds(NamedTuple):
    """Rows, and their least and greatest value in each coordinate."""

    rows: jax.Array
    low: jax.Array
    high: jax.Array


def _log_prob(low: jax.Array, high: jax.Array, x: jax.Array) -> jax.Array:
    outside = jnp.any((x < low) | (x > high) | (low > high))
    return jnp.where(outside, -jnp.inf, -_log_volume(low, high))


def _log_volume(low: jax.Array, high: jax.Array) -> jax.Array:
    return log(jnp.maximum(high - low, 0.0)).sum()


def _statistics(params: Params, x: jax.Array, given: Event, groups: Groups) -> Bounds:
    x = x.astype(float_dtype(x))
    return Bounds(groups.totals(x.shape[0]), *groups.extremes(x))


def _merge(a: Bounds, b: Bounds) -> Bounds:
    return Bounds(a.rows + b.rows, jnp.minimum(a.low, b.low), jnp.maximum(a.high, b.high))


def _maximise(stats: Bounds, params: Params, smoothing: Smoothing) -> Params:
    some = stats.rows > 0
    return {"low": jnp.where(some, stats.low, 0.0), "high": jnp.where(some, stats.high, 1.0)}


def _log_likelihood(stats: Bounds, params: Params) -> jax.Array:
    held = jnp.all((params["low"] <= stats.low) & (stats.high <= params["high"]))
    total = -stats.rows * _log_volume(params["low"], params["high"])
    return jnp.where(stats.rows > 0, jnp.where(held, total, -jnp.inf), 0.0)


def _pool(names: frozenset[str]) -> Callable[[Bounds], Bounds]:
    return lambda stats: merge_all(_merge, stats)  # each end is the extreme of the rows that share it
