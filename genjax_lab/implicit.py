"""The estimator of a density that has none: one damped Newton step on the weighted log-likelihood, again and again.

Statistics are Σ r·value, Σ r·gradient and Σ r·Hessian in unconstrained coordinates at the present parameters, a monoid
like any other; `maximise` takes a step uphill, and whoever iterates halves one that overshoots. With it a mixture of a
user's own density fits, and so does everything else that composes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab import coordinates
from genjax_lab.blocks import block_rows
from genjax_lab.density import Conditional, Density, log_prob_rows
from genjax_lab.estimator import Estimator
from genjax_lab.groups import Groups
from genjax_lab.newton import ascent, bounded, reachable
from genjax_lab.statistic import merge_sums
from genjax_lab.types import Event, Key, Params, Smoothing

LARGEST = 200
"""More unconstrained coordinates than this take a gradient step: no Hessian is built."""


class Slopes(NamedTuple):
    """A group's weight, log-likelihood, and its gradient and Hessian in unconstrained coordinates."""

    weight: jax.Array
    value: jax.Array
    gradient: jax.Array
    hessian: jax.Array


def estimator_of(density: Density | Conditional) -> Estimator:
    """The estimator of a density: its own, or the implicit one."""
    return density.estimator if density.estimator is not None else implicit(density)


def implicit(density: Density | Conditional) -> Estimator:
    """Newton's method as an estimator, for any differentiable density."""

    def statistics(params: Params, x: Event, given: Event, groups: Groups) -> Slopes:
        weights = groups.matrix(jax.tree.leaves(x)[0].shape[0], jax.tree.leaves(params)[0].dtype)
        return jax.lax.map(lambda one: _slopes(density, one[0], x, given, one[1]), (params, weights.T))

    def maximise(stats: Slopes, params: Params, smoothing: Smoothing) -> Params:
        z, back = coordinates.free(density.parameters, params)
        scale = jnp.maximum(stats.weight, jnp.finfo(z.dtype).tiny)
        gradient = stats.gradient / scale
        newton = z.size <= LARGEST
        step = reachable(z, ascent(gradient, stats.hessian / scale, jnp.inf)) if newton else bounded(gradient)
        moved = back(z + jnp.where(jnp.isfinite(step).all(), step, 0.0))
        return jax.tree.map(lambda new, old: jnp.where(jnp.isfinite(new), new, old), moved, params)

    def start(key: Key, x: Event, given: Event, groups: Groups, smoothing: Smoothing) -> Params:
        keys = jax.random.split(key, groups.k)
        return jax.vmap(density.init)(keys) if density.start is None else _start(density, keys, x, given, groups)

    return Estimator(
        statistics,
        merge_sums,
        maximise,
        log_likelihood=lambda stats, params: stats.value,
        exact=False,
        start=start,
        rows=lambda x: rows_with_hessian(x, coordinates.number(density.parameters)),
        pool=lambda names: None,
        separate=True,
    )


def _start(density: Density | Conditional, keys: Key, x: Event, given: Event, groups: Groups) -> Params:
    """The density's own start of each group, from rows drawn as often as they weigh there."""
    rows = (x, given) if isinstance(density, Conditional) else (x,)
    begin: Any = density.start
    n = jax.tree.leaves(x)[0].shape[0]

    def of(key: Key, weights: jax.Array) -> Params:
        total = weights.sum()
        drawn = jax.random.choice(key, n, (n,), p=jnp.where(total > 0, weights / total, 1 / n))
        return begin(*jax.tree.map(lambda a: a[drawn], rows))

    return jax.vmap(of)(keys, groups.matrix(n, jnp.result_type(float)).T)


def rows_with_hessian(x: Event, size: int) -> int:
    """Rows of a block where a Hessian in `size` coordinates is taken along."""
    return max(64, block_rows(x) // max(1, min(size, LARGEST)))


def _slopes(density: Density | Conditional, params: Params, x: Event, given: Event, weights: jax.Array) -> Slopes:
    z, back = coordinates.free(density.parameters, params)

    def total(z: jax.Array) -> jax.Array:
        rows = log_prob_rows(density, back(z), x, given)
        return jnp.where(weights > 0, weights * jnp.where(weights > 0, rows, 0.0), 0.0).sum()

    value, gradient = jax.value_and_grad(total)(z)
    curvature = jnp.zeros((z.size, 0), z.dtype) if z.size > LARGEST else jax.jacfwd(jax.grad(total))(z)
    return Slopes(weights.sum(), value, gradient, curvature)
