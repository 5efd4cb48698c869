"""The linear form ⟨T(x), η⟩ − A(η) of a family of concentrations: one matmul, where float32 can afford it.

Its terms grow with the concentration and cancel: in float32 a gamma of concentration 3 was right to 10⁻⁶, one of 30 to
2·10⁻⁵, one of 10⁴ to 10⁻². So it serves small concentrations only, and the form in which nothing cancels all others.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.gamma_function import HALF_LOG_TWO_PI, stirling_rest
from genjax_lab.numerics import EXACT

LARGEST = 8.0
"""Concentrations up to this one take the matmul."""


def matmul_or(
    one_by_one: Callable[[], jax.Array], fits: jax.Array, t: jax.Array, eta: jax.Array, a: jax.Array
) -> jax.Array:
    """⟨T(x_i), η_j⟩ − A(η_j) where `fits`, else what `one_by_one` gives: f[n, k].

    Args:
      one_by_one: () -> f[n, k], right everywhere.
      fits: bool[], false also for parameters that are NaN or on the boundary.
      t: f[n, d], the statistics of the rows.
      eta: f[k, d].
      a: f[k].

    Returns:
      f[n, k].
    """
    return lax.cond(fits, lambda: jnp.matmul(t, eta.T, precision=EXACT) - a[None], one_by_one)


def small(concentration: jax.Array) -> jax.Array:
    """Whether all concentrations are inside (0, LARGEST]."""
    return jnp.all((concentration > 0) & (concentration <= LARGEST))


def log_gamma(a: jax.Array) -> jax.Array:
    """log Γ(a), a > 0, right to rounding where XLA's own in float32 is wrong by 10⁻⁶."""
    return (a - 0.5) * jnp.log(a) - a + HALF_LOG_TWO_PI + stirling_rest(a)
