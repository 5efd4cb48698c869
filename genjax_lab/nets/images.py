"""Residual convolutions between an image and a vector: down to half its size and half again, or up from there.

    h ← h + V elu(W elu(h)),   W, V: convolutions of 3 × 3 pixels, V from zero

as He, Zhang, Ren & Sun (2016), arXiv:1603.05027, without normalisation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from genjax_lab.spec import Static, factory
from genjax_lab.types import Shape

NEAR = (3, 3)


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Body(Static):
    """A kind of network of one array, to be built for so many outputs: (outputs) -> the module, f[...] -> f[outputs].

    Attributes:
      build: (outputs) -> the module, whose outputs start at zero.
    """

    build: Callable[[int], nn.Module]


class Residual(nn.Module):
    """Two convolutions beside what they are given."""

    dtype: Any

    @nn.compact
    def __call__(self, h: jax.Array) -> jax.Array:
        """f[height, width, c] -> the same."""
        inner = nn.elu(nn.Conv(h.shape[-1], NEAR, dtype=self.dtype, name="first")(nn.elu(h)))
        zeros = nn.initializers.zeros
        return h + nn.Conv(h.shape[-1], NEAR, kernel_init=zeros, dtype=self.dtype, name="second")(inner)


class Levels(nn.Module):
    """What both ways share; see `contracting` and `expanding`."""

    image: Shape
    features: tuple[int, ...]
    blocks: int
    patch: int
    dtype: Any
    outputs: int

    def residual(self, h: jax.Array, level: int) -> jax.Array:
        """The residual convolutions of a level."""
        for block in range(self.blocks):
            h = Residual(self.dtype, name=f"residual_{level}_{block}")(h)
        return h


class Contracting(Levels):
    """See `contracting`."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """f[...], as many as the image has pixels -> f[outputs]."""
        (rows, columns), p = (side // self.patch for side in self.image), self.patch
        h = (2 * x - 1).reshape(rows, p, columns, p).swapaxes(1, 2).reshape(rows, columns, p * p)
        for level, features in enumerate(self.features):
            stride = 2 if level else 1
            h = nn.Conv(features, NEAR, stride, dtype=self.dtype, name=f"level_{level}")(nn.elu(h) if level else h)
            h = self.residual(h, level)
        flat = nn.elu(h).reshape(-1).astype(x.dtype)
        return nn.Dense(self.outputs, kernel_init=nn.initializers.zeros, name="last")(flat)


class Expanding(Levels):
    """See `expanding`."""

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """f[...] -> f[outputs], so many numbers of every pixel."""
        sizes = [
            tuple(-(-side // self.patch // 2**level) for side in self.image) for level in range(len(self.features))
        ]
        h = nn.Dense(math.prod(sizes[-1]) * self.features[-1], name="first")(z.reshape(-1))
        h = h.reshape(*sizes[-1], -1)
        for level in range(len(sizes) - 1, -1, -1):
            if level < len(sizes) - 1:
                twice = jnp.repeat(jnp.repeat(h, 2, 0), 2, 1)[: sizes[level][0], : sizes[level][1]]
                h = nn.Conv(self.features[level], NEAR, dtype=self.dtype, name=f"level_{level}")(nn.elu(twice))
            h = self.residual(h, level)
        (rows, columns), p, each = sizes[0], self.patch, self.outputs // math.prod(self.image)
        h = nn.elu(h.astype(z.dtype))
        h = nn.Conv(each * p * p, NEAR, kernel_init=nn.initializers.zeros, name="last")(h)
        return h.reshape(rows, columns, p, p, each).swapaxes(1, 2).reshape(-1)


@factory
def contracting(
    image: Shape, features: tuple[int, ...] = (32, 64, 64), blocks: int = 1, patch: int = 1, half: bool = False
) -> Body:
    """From an image to numbers: residual convolutions, at each level of half the size, and one product of what is left.

    Args:
      image: its height and width.
      features: of a pixel, a level each; the first has the size of the image.
      blocks: residual ones a level.
      patch: height and width of squares of pixels that are taken as one pixel with features, which is cheaper.
      half: whether products are of bfloat16 numbers, where a device has hardware for them.

    Returns:
      What `gl.network` takes.

    Raises:
      ValueError: for what is no image, no level, a number below 1, or patches that do not fill it.

    Example:
      >>> image = gl.network(gl.normal((2,)), gl.binary((6, 6)), gl.nets.contracting((6, 6), (4, 8)))
      >>> params = image.init(jax.random.key(0))
      >>> image.mean(params, jnp.ones((6, 6), int)).shape
      (2,)
    """
    _check("contracting", image, features, blocks, patch)
    return Body(lambda outputs: Contracting(image, features, blocks, patch, _dtype(half), outputs))


@factory
def expanding(
    image: Shape, features: tuple[int, ...] = (32, 64, 64), blocks: int = 1, patch: int = 1, half: bool = False
) -> Body:
    """From numbers to an image: one product, and residual convolutions, at each level of twice the size.

    Args:
      image: its height and width.
      features: of a pixel, a level each; the first has the size of the image, the last is the smallest.
      blocks: residual ones a level.
      patch: height and width of squares of pixels that are taken as one pixel with features, which is cheaper.
      half: whether products are of bfloat16 numbers, where a device has hardware for them.

    Returns:
      What `gl.network` takes, for a density whose parameters are as many numbers for every pixel, one after another.

    Raises:
      ValueError: for what is no image, no level, a number below 1, or patches that do not fill it; when built, for
        outputs that are not so many.

    Example:
      >>> image = gl.network(gl.bernoulli((6, 6)), gl.reals((2,)), gl.nets.expanding((6, 6), (4, 8)))
      >>> gl.sample(image, jax.random.key(0), image.init(jax.random.key(0)), given=jnp.zeros((5, 2))).shape
      (5, 6, 6)
    """
    _check("expanding", image, features, blocks, patch)

    def build(outputs: int) -> Expanding:
        if outputs % math.prod(image):
            raise ValueError(f"expanding: {outputs} numbers are not as many for each pixel of {image}")
        return Expanding(image, features, blocks, patch, _dtype(half), outputs)

    return Body(build)


def _dtype(half: bool) -> Any:
    return jnp.bfloat16 if half else None


def _check(name: str, image: Shape, features: tuple[int, ...], blocks: int, patch: int) -> None:
    if len(image) != 2 or not features or min(*image, *features, blocks, patch) < 1:
        raise ValueError(
            f"{name}: image = {image} must be a height and a width, features = {features} one level or more, and "
            f"these, blocks = {blocks} and patch = {patch} at least 1"
        )
    if any(side % patch for side in image):
        raise ValueError(f"{name}: an image of {image} is no whole number of patches of {patch} pixels either way")
