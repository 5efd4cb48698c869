"""p(x | y): one copy of a density for each class, chosen by the label."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab import constraints
from genjax_lab.by_group import rows_by_group, start_by_group, statistics_by_group
from genjax_lab.density import Conditional, Density, factory, pairwise, require
from genjax_lab.estimator import Estimator, merge_all, pooling, start_of
from genjax_lab.groups import Groups
from genjax_lab.implicit import estimator_of
from genjax_lab.numerics import select
from genjax_lab.seen import completed, masked
from genjax_lab.space import Space, categories
from genjax_lab.types import Event, Key, Params, Smoothing, Stats


@factory
def per_class(density: Density, k: int | Space, shared: str | Sequence[str] = ()) -> Conditional:
    """`k` copies of a density, chosen by a label: p(x | y; θ) = p(x; θ_y).

    All k are evaluated and one is selected: gathering parameters by label is many times slower under vmap.

    Args:
      density: the density of one class.
      k: number of classes, labels 0..k−1; or any finite sample space of labels, a product too.
      shared: names of parameters that all classes share ("scale"), with dots into a product ("age.scale").

    Returns:
      A conditional; every parameter that is not shared has a leading axis of length k.

    Raises:
      ValueError: where a shared name is not a parameter.
      TypeError: where `k` is neither a whole number nor a space.

    Example:
      >>> digit = gl.per_class(gl.bernoulli((784,)), 10)
      >>> digit.init(jax.random.key(0))["logits"].shape
      (10, 784)
    """
    require("per_class", Density, density)
    if isinstance(shared, str):
        return per_class(density, k, (shared,))  # one object
    if not isinstance(k, int | Space):
        raise TypeError(f"per_class: k = {k!r} must be a whole number, or a finite sample space of labels")
    labels = categories(k) if isinstance(k, int) else k
    shared = tuple(shared)
    size = labels.require_listing()
    axes, names = _axes(density, shared)

    def own(params: Params, label: jax.Array) -> Params:
        return jax.tree.map(lambda p, axis: p[label] if axis == 0 else p, params, axes)

    def log_prob(params: Params, x: Event, given: Event) -> jax.Array:
        every = jax.vmap(density.log_prob, (axes, None), axis_size=size)(params, x)
        return select(every, labels.index(given))

    def log_prob_masked(params: Params, x: Event, seen: Event, given: Event) -> jax.Array:
        every = jax.vmap(masked(density), (axes, None, None), axis_size=size)(params, x, seen)
        return select(every, labels.index(given))

    def complete(key: Key, params: Params, x: Event, seen: Event, given: Event) -> Event:
        return completed(density)(key, own(params, labels.index(given)), x, seen)

    def init(key: Key) -> Params:
        copies = jax.vmap(density.init)(jax.random.split(key, size))
        return jax.tree.map(lambda p, axis: p if axis == 0 else p[0], copies, axes)

    def all_pairs(params: Params, x: Event, given: Event) -> jax.Array:
        models = jax.tree.leaves(params)[0].shape[0]
        every = pairwise(density, _flatten(params, axes, size), x).reshape(-1, models, size)
        return jax.vmap(jax.vmap(select, (0, None)))(every, jax.vmap(labels.index)(given))

    return Conditional(
        space=density.space,
        given_space=labels,
        parameters=_stack(density.parameters, axes, size),
        init=init,
        log_prob=log_prob,
        sample=lambda key, params, given: density.sample(key, own(params, labels.index(given))),
        estimator=_estimator(estimator_of(density), labels, size, axes, names),
        pairwise=all_pairs,
        over_given=lambda params, x: pairwise(
            density, _flatten(jax.tree.map(lambda p: p[None], params), axes, size), x
        ),
        log_prob_masked=None if density.log_prob_masked is None else log_prob_masked,
        complete=None if density.complete is None else complete,
        tells_sets=density.tells_sets,
    )


def _axes(density: Density, shared: tuple[str, ...]) -> tuple[Any, frozenset[str]]:
    """For each parameter array, 0 where a class has its own and None where all share it; and the shared names."""
    paths, tree = jax.tree.flatten_with_path(constraints.shapes(density.parameters), is_leaf=constraints.is_shape)
    names = [".".join(str(step.key) for step in path) for path, _ in paths]
    chosen = frozenset(n for n in names if any(n == s or n.startswith(f"{s}.") for s in shared))
    for s in shared:
        if not any(n == s or n.startswith(f"{s}.") for n in names):
            raise ValueError(f"per_class: shared={s!r} is no parameter of {density!r}; they are {names}")
    return tree.unflatten([None if n in chosen else 0 for n in names]), chosen


def _stack(parameters: Any, axes: Any, size: int) -> Any:
    """Constraints of `size` copies; a shared parameter keeps its own."""

    def one(constraint: constraints.Constraint, axis: Any) -> constraints.Constraint:
        kinds = set(jax.tree.leaves(axis, is_leaf=lambda a: a is None))
        if len(kinds) > 1:
            raise ValueError(f"per_class: {constraint} is one constraint; share all of its parameters, or none")
        return constraint if kinds == {None} else constraints.stack(constraint, size)

    return jax.tree.map(one, parameters, axes)


def _flatten(params: Params, axes: Any, size: int) -> Params:
    """Parameters of g·size models from those of g conditionals: (g, size, ...) and shared (g, ...) to (g·size, ...)."""

    def one(p: jax.Array, axis: int | None) -> jax.Array:
        return p.reshape(-1, *p.shape[2:]) if axis == 0 else jnp.repeat(p, size, 0)

    return jax.tree.map(one, params, axes)


def _gather(inner: Estimator, params: Params, x: Event, groups: Groups) -> Stats:
    """Statistics of all groups together, or of one after another where that is less."""
    if inner.separate and groups.labels is not None:
        return statistics_by_group(inner, params, x, groups)
    return inner.statistics(params, x, None, groups)


def _start(inner: Estimator, key: Key, x: Event, groups: Groups, smoothing: Smoothing, size: int) -> Params:
    if inner.separate and groups.labels is not None:
        each = start_by_group(inner, key, x, groups, smoothing)
    else:
        each = start_of(inner, key, x, None, groups, smoothing)
    return jax.tree.map(lambda a: a.reshape(-1, size, *a.shape[1:]), each)


def _estimator(inner: Estimator, labels: Space, size: int, axes: Any, names: frozenset[str]) -> Estimator | None:
    every = all(axis is None for axis in jax.tree.leaves(axes, is_leaf=lambda axis: axis is None))
    shared = functools.partial(merge_all, inner.merge) if every else pooling(inner, names)
    rule = shared if names else None
    if names and rule is None:
        return None

    def split(given: Event, groups: Groups) -> Groups:
        return groups if given is None else groups.split(jax.vmap(labels.index)(given), size)

    def statistics(params: Params, x: Event, given: Event, groups: Groups) -> Stats:
        flat = None if params is None else _flatten(params, axes, size)
        stats = _gather(inner, flat, x, split(given, groups))
        return jax.tree.map(lambda a: a.reshape(-1, size, *a.shape[1:]), stats)

    def start(key: Key, x: Event, given: Event, groups: Groups, smoothing: Smoothing) -> Params:
        wide = _start(inner, key, x, split(given, groups), smoothing, size)
        return jax.tree.map(lambda p, axis: p if axis == 0 else p[:, 0], wide, axes)

    def penalty(stats: Stats, params: Params, smoothing: Smoothing) -> jax.Array:
        assert inner.penalty is not None
        if every and shared is not None:  # one copy, not one for each class
            return inner.penalty(shared(stats), params, smoothing)
        return jax.vmap(inner.penalty, (0, axes, None))(stats, params, smoothing).sum()

    def smallest(params: Params) -> jax.Array:
        assert inner.smallest is not None
        return jax.vmap(inner.smallest, (axes,), axis_size=size)(params).min()

    def maximise(stats: Stats, params: Params, smoothing: Smoothing) -> Params:
        each = jax.vmap(inner.maximise, (0, None if params is None else axes, None))(stats, params, smoothing)
        if rule is None:
            return each
        first = None if params is None else jax.tree.map(lambda p, axis: p[0] if axis == 0 else p, params, axes)
        pooled = inner.maximise(rule(stats), first, smoothing)
        return jax.tree.map(lambda p, q, axis: p if axis == 0 else q, each, pooled, axes)

    def log_likelihood(stats: Stats, params: Params) -> jax.Array:
        assert inner.log_likelihood is not None
        return jax.vmap(inner.log_likelihood, (0, axes))(stats, params).sum()

    def pool(outer: frozenset[str]) -> Callable[[Stats], Stats] | None:
        across = None if names else pooling(inner, outer)
        return None if across is None else jax.vmap(across, 1)

    return replace(
        inner,
        statistics=statistics,
        maximise=maximise,
        log_likelihood=None if inner.log_likelihood is None else log_likelihood,
        rows=(lambda x: rows_by_group(inner, x, size)) if inner.separate else inner.rows,
        start=start,
        penalty=None if inner.penalty is None else penalty,
        smallest=None if inner.smallest is None else smallest,
        pool=pool,
        telling=None,
        newton=False,
        digest=None,
        retold=None,
    )
