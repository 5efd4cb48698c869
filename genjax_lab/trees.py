"""Trees over coordinates: the one of greatest weight, and an order in which parents come first.

A tree is its parents: int[d], each coordinate's, with coordinate 0, the root, its own.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax


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
