"""A key made of an event: draws that a log-density takes are the same at every call, and others for other events."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from genjax_lab.types import Event, Key


def event_key(x: Event) -> Key:
    """A typed key that depends on every number of an event, the same for whole numbers of any dtype.

    Each entry is multiplied by a number of its own and all are added, modulo 2³².
    """
    rng = np.random.default_rng(0)
    total = jnp.zeros((), jnp.uint32)
    for leaf in jax.tree.leaves(x):
        table = rng.integers(1, 2**32, jnp.shape(leaf), np.uint32)
        total = total + (_words(jnp.asarray(leaf)) * jnp.asarray(table)).sum(dtype=jnp.uint32)
    return jax.random.key(total)


def _words(a: jax.Array) -> jax.Array:
    """Entries as 32 bits each: whole numbers as they are, real ones by their bits in float32."""
    if not jnp.issubdtype(a.dtype, jnp.floating):
        return a.astype(jnp.uint32)
    return lax.bitcast_convert_type(a.astype(jnp.float32), jnp.uint32)
