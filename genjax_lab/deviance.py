"""Poisson probabilities in saddle-point form, nothing of which cancels for large counts.

    log p(x; λ) = peak(x) − deviance(x, λ)        peak(x) = log p(x; x)        deviance = x log(x/λ) − x + λ ≥ 0

A multinomial is Poisson counts given their total: log p(x; π) = Σ_c log p(x_c; N π_c) − peak(N), where errors of π, and
of its sum, are of second order near the peak.  In the plain form float32 is wrong by 10 at a count of 10⁷.
Loader (2000), Fast and Accurate Computation of Binomial Probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.gamma_function import HALF_LOG_TWO_PI
from genjax_lab.inverse import log_gap
from genjax_lab.numerics import EXACT, FAR
from genjax_lab.stirling import of_counts

SMALL = 1e-30
"""A ratio below this is known by its logarithm only."""


def peak(x: jax.Array) -> jax.Array:
    """log p(x; x) of counts x ≥ 0: 0 at 0, near −½ log 2πx."""
    count = jnp.where(x > 0, x, 1.0)
    return jnp.where(x > 0, -of_counts(count) - HALF_LOG_TWO_PI - 0.5 * jnp.log(count), 0.0)


def deviance(x: jax.Array, rate: jax.Array, log_rate: jax.Array) -> jax.Array:
    """x log(x/λ) − x + λ of numbers x ≥ 0 and rates λ ≥ 0; ∞ where λ = 0 < x, with gradient 0 there.

    Args:
      x: counts, or means of counts.
      rate: λ, which may be too small for its dtype.
      log_rate: log λ, −∞ only where λ = 0.
    """
    some, never = x > 0, jnp.isneginf(log_rate)
    count, own = jnp.where(some, x, 1.0), jnp.where(never, 1.0, rate)
    far = _log_far(own / count, jnp.where(never, 0.0, log_rate) - jnp.log(count))
    value = count * log_gap((own - count) / count, far)
    return jnp.where(some, jnp.where(never, jnp.inf, value), rate)


def log_poisson(x: jax.Array, rate: jax.Array, log_rate: jax.Array) -> jax.Array:
    """Σ_j log p(x_j; λ_j) along the last axis; the arguments are those of `deviance`."""
    each = peak(x) - deviance(x, rate, log_rate)
    return jnp.matmul(each, jnp.ones(each.shape[-1], each.dtype), precision=EXACT)  # a CPU sums this 10 times slower


def pairwise_poisson(x: jax.Array, rate: jax.Array, log_rate: jax.Array, exposure: jax.Array) -> jax.Array:
    """Σ_j log p(x_ij; e_i λ_kj): a matmul gives the models' differences, the best model of each row the height.

    Where rounding would blur a difference, as it does between models that are near one another and far from a third at
    counts of 10⁵ or more, all is taken entry by entry.

    Args:
      x: counts, f[n, d].
      rate: λ of each model, f[k, d].
      log_rate: log λ.
      exposure: e, f[n], positive where the row has a count.

    Returns:
      f[n, k].
    """
    log_exposure = jnp.log(jnp.where(exposure > 0, exposure, 1.0))

    def entries(rate: jax.Array, log_rate: jax.Array) -> jax.Array:
        return log_poisson(x, exposure[:, None] * rate, log_rate + log_exposure[:, None])

    gain, blur = _gains(x, rate, log_rate, exposure)
    linear = jnp.where(jnp.isneginf(gain), 0.0, gain)  # of it are the slopes: no number is gathered backward
    value = lax.stop_gradient(_heights(entries, rate, log_rate, gain, blur))
    return jnp.where(jnp.isneginf(gain), -jnp.inf, value + (linear - lax.stop_gradient(linear)))


def _heights(
    entries: Callable[[jax.Array, jax.Array], jax.Array],
    rate: jax.Array,
    log_rate: jax.Array,
    gain: jax.Array,
    blur: jax.Array,
) -> jax.Array:
    if len(rate) == 1:
        return entries(rate, log_rate)[:, None]
    best = jnp.argmax(jnp.where(jnp.isnan(gain), -jnp.inf, gain), 1)[:, None]
    step = gain - jnp.take_along_axis(gain, best, 1)
    blurred = (blur[:, None] > jnp.maximum(jnp.abs(step), 1.0)) & (jnp.arange(len(rate))[None] != best)
    return lax.cond(
        blurred.any(),
        lambda: lax.map(lambda one: entries(*one), (rate[:, None], log_rate[:, None])).T,
        lambda: entries(rate[best[:, 0]], log_rate[best[:, 0]])[:, None] + step,
    )


def _gains(x: jax.Array, rate: jax.Array, log_rate: jax.Array, exposure: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What each model adds to the log-density under the mean rates of all, f[n, k]; and 100 times its error, f[n]."""
    never = jnp.isneginf(log_rate)
    centre = lax.stop_gradient(jnp.nanmean(rate, 0))
    centre = jnp.where(centre > 0, centre, 1.0)[None]
    own = jnp.where(never, centre, rate)
    d = (own - centre) / centre
    near = jnp.abs(d) < 0.5
    far = _log_far(jnp.where(near, 1.0, own / centre), jnp.where(never, 0.0, log_rate) - jnp.log(centre))
    ratio = jnp.where(near, jnp.log1p(jnp.where(near, d, 0.0)), far)
    total = jnp.matmul(x, jnp.where(never, -FAR, ratio).T, precision=EXACT)
    gain = jnp.where(total < -0.5 * FAR, -jnp.inf, total - exposure[:, None] * (rate - centre).sum(-1)[None])
    widest = jnp.where(jnp.isnan(ratio), 0.0, jnp.abs(ratio)).max(0)
    blur = 100 * jnp.finfo(x.dtype).eps * jnp.sqrt(jnp.matmul(x**2, widest**2))
    return gain, lax.stop_gradient(blur)


def _log_far(ratio: jax.Array, log_ratio: jax.Array) -> jax.Array:
    """log of a ratio, by its logarithm where it is too small for its dtype."""
    return jnp.log(jnp.maximum(ratio, SMALL)) + jnp.minimum(log_ratio - math.log(SMALL), 0.0)
