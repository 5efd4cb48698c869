"""Counts of pairs of categories in each of many groups: a matmul of the rows that a group has.

Of k categories the first is left out: its counts are what the others leave of the rows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.groups import Groups
from genjax_lab.numerics import EXACT, count_dtype, float_dtype
from genjax_lab.types import Key

TILE = 1024
"""Rows of one matmul."""

LEAST = 1e-8
"""A row with less of its weight in a group is none of the group's: all such together are lost in rounding."""

SAMPLE = 4096
"""Rows of a group that tell where to start."""

MOST_ROWS = 1 << 23
"""Rows of a block: float32 counts of it are exact."""


class Pairs(NamedTuple):
    """The weight of a group, and of the rows in which two coordinates have two categories 1..k−1: [d (k−1)]²."""

    weight: jax.Array
    both: jax.Array

    def tables(self, d: int) -> jax.Array:
        """The weight of rows with category a in coordinate i and b in j, the first category too: [d, d, k, k]."""
        both, one = self._parts(d)
        return _with_first(both.transpose(0, 2, 1, 3), one[:, None], one[None], self.weight)

    def along(self, d: int, parent: jax.Array) -> jax.Array:
        """The same of each coordinate's parent and itself: [d, k, k]."""
        both, one = self._parts(d)
        return _with_first(both[parent, :, jnp.arange(d)], one[parent], one, self.weight)

    def _parts(self, d: int) -> tuple[jax.Array, jax.Array]:
        """[d, k−1, d, k−1], and of each coordinate alone [d, k−1]."""
        return self.both.reshape(d, -1, d, self.both.shape[-1] // d), jnp.diagonal(self.both).reshape(d, -1)


def _with_first(both: jax.Array, one: jax.Array, other: jax.Array, weight: jax.Array) -> jax.Array:
    """Counts [..., k, k] of pairs of categories, from those without the first in either, and of each side alone."""
    upper = jnp.concatenate([(other - both.sum(-2))[..., None, :], both], -2)
    one = jnp.concatenate([(weight - one.sum(-1))[..., None], one], -1)
    return jnp.concatenate([(one - upper.sum(-1))[..., None], upper], -1)


def features(x: jax.Array, k: int, dtype: Any) -> jax.Array:
    """Which of the categories 1..k−1 each coordinate has: f[n, d (k−1)]."""
    if k == 2:
        return x.astype(dtype)
    each = x[:, :, None].astype(jnp.int32) == jnp.arange(1, k, dtype=jnp.int32)[None, None]
    return each.reshape(x.shape[0], -1).astype(dtype)


def gather(x: jax.Array, groups: Groups, k: int, key: Key | None = None) -> Pairs:
    """The pairs of rows [n, d] of categories in each group; of soft groups, from the rows with a share worth telling.

    Whole numbers where rows are counted. With a key, an estimate from some rows of each group.
    """
    n = x.shape[0]
    dtype = float_dtype(*(a for a in (groups.weights, groups.soft) if a is not None))

    def of_group(group: jax.Array) -> jax.Array:
        weights = groups.column(group, n, dtype)
        if key is not None:
            weights = thinned(jax.random.fold_in(key, group), weights, SAMPLE)
        if groups.labels is None and groups.soft is None and key is None:  # all rows
            place, number = jnp.arange(n, dtype=jnp.int32), jnp.asarray(n, jnp.int32)
        else:
            inside = weights > LEAST * weights.max()
            place = jnp.nonzero(inside, size=n, fill_value=n)[0].astype(jnp.int32)
            number = inside.sum(dtype=jnp.int32)
        place = jnp.concatenate([place, jnp.full(TILE, n, jnp.int32)])

        def add_tile(t: jax.Array, total: jax.Array) -> jax.Array:
            rows = lax.dynamic_slice_in_dim(place, t * TILE, TILE)
            found = features(jnp.take(x, rows, 0, mode="clip"), k, dtype)
            own = jnp.where(rows < n, jnp.take(weights, rows, mode="clip"), 0.0)
            return total + jnp.matmul((found * own[:, None]).T, found, precision=EXACT)

        tiles = -(-number // TILE)
        size = x.shape[1] * (k - 1)
        return lax.fori_loop(0, tiles, add_tile, jnp.zeros((size, size), dtype))

    both = lax.map(of_group, jnp.arange(groups.k, dtype=jnp.int32))
    return Pairs(groups.totals(n), both.astype(count_dtype()) if groups.exact and key is None else both)


def thinned(key: Key, weights: jax.Array, m: int) -> jax.Array:
    """Weights f[n] of which all but m are 0, and every sum of which is that of the given ones on average.

    Priority sampling: Duffield, Lund & Thorup (2007), J. ACM 54(6), 32.
    """
    if len(weights) <= m:
        return weights
    priority = weights / (1.0 - jax.random.uniform(key, weights.shape, weights.dtype))  # of a number in (0, 1]
    least = lax.top_k(priority, m + 1)[0][-1]
    return jnp.where(priority > least, jnp.maximum(weights, least), 0.0)
