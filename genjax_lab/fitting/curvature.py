"""Is it a maximum? The slope and the curvature of the likelihood where an iteration stopped.

The Hessian in unconstrained coordinates is scaled by its own diagonal, so that units do not matter. A positive
eigenvalue is a way uphill that the iteration did not see: a saddle, where two components are one. An eigenvalue of 0 is
a direction along which the data cannot tell parameters apart.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab.density import Conditional, Density
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.result import Status
from genjax_lab.fitting.sufficient import gather
from genjax_lab.implicit import LARGEST, coordinates, implicit
from genjax_lab.types import Params

UPHILL = 1e-3
"""Scaled curvature above this is a way uphill."""


class Curvature(NamedTuple):
    """Norm of the mean slope per event, and the largest scaled eigenvalue of the Hessian (NaN where none was built)."""

    grad_norm: jax.Array
    largest: jax.Array


def curvature(density: Density | Conditional, data: Data, params: Params) -> Curvature:
    """Slope and curvature of the mean log-likelihood in unconstrained coordinates, by one pass over the data."""
    slopes = gather(density, implicit(density), data, params).values
    norm = jnp.linalg.norm(slopes.gradient) / slopes.weight
    if coordinates(density) > LARGEST:
        return Curvature(norm, jnp.full((), jnp.nan, norm.dtype))
    hessian = slopes.hessian / slopes.weight
    scale = jnp.sqrt(jnp.maximum(jnp.abs(jnp.diagonal(hessian)), jnp.finfo(norm.dtype).tiny))
    scaled = hessian / (scale[:, None] * scale[None])
    usable = jnp.isfinite(scaled).all()
    largest = jnp.linalg.eigvalsh(jnp.where(usable, scaled, 0.0))[-1]
    return Curvature(norm, jnp.where(usable, largest, jnp.nan))


def judge(status: jax.Array, found: Curvature) -> jax.Array:
    """Turn CONVERGED into SADDLE or FLAT where the curvature says so."""
    flat = -100 * jnp.finfo(found.largest.dtype).eps
    known = (status == Status.CONVERGED) & jnp.isfinite(found.largest)
    status = jnp.where(known & (found.largest > flat), Status.FLAT, status)
    return jnp.where(known & (found.largest > UPHILL), Status.SADDLE, status).astype(jnp.int32)
