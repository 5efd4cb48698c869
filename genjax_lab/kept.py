"""Rows that are kept: the statistics of densities whose parameters are the rows themselves.

A non-parametric density has no statistic smaller than its data. Its monoid is that of lists: the rows of one part are
put behind those of the other, in as many places as the density has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab import constraints
from genjax_lab.blocks import rows_of
from genjax_lab.estimator import Estimator
from genjax_lab.groups import Groups
from genjax_lab.numerics import count_dtype, float_dtype
from genjax_lab.types import Event, Smoothing


class Kept(NamedTuple):
    """The rows of groups, any leading axes, packed from the front into n places each.

    Attributes:
      rows: a pytree of arrays [..., n, *shape]; zeros where there is no row.
      weights: f[..., n], 0 where there is no row.
      number: int[...], rows of positive weight that there were, more than n where there was no place for all.
    """

    rows: Any
    weights: jax.Array
    number: jax.Array


def keeping(caller: str, n: int, maximise: Any, log_likelihood: Any) -> Estimator:
    """The estimator that keeps up to n rows of each group, beside what is given with each for a conditional.

    Args:
      caller: the density's name, for errors.
      n: places.
      maximise: (Kept of one group) -> params.
      log_likelihood: (Kept of one group, params) -> f[].

    Returns:
      An exact estimator; it refuses rows that belong to several groups in shares.
    """

    def statistics(params: Any, x: Event, given: Event, groups: Groups) -> Kept:
        if groups.soft is not None:
            raise ValueError(
                f"{caller}: its parameters are the rows, so a row cannot be shared among hidden labels: fit it to rows "
                "whose labels are seen"
            )
        return _packed(n, x if given is None else (given, x), groups)

    def fitted(kept: Kept, params: Any, smoothing: Smoothing) -> Any:
        return maximise(kept)

    return Estimator(statistics, _joined, fitted, log_likelihood, rows=rows_of)


def _packed(n: int, x: Any, groups: Groups) -> Kept:
    """The rows of each group in their order: Kept with one leading axis of groups."""
    m = rows_of(x)
    labels = jnp.zeros(m, jnp.int32) if groups.labels is None else groups.labels.astype(jnp.int32)
    weights = jnp.ones(m, float_dtype(*jax.tree.leaves(x))) if groups.weights is None else groups.weights
    inside = (labels >= 0) & (labels < groups.k) & (weights > 0)
    labels = jnp.where(inside, labels, groups.k)
    order = jnp.argsort(labels)  # stable: a group's rows keep their order
    own = labels[order]
    count = jnp.zeros(groups.k, count_dtype()).at[labels].add(1, mode="drop")
    first = jnp.concatenate([jnp.zeros(1, count.dtype), jnp.cumsum(count)])
    place = jnp.arange(m, dtype=count.dtype) - first[own]

    def pack(a: jax.Array) -> jax.Array:
        return jnp.zeros((groups.k, n, *a.shape[1:]), a.dtype).at[own, place].set(a[order], mode="drop")

    return Kept(jax.tree.map(pack, x), pack(weights), count)


def _joined(a: Kept, b: Kept) -> Kept:
    """The rows of b behind those of a."""
    lead, n = a.number.ndim, a.weights.shape[-1]
    size = a.number.size
    first, more = a.number.reshape(size, 1), b.number.reshape(size, 1)
    place = jnp.arange(n, dtype=first.dtype)[None]
    place = jnp.where(place < more, first + place, n)
    group = jnp.arange(size, dtype=first.dtype)[:, None]

    def behind(old: jax.Array, new: jax.Array) -> jax.Array:
        flat = old.reshape(size, *old.shape[lead:])
        return flat.at[group, place].set(new.reshape(flat.shape), mode="drop").reshape(old.shape)

    return Kept(jax.tree.map(behind, a.rows, b.rows), behind(a.weights, b.weights), a.number + b.number)


def rows_between(least: int, most: int) -> constraints.Constraint:
    """How many places hold a row: a whole number, set by an estimator."""
    rule = constraints.discrete(most + 1, ())
    enough = lambda p: rule.contains(p) & jnp.all(p >= least)  # noqa: E731
    return replace(rule, name=f"{least} to {most} rows", contains=enough, interior=enough)
