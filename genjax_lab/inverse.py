"""Parameters whose inverse κ is the better coordinate: at κ = 0 the family ends in a simpler one, and stays smooth.

A Student t ends in a normal and a negative binomial in a Poisson. Written in κ, with the functions below, neither the
densities nor their derivatives cancel near that end.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

NEAR = 0.3
ATANH = tuple(1 / (2 * i + 3) for i in range(12))
"""artanh(r) = r + r³ Σ_i ATANH[i] r^2i."""

FEW = 5
"""Terms that float32 needs where |r| is below NEAR/(2 − NEAR)."""

CHANGE = (-2 / 3, 3 / 2, -12 / 5, 10 / 3, -30 / 7)
LARGEST_FACTOR = 4.0
"""By which a round may change κ."""


def series(coefficients: Sequence[float], y: jax.Array) -> jax.Array:
    """Σ_i c_i yⁱ."""
    total = jnp.full_like(y, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * y + c
    return total


def artanh_rest(r: jax.Array) -> jax.Array:
    """(artanh(r) − r) / r³ for small r."""
    return series(ATANH[:FEW] if jnp.finfo(r.dtype).bits <= 32 else ATANH, r**2)


def log_gap(d: jax.Array, log_one_plus: jax.Array | None = None) -> jax.Array:
    """d − log(1 + d) ≥ 0, d > −1, right to rounding; log(1 + d) where it is known better than from d."""
    near = jnp.abs(d) < NEAR
    small = jnp.where(near, d, 0.0)
    r = small / (2 + small)
    far = jnp.where(near, 1.0, d) - (jnp.log1p(jnp.where(near, 0.0, d)) if log_one_plus is None else log_one_plus)
    return jnp.where(near, r * (small - 2 * r**2 * artanh_rest(r)), far)


def slope_gap(kappa: jax.Array, s: jax.Array) -> jax.Array:
    """(log(1 + q) − q/(1 + q)) / κ² with q = κs ≥ 0: near s²/2 where q is small."""
    q = kappa * s
    half, v = 1 / (2 + q), 1 / (1 + q)
    r = q * half
    near = 2 * (s * half) ** 2 * (0.5 * (2 + q) * v + r * artanh_rest(r))
    return jnp.where(q < NEAR, near, (jnp.log1p(q) - q * v) / kappa**2)


def slope_gap_change(kappa: jax.Array, s: jax.Array, value: jax.Array) -> jax.Array:
    """The derivative in κ of `slope_gap`, whose value is given; right to a few digits, as a curvature needs."""
    q = kappa * s
    return jnp.where(q < 0.02, s**3 * series(CHANGE, q), ((s / (1 + q)) ** 2 - 2 * value) / kappa)


def newton_inverse(
    kappa: jax.Array, slope: jax.Array, curvature: jax.Array, least: float, most: float, straight: jax.Array | float
) -> jax.Array:
    """One bounded Newton step uphill.

    Args:
      kappa: where the slope and curvature in κ were taken.
      slope: the first derivative.
      curvature: the second; where it is positive its sign is turned.
      least: the end that stands for κ = 0; reached in one step from near by.
      most: the other end.
      straight: below this the step is taken in κ, above in log κ.

    Returns:
      The new κ, no further than a factor of 4 unless it is small.
    """
    tiny = jnp.finfo(kappa.dtype).tiny
    in_log = kappa >= straight
    bend = jnp.abs(jnp.where(in_log, kappa * curvature + slope, curvature))
    step = slope / jnp.maximum(bend, tiny)
    step = jnp.where(jnp.isfinite(step), step, 0.0)
    limit = jnp.log(LARGEST_FACTOR)
    multiplied = kappa * jnp.exp(jnp.clip(step, -limit, limit))
    lowest = jnp.where(kappa < straight / 20, least, kappa / LARGEST_FACTOR)
    added = jnp.clip(kappa + step, lowest, jnp.maximum(LARGEST_FACTOR * kappa, straight / 4))
    return jnp.clip(jnp.where(in_log, multiplied, added), least, most)
