"""The data of a fit, as one pytree."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from genjax_lab.types import Event


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Data:
    """Rows to fit: events, what is given with each (for a conditional), and weights (None: all one)."""

    x: Event
    given: Event = None
    weights: jax.Array | None = None
