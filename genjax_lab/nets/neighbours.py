"""What lies before a pixel near by, in C order: the rows above it to either side, and the left of its own row.

A causal convolution is the product of these neighbours with a matrix. On a CPU it is done so, by one matrix product:
XLA's own convolutions take 14 times longer there inside a loop. Elsewhere it is a convolution with a masked kernel, but
of few channels, for which hardware for convolutions has no use, a product again, of neighbours looked up in a table.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from genjax_lab.types import Shape

FEW = 8
"""Channels for which a convolution is not worth it on any device."""


class Near(NamedTuple):
    """Which neighbours.

    Attributes:
      rows: rows above.
      columns: columns to either side in them.
      left: pixels to the left in the pixel's own row, as many as `columns` or more.
      own: whether the pixel itself is the last of them.
    """

    rows: int
    columns: int
    left: int
    own: bool = False

    @property
    def taps(self) -> int:
        """Number of neighbours."""
        return self.rows * (2 * self.columns + 1) + self.left + self.own

    def product(self, image: jax.Array, weights: jax.Array) -> jax.Array:
        """Weights f[taps c, m] times the neighbours of every pixel of an image: f[n, h, w, c] -> f[n h w, m]."""
        if jax.default_backend() == "cpu":
            return jnp.concatenate(self._shifted(image), -1).reshape(-1, len(weights)) @ weights
        if image.shape[-1] <= FEW:
            return self._looked_up(image).reshape(-1, len(weights)) @ weights
        kernel = jnp.zeros((*self._size, image.shape[-1], weights.shape[1]), weights.dtype)
        places = tuple(jnp.asarray(self._places).T)
        whole = lax.conv_general_dilated(
            image,
            kernel.at[places].set(weights.reshape(self.taps, image.shape[-1], -1)),
            (1, 1),
            ((self.rows, 0), (self.left, self.columns)),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        return whole.reshape(-1, weights.shape[1])

    def frame(self, shape: Shape, channels: int) -> jax.Array:
        """An image of zeros with room around it for the neighbours of its border."""
        height, width = shape
        return jnp.zeros((height + self.rows, width + self.left + self.columns, channels))

    def write(self, frame: jax.Array, row: jax.Array, column: jax.Array, value: jax.Array) -> jax.Array:
        """Set a pixel, f[channels]."""
        return frame.at[row + self.rows, column + self.left].set(value)

    def at(self, frame: jax.Array, row: jax.Array, column: jax.Array) -> jax.Array:
        """The neighbours of one pixel: f[taps channels]."""
        window = lax.dynamic_slice(frame, (row, column, jnp.zeros_like(row)), (*self._size, frame.shape[-1]))
        return window[tuple(jnp.asarray(self._places).T)].reshape(-1)

    @property
    def _size(self) -> tuple[int, int]:
        return self.rows + 1, self.left + 1 + self.columns

    @property
    def _places(self) -> list[tuple[int, int]]:
        """Where the neighbours are in the smallest box around them, in C order."""
        above = range(self.left - self.columns, self.left + self.columns + 1)
        return [(i, j) for i in range(self.rows) for j in above] + [(self.rows, j) for j in range(self.left + self.own)]

    def _looked_up(self, image: jax.Array) -> jax.Array:
        """The neighbours of every pixel: f[n, h w, taps, c]."""
        n, height, width, channels = image.shape
        frame = jnp.pad(image, ((0, 0), (self.rows, 0), (self.left, self.columns), (0, 0)))
        wide = self.left + width + self.columns
        corners = (np.arange(height)[:, None] * wide + np.arange(width)).reshape(-1)
        offsets = np.array([i * wide + j for i, j in self._places])
        return frame.reshape(n, -1, channels)[:, corners[:, None] + offsets]

    def _shifted(self, image: jax.Array) -> list[jax.Array]:
        """For each neighbour the image moved so that it lies on the pixel."""
        height, width = image.shape[1:3]
        frame = jnp.pad(image, ((0, 0), (self.rows, 0), (self.left, self.columns), (0, 0)))
        return [frame[:, i : i + height, j : j + width] for i, j in self._places]
