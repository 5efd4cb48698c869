"""Trees over coordinates: the one of greatest weight, an order in which parents come first, messages along the edges.

A tree is its parents: int[d], each coordinate's, with coordinate 0, the root, its own.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.numerics import add_logs, logsumexp
from genjax_lab.types import Key


def spanning_tree(weights: jax.Array) -> jax.Array:
    """The parents of the tree of greatest total weight, grown from the root: int[d], of symmetric weights f[d, d].

    O(d²).  Prim (1957), Bell Syst. Tech. J. 36, 1389–1401.
    """
    d = weights.shape[0]

    def grow(_: Any, state: Any) -> Any:
        best, nearest, parent = state  # of coordinates outside: the heaviest edge into the tree, and its end
        new = jnp.argmax(best).astype(jnp.int32)
        parent = parent.at[new].set(nearest[new])
        outside = ~jnp.isneginf(best) & (jnp.arange(d) != new)
        closer = outside & (weights[new] > best)
        best = jnp.where(outside, jnp.where(closer, weights[new], best), -jnp.inf)
        return best, jnp.where(closer, new, nearest), parent

    zero = jnp.zeros(d, jnp.int32)
    return lax.fori_loop(1, d, grow, (weights[0].at[0].set(-jnp.inf), zero, zero))[2]


def depths(parent: jax.Array) -> jax.Array:
    """Number of edges between each coordinate and the root: int[d]."""

    def double(_: Any, state: Any) -> Any:
        depth, above = state
        return depth + depth[above], above[above]

    d = parent.shape[0]
    start = ((parent != jnp.arange(d, dtype=parent.dtype)).astype(jnp.int32), parent)
    return lax.fori_loop(0, max(1, (d - 1).bit_length()), double, start)[0]


def parents_first(parent: jax.Array) -> jax.Array:
    """The coordinates in an order in which each comes after its parent: int[d]."""
    return jnp.argsort(depths(parent)).astype(jnp.int32)


def pass_up(parent: jax.Array, tables: jax.Array, evidence: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Log-messages from the leaves to the root.

    Args:
      parent: int[d].
      tables: f[d, k, k], log p of each coordinate's category given its parent's; of the root all rows alike.
      evidence: f[d, k], log p of what is seen of each coordinate in each category.

    Returns:
      log p of the evidence at and below each coordinate in each of its categories, f[d, k]; and of all, f[].
    """

    def tell(messages: jax.Array, j: jax.Array) -> tuple[jax.Array, None]:
        told = logsumexp(add_logs(tables[j], messages[j][None]))
        return messages.at[parent[j]].set(add_logs(messages[parent[j]], told)), None

    messages = lax.scan(tell, evidence, parents_first(parent)[:0:-1])[0]
    return messages, logsumexp(add_logs(tables[0, 0], messages[0]))


def draw_down(key: Key, parent: jax.Array, logits: jax.Array, messages: jax.Array) -> jax.Array:
    """Draw each coordinate after its parent, by its logits f[d, k, k] and the messages from below f[d, k]: int[d]."""
    noise = jax.random.gumbel(key, messages.shape, messages.dtype)  # its maximum with the logits is a draw

    def draw(x: jax.Array, j: jax.Array) -> tuple[jax.Array, None]:
        below = add_logs(logits[j, x[parent[j]]], messages[j])
        possible = jnp.where(jnp.any(below > -jnp.inf), below, messages[j])  # what is seen stays, possible or not
        return x.at[j].set(jnp.argmax(possible + noise[j]).astype(jnp.int32)), None

    return lax.scan(draw, jnp.zeros(parent.shape, jnp.int32), parents_first(parent))[0]
