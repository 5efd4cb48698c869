"""Is it a maximum? The slope and the curvature of the objective where an iteration stopped.

The Hessian in unconstrained coordinates is scaled by its own diagonal, so that units do not matter. A positive
eigenvalue is a way uphill that the iteration did not see: a saddle, where two components are one. An eigenvalue of 0 is
a direction along which the data cannot tell parameters apart. A Newton step that is still long, where almost nothing is
left to gain, is a maximum at infinity, as for separable classes.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from genjax_lab.fitting.problem import Slopes
from genjax_lab.fitting.result import Status
from genjax_lab.newton import ascent

UPHILL = 1e-3
"""Scaled curvature above this is a way uphill."""

LONG = 0.02
"""A last Newton step of more than this share of 1 + |z| is no end."""


def judge(status: jax.Array, u: jax.Array, found: Slopes, steps: bool = True) -> jax.Array:
    """Turn CONVERGED into SADDLE or FLAT where the curvature at coordinates u says so, or a long last step does.

    The step is not asked for (`steps`) where the objective may not be the one that was climbed.
    """
    if found.hessian is None or u.size == 0:
        return status
    largest = _largest(found.hessian)
    step = jnp.abs(ascent(found.gradient, found.hessian, jnp.inf)) / (1 + jnp.abs(u))
    known = (status == Status.CONVERGED) & jnp.isfinite(largest)
    flat, long = largest > -100 * jnp.finfo(u.dtype).eps, steps & (step.max() > LONG)
    verdict = jnp.where(largest > UPHILL, Status.SADDLE, jnp.where(flat, Status.FLAT, status))
    # At a maximum at infinity all curvature dies away, and what is left of it is rounding.
    verdict = jnp.where(known, jnp.where(long, Status.FLAT, verdict), status)
    # A scale that shrinks for ever ends where its curvature is no number, the slope as steep as ever or none either.
    endless = (status == Status.CONVERGED) & ~known & steps & ~(jnp.abs(found.gradient).max() <= LONG)
    return jnp.where(endless, Status.FLAT, verdict).astype(jnp.int32)


def _largest(hessian: jax.Array) -> jax.Array:
    """Largest eigenvalue of the Hessian scaled by its diagonal; NaN where it is not finite."""
    scale = jnp.sqrt(jnp.maximum(jnp.abs(jnp.diagonal(hessian)), jnp.finfo(hessian.dtype).tiny))
    scaled = hessian / (scale[:, None] * scale[None])
    usable = jnp.isfinite(scaled).all()
    largest = jnp.linalg.eigvalsh(jnp.where(usable, scaled, 0.0))[-1]
    return jnp.where(usable, largest, jnp.nan)
