"""Sufficient statistics as a monoid: gathered from any rows, merged in any order, then fitted without the rows."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import jax

from genjax_lab.blocks import reduce_blocks, rows_of
from genjax_lab.check import checked_batch, checked_weights, require_density
from genjax_lab.density import Conditional, Density
from genjax_lab.estimator import Estimator, rows_for
from genjax_lab.fitting.data import Data
from genjax_lab.groups import Groups
from genjax_lab.types import ArrayLike, Event, Params, Stats


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Statistics:
    """The statistics of some rows, their number or total weight, and the density they are statistics of (static)."""

    n: jax.Array
    values: Stats
    density: Density | Conditional = field(metadata={"static": True})


def closed_form_of(caller: str, density: Density | Conditional) -> Estimator:
    """Return the estimator of a density that has a closed form.

    Raises:
      ValueError: where it has none.
    """
    require_density(caller, density)
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
    for one in (first, *others):
        require_statistics_of("gl.merge", density, one)
    return functools.reduce(functools.partial(_join, estimator), others, first)


def require_statistics_of(caller: str, density: Density | Conditional, statistics: Any) -> None:
    """Refuse statistics of another density.

    Raises:
      TypeError: where they are none.
      ValueError: where they are of another density.
    """
    if not isinstance(statistics, Statistics):
        raise TypeError(f"{caller} takes what gl.statistics returns, not {type(statistics).__name__}")
    if statistics.density != density:
        raise ValueError(f"{caller}: these are statistics of {statistics.density!r}, not of {density!r}")


def gather(density: Density | Conditional, estimator: Estimator, data: Data, params: Params = None) -> Statistics:
    """The statistics of all rows, expected at `params` where not exact, by one blocked pass; pure."""
    at = jax.tree.map(lambda p: p[None], params)

    def block(rows: Data) -> Statistics:
        groups = Groups(weights=rows.weights)
        n = groups.totals(rows_of(rows.x))[0]
        stats = estimator.statistics(at, rows.x, rows.given, groups)
        return Statistics(n, jax.tree.map(lambda a: a[0], stats), density)

    rows = rows_for(estimator, data.x) if data.weights is None or estimator.separate else None
    return reduce_blocks(block, functools.partial(_join, estimator), data, rows)


@jax.jit
def _gather(density: Density | Conditional, data: Data) -> Statistics:
    return gather(density, closed_form_of("gl.statistics", density), data)


def _join(estimator: Estimator, a: Statistics, b: Statistics) -> Statistics:
    values: Any = estimator.merge(a.values, b.values)
    return Statistics(a.n + b.n, values, a.density)
