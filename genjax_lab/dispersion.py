"""The arithmetic of the negative binomial in κ = 1/r: of a row, of the tails of many, and one round of a fit.

At the mean m, Σ over rows of log p is, Poisson terms apart, one over j of the share of rows above j. About the steps
of the mean itself, which leave each j the excess of `tail_counts`, the rows' mean of it is

    Σ_j excess_j log((1 + κj)/(1 + κm)) − cost        cost = ∫_0^m log(1 + κt) dt − Σ_j |[j, j+1] ∩ [0, m]| log(1 + κj)

with cost = ½ log(1 + κm) + rest(r) − rest(r + m) for whole m, of Stirling's rests: small positive numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab.constraints import most_concentrated
from genjax_lab.gamma_function import DIGAMMA, HALF_LOG_TWO_PI
from genjax_lab.inverse import log_gap, newton_inverse, series
from genjax_lab.stirling import Rests, enough, of_counts, reach, rests
from genjax_lab.tail_counts import Tails, below_bound

MOST_DISPERSED = 1e6
"""The largest κ, a concentration of 1e-6, that a fit takes."""

STRAIGHT = 0.5
"""Below this κ times the mean a step is taken in κ, above in log κ."""

THIRD = (1 / 3, -1 / 4, 1 / 5, -1 / 6, 1 / 7)
"""(d²/2 − gap(d)) / d³, gap(d) = d − log(1 + d)."""


class Slopes(NamedTuple):
    """A function of κ, its first and its second derivative."""

    value: jax.Array
    slope: jax.Array
    bend: jax.Array


def log_some(mean: jax.Array, r: jax.Array, x: jax.Array, below: Rests, above: Rests) -> jax.Array:
    """log p of counts x ≥ 1, from the rests at r and at r + x."""
    log_x, log_rise = jnp.log(x), jnp.log((r + x) / (r + mean))
    from_x = log_gap((mean - x) / x * (r / (r + mean)), log_rise + jnp.log(mean) - log_x)
    from_r = log_gap((x - mean) / (r + mean), log_rise)
    height = above.value - below.value - of_counts(x) - 0.5 * (log_x + log_rise + jnp.log1p(mean / r))
    return height - HALF_LOG_TWO_PI - x * from_x - r * from_r


def row(mean: jax.Array, r: jax.Array, x: jax.Array) -> dict[str, jax.Array]:
    """The row's distance from the mean, log p, and its slope and curvature in κ."""
    some = x > 0
    below, above = rests(r), rests(r + x)
    gap, gap_change = gap_terms(mean, r, x)
    rest, rest_change = _rest_terms(r, x, below, above)
    log_p = jnp.where(some, log_some(mean, r, jnp.where(some, x, 1.0), below, above), -r * jnp.log1p(mean / r))
    return {"x": x - mean, "log_prob": log_p, "slope": gap - rest, "bend": gap_change - rest_change}


def of_tails(mean: jax.Array, r: jax.Array, tails: Tails) -> dict[str, jax.Array]:
    """The means of `row` over rows of which the tails are known, to rounding."""
    kappa, own = (1 / r)[..., None], tails.mean[..., None]
    j = below_bound(r.ndim, r.dtype)
    shrink, each = 1 / (1 + kappa * own), 1 / (1 + kappa * j)
    apart = (j - own) * shrink
    d = kappa * apart
    ratio = d - log_gap(d, jnp.log((1 + kappa * j) * shrink))
    turn = tails.excess * apart * each
    cost = _cost(r, tails.mean)
    gap, gap_change = gap_terms(mean, r, tails.mean)
    return {
        "x": tails.mean - mean,
        "log_prob": tails.height + (tails.excess * ratio).sum(-1) - cost.value - _fall(mean, r, tails.mean),
        "slope": gap + turn.sum(-1) - cost.slope,
        "bend": gap_change - (turn * (j * each + own * shrink)).sum(-1) - cost.bend,
    }


def _fall(mean: jax.Array, r: jax.Array, best: jax.Array) -> jax.Array:
    """How much lower the mean of log p is at a mean than at that of the rows."""
    some = best > 0
    x = jnp.where(some, best, 1.0)
    log_rise = jnp.log((r + x) / (r + mean))
    from_x = log_gap((mean - x) / x * (r / (r + mean)), log_rise + jnp.log(mean / x))
    fall = x * from_x + r * log_gap((x - mean) / (r + mean), log_rise)
    return jnp.where(some, fall, r * jnp.log1p(mean / r))


def _cost(r: jax.Array, mean: jax.Array) -> Slopes:
    """The cost of a mean that need not be whole, as above, in κ: that of its whole part, and ∫ log(1 + us) ds."""
    whole = jnp.floor(mean)
    part, shrink = mean - whole, r / (r + whole)
    below, above = rests(r), rests(r + whole)
    rest, rest_change = _rest_terms(r, whole, below, above)
    u = shrink / r  # log(1 + κ(whole + s)) − log(1 + κ whole) = log(1 + us)
    q = u * part
    gap = log_gap(q)
    first = gap / u / u  # ∫ s/(1 + us) ds
    near = part**3 * series((1 / 3, -1 / 2, 3 / 5, -2 / 3), q)
    second = jnp.where(q < 0.02, near, (2 * gap - q * q / (1 + q)) / u / u / u)  # ∫ s²/(1 + us)² ds
    return Slopes(
        0.5 * jnp.log1p(whole / r) + below.value - above.value + part * jnp.log1p(q) - gap / u,
        rest + shrink**2 * first,
        rest_change - shrink**3 * (2 * whole * first + shrink * second),
    )


def gap_terms(mean: jax.Array, r: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """r² gap(d), d = (x − m)/(r + m), and its derivative in κ = 1/r."""
    d, shrunk = (x - mean) / (r + mean), (x - mean) * (r / (r + mean))
    gap = log_gap(d, jnp.log((r + x) / (r + mean)))
    small = jnp.abs(d) < 0.1
    other = jnp.where(small, 1.0, d)
    third = jnp.where(small, series(THIRD, jnp.where(small, d, 0.0)), (0.5 * d**2 - gap) / other**3)
    return r * (r * gap), shrunk**2 * (2 * shrunk * third - x * (r / (r + x)))


def _rest_terms(r: jax.Array, x: jax.Array, below: Rests, above: Rests) -> tuple[jax.Array, jax.Array]:
    """r² times the gain of ψ(a) − log a from r to r + x, and its derivative in κ."""
    v = r / (r + x)
    near = r < reach(r.dtype)
    slope, change = above.slope - below.slope, above.change - below.change
    terms, square = DIGAMMA[: enough(r.dtype)], jnp.where(near, 0.0, 1 / r) ** 2
    far = 0.5 * x * v + series(terms, square) - v**2 * series(terms, square * v**2)
    far_change = x * v**2 * (v / 6 - 0.5 * x)
    low = jnp.where(near, r, 0.0)
    return jnp.where(near, low**2 * slope, far), jnp.where(near, -(low**3) * (2 * slope + low * change), far_change)


def climb(s: dict[str, jax.Array], mean: jax.Array, r: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The new mean, and a Newton step of r for the profile likelihood in κ."""
    new = jnp.maximum(mean + s["x"], 0.0)
    gap, gap_change = gap_terms(mean, r, new)
    least, straight = 1 / most_concentrated(r.dtype), STRAIGHT / jnp.where(new > 0, new, 1.0)
    kappa = newton_inverse(1 / r, s["slope"] - gap, s["bend"] - gap_change, least, MOST_DISPERSED, straight)
    return new, jnp.where((kappa <= least) | (new == 0), 1 / least, 1 / kappa)
