"""Gated causal convolutions of an image, layer upon layer, each beside the last.

    h = W x_near(p) + e_p,   h ← h + U (tanh a ∘ σ(b)),  (a, b) = C h_near(p),   outputs_p = V relu(h) + b_p

The first layer sees the neighbours before a pixel, every other the pixel's own features too.
van den Oord et al. (2016), arXiv:1606.05328, but in one stack: of the rows above it a pixel does not see the far right,
beyond a slope of some columns a row, and of those beyond the reach of all layers nothing.
"""

from __future__ import annotations

from typing import Any

import jax
from flax import linen as nn

from genjax_lab.nets.neighbours import Near
from genjax_lab.nets.net import Causal, Net, add_to_rows, raster
from genjax_lab.spec import factory
from genjax_lab.types import Shape


class Gated(Causal):
    """See the module.

    Attributes:
      first: what the first layer sees.
      near: what the others see.
      width: features a pixel.
      depth: layers after the first.
    """

    first: Near
    near: Near
    width: int
    depth: int

    def setup(self) -> None:
        """Make the parameters."""
        d = self.shape[0] * self.shape[1]
        dense, zeros = nn.initializers.lecun_normal(), nn.initializers.zeros
        self.window = self.param("window", dense, (self.first.taps * self.channels, self.width))
        self.place = self.param("place", zeros, (d, self.width))
        taps = (self.near.taps * self.width, 2 * self.width)
        self.gates = [self.param(f"gates_{i}", dense, taps) for i in range(self.depth)]
        self.mix = [nn.Dense(self.width, kernel_init=zeros, dtype=self.dtype) for _ in range(self.depth)]
        self.out = nn.Dense(self.outputs, use_bias=False, kernel_init=zeros)
        self.base = self.param("base", zeros, (d, self.outputs))

    def __call__(self, x: jax.Array, ordering: int = 0) -> jax.Array:
        """All pixels at once."""
        n, (height, wide) = x.shape[0], self.shape
        h = self.first.product(self.cast(x.reshape(n, height, wide, self.channels)), self.cast(self.window))
        h = add_to_rows(h.reshape(n, -1, self.width), self.cast(self.place)).reshape(-1, self.width)
        for gates, mix in zip(self.gates, self.mix, strict=True):
            h = h + mix(_gated(self.near.product(h.reshape(n, height, wide, -1), self.cast(gates))))
        return add_to_rows(self.out(nn.relu(h.astype(self.base.dtype))).reshape(n, -1, self.outputs), self.base)

    def cache(self, ordering: int = 0) -> Any:
        """The image so far, and the features that each layer sees."""
        features = [self.near.frame(self.shape, self.width) for _ in range(self.depth)]
        return self.first.frame(self.shape, self.channels), features

    def next(self, cache: Any, t: jax.Array, last: jax.Array, ordering: int = 0) -> tuple[Any, jax.Array]:
        """One pixel in every layer, from the features of those before it."""
        (image, features), wide = cache, self.shape[1]
        before = (t - 1) % (self.shape[0] * wide)  # of the first pixel the last, which none sees
        image = self.first.write(image, before // wide, before % wide, last)
        h = self.first.at(image, t // wide, t % wide) @ self.window + self.place[t]
        seen = []
        for frame, gates, mix in zip(features, self.gates, self.mix, strict=True):
            seen.append(self.near.write(frame, t // wide, t % wide, h))
            h = h + mix(_gated(self.near.at(seen[-1], t // wide, t % wide) @ gates))
        return (image, seen), self.out(nn.relu(h)) + self.base[t]


def _gated(both: jax.Array) -> jax.Array:
    half = both.shape[-1] // 2
    return nn.tanh(both[..., :half]) * nn.sigmoid(both[..., half:])


@factory
def convolution(
    width: int = 32, depth: int = 4, first: tuple[int, int] = (3, 3), near: tuple[int, int] = (2, 2), half: bool = False
) -> Net:
    """Gated causal convolutions of an image.

    Args:
      width: features a pixel.
      depth: layers after the first.
      first: rows above, and columns to either side, that the first layer sees.
      near: those that the others see.
      half: whether products are of bfloat16 numbers, where a device has hardware for them.

    Returns:
      A network for `gl.autoregressive` over images.

    Raises:
      ValueError: for a number below 1.

    Example:
      >>> image = gl.autoregressive((3, 3), gl.nets.convolution(width=4, depth=2))
      >>> round(gl.check_normalised(image, image.init(jax.random.key(0))), 4)
      1.0
    """
    if min(width, depth, *first, *near) < 1:
        raise ValueError(f"convolution: width = {width}, depth = {depth}, first = {first}, near = {near} must be ≥ 1")

    start, onward = Near(*first, first[1]), Near(*near, near[1], own=True)

    def build(shape: Shape, channels: int, outputs: int) -> Gated:
        return Gated(shape, channels, outputs, half, start, onward, width, depth)

    def floats(shape: Shape, channels: int) -> int:
        return start.taps * channels + depth * width * (onward.taps + 6)

    return Net(build, raster, 1, floats, axes=2)
