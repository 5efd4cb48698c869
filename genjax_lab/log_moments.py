"""The statistics of gamma, beta and Dirichlet: the mean of positive numbers and the mean of their logarithms.

The latter is kept as the deficit log(mean x) − mean(log x) ≥ 0, the mean Itakura–Saito distance from the mean. As a
difference of logarithms it would lose all its digits where the numbers are nearly equal; as a sum of positive terms
about each group's own mean it loses none.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab.gamma_function import itakura_saito
from genjax_lab.groups import Groups
from genjax_lab.numerics import float_dtype
from genjax_lab.statistic import ratio


class LogMoments(NamedTuple):
    """A group's weight, mean, and deficit log(mean x) − mean(log x)."""

    weight: jax.Array
    mean: jax.Array
    deficit: jax.Array


def gather(x: jax.Array, groups: Groups) -> LogMoments:
    """Two passes over a block of positive rows f[n, ...]; the second mends the rounding of the first mean."""
    x = jnp.asarray(x, float_dtype(x))
    weight = groups.totals(x.shape[0])
    mean = ratio(groups.sum(x), weight)
    centre = jnp.where(mean > 0, mean, 1.0)  # 1 where there are no rows
    slip, total = groups.sums_of(lambda v, c: (v - c, itakura_saito(v, c)), x, centre)
    mended = jnp.where(mean > 0, mean + ratio(slip, weight), 0.0)
    excess = itakura_saito(jnp.where(mended > 0, mended, centre), centre)
    return LogMoments(weight, mended, jnp.maximum(ratio(total, weight) - excess, 0.0))


def merge(a: LogMoments, b: LogMoments) -> LogMoments:
    """Join the moments of two sets of rows, as Chan's formula joins variances: within plus between."""
    weight = a.weight + b.weight
    share = ratio(b.weight, weight).reshape(*weight.shape, *(1,) * (a.mean.ndim - weight.ndim))
    mean = a.mean + (b.mean - a.mean) * share
    centre = jnp.where(mean > 0, mean, 1.0)

    def part(own: LogMoments) -> jax.Array:
        return own.deficit + itakura_saito(jnp.where(own.mean > 0, own.mean, centre), centre)

    return LogMoments(weight, mean, part(a) * (1 - share) + part(b) * share)
