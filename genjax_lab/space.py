"""The sample spaces of one array: whole numbers, counts, real numbers, a simplex. Products are in `sample_space`."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.sample_space import Leaf, Product, Space, fields, pair
from genjax_lab.spec import factory
from genjax_lab.types import Shape

__all__ = [
    "HIDDEN", "CountVectors", "Integers", "Labels", "Leaf", "Product", "Reals", "Simplex", "Space", "binary",
    "categories", "count_vectors", "counts", "fields", "labels", "pair", "reals", "simplex", "whole_shape",
]  # fmt: skip

HIDDEN = -1
"""The label of a row whose label is not known."""


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Integers(Leaf):
    """Arrays of whole numbers 0, 1, …, k − 1, or 0, 1, 2, … where `k` is None.

    The two values of `bits` may be given as floats 0.0 and 1.0, the labels of two categories may not.
    """

    k: int | None
    bits: bool = False

    @property
    def plain(self) -> Space:
        return categories(2, self.outer) if self.bits else self

    @property
    def cell_count(self) -> int | None:
        return self.k

    def cells(self) -> np.ndarray:
        return np.arange(self.k or 0)

    def valid(self, x: Any, xp: Any = jnp) -> Any:
        if x.dtype == bool:
            return xp.ones_like(x) if self.k != 1 else ~x
        below = self.k is None or (xp.issubdtype(x.dtype, xp.integer) and self.k > xp.iinfo(x.dtype).max)
        inside = (x >= 0) if below else (x >= 0) & (x <= (self.k or 0) - 1)
        return inside if xp.issubdtype(x.dtype, xp.integer) else inside & (x == xp.floor(x)) & xp.isfinite(x)

    def all_valid(self, x: jax.Array) -> jax.Array:
        if self.k is None or not jnp.issubdtype(x.dtype, jnp.unsignedinteger):
            return super().all_valid(x)
        return (
            x.max(initial=0) <= self.k - 1
        )  # bytes: XLA's maximum runs at the speed of reading, its `all` 15 times slower

    def stack(self, n: int) -> Space:
        shape = (n, *self.outer)
        return counts(shape) if self.k is None else binary(shape) if self.bits else categories(self.k, shape)

    def or_hidden(self) -> Space:
        return super().or_hidden() if self.k is None or self.outer else labels(self.k)


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Labels(Integers):
    """Arrays of labels 0, 1, …, k − 1, or −1 for a hidden one. It stands for them all: totals go over the others."""

    k: int
    size = None  # what may stand for several has no place in a list

    def __repr__(self) -> str:
        return repr(self.spec)

    def valid(self, x: Any, xp: Any = jnp) -> Any:
        seen = super().valid(x, xp)
        return seen if x.dtype == bool or xp.issubdtype(x.dtype, xp.unsignedinteger) else seen | (x == HIDDEN)

    def stack(self, n: int) -> Space:
        return labels(self.k, (n, *self.outer))

    def or_hidden(self) -> Space:
        return Leaf.or_hidden(self)

    def require_listing(self) -> int:
        raise ValueError(f"events of {self!r} are not listed: a hidden label, −1, stands for any")


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class CountVectors(Leaf):
    """Vectors of `k` counts that add up to `total`, or to anything where it is None."""

    k: int
    total: int | None

    @property
    def cell_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.k,)

    @property
    def cell_count(self) -> int | None:
        return None if self.total is None else math.comb(self.total + self.k - 1, self.k - 1)

    def cells(self) -> np.ndarray:
        bars = np.asarray(list(itertools.combinations(range((self.total or 0) + self.k - 1), self.k - 1))).reshape(
            -1, self.k - 1
        )
        ends = np.full((len(bars), 1), (self.total or 0) + self.k - 1)
        return np.diff(np.concatenate([np.full_like(ends, -1), bars, ends], 1), axis=1) - 1

    def valid(self, x: Any, xp: Any = jnp) -> Any:
        inside = (x >= 0) if xp.issubdtype(x.dtype, xp.integer) else (x >= 0) & (x == xp.floor(x)) & xp.isfinite(x)
        return inside if self.total is None else inside & (x.sum(-1, keepdims=True) == self.total)

    def stack(self, n: int) -> Space:
        return count_vectors(self.k, self.total, (n, *self.outer))

    def _cell_index(self, cell: jax.Array) -> jax.Array:
        return jnp.argmax((jnp.asarray(self.cells()) == cell[None]).all(-1)).astype(jnp.int32)


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Reals(Leaf):
    """Arrays of finite real numbers strictly between `low` and `high`."""

    low: float
    high: float
    whole = False
    measure = "Lebesgue"

    @property
    def bounded(self) -> bool:
        """Whether some finite numbers are not in the space."""
        return self.low > -math.inf or self.high < math.inf

    def valid(self, x: Any, xp: Any = jnp) -> Any:
        return (x > self.low) & (x < self.high) if self.bounded else xp.isfinite(x)

    def all_valid(self, x: jax.Array) -> jax.Array:
        if self.bounded:
            return super().all_valid(x)
        return jnp.sum(x * 0) == 0  # NaN and ±inf make NaN of it, at the speed of reading; a maximum may pass NaN over

    def stack(self, n: int) -> Space:
        return reals((n, *self.outer), self.low, self.high)


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Simplex(Leaf):
    """Vectors of `k` positive numbers that add up to 1, to within `TOLERANCE`: data are rounded."""

    k: int
    whole = False
    measure = "Lebesgue"

    TOLERANCE = 1e-5

    @property
    def cell_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.k,)

    def valid(self, x: Any, xp: Any = jnp) -> Any:
        return (x > 0) & (abs(x.sum(-1, keepdims=True) - 1) <= self.TOLERANCE)

    def stack(self, n: int) -> Space:
        return simplex(self.k, (n, *self.outer))


@factory
def categories(k: int, shape: Shape = ()) -> Space:
    """Whole numbers 0, …, k − 1 in an array of the given shape; counting measure."""
    if not _is_whole(k) or k < 1:
        raise ValueError(f"categories: k = {k} must be a whole number, at least 1")
    return Integers(whole_shape(shape), k)


@factory
def labels(k: int, shape: Shape = ()) -> Space:
    """Labels 0, …, k − 1, or −1 for a hidden one, in an array of the given shape; counting measure."""
    if not isinstance(k, int) or k < 1:
        raise ValueError(f"labels: k = {k} must be a whole number, at least 1")
    return Labels(whole_shape(shape), k)


@factory
def counts(shape: Shape = ()) -> Space:
    """Whole numbers 0, 1, 2, … in an array of the given shape; counting measure."""
    return Integers(whole_shape(shape), None)


@factory
def count_vectors(k: int, total: int | None = None, shape: Shape = ()) -> Space:
    """Vectors of `k` counts that add up to `total` (None: to anything); counting measure."""
    if not _is_whole(k) or k < 1 or (total is not None and (not _is_whole(total) or total < 0)):
        raise ValueError(f"count_vectors: k = {k} and total = {total} must be whole numbers, 1 and 0 or more")
    return CountVectors(whole_shape(shape), k, total)


@factory
def reals(shape: Shape = (), low: float = -math.inf, high: float = math.inf) -> Space:
    """Finite real numbers strictly between `low` and `high` in an array of the given shape; Lebesgue measure."""
    if not low < high:
        raise ValueError(f"reals: low = {low} must be below high = {high}")
    return Reals(whole_shape(shape), low, high)


@factory
def simplex(k: int, shape: Shape = ()) -> Space:
    """Vectors of `k` positive numbers that add up to 1; Lebesgue measure on the first k − 1 of them."""
    if k < 2:
        raise ValueError(f"simplex: k = {k} must be at least 2")
    return Simplex(whole_shape(shape), k)


def whole_shape(shape: Shape) -> tuple[int, ...]:
    """Return a shape as a tuple.

    Raises:
      TypeError: where it is no tuple or list of whole numbers.
      ValueError: where one is negative.
    """
    if not isinstance(shape, tuple | list) or not all(_is_whole(n) for n in shape):
        raise TypeError(f"shape = {shape!r} must be a tuple of whole numbers, such as (784,)")
    if any(n < 0 for n in shape):
        raise ValueError(f"shape = {shape!r} has a negative length")
    return tuple(shape)


@factory
def binary(shape: Shape = ()) -> Space:
    """Bits in an array of the given shape: the events of `categories(2, shape)`."""
    return Integers(whole_shape(shape), 2, bits=True)


def _is_whole(n: object) -> bool:
    """A whole number, which `True` is not."""
    return isinstance(n, int) and not isinstance(n, bool)
