"""The data of a fit, as one pytree."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from genjax_lab.blocks import rows_of
from genjax_lab.numerics import count_dtype
from genjax_lab.types import Event


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Data:
    """Rows to fit: events, what is given with each (for a conditional), and weights (None: all one)."""

    x: Event
    given: Event = None
    weights: jax.Array | None = None


def size_of(data: Data) -> jax.Array:
    """Number of rows, or their total weight."""
    return jnp.asarray(rows_of(data.x), count_dtype()) if data.weights is None else data.weights.sum()
