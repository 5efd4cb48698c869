"""Hidden states in a tree: log p of what is seen by one pass upwards, expected counts by one pass down.

Each step is a matrix product of the rows' messages with a table; messages are probabilities up to a factor a row, which
is taken out as a logarithm.  Baum et al. (1970), Ann. Math. Stat. 41, 164–171; Pearl (1988), Probabilistic Reasoning.

Throughout: transition f[d, s, s] are log-probabilities of a state given the parent's; of the root, coordinate 0, all
rows are alike; evidence f[d, n, s] is p of what a row shows at a coordinate, given its state.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.numerics import EXACT
from genjax_lab.trees import parents_first


class Told(NamedTuple):
    """Of weighed rows: expected counts of pairs of states, f[d, s, s]; w p(z | x), f[d, n, s]; and log p, f[n]."""

    pairs: jax.Array
    shares: jax.Array
    log_prob: jax.Array


@jax.custom_vjp
def log_prob_rows(transition: jax.Array, parent: jax.Array, evidence: jax.Array) -> jax.Array:
    """log p of rows, f[n], whose slopes in the logarithms of tables and evidence are expected counts."""
    return pass_up(transition, parent, evidence)[1]


def _slopes(kept: Any, slope: jax.Array) -> tuple[jax.Array, None, jax.Array]:
    transition, parent, evidence = kept
    told = pass_down(transition, parent, evidence, slope)
    return told.pairs, None, _divided(told.shares, evidence)


log_prob_rows.defvjp(lambda *arguments: (log_prob_rows(*arguments), arguments), _slopes)


def pass_up(transition: jax.Array, parent: jax.Array, evidence: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Messages f[d, n, s], what is at and below a coordinate, up to a factor a row; and log p of the rows, f[n]."""
    tables = jnp.exp(transition)

    def tell(state: tuple[jax.Array, jax.Array], j: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        messages, total = state
        told, scale = _told(messages, tables, j)[1:]
        above = lax.dynamic_index_in_dim(messages, parent[j], keepdims=False) * told
        return (lax.dynamic_update_index_in_dim(messages, above, parent[j], 0), total + scale), None  # in place

    start = evidence, jnp.zeros(evidence.shape[1], evidence.dtype)
    messages, total = lax.scan(tell, start, parents_first(parent)[:0:-1])[0]
    top, scale = _scaled(messages[0])
    return messages, total + scale + _log(jnp.matmul(top, tables[0, 0], precision=EXACT))


def _told(messages: jax.Array, tables: jax.Array, j: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The message of a coordinate, what its parent is told, and the logarithm of what was taken out."""
    own, scale = _scaled(lax.dynamic_index_in_dim(messages, j, keepdims=False))
    return own, jnp.matmul(own, tables[j].T, precision=EXACT), scale


def pass_down(transition: jax.Array, parent: jax.Array, evidence: jax.Array, weights: jax.Array) -> Told:
    """What rows with weights f[n] tell of the states: p(z | x) from the root to the leaves."""
    tables = jnp.exp(transition)
    messages, log_prob = pass_up(transition, parent, evidence)
    top = messages[0] * tables[0, 0][None]
    first = _divided(top, top.sum(-1, keepdims=True)) * weights[:, None]

    def tell(shares: jax.Array, j: jax.Array) -> tuple[jax.Array, jax.Array]:
        own, told = _told(messages, tables, j)[:2]
        above = _divided(lax.dynamic_index_in_dim(shares, parent[j], keepdims=False), told)
        pairs = tables[j] * jnp.matmul(above.T, own, precision=EXACT)
        here = own * jnp.matmul(above, tables[j], precision=EXACT)
        return lax.dynamic_update_index_in_dim(shares, here, j, 0), pairs

    order = parents_first(parent)[1:]
    shares, pairs = lax.scan(tell, jnp.zeros_like(messages).at[0].set(first), order)
    root = jnp.zeros_like(tables[0]).at[0].set(first.sum(0))
    return Told(jnp.zeros_like(tables).at[order].set(pairs).at[0].set(root), shares, log_prob)


def _scaled(message: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A message whose largest number of a row is 1, and the logarithm of what was taken out."""
    most = message.max(-1)
    return message / jnp.where(most > 0, most, 1.0)[:, None], _log(most)


def _log(p: jax.Array) -> jax.Array:
    return jnp.where(p > 0, jnp.log(jnp.where(p > 0, p, 1.0)), -jnp.inf)


def _divided(a: jax.Array, b: jax.Array) -> jax.Array:
    """a / b, 0 where b is."""
    return jnp.where(b > 0, a / jnp.where(b > 0, b, 1.0), 0.0)
