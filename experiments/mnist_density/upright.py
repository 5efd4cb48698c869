"""Images set upright, and moved: what a hand does to a digit and its label does not see.

LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition, §III: deslanting.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.ndimage import map_coordinates

from genjax_lab.blocks import map_blocks
from genjax_lab.data import Dataset, Split
from genjax_lab.types import ArrayLike


@jax.jit
def upright(images: ArrayLike) -> jax.Array:
    """Images f[n, rows, columns] with the centre of their ink in the middle and no slant, by linear interpolation.

    The slant is the slope of column on row: cov(column, row) / var(row) of the ink.
    """
    return map_blocks(jax.vmap(_upright), jnp.asarray(images, jnp.float32), 1000)


def _upright(image: jax.Array) -> jax.Array:
    across = [jnp.arange(size, dtype=image.dtype) for size in image.shape]
    row, column = jnp.meshgrid(*across, indexing="ij")
    share = image / jnp.maximum(image.sum(), 1e-6)  # a blank image stays blank
    down, right = (share * row).sum(), (share * column).sum()
    spread = (share * (row - down) ** 2).sum()
    slant = (share * (row - down) * (column - right)).sum() / jnp.maximum(spread, 1e-6)
    from_middle = [where - 0.5 * (size - 1) for where, size in zip((row, column), image.shape, strict=True)]
    return map_coordinates(image, [from_middle[0] + down, from_middle[1] + slant * from_middle[0] + right], order=1)


def moved(images: jax.Array, pixels: int) -> list[jax.Array]:
    """The images f[n, rows, columns], and the same moved by up to so many pixels along each axis; blank comes in."""
    rows, columns = images.shape[1:]
    wide = jnp.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels)))
    steps = itertools.product(range(2 * pixels + 1), repeat=2)
    return [wide[:, i : i + rows, j : j + columns] for i, j in steps]


def shifted(data: Dataset) -> Dataset:
    """With the training images moved by a pixel or none along each axis, nine times as many."""
    images = jnp.asarray(data.train.x).reshape(-1, *data.image_shape)
    wide = jnp.concatenate(moved(images, 1)).reshape(-1, data.pixels)
    return replace(data, train=Split(np.asarray(wide), np.tile(data.train.y, 9)))
