"""A box of real numbers cut into equal cells: the sample space of histograms, and which cell a point lies in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.sample_space import Leaf, Space
from genjax_lab.space import whole_shape
from genjax_lab.spec import factory
from genjax_lab.types import Shape


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Grid(Leaf):
    """Points of a closed box, each coordinate cut into cells of equal width.

    A cell holds its lower edge; the last one of a coordinate holds its upper edge too.

    Attributes:
      sizes: number of cells of each coordinate.
      low, high: the ends of each coordinate.
      scalar: whether a point is a number, not a vector.
    """

    sizes: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    scalar: bool
    whole = False
    measure = "Lebesgue"

    @property
    def cell_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return () if self.scalar else (len(self.sizes),)

    @property
    def num_cells(self) -> int:
        """Number of cells of the box."""
        return math.prod(self.sizes)

    @property
    def volume(self) -> float:
        """Lebesgue measure of one cell."""
        return math.prod((b - a) / m for m, a, b in zip(self.sizes, self.low, self.high, strict=True))

    def valid(self, x: Any, xp: Any = jnp) -> Any:
        return (x >= self._ends(self.low, x, xp)) & (x <= self._ends(self.high, x, xp))

    def _ends(self, ends: tuple[float, ...], x: Any, xp: Any) -> Any:
        dtype = x.dtype if xp.issubdtype(x.dtype, xp.floating) else jnp.result_type(float)
        own = ends[0] if self.scalar else np.reshape(ends, (*(1,) * (x.ndim - 1), -1))
        return xp.asarray(own, dtype)

    def edges(self, dtype: jax.typing.DTypeLike = np.float64) -> list[np.ndarray]:
        """The edges of the cells, an array of m + 1 numbers for each coordinate.

        Raises:
          ValueError: where two edges are one number in the dtype.
        """
        ends = zip(self.sizes, self.low, self.high, strict=True)
        found = [np.linspace(a, b, m + 1).astype(dtype) for m, a, b in ends]
        for j, each in enumerate(found):
            if not (np.diff(each) > 0).all():
                raise ValueError(
                    f"{self!r}: the cells of coordinate {j} cannot be told apart in {np.dtype(dtype)}. Take wider "
                    "cells, shift the data towards 0, or enable x64"
                )
        return found

    def cell_of(self, x: jax.Array) -> jax.Array:
        """Place of the cell of a point, or of each of a batch, in row-major order; `num_cells` outside the box: int32.

        The edges decide, as in `numpy.histogramdd`; arithmetic only says where to look.
        """
        dtype = x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else jnp.result_type(float)
        inside = self.valid(x) if self.scalar else self.valid(x).all(-1)
        x = (x[..., None] if self.scalar else x).astype(dtype)
        place = jnp.zeros(x.shape[:-1], jnp.int32)
        for j, (m, edges) in enumerate(zip(self.sizes, map(jnp.asarray, self.edges(dtype)), strict=True)):
            one = jnp.clip(x[..., j], edges[0], edges[m])
            guess = jnp.clip(jnp.floor((one - edges[0]) / (edges[m] - edges[0]) * m), 0, m - 1).astype(jnp.int32)
            above = (one >= jnp.take(edges, guess + 1, mode="clip")).astype(jnp.int32)
            below = (one < jnp.take(edges, guess, mode="clip")).astype(jnp.int32)
            place = place * m + jnp.clip(guess + above - below, 0, m - 1)
        return jnp.where(inside, place, self.num_cells)

    def stack(self, n: int) -> Space:
        own = (lambda values: values[0]) if self.scalar else (lambda values: values)
        return grid(own(self.sizes), own(self.low), own(self.high), (n, *self.outer))


@factory
def grid(
    cells: int | tuple[int, ...],
    low: float | tuple[float, ...] = 0.0,
    high: float | tuple[float, ...] = 1.0,
    shape: Shape = (),
) -> Grid:
    """Points of a closed box of d real numbers, cut into equal cells; Lebesgue measure.

    Args:
      cells: number of cells of each coordinate, or one number where a point is a number.
      low: the lower end of each coordinate, or one for all.
      high: the upper ends.
      shape: shape of an array of such points.

    Raises:
      ValueError: for no cells, an end that is not finite, low ≥ high, or ends of another number of coordinates.

    Example:
      >>> grid((36, 18), (-180, -90), (180, 90)).struct.shape
      (2,)
    """
    return Grid(whole_shape(shape), *equal_cells("grid", cells, low, high), scalar=not isinstance(cells, tuple))


def equal_cells(
    caller: str, cells: int | tuple[int, ...], low: float | tuple[float, ...], high: float | tuple[float, ...]
) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]:
    """Number of cells and both ends of each coordinate.

    Raises:
      ValueError: as `grid`, in the caller's name.

    Example:
      >>> equal_cells("grid", (36, 18), (-180, -90), 90)
      ((36, 18), (-180.0, -90.0), (90.0, 90.0))
    """
    sizes = cells if isinstance(cells, tuple) else (cells,)
    if not sizes or not all(isinstance(m, int) and not isinstance(m, bool) and m >= 1 for m in sizes):
        raise ValueError(f"{caller}: cells = {cells} must be a whole number, at least 1, or a tuple of them")
    ends: list[tuple[float, ...]] = []
    for name, value in (("low", low), ("high", high)):
        each = value if isinstance(value, tuple) else (value,) * len(sizes)
        if len(each) != len(sizes) or (isinstance(value, tuple) and not isinstance(cells, tuple)):
            raise ValueError(
                f"{caller}: {name} = {value} must be one number, or one for each coordinate of cells = {cells}"
            )
        ends.append(tuple(float(end) for end in each))
    lows, highs = ends
    if not all(math.isfinite(b - a) and a < b for a, b in zip(lows, highs, strict=True)):
        raise ValueError(f"{caller}: low = {low} must be below high = {high}, and both finite")
    return sizes, lows, highs
