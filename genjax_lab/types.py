"""The words of the signatures: what an event, a parameter set and a key are, for readers and for mypy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import jax
from jax.typing import ArrayLike

Shape: TypeAlias = Sequence[int]
"""The shape of one event's array, as the user writes it: `()`, `(784,)`, `[28, 28]`."""

Params: TypeAlias = Any
"""A plain pytree of arrays: what a fit returns and a log-density takes."""

Event: TypeAlias = Any
"""A point of a sample space: an array, or a tuple or dict of arrays; with a leading row axis, a batch of them."""

Key: TypeAlias = jax.Array
"""A typed JAX random key, `jax.random.key(seed)`."""

Stats: TypeAlias = Any
"""Sufficient statistics: a pytree of arrays that merges."""

Smoothing: TypeAlias = Any
"""Pseudo-counts: nothing, a scalar, or a prefix of the parameters with a scalar at each leaf."""

__all__ = ["ArrayLike", "Event", "Key", "Params", "Shape", "Smoothing", "Stats"]
