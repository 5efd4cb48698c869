"""What a sample space is: the set an event lies in, its shape, and the measure a density on it is taken against.

A leaf space is an array of equal cells; a product of spaces is a tuple or dict event. Finite spaces can be listed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.spec import Static, factory
from genjax_lab.types import Event

LARGEST_LISTING = 2**22
"""A space with more events than this is not listed."""


class Space(Static):
    """The sample space of one event. Finite ones have a `size`, `enumerate()` and `index(x)`; else `size` is None."""

    size: int | None
    measure: str

    @property
    def struct(self) -> Event:
        """The event as a pytree of `jax.ShapeDtypeStruct`."""
        raise NotImplementedError

    def walk(self, x: Event, name: str = "x", root: bool = True) -> Iterator[tuple[str, Leaf, Any]]:
        """Yield (name, leaf space, array) for every array of an event, or of a batch of events.

        Raises:
          ValueError: where the structure of `x` is not that of an event.
        """
        raise NotImplementedError

    def contains(self, x: Event) -> jax.Array:
        """Whether one event lies in the space: bool[]."""
        return jnp.stack([leaf.valid(jnp.asarray(a)).all() for _, leaf, a in self.walk(x)]).all()

    def enumerate(self) -> Event:
        """List every event of a finite space along a leading axis, in the order of `index`."""
        raise NotImplementedError

    def index(self, x: Event) -> jax.Array:
        """Position of one event in `enumerate()`: int32[]; `size` for what is no event of the space."""
        raise NotImplementedError

    @property
    def plain(self) -> Space:
        """The same events by whole numbers alone: bits as two categories."""
        return self

    def stack(self, n: int) -> Space:
        """The space of `n` such events along a new leading axis of every array."""
        raise NotImplementedError

    def or_hidden(self) -> Space:
        """The space of these events and −1, which stands for one that is not known.

        Raises:
          ValueError: where an event is not one whole number below some k.
        """
        raise ValueError(f"an event of {self!r} is not one whole number 0..k−1, so −1 cannot stand for a hidden one")

    @property
    def listed(self) -> bool:
        """Whether there are few enough events to list."""
        return self.size is not None and self.size <= LARGEST_LISTING

    def require_listing(self) -> int:
        """Return the size.

        Raises:
          ValueError: where the space is infinite or too large to list.
        """
        if self.size is None or not self.listed:
            count = "infinitely many" if self.size is None else f"{float(self.size):.3g}"
            raise ValueError(f"{self!r} has {count} events, too many to list")
        return self.size


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Leaf(Space):
    """Events of one array, of shape `outer` + the shape of a cell."""

    outer: tuple[int, ...]
    cell_shape = ()
    whole = True
    measure = "counting"

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.outer, *self.cell_shape)

    @property
    def struct(self) -> Event:
        return jax.ShapeDtypeStruct(self.shape, jnp.int32 if self.whole else jnp.result_type(float))

    @property
    def size(self) -> int | None:  # type: ignore[override]
        cells = self.cell_count
        return None if cells is None else cells ** math.prod(self.outer)

    @property
    def cell_count(self) -> int | None:
        """How many values a cell can take, None if infinitely many."""
        return None

    def cells(self) -> np.ndarray:
        """The values of a finite cell, (cell_count, *cell_shape)."""
        raise NotImplementedError

    def valid(self, x: Any, xp: Any = jnp) -> Any:
        """Entry by entry, whether an event's array, or a batch of them, is allowed: bool, broadcastable to `x`."""
        raise NotImplementedError

    def all_valid(self, x: jax.Array) -> jax.Array:
        """Whether every entry of a batch is allowed: bool[]."""
        return jnp.max((~self.valid(x)).astype(jnp.uint8), initial=0) == 0  # on a CPU 3 times faster than `all`

    def walk(self, x: Event, name: str = "x", root: bool = True) -> Iterator[tuple[str, Leaf, Any]]:
        yield name, self, x

    def enumerate(self) -> Event:
        size, places = self.require_listing(), math.prod(self.outer)
        digits = np.stack(np.unravel_index(np.arange(size), (self.cell_count or 0,) * places), -1) if places else None
        listed = self.cells()[digits] if digits is not None else np.zeros((1,))
        return jnp.asarray(listed.reshape(size, *self.shape), jnp.int32)

    def index(self, x: Event) -> jax.Array:
        self.require_listing()
        cells = jnp.asarray(x).reshape(-1, *self.cell_shape)
        digit = jax.vmap(self._cell_index)(cells)
        place = [(self.cell_count or 0) ** i for i in reversed(range(cells.shape[0]))]
        position = jnp.sum(digit * np.asarray(place, np.int32)).astype(jnp.int32)
        return jnp.where(self.contains(x), position, self.size or 0)

    def _cell_index(self, cell: jax.Array) -> jax.Array:
        return cell.astype(jnp.int32)


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Product(Space):
    """Events made of named parts: a dict, or a tuple in the order of the names."""

    parts: Mapping[str, Space]
    is_tuple: bool

    @property
    def size(self) -> int | None:  # type: ignore[override]
        sizes = [part.size for part in self.parts.values()]
        return None if None in sizes else math.prod(size or 0 for size in sizes)

    @property
    def measure(self) -> str:  # type: ignore[override]
        kinds = {part.measure for part in self.parts.values()}
        return kinds.pop() if len(kinds) == 1 else "mixed"

    @property
    def struct(self) -> Event:
        return self._event(part.struct for part in self.parts.values())

    def walk(self, x: Event, name: str = "x", root: bool = True) -> Iterator[tuple[str, Leaf, Any]]:
        for (key, part), value in zip(self.parts.items(), self._split(x, name), strict=True):
            yield from part.walk(value, self._part_name(name, key, root), root=False)

    def enumerate(self) -> Event:
        sizes = [part.size or 0 for part in self.parts.values()]
        where = np.unravel_index(np.arange(self.require_listing()), sizes)
        lists = [part.enumerate() for part in self.parts.values()]
        return self._event(jax.tree.map(lambda a, i=i: a[i], part) for part, i in zip(lists, where, strict=True))

    def index(self, x: Event) -> jax.Array:
        position = jnp.zeros((), jnp.int32)
        for part, value in zip(self.parts.values(), self._split(x, "x"), strict=True):
            position = position * (part.size or 0) + part.index(value)
        return jnp.where(self.contains(x), position, self.size or 0)

    @property
    def plain(self) -> Space:
        return self._space({name: part.plain for name, part in self.parts.items()})

    def stack(self, n: int) -> Space:
        return self._space({name: part.stack(n) for name, part in self.parts.items()})

    def _space(self, parts: Mapping[str, Space]) -> Space:
        return pair(*parts.values()) if self.is_tuple else fields(**parts)

    def _split(self, x: Event, name: str) -> list[Any]:
        if self.is_tuple and isinstance(x, tuple | list) and len(x) == len(self.parts):
            return list(x)
        if not self.is_tuple and isinstance(x, Mapping) and set(x) == set(self.parts):
            return [x[key] for key in self.parts]
        wanted = f"the tuple ({', '.join(self.parts)})" if self.is_tuple else f"a dict with keys {list(self.parts)}"
        got = f"a dict with keys {list(x)}" if isinstance(x, Mapping) else f"of type {type(x).__name__}"
        raise ValueError(f"{name} must be {wanted}, as events of {self!r} are; it is {got}")

    def _part_name(self, name: str, key: str, root: bool) -> str:
        """The parts of (y, x) are called y and x; deeper ones by the way to them."""
        if self.is_tuple:
            return key if root else f"{name}.{key}"
        return f"{name}[{key!r}]"

    def _event(self, parts: Iterable[Any]) -> Event:
        return tuple(parts) if self.is_tuple else dict(zip(self.parts, parts, strict=True))


@factory
def fields(**parts: Space) -> Space:
    """Dict events, one space a field."""
    return Product(dict(sorted(parts.items())), is_tuple=False)


@factory
def pair(y: Space, x: Space) -> Space:
    """Tuple events (y, x)."""
    return Product({"y": y, "x": x}, is_tuple=True)
