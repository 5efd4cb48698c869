"""What `gl.autoregressive` asks of a network: outputs at every position that look at earlier positions only."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from genjax_lab.spec import Static
from genjax_lab.types import Shape


class Causal(nn.Module):
    """A network over the d positions of an array, in C order, with some channels each.

    Attributes:
      shape: of the array.
      channels: numbers that tell the network the value at a position.
      outputs: numbers that it gives at a position.
      half: whether products are of bfloat16 numbers, where a device has hardware for them; weights and outputs are not.
    """

    shape: Shape
    channels: int
    outputs: int
    half: bool

    @property
    def dtype(self) -> Any:
        """Of what is multiplied; None: that of the weights."""
        return jnp.bfloat16 if self.half else None

    def cast(self, a: jax.Array) -> jax.Array:
        """In the dtype of what is multiplied."""
        return a.astype(jnp.bfloat16) if self.half else a

    @abc.abstractmethod
    def __call__(self, x: jax.Array, ordering: int = 0) -> jax.Array:
        """f[n, d, channels] -> f[n, d, outputs]: those of a position look at the positions before it in the order."""

    @abc.abstractmethod
    def cache(self, ordering: int = 0) -> Any:
        """What `next` starts from."""

    @abc.abstractmethod
    def next(self, cache: Any, t: jax.Array, last: jax.Array, ordering: int = 0) -> tuple[Any, jax.Array]:
        """Outputs f[outputs] of the t-th position in the order; `last` f[channels] is the value at the one before it.

        Returns:
          (what continues, outputs): the same as the whole pass gives there, for the work of one position.
        """


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Net(Static):
    """A kind of network, to be built for arrays of any shape that it takes.

    Attributes:
      build: (shape, channels, outputs) -> the module.
      order: (shape, ordering) -> int[d], the positions in the order in which they follow one another.
      orderings: how many orders it knows.
      floats: (shape, channels) -> about how many numbers it makes at a position of one event: the memory of a pass.
      axes: how many axes the array must have; None: any.
    """

    build: Callable[[Shape, int, int], Causal]
    order: Callable[[Shape, int], np.ndarray]
    orderings: int
    floats: Callable[[Shape, int], int]
    axes: int | None = None


def raster(shape: Shape, ordering: int = 0) -> np.ndarray:
    """Row after row: C order."""
    return np.arange(math.prod(shape))


@jax.custom_vjp
def add_to_rows(h: jax.Array, table: jax.Array) -> jax.Array:
    """f[n, ...] plus a table f[...], whose slope is found by a matrix product: on a CPU 15 times sooner."""
    return h + table[None]


def _slopes(n: int, slope: jax.Array) -> tuple[jax.Array, jax.Array]:
    total = jnp.ones((1, n), slope.dtype) @ slope.reshape(n, -1)
    return slope, total.reshape(slope.shape[1:])


add_to_rows.defvjp(lambda h, table: (h + table[None], h.shape[0]), _slopes)
