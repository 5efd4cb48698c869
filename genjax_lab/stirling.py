"""Γ, ψ and ψ′ less their leading terms, all three from one pass over the rows of a batch.

`gamma_function` has each of them alone and right to the last digit; where every row of every round asks for all three,
this is some ten times faster, and right to a few units in the last place of a number of order 1.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab.gamma_function import DIGAMMA, STIRLING, TRIGAMMA
from genjax_lab.inverse import ATANH, series


class Rests(NamedTuple):
    """log Γ(a) − (a − ½) log a + a − ½ log 2π; ψ(a) − log a; ψ′(a) − 1/a."""

    value: jax.Array
    slope: jax.Array
    change: jax.Array


def rests(a: jax.Array) -> Rests:
    """The asymptotic series (NIST DLMF §5.11) for a > 0, below `reach` taken from a + `reach` by recurrence."""
    steps = reach(a.dtype)
    near = a < steps
    low = jnp.where(near, a, steps)
    t = jnp.where(near, low + steps, a)
    square = 1 / (t * t)
    value = series(STIRLING, square) / t
    slope = -0.5 / t - series(DIGAMMA, square) * square
    change = (0.5 + series(TRIGAMMA, square) / t) * square
    log_rise, once, twice, product = jnp.log1p(steps / low), 1 / low, jnp.zeros_like(low), low
    for i in range(1, steps):
        inverse = 1 / (low + i)
        once, twice, product = once + inverse, twice + inverse**2, product * (low + i)
    share = product / jnp.where(near, t, 2.0 * steps) ** steps
    return Rests(
        jnp.where(near, value + (low - 0.5) * log_rise - jnp.log(share) - steps, value),
        jnp.where(near, slope + log_rise - once, slope),
        jnp.where(near, change + 1 / t + twice + (1 / low - 1) / low, change),
    )


def rest_exactly(a: jax.Array) -> jax.Array:
    """log Γ(a) − (a − ½) log a + a − ½ log 2π, a > 0, a sum of positive terms and so right to rounding.

    What it loses from a to a + 1 is (a + ½) log(1 + 1/a) − 1 = r²/3 + r⁴/5 + …, r = 1/(2a + 1).
    """
    steps = reach(a.dtype)
    total = series(STIRLING, (a + steps) ** -2.0) / (a + steps)
    for i in reversed(range(steps)):
        y = a + i
        small, square = y < 2, (2 * y + 1) ** -2.0
        low = jnp.where(small, y, 1.0)
        total = total + jnp.where(small, (low + 0.5) * jnp.log1p(1 / low) - 1, square * series(ATANH, square))
    return total


def reach(dtype: jax.typing.DTypeLike) -> int:
    """From here on the series are right to rounding."""
    return 4 if jnp.finfo(dtype).bits <= 32 else 10
