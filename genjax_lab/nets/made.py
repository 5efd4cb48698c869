"""A masked multilayer perceptron: each hidden unit looks at the entries before a place of its own.

    h = relu(M_1 ∘ W_1 x + b_1),   h ← relu(M_l ∘ W_l h + b_l),   outputs_j = (M ∘ V h)_j + c_j

A unit of degree g sees entries whose place in the order is at most g, units of lower layers whose degree is no greater,
and is seen by entries whose place is greater than g; several orders share the weights.
Germain, Gregor, Murray & Larochelle (2015), arXiv:1502.03509.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from genjax_lab.nets.net import Causal, Net, raster
from genjax_lab.spec import factory
from genjax_lab.types import Shape


class Made(Causal):
    """See the module.

    Attributes:
      hidden: units of each hidden layer.
      orderings: how many orders; the first is C order.
    """

    hidden: tuple[int, ...]
    orderings: int

    def setup(self) -> None:
        """Make the weights; entries, and what is put out of them, are flat."""
        d = math.prod(self.shape)
        sizes = (d * self.channels, *self.hidden, d * self.outputs)
        dense, zeros = nn.initializers.lecun_normal(), nn.initializers.zeros
        last = len(self.hidden)
        pairs = list(itertools.pairwise(sizes))
        self.weights = [self.param(f"weights_{i}", zeros if i == last else dense, s) for i, s in enumerate(pairs)]
        self.biases = [self.param(f"biases_{i}", zeros, s[1:]) for i, s in enumerate(pairs)]

    def __call__(self, x: jax.Array, ordering: int = 0) -> jax.Array:
        """All entries at once."""
        first, *rest = self._degrees(ordering)
        h, below = x.reshape(x.shape[0], -1), jnp.repeat(first, self.channels)
        for i, degrees in enumerate(rest):
            h = nn.relu(h @ jnp.where(below[:, None] <= degrees[None], self.weights[i], 0.0) + self.biases[i][None])
            below = degrees
        above = jnp.repeat(first, self.outputs)
        out = h @ jnp.where(below[:, None] < above[None], self.weights[-1], 0.0) + self.biases[-1][None]
        return out.reshape(x.shape[0], -1, self.outputs)

    def cache(self, ordering: int = 0) -> Any:
        """What the first hidden layer is given by the entries so far."""
        return self.biases[0]

    def next(self, cache: Any, t: jax.Array, last: jax.Array, ordering: int = 0) -> tuple[Any, jax.Array]:
        """One entry: the first layer takes in the last value, the others are gone through."""
        first, *rest = self._degrees(ordering)
        order = jnp.argsort(first)
        before = order[jnp.maximum(t - 1, 0)]
        rows = self.weights[0].reshape(-1, self.channels, len(cache))[before]
        seen = (first[before] <= rest[0]) & (t > 0)
        cache = cache + jnp.where(seen, last @ rows, 0.0)
        h = nn.relu(cache)
        for i in range(1, len(rest)):
            mask = rest[i - 1][:, None] <= rest[i][None]
            h = nn.relu(h @ jnp.where(mask, self.weights[i], 0.0) + self.biases[i])
        own = self.weights[-1].reshape(len(h), -1, self.outputs)[:, order[t]]
        out = (h * (rest[-1] < t)) @ own
        return cache, out + self.biases[-1].reshape(-1, self.outputs)[order[t]]

    def _degrees(self, ordering: Any) -> list[jax.Array]:
        """The place of each entry in an order, int[d], and the degrees of each hidden layer's units."""
        tables = [np.stack(each) for each in zip(*map(self._drawn, range(self.orderings)), strict=True)]
        return [jnp.asarray(table)[ordering] for table in tables]

    def _drawn(self, ordering: int) -> list[np.ndarray]:
        d = math.prod(self.shape)
        rng = np.random.default_rng(ordering)
        places = np.argsort(shuffled(self.shape, ordering))
        degrees = [rng.permutation(np.arange(units) * max(1, d - 1) // units) for units in self.hidden]
        return [places.astype(np.int32), *(g.astype(np.int32) for g in degrees)]


def shuffled(shape: Shape, ordering: int) -> np.ndarray:
    """C order, the first, or one at random, the same at every call: int[d]."""
    order = raster(shape)
    return np.random.default_rng([ordering]).permutation(order) if ordering else order


@factory
def made(hidden: tuple[int, ...] = (500,), orderings: int = 1) -> Net:
    """A masked multilayer perceptron over the entries of any array.

    Args:
      hidden: units of each hidden layer, at least one.
      orderings: orders of the entries, in which the densities are averaged; the first is C order, the others random.

    Returns:
      A network for `gl.autoregressive`.

    Raises:
      ValueError: for no hidden layer, or a number below 1.

    Example:
      >>> gl.degrees_of_freedom(gl.autoregressive((784,), gl.nets.made((500,))))
      785284
    """
    if not hidden or min(hidden) < 1 or orderings < 1:
        raise ValueError(f"made: hidden = {hidden} must have a layer, and orderings = {orderings} be 1 or more")

    def build(shape: Shape, channels: int, outputs: int) -> Made:
        return Made(shape, channels, outputs, False, tuple(hidden), orderings)

    def floats(shape: Shape, channels: int) -> int:
        return channels + 4 + sum(hidden) // math.prod(shape)

    return Net(build, shuffled, orderings, floats)
