"""Minibatches of an epoch, and the objective on one of them."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab.blocks import rows_of
from genjax_lab.coordinates import Back
from genjax_lab.density import Conditional, Density, log_prob_rows
from genjax_lab.fitting.problem import Problem, extra
from genjax_lab.types import Key


class Batch(NamedTuple):
    """The places of its rows, int[rows]; how many of them count, from the first; a key for draws, or None."""

    rows: jax.Array
    size: jax.Array
    key: Key | None


def is_bound(density: Density | Conditional) -> bool:
    """Whether what is climbed is a random bound."""
    return isinstance(density, Density) and density.bound is not None


def shuffled_batches(key: Key, n: int, size: int, draws: bool = False) -> Batch:
    """The batches of a shuffled epoch, one after another, each with a key of its own where it `draws`."""
    size = min(size, n)
    batches = -(-n // size)
    key, *more = jax.random.split(key) if draws else (key,)
    order = jnp.resize(jax.random.permutation(key, n), (batches, size))
    keys = jax.random.split(more[0], batches) if draws else None
    return Batch(order, jnp.full(batches, size).at[-1].set(n - (batches - 1) * size), keys)


def batch_loss(problem: Problem, z: jax.Array, back: Back, batch: Batch) -> jax.Array:
    """Minus the objective on a batch, without bias: the rows that count, at their share of the weight."""
    data = jax.tree.map(lambda a: jnp.take(a, batch.rows, 0), problem.data)
    params, density = back(z), problem.density
    if isinstance(density, Density) and density.bound is not None:
        assert batch.key is not None
        keys = jax.random.split(batch.key, rows_of(data.x))
        each = jax.vmap(density.bound, (0, None, 0))(keys, params, data.x)
    else:
        each = log_prob_rows(density, params, data.x, data.given)
    if data.weights is not None:
        each = jnp.where(data.weights > 0, each, 0.0) * (data.weights * rows_of(problem.data.x) / problem.size)
    counts = jnp.arange(rows_of(data.x)) < batch.size
    return -(jnp.where(counts, each, 0.0).sum() / batch.size + extra(problem, z, params))
