"""Counts told once for all the passes of a fit: how many rows lie above each whole number below a bound.

What depends on a row through a sum over 0 ≤ j < x, such as log Γ(x + r) − log Γ(r) = Σ_j log(r + j), depends on rows
through the tails Σ_i w_i [x_i > j] alone. Shares above j are kept less the steps [j < x̄] of the mean, so that a sum
over j of a slowly changing function is one of small terms: nothing cancels where the counts spread little.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.blocks import reduce_blocks, rows_of
from genjax_lab.groups import Groups
from genjax_lab.inverse import log_gap
from genjax_lab.numerics import count_dtype, float_dtype
from genjax_lab.statistic import merge_sums

BOUND = 128
"""Counts below it are told by their tails."""

PEAKS = np.array([0.0] + [v * math.log(v) - v - math.lgamma(v + 1) for v in range(1, BOUND)])
"""log p(v; v) of a Poisson count v."""


class Tails(NamedTuple):
    """One group's counts, coordinate by coordinate.

    Attributes:
      weight: f[], the number of rows, or their weight.
      mean: f[*shape].
      excess: f[*shape, BOUND], the share of rows above j less the share of [j, j + 1] below the mean; its sum is 0.
      height: f[*shape], the mean of log p(x; mean) of the Poisson density.
    """

    weight: jax.Array
    mean: jax.Array
    excess: jax.Array
    height: jax.Array


def worth_telling(x: jax.Array) -> bool:
    """Whether these rows are so many that their tails are the lesser work."""
    return rows_of(x) >= 2 * BOUND


def tails_of(x: jax.Array, weights: jax.Array | None) -> tuple[Tails, jax.Array]:
    """The tails of counts [n, *shape] with weights f[n], or None, by one pass, and whether no count is too large.

    Where one is, the tails are those of the others.
    """
    table = reduce_blocks(lambda rows: _histogram(*rows), merge_sums, (x, weights))
    dtype, few = float_dtype(x), table[..., :BOUND]
    own = Groups(weights=weights).totals(rows_of(x))[0]
    total = few.sum(-1, keepdims=True)
    below = jnp.cumsum(few, -1)
    above = jnp.cumsum(few[..., ::-1], -1)[..., ::-1] - few if weights is not None else total - below
    j = below_bound(x.ndim - 1, dtype)
    below, above = _share(below, total, dtype), _share(above, total, dtype)
    whole = jnp.floor(above.sum(-1, keepdims=True))
    mean = whole + jnp.where(j < whole, -below, above).sum(-1, keepdims=True)  # right to rounding
    whole = jnp.floor(mean)
    excess = jnp.where(j < whole, -below, above - jnp.where(j == whole, mean - whole, 0.0))
    share, some = _share(few, total, dtype), mean > 0
    v, centre = jnp.maximum(j, 1.0), jnp.where(some, mean, 1.0)
    lost = jnp.where(j == 0, centre, v * log_gap((centre - v) / v, jnp.log(centre / v)))
    height = (share * (PEAKS.astype(dtype).reshape(j.shape) - lost)).sum(-1)
    mean = mean[..., 0]
    tails = Tails(own.astype(dtype), mean, excess, jnp.where(mean > 0, height, 0.0))
    return tails, (table[..., BOUND] == 0).all()


def below_bound(lead: int, dtype: jax.typing.DTypeLike) -> jax.Array:
    """0, 1, …, BOUND − 1 along the last axis after so many others."""
    return jnp.arange(BOUND, dtype=dtype).reshape(*(1,) * lead, BOUND)


def _share(part: jax.Array, total: jax.Array, dtype: jax.typing.DTypeLike) -> jax.Array:
    """part / total, 0 where there is nothing."""
    return (part / jnp.where(total > 0, total, 1)).astype(dtype)


def _histogram(x: jax.Array, weights: jax.Array | None) -> jax.Array:
    """The weight of each count of each coordinate, [*shape, BOUND + 1]; the last are those too large."""
    n, shape = x.shape[0], x.shape[1:]
    value = jnp.where(x < BOUND, x, BOUND).astype(jnp.int32).reshape(n, -1)
    place = value + (BOUND + 1) * jnp.arange(value.shape[1], dtype=jnp.int32)[None]
    ones = 1 if weights is None else jnp.broadcast_to(weights[:, None], place.shape)
    table = jnp.zeros((BOUND + 1) * value.shape[1], count_dtype() if weights is None else weights.dtype)
    return table.at[place].add(ones, mode="promise_in_bounds").reshape(*shape, BOUND + 1)
