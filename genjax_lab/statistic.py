"""The common sufficient statistics: sums, means, moments; how each is gathered in groups and merged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import block_rows
from genjax_lab.estimator import Estimator, Pool, merge_all, smoothing_of
from genjax_lab.groups import Groups
from genjax_lab.numerics import float_dtype, times_log
from genjax_lab.quadratic import EDGE, near, pays
from genjax_lab.types import Event, Params, Smoothing, Stats


class Mean(NamedTuple):
    """A group's weight and the weighted mean of a statistic: no float32 sum that saturates."""

    weight: jax.Array
    mean: Any


class Moments(NamedTuple):
    """A group's weight, mean and scatter Σ w (x − mean)² about that mean; `low` is what rounding left of the mean."""

    weight: jax.Array
    mean: jax.Array
    scatter: jax.Array
    low: jax.Array

    @property
    def variance(self) -> jax.Array:
        """The scatter over the weight; exactly 0 where it is within what equal numbers leave of it, and where empty."""
        variance = jnp.maximum(ratio(self.scatter, self.weight), 0.0)
        return jnp.where(variance <= (jnp.finfo(variance.dtype).eps / 8 * self.mean) ** 2, 0.0, variance)


def from_statistic(
    statistic: Callable[[Event], Any],
    maximise: Callable[[Mean, Smoothing], Params],
    log_likelihood: Callable[[Mean, Params], jax.Array] | None = None,
) -> Estimator:
    """Make the estimator of a family whose sufficient statistic is the mean of T(x).

    Args:
      statistic: T(x) of one event, a pytree of float arrays.
      maximise: (stats, smoothing) -> params, with `stats.weight` f[] and `stats.mean` the weighted mean of T(x).
        With no rows the weight is 0 and the mean 0: return neutral parameters.
      log_likelihood: optional (stats, params) -> f[], the total of log p(x; θ) over the rows.

    Returns:
      The estimator.
    """

    def statistics(params: Params, x: Event, given: Event, groups: Groups) -> Mean:
        values = jax.tree.map(lambda v: v.astype(float_dtype(v)), jax.vmap(statistic)(x))
        weight = groups.totals(jax.tree.leaves(x)[0].shape[0])
        return Mean(weight, jax.tree.map(lambda v: ratio(groups.sum(v), weight), values))

    return Estimator(
        statistics,
        merge_means,
        lambda stats, params, smoothing: maximise(stats, smoothing),
        log_likelihood,
        scaled=scale_mean,
    )


def from_moments(
    maximise: Callable[[Moments, Smoothing], Params],
    log_likelihood: Callable[[Moments, Params], jax.Array],
    penalty: Callable[[Moments, Params, Smoothing], jax.Array] | None = None,
) -> Estimator:
    """Make the estimator of a family {loc, scale} whose statistics are each coordinate's mean and scatter."""
    return Estimator(
        _gather_moments,
        merge_moments,
        lambda stats, params, smoothing: maximise(stats, smoothing),
        log_likelihood,
        rows=lambda x: max(250, block_rows(x) // 5),
        penalty=penalty,
        smooths=frozenset({"scale"}),
        pool=_pool_scatter,
        scaled=lambda stats, c: stats._replace(weight=stats.weight * c, scatter=stats.scatter * c),
    )


def per_row(weight: jax.Array, smoothing: Any, cost: jax.Array) -> jax.Array:
    """−weight · Σ smoothing · cost, 0 without smoothing also where the cost has no bound."""
    return -weight * jnp.where(smoothing == 0, 0.0, smoothing * cost).sum()


def pseudo_likelihood(smoothing: Smoothing, log_probs: jax.Array) -> jax.Array:
    """Log-likelihood of the pseudo-counts of logits: Σ α log p over every table of log-probabilities."""
    alpha = jnp.asarray(smoothing_of(smoothing, "logits", count=True))
    return times_log(alpha, log_probs).sum()


def merge_sums(a: Stats, b: Stats) -> Stats:
    """Join plain sums."""
    return jax.tree.map(jnp.add, a, b)


def scale_sums(stats: Stats, c: Any) -> Stats:
    """Plain sums of rows that are each c times as heavy."""
    return jax.tree.map(lambda a: a * c, stats)


def scale_mean(stats: Any, c: Any) -> Any:
    """The mean of rows that are each c times as heavy: their weight."""
    return stats._replace(weight=stats.weight * c)


def merge_means(a: Mean, b: Mean) -> Mean:
    """Join the means of two sets of rows."""
    weight = a.weight + b.weight
    share = ratio(b.weight, weight)
    return Mean(weight, jax.tree.map(lambda p, q: p + (q - p) * _like(share, p), a.mean, b.mean))


def merge_moments(a: Moments, b: Moments) -> Moments:
    """Join the moments of two sets of rows.  Chan, Golub & LeVeque (1983), Am. Stat. 37, 242–247, eq. 2.1."""
    weight = a.weight + b.weight
    share, step = ratio(b.weight, weight), (b.mean - a.mean) + (b.low - a.low)
    between = step**2 * _like(a.weight * share, step)
    start = jnp.where(_like(a.weight > 0, a.mean), a.mean, b.mean)  # a mean that is far off keeps no low part
    move = jnp.where(_like(a.weight > 0, a.mean), a.low + step * _like(share, step), b.low)
    mean, low = _two_parts(start, move)
    return Moments(weight, mean, a.scatter + b.scatter + between, low)


def ratio(total: jax.Array, weight: jax.Array) -> jax.Array:
    """total[k, ...] / weight[k], 0 where a group is empty."""
    weight = _like(weight, total)
    return total / jnp.where(weight > 0, weight, 1)


def _gather_moments(params: Params, x: jax.Array, given: Event, groups: Groups) -> Moments:
    """Of soft groups that lie near each other by two matmuls, about the mean of all; else each about its own mean."""
    x = x.astype(float_dtype(x))
    weight = groups.totals(x.shape[0])
    if groups.soft is None or params is None or not pays(groups.k, x[0].size):
        return _moments_apart(x, groups, weight)
    centre = x.mean(0, keepdims=True)
    away = (params["loc"] - centre) / jnp.where(params["scale"] > 0, params["scale"], jnp.inf)

    def together() -> Moments:
        y = x - centre
        step = ratio(groups.sum(y), weight)
        variance = ratio(groups.sum(y**2), weight) - step**2
        variance = jnp.maximum(variance, EDGE * jnp.finfo(x.dtype).eps * step**2)  # never lost in the rounding
        mean, low = _two_parts(jnp.broadcast_to(centre, step.shape), step)
        return Moments(weight, mean, _like(weight, variance) * variance, low)

    close = near(away.reshape(groups.k, -1)) & jnp.all(params["scale"] > 0)
    return lax.cond(close, together, lambda: _moments_apart(x, groups, weight))


def _moments_apart(x: jax.Array, groups: Groups, weight: jax.Array) -> Moments:
    """Two passes over the block, centred on each group's own mean; the second mends the rounding of the first."""
    rough = ratio(groups.sum(x), weight)
    slip, scatter = groups.sums_about(x, rough)
    step = ratio(slip, weight)
    mean, low = _two_parts(rough, step)
    return Moments(weight, mean, jnp.maximum(scatter - slip * step, 0.0), low)


def _two_parts(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """a + b as a rounded sum and what was lost, exactly.  Knuth (1997), The Art of Computer Programming 2, §4.2.2."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _pool_scatter(names: frozenset[str]) -> Pool | None:
    """Groups with their own loc and one scale: the scatter within the groups, all together."""
    if names == {"loc", "scale"}:
        return lambda stats: merge_all(merge_moments, stats)
    if names == {"scale"}:
        return lambda stats: Moments(
            stats.weight.sum(0), jnp.zeros_like(stats.mean[0]), stats.scatter.sum(0), stats.low[0]
        )
    return None


def _like(weight: jax.Array, values: jax.Array) -> jax.Array:
    return weight.reshape(*weight.shape, *(1,) * (values.ndim - weight.ndim))
