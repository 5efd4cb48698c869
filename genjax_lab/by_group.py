"""Rows of hard groups, one group after another: each is looked at by its own group's parameters and no other's.

Expected statistics of k groups, gathered at all rows and weighed by 0 where a row is another group's, cost k times what
they need: ten times for mixtures in ten classes. Here the numbers of the rows are put in the order of their groups and
cut into tiles that lie within one group.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import rows_of
from genjax_lab.estimator import Estimator, rows_for
from genjax_lab.groups import Groups
from genjax_lab.types import Event, Key, Params, Smoothing, Stats


def statistics_by_group(estimator: Estimator, params: Params, x: Event, groups: Groups) -> Stats:
    """The statistics of hard groups at parameters of their own: those of `estimator.statistics`, to rounding.

    Args:
      estimator: whose rows have nothing given.
      params: params[k].
      x: n events.
      groups: k groups with labels.

    Returns:
      stats[k]. Temporaries are those of one tile, and a row number for each row.
    """
    n = rows_of(x)
    assert groups.labels is not None
    labels = jnp.clip(jnp.where(groups.labels < 0, groups.k, groups.labels), 0, groups.k).astype(jnp.int32)
    order = jnp.argsort(labels)
    sizes = jnp.zeros(groups.k + 1, jnp.int32).at[labels].add(1)[: groups.k]
    ends = jnp.cumsum(sizes)
    length = max(16, min(rows_for(estimator, x), n // (4 * groups.k)))  # most tiles are full
    tiles = jnp.cumsum(-(-sizes // length))  # of this group and those before it

    def one(group: Any, rows: Event, weights: jax.Array) -> Stats:
        own = jax.tree.map(lambda p: lax.dynamic_index_in_dim(p, group, 0), params)
        stats = estimator.statistics(own, rows, None, Groups(weights=weights))
        return jax.tree.map(lambda a: a[0], stats)

    def add_tile(t: jax.Array, total: Stats) -> Stats:
        group = jnp.searchsorted(tiles, t, side="right").astype(jnp.int32)
        end = ends[group]
        place = end - sizes[group] + (t - tiles[group] + -(-sizes[group] // length)) * length
        place = place + jnp.arange(length, dtype=jnp.int32)
        row = order[jnp.minimum(place, n - 1)]
        weights = (place < end).astype(dtype) if groups.weights is None else (place < end) * groups.weights[row]
        found = one(group, jax.tree.map(lambda a: a[row], x), weights)
        before = jax.tree.map(lambda a: lax.dynamic_index_in_dim(a, group, 0, keepdims=False), total)
        after = estimator.merge(before, found)
        return jax.tree.map(lambda a, new: lax.dynamic_update_index_in_dim(a, new, group, 0), total, after)

    dtype = jnp.result_type(float) if groups.weights is None else groups.weights.dtype
    row = jax.tree.map(lambda a: a[:1], x)
    nothing = lax.map(lambda group: one(group, row, jnp.zeros(1, dtype)), jnp.arange(groups.k, dtype=jnp.int32))
    return lax.fori_loop(0, tiles[-1], add_tile, nothing)


def start_by_group(estimator: Estimator, key: Key, x: Event, groups: Groups, smoothing: Smoothing) -> Params:
    """A start from data for each hard group, out of its own rows: params[k]."""
    assert estimator.start is not None and groups.labels is not None
    begin, labels = estimator.start, groups.labels

    def one(group: tuple[jax.Array, Key]) -> Params:
        inside = labels == group[0]
        weights = inside.astype(jnp.result_type(float)) if groups.weights is None else inside * groups.weights
        return jax.tree.map(lambda p: p[0], begin(group[1], x, None, Groups(weights=weights), smoothing))

    return lax.map(one, (jnp.arange(groups.k, dtype=labels.dtype), jax.random.split(key, groups.k)))


def rows_by_group(estimator: Estimator, x: Event, k: int) -> int:
    """Rows of a block in which every one of k groups has some tiles."""
    return max(rows_for(estimator, x), 2000 * k)
