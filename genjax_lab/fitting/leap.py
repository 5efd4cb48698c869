"""Between and beyond parameters, in unconstrained coordinates: the midpoint of two, and where steps lead in the end.

Varadhan & Roland (2008), Scand. J. Stat. 35, 335–353 (SQUAREM, scheme S3).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab import constraints
from genjax_lab.types import Params


def midpoint(parameters: Any, a: Params, b: Params) -> Params:
    """Half the way from a to b; b itself where a coordinate is at its edge, or discrete."""
    ends = constraints.unconstrain(parameters, a), constraints.unconstrain(parameters, b)
    middle = constraints.constrain(parameters, jax.tree.map(lambda p, q: (p + q) / 2 if _free(q) else q, *ends))
    return jax.tree.map(lambda m, p: jnp.where(jnp.isfinite(m), m, p), middle, b)


def leap(parameters: Any, before: Params, here: Params, after: Params, longest: jax.Array) -> Params:
    """Where the steps before → here → after lead in the end; `after` itself where a coordinate is at its edge.

    Where what is discrete has changed there is nothing to follow.
    """
    ends = [constraints.unconstrain(parameters, p) for p in (before, here, after)]
    for a, b, c in zip(*map(jax.tree.leaves, ends), strict=True):
        if not _free(c):
            longest = jnp.where(jnp.all((a == b) & (b == c)), longest, 1.0)

    def one(a: jax.Array, b: jax.Array, c: jax.Array) -> jax.Array:
        if not _free(c):
            return c
        inside = jnp.isfinite(a) & jnp.isfinite(b) & jnp.isfinite(c)
        step, bend = jnp.where(inside, b - a, 0.0), jnp.where(inside, (c - b) - (b - a), 0.0)
        size, change = jnp.sum(step**2), jnp.sum(bend**2)
        length = jnp.sqrt(size / jnp.where(change > 0, change, jnp.maximum(size, 1e-30)))
        length = jnp.clip(length, 1.0, longest.astype(length.dtype))
        return jnp.where(inside, c + (length - 1) * (2 * step + (length + 1) * bend), c)

    far = constraints.constrain(parameters, jax.tree.map(one, *ends))
    return jax.tree.map(lambda f, p: jnp.where(jnp.isfinite(f), f, p), far, after)


def _free(coordinate: jax.Array) -> bool:
    return jnp.issubdtype(coordinate.dtype, jnp.floating)
