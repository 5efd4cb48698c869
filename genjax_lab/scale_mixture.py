"""The Student t density as a scale mixture of normals: its terms, the statistics of a row, and one round of a fit.

All is computed in κ = 1/ν, in which the normal density is the end κ = 0 of a smooth family and nothing cancels: the Γs
of the density are rest(ν/2 + ½) − rest(ν/2) − gap(κ)/2κ and a constant, Stirling's rest and gap(κ) = κ − log(1 + κ).
A round is a Newton step in (μ, log σ, κ) where that is short, and one of parameter-expanded EM elsewhere.
Liu & Rubin (1995), Statistica Sinica 5, 19–39; Liu, Rubin & Wu (1998), Parameter expansion, Biometrika 85, 755–770.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from genjax_lab.gamma_function import HALF_LOG_TWO_PI, stirling_rest
from genjax_lab.inverse import log_gap, newton_inverse, slope_gap, slope_gap_change
from genjax_lab.stirling import rests

FARTHEST = 1e17
"""|z| stops here in the statistics, which keeps z⁴ finite in float32."""

LONGEST_STEP = 0.4
"""In log σ and, in units of σ, in μ, a round."""

MOST_TAILED = 1e3
"""The largest κ, df = 0.001, that a fit takes: the likelihood of rows that are half of them equal has no end there."""

STRAIGHT = 0.5
"""Below this κ a step is taken in κ, above in log κ."""


def height(kappa: jax.Array) -> jax.Array:
    """log p(0) of the standard density."""
    half = 0.5 / kappa
    return stirling_rest(half + 0.5) - stirling_rest(half) - 0.5 * log_gap(kappa) / kappa - HALF_LOG_TWO_PI


def tail(kappa: jax.Array, apart: jax.Array, sigma: jax.Array) -> jax.Array:
    """log p(0) − log p(z) = ½ (1 + 1/κ) log(1 + κ z²), z = (x − μ)/σ, also where z² is beyond the dtype."""
    near = jnp.abs(apart / sigma) < FARTHEST
    inner = jnp.log1p(kappa * (jnp.where(near, apart, 0.0) / sigma) ** 2)
    outer = jnp.log(kappa) + 2 * (jnp.log(jnp.where(near, 1.0, jnp.abs(apart))) - jnp.log(sigma))
    return 0.5 * (1 + 1 / kappa) * jnp.where(near, inner, outer)


def row(kappa: jax.Array, z: jax.Array) -> dict[str, jax.Array]:
    """The statistics of a row at z, of which `_slopes` makes the derivatives of log p: few, as each costs a pass.

    A row weighs w = (1 + κ) v, v = 1/(1 + κz²), its expected precision; b = zv and a = z²v. As v = 1 − κa, their
    products with v are differences of the others.
    """
    z = jnp.clip(z, -FARTHEST, FARTHEST)
    s = z**2
    v = 1 / (1 + kappa * s)
    a, b = s * v, z * v
    gap = slope_gap(kappa, s)
    return {
        "tail": 0.5 * (1 + 1 / kappa) * jnp.log1p(kappa * s),
        "v": v,
        "a": a,
        "b": b,
        "aa": a**2,
        "ab": a * b,
        "k": 0.5 * (gap - a),
        "kk": 0.5 * (slope_gap_change(kappa, s, gap) + a**2),
    }


def _slopes(s: dict[str, jax.Array], kappa: jax.Array) -> dict[str, jax.Array]:
    """Means of the weight and of the derivatives of log p in μ/σ, log σ and κ, called "m", "t" and "k"."""
    more, av, bv = 1 + kappa, s["a"] - kappa * s["aa"], s["b"] - kappa * s["ab"]
    return {
        "tail": s["tail"],
        "w": more * s["v"],
        "m": more * s["b"],
        "t": more * s["a"],
        "k": s["k"],
        "mm": more * (2 * kappa * av - s["v"]),
        "mt": -2 * more * bv,
        "tt": -2 * more * av,
        "mk": s["b"] - more * s["ab"],
        "tk": s["a"] - more * s["aa"],
        "kk": s["kk"],
    }


def climb(stats: dict[str, jax.Array], kappa: jax.Array, least: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The new κ, the step of μ in units of σ, and the factor of σ: Newton's where it is short, or else EM's."""
    s, (slope, bend) = _slopes(stats, kappa), _derivatives(height, kappa)
    g_t, g_k, h_kk = s["t"] - 1, s["k"] + slope, s["kk"] + bend
    # Eliminate μ, then log σ, from the Newton equations; what is left is the profile likelihood of κ.
    p_m = -s["mm"]
    a_m = 1 / jnp.where(p_m > 0, p_m, 1.0)
    p_t = -s["tt"] - s["mt"] ** 2 * a_m
    concave = (p_m > 0) & (p_t > 0)
    a_t = 1 / jnp.where(concave, p_t, 1.0)
    r_t, c_tk = g_t + s["mt"] * a_m * s["m"], s["tk"] + s["mt"] * a_m * s["mk"]
    r_k = g_k + s["mk"] * a_m * s["m"] + c_tk * a_t * r_t
    h_k = h_kk + s["mk"] ** 2 * a_m + c_tk**2 * a_t
    new = newton_inverse(kappa, r_k, h_k, least, MOST_TAILED, STRAIGHT)
    t = (r_t + c_tk * (new - kappa)) * a_t
    m = (s["m"] + s["mt"] * t + s["mk"] * (new - kappa)) * a_m
    short = concave & (jnp.abs(t) < LONGEST_STEP) & (jnp.abs(m) < LONGEST_STEP)
    slow = _expected(s, kappa, least)
    return jnp.where(short, new, slow[0]), jnp.where(short, m, slow[1]), jnp.where(short, jnp.exp(t), slow[2])


def _expected(s: dict[str, jax.Array], kappa: jax.Array, least: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """A round of parameter-expanded EM, which never lowers the likelihood."""
    w = jnp.where(s["w"] > 0, s["w"], 1.0)
    centre = s["m"] / w
    hidden = 8 * jnp.finfo(w.dtype).eps * centre**2  # by rounding, while μ is far off
    factor = jnp.sqrt(jnp.maximum(s["t"] / w - centre**2, hidden))
    mean_log_w = jnp.log1p(kappa) - 2 * kappa / (1 + kappa) * s["tail"]
    deficit = jnp.maximum(jnp.log(w) - mean_log_w, 0.0) - rests(0.5 / kappa + 0.5).slope
    half = 0.5 / jnp.maximum(deficit, least)  # log a − ψ(a) = deficit, near 1/2a
    for _ in range(3):
        at = rests(half)
        half = half / jnp.clip(1 + (at.slope + deficit) / (half * at.change), 0.25, 4.0)
    return jnp.clip(0.5 / half, least, MOST_TAILED), centre, factor


def _derivatives(f: Callable[[jax.Array], jax.Array], at: jax.Array) -> tuple[jax.Array, jax.Array]:
    """First and second derivative, entry by entry."""

    def slope(y: jax.Array) -> jax.Array:
        return jax.jvp(f, (y,), (jnp.ones_like(y),))[1]

    return jax.jvp(slope, (at,), (jnp.ones_like(at),))
