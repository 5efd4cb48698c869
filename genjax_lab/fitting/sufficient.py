"""Sufficient statistics as a monoid: gathered from any rows, merged in any order, then fitted without the rows."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax

from genjax_lab.blocks import reduce_blocks, rows_of
from genjax_lab.check import checked_batch, checked_weights
from genjax_lab.density import Conditional, Density
from genjax_lab.estimator import Estimator, rows_for
from genjax_lab.fitting.data import Data
from genjax_lab.groups import Groups
from genjax_lab.types import ArrayLike, Event, Stats


class Statistics(NamedTuple):
    """The statistics of some rows, and their number or total weight."""

    n: jax.Array
    values: Stats


def closed_form_of(caller: str, density: Density | Conditional) -> Estimator:
    """Return the estimator of a density that has a closed form.

    Raises:
      ValueError: where it has none.
    """
    if density.estimator is None or not density.estimator.exact:
        raise ValueError(f"{caller}: {density!r} has no closed-form maximum likelihood")
    return density.estimator


def statistics(
    density: Density | Conditional, x: Event, weights: ArrayLike | None = None, *, given: Event = None
) -> Statistics:
    """Gather the sufficient statistics of a batch, in one pass.

    Args:
      density: a density, or conditional, with a closed form.
      x: n events.
      weights: f[n], none negative; None for all one.
      given: for a conditional, n rows of what is given.

    Returns:
      Statistics, which `gl.merge` joins and `gl.fit_statistics` fits.

    Raises:
      ValueError, TypeError: as `gl.fit`.

    Example:
      >>> coin = gl.bernoulli()
      >>> a, b = (gl.statistics(coin, jnp.array(x)) for x in ([1, 0], [1, 1]))
      >>> fit = gl.fit_statistics(coin, gl.merge(coin, a, b))
      >>> round(float(jax.nn.sigmoid(fit.params["logits"])), 6)
      0.75
    """
    closed_form_of("gl.statistics", density)
    x, given = checked_batch("gl.statistics", density, x, given)
    return _gather(density, Data(x, given, checked_weights("gl.statistics", weights, rows_of(x))))


def merge(density: Density | Conditional, first: Statistics, *others: Statistics) -> Statistics:
    """Join the statistics of different rows into those of all of them, in any order.

    Raises:
      ValueError: where the density has no closed form.
    """
    estimator = closed_form_of("gl.merge", density)
    return functools.reduce(functools.partial(_join, estimator), others, first)


def gather(density: Density | Conditional, data: Data) -> Statistics:
    """The statistics of all rows by one blocked pass; pure, for use under `jit` and `vmap`."""
    estimator = closed_form_of("gl.run", density)

    def block(rows: Data) -> Statistics:
        groups = Groups(weights=rows.weights)
        n = groups.totals(rows_of(rows.x))[0]
        stats = estimator.statistics(None, rows.x, rows.given, groups)
        return Statistics(n, jax.tree.map(lambda a: a[0], stats))

    rows = rows_for(estimator, data.x) if data.weights is None else None
    return reduce_blocks(block, functools.partial(_join, estimator), data, rows)


_gather = jax.jit(gather)


def _join(estimator: Estimator, a: Statistics, b: Statistics) -> Statistics:
    values: Any = estimator.merge(a.values, b.values)
    return Statistics(a.n + b.n, values)
