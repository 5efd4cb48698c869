"""Independent copies with shared parameters: p(x_1, …, x_n) = Π_i p(x_i; θ)."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp

from genjax_lab.density import Density, factory, pairwise, require
from genjax_lab.estimator import Estimator, start_of
from genjax_lab.groups import Groups
from genjax_lab.implicit import estimator_of
from genjax_lab.numerics import sum_logs
from genjax_lab.seen import completed, masked
from genjax_lab.types import Event, Key, Params, Smoothing, Stats


@factory
def iid(density: Density, n: int) -> Density:
    """`n` independent events of one density, along a new leading axis of the event.

    log p(x_1, …, x_n; θ) = Σ_i log p(x_i; θ)

    A family's `shape` gives each coordinate its own parameters; `iid` shares them.

    Args:
      density: the density of one copy.
      n: number of copies.

    Returns:
      A density with the parameters of `density`.

    Example:
      >>> coins = gl.iid(gl.bernoulli(), 3)
      >>> gl.degrees_of_freedom(coins), round(float(coins.log_prob({"logits": 0.0}, jnp.array([1, 0, 1]))), 3)
      (1, -2.079)
    """
    require("iid", Density, density)
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"iid: n = {n} must be a whole number, at least 1")

    def log_prob(params: Params, x: Event) -> jax.Array:
        return sum_logs(jax.vmap(density.log_prob, (None, 0))(params, x))

    def sample(key: Key, params: Params) -> Event:
        return jax.vmap(density.sample, (0, None))(jax.random.split(key, n), params)

    def all_pairs(params: Params, x: Event) -> jax.Array:
        rows = pairwise(density, params, _flat(x))
        return sum_logs(rows.reshape(-1, n, rows.shape[-1]), 1)

    def log_prob_masked(params: Params, x: Event, seen: Event) -> jax.Array:
        return sum_logs(jax.vmap(masked(density), (None, 0, 0))(params, x, seen))

    def complete(key: Key, params: Params, x: Event, seen: Event) -> Event:
        return jax.vmap(completed(density), (0, None, 0, 0))(jax.random.split(key, n), params, x, seen)

    return Density(
        space=density.space.stack(n),
        parameters=density.parameters,
        init=density.init,
        log_prob=log_prob,
        sample=sample,
        estimator=_estimator(estimator_of(density), n),
        pairwise=all_pairs,
        log_prob_masked=None if density.log_prob_masked is None else log_prob_masked,
        complete=None if density.complete is None else complete,
    )


def _estimator(inner: Estimator, n: int) -> Estimator:
    def statistics(params: Params, x: Event, given: Event, groups: Groups) -> Stats:
        return inner.statistics(params, _flat(x), given, groups.repeat(n))

    def start(key: Key, x: Event, given: Event, groups: Groups, smoothing: Smoothing) -> Params:
        return start_of(inner, key, _flat(x), given, groups.repeat(n), smoothing)

    return replace(inner, statistics=statistics, start=start, rows=None, telling=None)


def _flat(x: Event) -> Event:
    """Join the row axis and the copy axis."""
    return jax.tree.map(lambda a: jnp.reshape(a, (-1, *a.shape[2:])), x)
