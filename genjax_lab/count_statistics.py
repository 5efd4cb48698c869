"""The statistics of Poisson and multinomial counts: their mean, and the height of their density at it.

With h the mean of log p(x; x̄), a sum over rows is Σ w log p(x; λ) = Σ w (h − deviance(x̄, λ)): at the maximum it is h
alone, to all its digits, where ⟨T(x), η⟩ − A(η) is the small difference of large numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab.deviance import deviance
from genjax_lab.estimator import Estimator, merged_whole
from genjax_lab.groups import Groups
from genjax_lab.numerics import float_dtype
from genjax_lab.statistic import ratio, scale_mean
from genjax_lab.types import Event, Params, Smoothing


class Counts(NamedTuple):
    """A group's weight, its mean counts, and the mean of log p of its rows under them."""

    weight: jax.Array
    mean: jax.Array
    height: jax.Array


def from_counts(
    log_prob: Callable[[jax.Array, jax.Array], jax.Array],
    expected: Callable[[jax.Array, jax.Array], jax.Array],
    maximise: Callable[[Counts, Smoothing], Params],
    rates: Callable[[Params, jax.Array], tuple[jax.Array, jax.Array]],
) -> Estimator:
    """Make the estimator of a family of counts that are Poisson, or Poisson given their total.

    Args:
      log_prob: (mean[*shape], x[*shape]) -> f[], log p of one event where `mean` are the mean counts.
      expected: (mean[..., *shape], x[..., *shape]) -> the rates of counts like x where `mean` are the mean counts.
      maximise: (stats, smoothing) -> params.
      rates: (params, x) -> the rates of counts like x under the parameters, and their logarithms.
    """

    def loss(mean: jax.Array, other: jax.Array, lead: int) -> jax.Array:
        rate = expected(other, mean)
        log_rate = jnp.log(jnp.maximum(rate, jnp.finfo(rate.dtype).tiny))  # a mean may be too small for its dtype
        return deviance(mean, rate, log_rate).sum(tuple(range(lead, mean.ndim)))

    def statistics(params: Params, x: Event, given: Event, groups: Groups) -> Counts:
        x = x.astype(float_dtype(x))
        weight = groups.totals(x.shape[0])
        mean = ratio(groups.sum(x), weight)
        if groups.soft is not None:  # one matmul: under the mean of all rows, and from there to each group's own
            common = x.mean(0)
            rows = jax.vmap(log_prob, (None, 0))(common, x)
            return Counts(weight, mean, ratio(groups.sum(rows), weight) + loss(mean, common[None], 1))
        own = jnp.take(mean, jnp.zeros((), jnp.int32) if groups.labels is None else groups.labels, 0, mode="clip")
        rows = jax.vmap(log_prob, (None if groups.labels is None else 0, 0))(own, x)
        rows = jnp.where(jnp.isneginf(rows), 0.0, rows)  # impossible under the mean of its group: it weighs nothing
        return Counts(weight, mean, ratio(groups.sum(rows), weight))

    def merge(a: Counts, b: Counts) -> Counts:
        weight, lead = a.weight + b.weight, a.weight.ndim
        share = ratio(b.weight, weight).astype(a.height.dtype)
        mean = a.mean + (b.mean - a.mean) * share.reshape(*share.shape, *(1,) * (a.mean.ndim - lead))
        height = (1 - share) * (a.height - loss(a.mean, mean, lead)) + share * (b.height - loss(b.mean, mean, lead))
        return Counts(weight, mean, height)

    def log_likelihood(stats: Counts, params: Params) -> jax.Array:
        rate, log_rate = rates(params, stats.mean)
        total = stats.height - deviance(stats.mean, rate, log_rate).sum()
        return jnp.where(stats.weight > 0, stats.weight * total, 0.0)

    return Estimator(
        statistics,
        merge,
        lambda stats, params, smoothing: maximise(stats, smoothing),
        log_likelihood,
        pool=merged_whole(merge),
        scaled=scale_mean,
    )
