"""Hidden states in a tree: log p of what is seen by one pass upwards, expected counts by one pass down.

Each step is a matrix product of the rows' messages with a table; messages are probabilities up to a factor a row, which
is taken out as a logarithm.  Baum et al. (1970), Ann. Math. Stat. 41, 164–171; Pearl (1988), Probabilistic Reasoning.

Throughout: transition f[d, s, s] and emission f[d, s, k] are log-probabilities, given the parent's state and given the
state; of the root, coordinate 0, all rows of the transition are alike; possible bool[n, d, k] are the categories that
each coordinate of a row may have.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.numerics import EXACT
from genjax_lab.trees import parents_first


class Counts(NamedTuple):
    """Expected counts of pairs of states, f[d, s, s], and of categories in states, f[d, s, k]; nats of the rows."""

    transition: jax.Array
    emission: jax.Array
    log_likelihood: jax.Array


@jax.custom_vjp
def log_prob_rows(transition: jax.Array, emission: jax.Array, parent: jax.Array, possible: jax.Array) -> jax.Array:
    """log p of rows, f[n], whose slopes in the logarithms of the tables are expected counts."""
    return pass_up(transition, emission, parent, possible)[1]


def _slopes(kept: Any, slope: jax.Array) -> tuple[jax.Array, jax.Array, None, None]:
    transition, emission, parent, possible = kept
    counts = pass_down(transition, emission, parent, possible, slope)
    return counts.transition, counts.emission, None, None


log_prob_rows.defvjp(lambda *arguments: (log_prob_rows(*arguments), arguments), _slopes)


def pass_up(
    transition: jax.Array, emission: jax.Array, parent: jax.Array, possible: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Messages f[d, n, s], what is at and below a coordinate, up to a factor a row; and log p of the rows, f[n]."""
    tables, at = jnp.exp(transition), _evidence(emission, possible)

    def tell(state: tuple[jax.Array, jax.Array], j: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        messages, total = state
        told, scale = _told(messages, tables, j)[1:]
        above = lax.dynamic_index_in_dim(messages, parent[j], keepdims=False) * told
        return (lax.dynamic_update_index_in_dim(messages, above, parent[j], 0), total + scale), None  # in place

    start = at, jnp.zeros(at.shape[1], at.dtype)
    messages, total = lax.scan(tell, start, parents_first(parent)[:0:-1])[0]
    top, scale = _scaled(messages[0])
    return messages, total + scale + _log(jnp.matmul(top, tables[0, 0], precision=EXACT))


def _told(messages: jax.Array, tables: jax.Array, j: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The message of a coordinate, what its parent is told, and the logarithm of what was taken out."""
    own, scale = _scaled(lax.dynamic_index_in_dim(messages, j, keepdims=False))
    return own, jnp.matmul(own, tables[j].T, precision=EXACT), scale


def pass_down(
    transition: jax.Array, emission: jax.Array, parent: jax.Array, possible: jax.Array, weights: jax.Array
) -> Counts:
    """Expected counts of rows with weights f[n]: p(z | x) from the root to the leaves."""
    tables = jnp.exp(transition)
    messages, log_prob = pass_up(transition, emission, parent, possible)
    top = messages[0] * tables[0, 0][None]
    first = _divided(top, top.sum(-1, keepdims=True))

    def tell(shares: jax.Array, j: jax.Array) -> tuple[jax.Array, jax.Array]:
        own, told = _told(messages, tables, j)[:2]
        above = _divided(lax.dynamic_index_in_dim(shares, parent[j], keepdims=False), told)
        pairs = tables[j] * jnp.matmul((above * weights[:, None]).T, own, precision=EXACT)
        here = own * jnp.matmul(above, tables[j], precision=EXACT)
        return lax.dynamic_update_index_in_dim(shares, here, j, 0), pairs

    order = parents_first(parent)[1:]
    shares, pairs = lax.scan(tell, jnp.zeros_like(messages).at[0].set(first), order)
    root = jnp.zeros_like(tables[0]).at[0].set((first * weights[:, None]).sum(0))
    each = _divided(shares * weights[None, :, None], _evidence(emission, possible))
    seen = jnp.einsum("dns,ndk->dsk", each, possible.astype(each.dtype), precision=EXACT) * jnp.exp(emission)
    value = jnp.where(weights > 0, weights * jnp.where(weights > 0, log_prob, 0.0), 0.0).sum()
    return Counts(jnp.zeros_like(tables).at[order].set(pairs).at[0].set(root), seen, value)


def _evidence(emission: jax.Array, possible: jax.Array) -> jax.Array:
    """p of the categories that are possible in each state: f[d, n, s]."""
    return jnp.einsum("ndk,dsk->dns", possible.astype(emission.dtype), jnp.exp(emission), precision=EXACT)


def _scaled(message: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A message whose largest number of a row is 1, and the logarithm of what was taken out."""
    most = message.max(-1)
    return message / jnp.where(most > 0, most, 1.0)[:, None], _log(most)


def _log(p: jax.Array) -> jax.Array:
    return jnp.where(p > 0, jnp.log(jnp.where(p > 0, p, 1.0)), -jnp.inf)


def _divided(a: jax.Array, b: jax.Array) -> jax.Array:
    """a / b, 0 where b is."""
    return jnp.where(b > 0, a / jnp.where(b > 0, b, 1.0), 0.0)
