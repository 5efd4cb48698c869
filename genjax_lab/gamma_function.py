"""log Γ and its derivatives without their leading terms, which cancel in a likelihood.

    log Γ(a) = (a − ½) log a − a + ½ log 2π + stirling_rest(a)        ψ(a) = log a − log_less_digamma(a)

At a concentration of 10⁴ the plain forms leave two digits of a float32 log-density; these leave six.  The asymptotic
series are NIST DLMF §5.11; the idea is Loader (2000), Fast and Accurate Computation of Binomial Probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)

SHIFT = {32: 4, 64: 10}
"""The asymptotic series of ψ and ψ′ are taken this far to the right of the argument: bits of the dtype -> steps."""

STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
TRIGAMMA = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
TERMS = {32: 5, 64: 11}
"""Terms of a series that this many bits can tell."""

NEAR = 0.3
ATANH = tuple(1 / (2 * i + 3) for i in range(11))


@jax.custom_jvp
def itakura_saito(x: jax.Array, m: jax.Array) -> jax.Array:
    """x/m − 1 − log(x/m) of positive numbers: 0 where x = m, and right to rounding near there.

    Itakura & Saito (1968). With d = x/m − 1 and r = d/(2 + d), log(1 + d) = 2 artanh r = 2r (1 + r²/3 + r⁴/5 + …).

    Example:
      >>> float(itakura_saito(jnp.float32(1000.1), jnp.float32(1000.0)) * 2e8).__round__(2)
      1.0
    """
    largest = jnp.finfo(jnp.result_type(float, x, m)).max
    d = jnp.minimum((x - m) / m, largest)
    near = jnp.abs(d) < NEAR
    share = jnp.where(near, 1.0, jnp.minimum(x / m, largest))
    return jnp.where(near, _less_log1p_near(jnp.where(near, d, 0.0)), d - jnp.log(share))


@itakura_saito.defjvp
def _slope(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    (x, m), (dx, dm) = primals, tangents
    d = (x - m) / m
    return itakura_saito(x, m), d / x * dx - d / m * dm


def stirling_rest(a: jax.Array) -> jax.Array:
    """log Γ(a) − (a − ½) log a + a − ½ log 2π, a > 0: near 1/(12 a), a sum of positive terms and so right to rounding.

    What it loses from a to a + 1 is (a + ½) log(1 + 1/a) − 1 = r²/3 + r⁴/5 + …, r = 1/(2a + 1).  A float32 log Γ by
    itself is wrong by 10⁻⁶ already, which a likelihood multiplies by the rows.
    """
    steps = SHIFT[max(32, jnp.finfo(a.dtype).bits)]
    total = _horner(STIRLING, 1 / (a + steps) ** 2) / (a + steps)
    for i in reversed(range(steps)):
        y = a + i
        square = 1 / (2 * y + 1) ** 2
        lost = square * _horner(ATANH, square)
        if i < 2:  # the series is too slow
            small = y < 2
            low = jnp.where(small, y, 1.0)
            lost = jnp.where(small, (low + 0.5) * (jnp.log1p(low) - jnp.log(low)) - 1, lost)
        total = total + lost
    return total


def log_less_digamma(a: jax.Array) -> jax.Array:
    """log a − ψ(a), a > 0: positive, near 1/(2 a), a sum of positive terms and so right to rounding."""
    steps, t = _steps(a)
    series = 0.5 / t + _horner(DIGAMMA, 1 / t**2) / t**2
    return sum(_less_log1p(1 / b) for b in steps) + series


def log_less_digamma_gain(a: jax.Array, d: jax.Array) -> jax.Array:
    """The fall of log a − ψ(a) from a to a + d, both > 0: right to rounding however small d is."""
    steps, t = _steps(a)
    inner = sum(d / b / (b + d) / (b + d + 1) + _less_log1p(d / b / (b + d + 1)) for b in steps)
    p, q = 1 / t**2, 1 / (t + d) ** 2
    fall = d / t / (t + d)  # of 1/t
    return inner + fall * (0.5 + (1 / t + 1 / (t + d)) * _divided_difference((0.0, *DIGAMMA), p, q))


def trigamma_less_inverse(a: jax.Array) -> jax.Array:
    """ψ′(a) − 1/a, a > 0: positive, near 1/(2 a²), a sum of positive terms and so right to rounding."""
    steps, t = _steps(a)
    series = (0.5 + _horner(TRIGAMMA, 1 / t**2) / t) / t**2
    return sum(1 / b / b / (b + 1) for b in steps) + series


def _less_log1p(d: jax.Array) -> jax.Array:
    """d − log(1 + d) for d ≥ 0."""
    near = d < NEAR
    return jnp.where(near, _less_log1p_near(jnp.where(near, d, 0.0)), d - jnp.log1p(d))


def _less_log1p_near(d: jax.Array) -> jax.Array:
    r = d / (2 + d)
    return r * (d - 2 * r**2 * _horner(ATANH, r**2))


def _steps(a: jax.Array) -> tuple[list[jax.Array], jax.Array]:
    """a, a + 1, …, a + s − 1, and a + s: a list, whose sum a compiler makes one loop of."""
    shift = SHIFT[max(32, jnp.finfo(a.dtype).bits)]
    return [a + i for i in range(shift)], a + shift


def _divided_difference(coefficients: Sequence[float], p: jax.Array, q: jax.Array) -> jax.Array:
    """(P(p) − P(q)) / (p − q) of a polynomial, also where p = q."""
    value, slope = jnp.full_like(q, coefficients[-1]), jnp.zeros_like(q)
    for c in reversed(coefficients[:-1]):
        slope = slope * p + value
        value = value * q + c
    return slope


def _horner(coefficients: Sequence[float], y: jax.Array) -> jax.Array:
    coefficients = coefficients[: TERMS[max(32, jnp.finfo(y.dtype).bits)]]
    total = jnp.full_like(y, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * y + c
    return total
