"""Local causal windows of an image, shared over positions, beside a memory of the rows above.

    h_p = relu(W x_near(p) + e_p + L c_p(m_row(p))),   h ← h + relu(D h + d) ...,   outputs_p = V h + b_p

What is near a pixel is before it: some rows above, to either side, and the left of its own row. The memory m is that
of a gated recurrent unit after the rows above (Cho et al. 2014, arXiv:1406.1078); it speaks to each column by a few
numbers c; e and b are the position's own. It is a masked convolution (van den Oord et al. 2016, arXiv:1601.06759) of
which every layer but the first is one pixel wide, so that its cost is that of matrix products.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax

from genjax_lab.nets.neighbours import Near
from genjax_lab.nets.net import Causal, Net, add_to_rows, raster
from genjax_lab.spec import factory
from genjax_lab.types import Shape

LINK = 16
"""Numbers by which the memory speaks to a column."""


class Windows(Causal):
    """See the module.

    Attributes:
      near: what a window holds.
      width: hidden units a position.
      depth: hidden layers after the first.
      memory: units of the memory of the rows above; 0: none.
    """

    near: Near
    width: int
    depth: int
    memory: int

    def setup(self) -> None:
        """Make the parameters."""
        height, wide = self.shape
        dense, zeros = nn.initializers.lecun_normal(), nn.initializers.zeros
        self.window = self.param("window", dense, (self.near.taps * self.channels, self.width))
        self.place = self.param("place", zeros, (height * wide, self.width))
        self.layers = [nn.Dense(self.width, dtype=self.dtype) for _ in range(self.depth)]
        self.out = nn.Dense(self.outputs, use_bias=False, kernel_init=zeros)
        self.base = self.param("base", zeros, (height * wide, self.outputs))
        if self.memory:
            self.read = nn.Dense(3 * self.memory)
            self.keep = self.param("keep", nn.initializers.orthogonal(), (self.memory, 3 * self.memory))
            self.spread = nn.Dense(wide * LINK, use_bias=False, dtype=self.dtype)
            self.link = nn.Dense(self.width, use_bias=False, dtype=self.dtype)

    def __call__(self, x: jax.Array, ordering: int = 0) -> jax.Array:
        """All positions at once; of flat rows, whose products have slopes that a CPU finds in half the time."""
        n, (height, wide) = x.shape[0], self.shape
        image = x.reshape(n, height, wide, self.channels)
        h = self.near.product(self.cast(image), self.cast(self.window))
        if self.memory:
            links = self.spread(self._memories(image).reshape(-1, self.memory)).reshape(-1, LINK)
            h = h + self.link(links)
        h = add_to_rows(h.reshape(n, -1, self.width), self.cast(self.place)).reshape(-1, self.width)
        return add_to_rows(self._head(h).reshape(n, -1, self.outputs), self.base)

    def cache(self, ordering: int = 0) -> Any:
        """The image so far, and the memory of the rows above."""
        return self.near.frame(self.shape, self.channels), jnp.zeros(self.memory)

    def next(self, cache: Any, t: jax.Array, last: jax.Array, ordering: int = 0) -> tuple[Any, jax.Array]:
        """One position: its own window, and at the start of a row one step more of the memory."""
        (image, memory), wide = cache, self.shape[1]
        row, column, before = t // wide, t % wide, jnp.maximum(t - 1, 0)
        image = self.near.write(image, before // wide, before % wide, last)
        h = self.near.at(image, row, column) @ self.window + self.place[t]
        if self.memory:
            whole = lax.dynamic_slice_in_dim(image, row + self.near.rows - 1, 1)[0]
            above = whole[self.near.left : self.near.left + wide].reshape(-1)
            begins = (column == 0) & (row > 0)
            memory = jnp.where(begins, self._after(memory, self.read(above)), memory)
            h = h + self.link(self.spread(memory).reshape(wide, LINK)[column])
        return (image, memory), self._head(h) + self.base[t]

    def _head(self, h: jax.Array) -> jax.Array:
        h = nn.relu(h)
        for layer in self.layers:
            h = h + nn.relu(layer(h))
        return self.out(h.astype(self.base.dtype))

    def _memories(self, image: jax.Array) -> jax.Array:
        """The memory before each row, f[n, height, memory]: nothing, and then a row more each."""
        n, height = image.shape[:2]
        rows = self.read(jnp.moveaxis(image, 1, 0).reshape(height * n, -1)).reshape(height, n, -1)
        start = jnp.zeros((n, self.memory), rows.dtype)
        memories = lax.scan(lambda m, row: (self._after(m, row), m), start, rows)[1]
        return jnp.moveaxis(memories, 0, 1)

    def _after(self, m: jax.Array, row: jax.Array) -> jax.Array:
        """The memory f[..., memory] after a row, whose reading f[..., 3 memory] it is given."""
        read, kept = jnp.split(row, 3, -1), jnp.split(m @ self.keep, 3, -1)
        forget, update = nn.sigmoid(read[0] + kept[0]), nn.sigmoid(read[1] + kept[1])
        return update * m + (1 - update) * nn.tanh(read[2] + forget * kept[2])


@factory
def windows(
    rows: int = 5,
    columns: int = 5,
    left: int | None = None,
    width: int = 64,
    depth: int = 1,
    memory: int = 128,
    half: bool = False,
) -> Net:
    """Local causal windows of an image, shared over positions, beside a memory of the rows above.

    Args:
      rows: rows above that a window holds.
      columns: columns to either side in them.
      left: pixels to the left in the pixel's own row; None: as many as `columns`.
      width: hidden units a position.
      depth: hidden layers after the first.
      memory: units of the memory of the rows above; 0: none.
      half: whether products are of bfloat16 numbers, where a device has hardware for them.

    Returns:
      A network for `gl.autoregressive` over images.

    Raises:
      ValueError: for a number that is too small.

    Example:
      >>> digits = gl.autoregressive((28, 28), gl.nets.windows())
      >>> x = gl.sample(digits, jax.random.key(0), digits.init(jax.random.key(1)), 2)
      >>> x.shape
      (2, 28, 28)
    """
    near = Near(rows, columns, columns if left is None else left)
    if min(rows, columns, width) < 1 or near.left < columns or min(depth, memory) < 0:
        raise ValueError(
            f"windows: rows = {rows}, columns = {columns} and width = {width} must be at least 1, left = {left} at "
            f"least columns, depth = {depth} and memory = {memory} at least 0"
        )

    def build(shape: Shape, channels: int, outputs: int) -> Windows:
        return Windows(shape, channels, outputs, half, near, width, depth, memory)

    def floats(shape: Shape, channels: int) -> int:
        return near.taps * channels + (2 + 2 * depth) * width

    return Net(build, raster, 1, floats, axes=2)
