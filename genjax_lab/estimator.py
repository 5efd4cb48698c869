"""Closed-form maximum likelihood: statistics that merge, and the parameters that maximise their likelihood.

An estimator is a monoid with a maximiser. One pass gathers the statistics of any rows, on any device, in any order;
`merge` joins them; `maximise` turns them into parameters. A simple family writes T(x) and the maximiser only.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import block_rows
from genjax_lab.groups import Groups
from genjax_lab.types import Event, Key, Params, Smoothing, Stats


class Gather(Protocol):
    """(params[k], x[n], given[n] or None, groups) -> stats, every array with the group axis k first.

    Of a conditional whose given is hidden, `given` is None and the groups are each split by the points of its space.
    """

    def __call__(self, params: Params, x: Event, given: Event, groups: Groups, /) -> Stats:
        """Gather the (expected) statistics of a block of rows."""


Merge = Callable[[Stats, Stats], Stats]
Pool = Callable[[Stats], Stats]


@dataclass(frozen=True)
class Estimator:
    """Sufficient statistics and their maximiser.

    Attributes:
      statistics: see `Gather`; where `exact`, params are not looked at and may be None.
      merge: (stats, stats) -> stats: those of the rows of both.
      maximise: (stats, params, smoothing) -> params, for one group; params are those the statistics were gathered at,
        None where `exact`. No rows: neutral finite parameters.
      log_likelihood: (stats, params) -> f[], Σ w log p(x; θ) in nats of the rows of one group; None: a pass is needed.
      exact: whether `maximise` of one pass is the maximum.
      start: (key, x[n], given, groups, smoothing) -> params[k], a start from data; None: one M step, all that an exact
        one needs.
      rows: (x[n]) -> rows in a block that suit `statistics` of data like these, if they have no weights or it is
        `separate`; None: as usual.
      group_rows: rows that a block should have for each of many soft groups, where each takes a matmul of its own.
      penalty: (stats, params, smoothing) -> f[], what smoothing adds to the log-likelihood of the rows of one group, up
        to a constant, so that `maximise` finds the maximum of the sum; None: nothing. Pseudo-counts do not look at the
        statistics; a smoothed variance or deficit is one of every row, and so counts with their weight: in a mixture,
        with the weight that a component has at these parameters.
      smallest: (params) -> f[], log of the smallest weight of a hidden component; None where nothing is hidden.
      smooths: names of the parameters that smoothing can reach.
      tables: of those that are counts, the shape of a table of pseudo-counts, its last axis the values counted.
      pool: (names) -> a map from stats[k] to the statistics of one group, whose maximiser gives the named parameters
        where the k groups share them and keep the others to themselves; None where that has no closed form.
      telling: (x[n]) -> bool[n], rows that a start from some of many must not miss: those with a label. None: any do.
      separate: whether `statistics` takes the parameters of every group to every row, so that hard groups are better
        gathered one after another, each from its own rows.
      newton: whether the steps of `maximise` end as Newton's: one that gains nothing is the last, none is leapt over.
      digest: (x[n], weights f[n] or None) -> what all the passes of a fit need of the rows, gathered once, and whether
        it tells all of them; or None, where the rows are the lesser work.
      retold: (digest, params) -> stats, of one group: those of the rows.
      scaled: (stats, c) -> stats: those of the rows, each c times as heavy; None where that is not known.
    """

    statistics: Gather
    merge: Merge
    maximise: Callable[[Stats, Params, Smoothing], Params]
    log_likelihood: Callable[[Stats, Params], jax.Array] | None = None
    exact: bool = True
    start: Callable[[Key, Event, Event, Groups, Smoothing], Params] | None = None
    rows: Callable[[Event], int] | None = None
    group_rows: int = 0
    penalty: Callable[[Stats, Params, Smoothing], jax.Array] | None = None
    smallest: Callable[[Params], jax.Array] | None = None
    smooths: frozenset[str] = frozenset()
    tables: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    pool: Callable[[frozenset[str]], Pool | None] | None = None
    telling: Callable[[Event], jax.Array] | None = None
    separate: bool = False
    newton: bool = False
    digest: Callable[[Event, jax.Array | None], tuple[Any, jax.Array] | None] | None = None
    retold: Callable[[Any, Params], Stats] | None = None
    scaled: Callable[[Stats, Any], Stats] | None = None


def combine(
    parts: Mapping[str, Estimator | None],
    route: Callable[[str, Event, Event], tuple[Event, Event]],
    unsmoothed: str | None = None,
) -> Estimator | None:
    """The estimator of factors with parameters of their own: each keeps its own statistics under its name.

    Args:
      parts: the factors' estimators; if one has none, neither has the whole.
      route: (name, x, given) -> the (x, given) of that factor.
      unsmoothed: the factor to which a scalar smoothing does not go.

    Returns:
      The estimator of the product of the factors.
    """
    known = {name: part for name, part in parts.items() if part is not None}
    if len(known) < len(parts):
        return None

    def statistics(params: Params, x: Event, given: Event, groups: Groups) -> Stats:
        own = dict.fromkeys(known) if params is None else params
        return {n: e.statistics(own[n], *route(n, x, given), groups) for n, e in known.items()}

    def of(smoothing: Smoothing, name: str) -> Smoothing:
        return None if name == unsmoothed and not isinstance(smoothing, dict) else part_of(smoothing, name)

    def maximise(stats: Stats, params: Params, smoothing: Smoothing) -> Params:
        own = dict.fromkeys(known) if params is None else params
        return {n: e.maximise(stats[n], own[n], of(smoothing, n)) for n, e in known.items()}

    def start(key: Key, x: Event, given: Event, groups: Groups, smoothing: Smoothing) -> Params:
        keys = jax.random.split(key, len(known))
        return {
            n: start_of(e, keys[i], *route(n, x, given), groups, part_of(smoothing, n))
            for i, (n, e) in enumerate(known.items())
        }

    def penalty(stats: Stats, params: Params, smoothing: Smoothing) -> jax.Array:
        terms = [e.penalty(stats[n], params[n], of(smoothing, n)) for n, e in known.items() if e.penalty]
        return functools.reduce(operator.add, terms, jnp.zeros(()))

    def smallest(params: Params) -> jax.Array:
        return jnp.stack([e.smallest(params[n]) for n, e in known.items() if e.smallest]).min()

    def log_likelihood(stats: Stats, params: Params) -> jax.Array:
        each = [e.log_likelihood(stats[n], params[n]) for n, e in known.items() if e.log_likelihood]
        return functools.reduce(operator.add, each)

    def scaled(stats: Stats, c: Any) -> Stats:
        return {n: e.scaled(stats[n], c) for n, e in known.items() if e.scaled}

    return Estimator(
        statistics,
        merge=lambda a, b: {n: e.merge(a[n], b[n]) for n, e in known.items()},
        maximise=maximise,
        log_likelihood=log_likelihood if all(e.log_likelihood for e in known.values()) else None,
        exact=all(e.exact for e in known.values()),
        start=start,
        rows=lambda x: min(rows_for(e, route(n, x, None)[0]) for n, e in known.items()),
        group_rows=max((e.group_rows for e in known.values()), default=0),
        penalty=penalty,
        smallest=smallest if any(e.smallest for e in known.values()) else None,
        smooths=frozenset(f"{n}.{name}" for n, e in known.items() for name in e.smooths),
        tables={f"{n}.{name}": shape for n, e in known.items() for name, shape in e.tables.items()},
        pool=lambda names: _pool_parts(known, names),
        separate=any(e.separate for e in known.values()),
        scaled=scaled if all(e.scaled for e in known.values()) else None,
    )


def _pool_parts(parts: Mapping[str, Estimator], names: frozenset[str]) -> Pool | None:
    rules: dict[str, Pool] = {}
    for name, part in parts.items():
        own = frozenset(n.removeprefix(f"{name}.") for n in names if n.startswith(f"{name}."))
        rule = pooling(part, own) if own else functools.partial(merge_all, part.merge)  # nothing shared: any rule
        if rule is None:
            return None
        rules[name] = rule
    return lambda stats: {name: rule(stats[name]) for name, rule in rules.items()}


def pooling(estimator: Estimator, names: frozenset[str]) -> Pool | None:
    """The rule of `Estimator.pool`, or None."""
    return estimator.pool(names) if estimator.pool else None


def merged_whole(merge: Merge) -> Callable[[frozenset[str]], Pool]:
    """The `pool` of a family of one parameter: groups that share it are one group."""
    return lambda names: functools.partial(merge_all, merge)


def merge_all(merge: Merge, stats: Stats) -> Stats:
    """Merge the k groups of stats[k] into one."""
    first, rest = jax.tree.map(lambda a: a[0], stats), jax.tree.map(lambda a: a[1:], stats)
    return lax.scan(lambda total, one: (merge(total, one), None), first, rest)[0]


def start_of(
    estimator: Estimator, key: Key, x: Event, given: Event, groups: Groups, smoothing: Smoothing = None
) -> Params:
    """A start from data for each group: params[k]; with the smoothing of the fit, a start does not collapse either."""
    if estimator.start is not None:
        return estimator.start(key, x, given, groups, smoothing)
    stats, soft = estimator.statistics(None, x, given, groups), _softened(estimator, smoothing)
    return jax.vmap(lambda one: estimator.maximise(one, None, soft))(stats)


def _softened(estimator: Estimator, smoothing: Smoothing) -> Smoothing:
    """Smoothing with at least one pseudo-count: a start makes nothing impossible."""
    if not estimator.smooths:
        return 1.0
    own = {name: smoothing_of(smoothing, name, name in estimator.tables) for name in estimator.smooths}
    return {name: jnp.maximum(v, 1.0) if name in estimator.tables else v for name, v in own.items()}


def part_of(smoothing: Smoothing, name: str) -> Smoothing:
    """The smoothing of one factor: its own of a dict, or the scalar of all."""
    return smoothing.get(name) if isinstance(smoothing, dict) else smoothing


def rows_for(estimator: Estimator, x: Event) -> int:
    """Rows of a block of unweighted data for this estimator."""
    return estimator.rows(x) if estimator.rows else block_rows(x)


def smoothing_of(smoothing: Smoothing, name: str, count: bool = False) -> Any:
    """The pseudo-statistic for the parameter `name`: a scalar goes to counts only, a prefix to what it names."""
    if isinstance(smoothing, dict):
        return smoothing.get(name, 0.0)
    return 0.0 if smoothing is None or not count else smoothing
