"""Estimators that take one step after another: means of a row's statistics at the present parameters, then a step.

The families without a closed form share the gathering; each writes the statistics of one entry, and the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import block_rows, rows_of
from genjax_lab.estimator import Estimator, Pool, merge_all
from genjax_lab.groups import Groups
from genjax_lab.numerics import float_dtype
from genjax_lab.statistic import Mean, merge_means, ratio
from genjax_lab.types import Event, Key, Params, Smoothing

FEW_ROWS = 128
"""Rows of a block of which a thousand data sets at once stay in the cache, with a dozen arrays made of each."""

SMALL = 5000
"""Data of more rows are taken to be fitted one at a time: their blocks are those that suit a single fit."""

Entry = Callable[[Params, jax.Array], Any]
"""(params, x), arrays that broadcast -> a pytree of finite arrays, each entry from that of x and its own params."""


def from_entries(
    entry: Entry,
    step: Callable[[Mean, Params], Params],
    log_likelihood: Callable[[Mean, Params], jax.Array],
    start: Callable[[jax.Array, Groups], Params],
    names: frozenset[str],
    digest: Callable[[jax.Array, jax.Array | None], tuple[Any, jax.Array] | None] | None = None,
    retold: Callable[[Any, Params], Mean] | None = None,
    few_rows: int = FEW_ROWS,
) -> Estimator:
    """Make the estimator of a family of independent coordinates that is fitted step by step.

    Args:
      entry: the statistics of an entry at the present parameters.
      step: (stats, params) -> better params for one group; `stats.weight` f[] and `stats.mean` the weighted means.
        With no rows the weight is 0 and the means 0: return neutral parameters.
      log_likelihood: (stats, params) -> f[], the mean of log p(x; θ) over the rows, of one group.
      start: (x[n] of a float dtype, groups) -> params[k].
      names: the names of the parameters; groups that share all of them are merged.
      digest: as in `Estimator`.
      retold: as in `Estimator`.
      few_rows: rows of a block of small data, which are often many under one vmap.

    Returns:
      The estimator; it is not exact, its steps are taken to be Newton's in the end, and smoothing leaves it as it is.
    """

    def statistics(params: Params, x: jax.Array, given: Event, groups: Groups) -> Mean:
        return gather(entry, params, as_float(x), groups)

    def whole(stats: Mean, params: Params) -> jax.Array:
        some = stats.weight > 0
        return jnp.where(some, stats.weight * log_likelihood(stats, params), 0.0)

    def maximise(stats: Mean, params: Params, smoothing: Smoothing) -> Params:
        return step(stats, params)

    def begin(key: Key, x: jax.Array, given: Event, groups: Groups, smoothing: Smoothing) -> Params:
        return start(as_float(x), groups)

    def pool(shared: frozenset[str]) -> Pool | None:
        return (lambda stats: merge_all(merge_means, stats)) if shared == names else None

    return Estimator(
        statistics,
        merge_means,
        maximise,
        whole,
        exact=False,
        start=begin,
        rows=lambda x: few_rows if rows_of(x) <= SMALL else max(250, block_rows(x) // 25),
        pool=pool,
        newton=True,
        digest=digest,
        retold=retold,
    )


def as_float(x: jax.Array) -> jax.Array:
    """Rows in the dtype that arithmetic on them is done in."""
    return jnp.asarray(x).astype(float_dtype(x))


def centre_of(x: jax.Array, groups: Groups) -> jax.Array:
    """Mean of float rows f[n, ...] in each group: f[k, ...], 0 where there are none."""
    centre = jnp.zeros((groups.k, *x.shape[1:]), x.dtype)
    for _ in range(2):  # the second mends the rounding of the first
        centre = centre + gather(lambda own, x: x - own, centre, x, groups).mean
    return centre


def centre_and_spread(x: jax.Array, groups: Groups) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Mean and variance of float rows f[n, ...] in each group, f[k, ...], and whether it has rows, bool[k, 1, ...]."""
    centre = centre_of(x, groups)
    squares = gather(lambda own, x: (x - own) ** 2, centre, x, groups)
    return centre, squares.mean, (squares.weight > 0).reshape(-1, *(1,) * (x.ndim - 1))


def gather(entry: Entry, params: Params, x: jax.Array, groups: Groups) -> Mean:
    """The mean in each group of the statistics of float rows f[n, ...], each row at the parameters of its groups."""
    weight = groups.totals(x.shape[0])
    labels = groups.labels
    if labels is not None:
        own = jax.tree.map(lambda p: jnp.take(p, labels, 0, mode="clip"), params)
        sums = jax.tree.map(groups.sum, entry(own, x))
    elif groups.soft is None:
        row = 1.0 if groups.weights is None else groups.weights.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1))
        sums = jax.tree.map(lambda v: (v * row).sum(0, keepdims=True), entry(params, x))
    else:
        # One group after another keeps the memory of one: no array [n, k, ...] of every statistic.
        def one(group: Any) -> Any:
            own, column = group
            row = column.reshape(-1, *(1,) * (x.ndim - 1))
            return jax.tree.map(lambda v: (v * row).sum(0), entry(jax.tree.map(lambda p: p[None], own), x))

        sums = lax.map(one, (params, groups.soft.T.astype(x.dtype)))
    return Mean(weight, jax.tree.map(lambda v: ratio(v, weight), sums))
