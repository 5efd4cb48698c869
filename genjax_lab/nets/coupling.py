"""Layers of an affine coupling: half of the coordinates scale and shift the other half.

    z_j = (x_j + t_j(x_kept)) exp(s_j(x_kept))  for j in the other half,   z_j = x_j for those that are kept

Which half is kept changes from layer to layer. s = 2 tanh(s̃ / 2): no layer magnifies by more than e².
Dinh, Sohl-Dickstein & Bengio (2017), arXiv:1605.08803.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from genjax_lab.types import Shape


class Couplings(nn.Module):
    """Couplings one after another, each with a perceptron of its own.

    Attributes:
      shape: of an event.
      layers: how many.
      hidden: units of each hidden layer of a perceptron.
    """

    shape: Shape
    layers: int
    hidden: tuple[int, ...]

    def setup(self) -> None:
        """Make the perceptrons; the last layer of each is zero, so that the start is the identity."""
        ends = [nn.Dense(2 * math.prod(self.shape), kernel_init=nn.initializers.zeros) for _ in range(self.layers)]
        self.nets = [
            nn.Sequential([layer for units in self.hidden for layer in (nn.Dense(units), nn.relu)] + [end])
            for end in ends
        ]

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """f[d] -> (z f[d], log |dz/dx| f[])."""
        slope = jnp.zeros((), x.dtype)
        for net, kept in zip(self.nets, self._kept(), strict=True):
            s, t = self._moves(net, kept, x)
            x, slope = (x + t) * jnp.exp(s), slope + s.sum()
        return x, slope

    def back(self, z: jax.Array) -> jax.Array:
        """f[d] -> x f[d], the inverse."""
        for net, kept in reversed(list(zip(self.nets, self._kept(), strict=True))):
            s, t = self._moves(net, kept, z)
            z = z * jnp.exp(-s) - t
        return z

    def _moves(self, net: nn.Module, kept: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The logarithm of the scale, and the shift: zero where kept."""
        s, t = jnp.split(net(jnp.where(kept, x, 0.0)), 2)  # type: ignore[operator]
        return jnp.where(kept, 0.0, 2 * jnp.tanh(s / 2)), jnp.where(kept, 0.0, t)

    def _kept(self) -> list[jax.Array]:
        """The squares of one colour of a chessboard, and those of the other, in turn."""
        colour = np.indices(self.shape).sum(0).ravel() % 2
        return [jnp.asarray(colour == i % 2) for i in range(self.layers)]
