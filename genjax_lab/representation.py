"""Hidden coordinates of events, and events from hidden coordinates, over many rows at once."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from genjax_lab.blocks import map_blocks
from genjax_lab.check import checked_batch, checked_params
from genjax_lab.density import Density, require
from genjax_lab.types import ArrayLike, Event, Params


def encode(density: Density, params: Params, x: Event) -> jax.Array:
    """Encode events by the mean of their hidden coordinates: the representation of each row.

    Args:
      density: one that has hidden coordinates, such as `gl.ppca`, `gl.factor_analysis` or `gl.latent`.
      params: its parameters.
      x: n events.

    Returns:
      f[n, k].

    Raises:
      ValueError: for a density without hidden coordinates.
      ValueError, TypeError: for rows that are no events.

    Example:
      >>> line = {"loc": jnp.zeros(2), "cov_factor": jnp.array([[3.0], [4.0]]), "scale": jnp.asarray(0.01)}
      >>> gl.encode(gl.ppca(2, 1), line, jnp.array([[3.0, 4.0], [0.0, 0.0]])).round(3).tolist()
      [[1.0], [0.0]]
    """
    require("gl.encode", Density, density)
    if density.encode is None:
        raise ValueError(f"gl.encode: {density!r} has no hidden coordinates")
    x = checked_batch("gl.encode", density, x)[0]
    return _encode(density, checked_params("gl.encode", density, params), x)


def decode(density: Density, params: Params, z: ArrayLike) -> Event:
    """Decode hidden coordinates: the mean of an event that has them.

    Args:
      density: as in `gl.encode`.
      params: its parameters.
      z: f[n, k], a row of hidden coordinates for each event.

    Returns:
      The means of n events, real numbers.

    Raises:
      ValueError: for a density without hidden coordinates, or rows of another length.
    """
    require("gl.decode", Density, density)
    if density.decode is None:
        raise ValueError(f"gl.decode: {density!r} has no hidden coordinates with a mean")
    z, params = jnp.asarray(z, jnp.result_type(float)), checked_params("gl.decode", density, params)
    k = jax.eval_shape(density.encode, params, density.space.struct).shape[0] if density.encode else z.shape[-1]
    if z.ndim != 2 or z.shape[1] != k:
        raise ValueError(f"gl.decode: z must have shape (n, {k}), a row for each event; got {z.shape}")
    return _decode(density, params, z)


@jax.jit
def _encode(density: Density, params: Params, x: Event) -> jax.Array:
    assert density.encode is not None
    encoder = density.encode
    return map_blocks(jax.vmap(lambda row: encoder(params, row)), x)


@jax.jit
def _decode(density: Density, params: Params, z: jax.Array) -> Event:
    assert density.decode is not None
    decoder = density.decode
    return jax.vmap(lambda row: decoder(params, row))(z)
