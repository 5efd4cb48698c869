"""Weibull numbers, independent, one concentration and one scale a coordinate: times until something fails.

    log p(x; c, λ) = Σ_j (log c_j − log λ_j + (c_j − 1) log(x_j/λ_j) − (x_j/λ_j)^c_j)      x_j > 0,  c_j, λ_j > 0

At the maximum λ^c = mean x^c and 1/c + mean(log x) = Σ x^c log x / Σ x^c, one equation whose likelihood is concave in
c and in log c.  Statistics are Σ (x/λ)^c (log(x/λ))^m, m = 0, 1, 2, at the present parameters: of order 1, so that none
overflows.  Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 21.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab.constraints import concentration, positive
from genjax_lab.density import Density, factory
from genjax_lab.groups import Groups
from genjax_lab.iterated import SMALL, centre_and_spread, from_entries
from genjax_lab.numerics import sum_logs
from genjax_lab.seen import independent
from genjax_lab.space import reals, whole_shape
from genjax_lab.statistic import Mean
from genjax_lab.types import Key, Params, Shape

LONGEST_STEP = 1.0
"""In log c, a round."""

LARGEST_POWER = 60.0
"""log (x/λ)^c stops here in the statistics, which keeps their sums finite while the parameters are still far off."""

LOG_SPREAD, EULER = math.pi / math.sqrt(6), 0.5772156649015329
"""c log(x/λ) has this standard deviation, and minus this mean."""


def steepest(dtype: jax.typing.DTypeLike) -> float:
    """0.01/ε: a larger concentration tells numbers apart that the dtype hardly does."""
    return 0.01 / float(jnp.finfo(dtype).eps)


@factory
def weibull(shape: Shape = ()) -> Density:
    """Weibull density over positive numbers in an array of the given shape, coordinates independent.

    A coordinate whose rows are all equal has its likelihood rise for ever: its concentration stops at 0.01/ε of the
    dtype (8e4 in float32), which is the boundary, with the scale at the rows.

    Args:
      shape: shape of one event.

    Returns:
      A density with params {"concentration": f[shape], without unit, "scale": f[shape], in units of x}.

    Example:
      >>> params = {"concentration": jnp.array(2.0), "scale": jnp.array(3.0)}
      >>> round(float(gl.weibull().log_prob(params, jnp.array(3.0))), 4)  # log(2/3) − 1
      -1.4055
    """
    shape = whole_shape(shape)
    parameters = {"concentration": concentration(shape, steepest), "scale": positive(shape)}

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return sum_logs(_log_density(params["concentration"], params["scale"], x).reshape(-1))

    def init(key: Key) -> Params:
        first, second = jax.random.split(key)
        return {
            "concentration": 1.5 * jnp.exp(0.3 * jax.random.normal(first, shape)),
            "scale": jnp.exp(0.5 * jax.random.normal(second, shape)),
        }

    def sample(key: Key, params: Params) -> jax.Array:
        drawn = jax.random.weibull_min(key, params["scale"], params["concentration"], shape, params["scale"].dtype)
        return jnp.maximum(drawn, jnp.finfo(drawn.dtype).tiny)

    return Density(
        space=reals(shape, low=0.0),
        parameters=parameters,
        init=init,
        log_prob=log_prob,
        sample=sample,
        estimator=from_entries(_entry, _step, _log_likelihood, _start, frozenset(parameters), few_rows=SMALL),
        **independent(weibull, shape),
    )


def _log_density(c: jax.Array, scale: jax.Array, x: jax.Array) -> jax.Array:
    """log p of each coordinate; −∞ outside x > 0 and for parameters on the boundary 0."""
    outside = (x <= 0) | (x == jnp.inf) | (c <= 0) | (scale <= 0)
    c, scale, x = (jnp.where(outside, 1.0, a) for a in (c, scale, x))
    log_ratio = _log_ratio(x, scale)
    power = c * log_ratio
    outside = outside | (power >= math.log(float(jnp.finfo(power.dtype).max)))
    z = jnp.exp(jnp.where(outside, 0.0, power))
    return jnp.where(outside, -jnp.inf, jnp.log(c) - jnp.log(scale) + (c - 1) * log_ratio - z)


@jax.custom_jvp
def _log_ratio(x: jax.Array, scale: jax.Array) -> jax.Array:
    """log(x/λ), x, λ > 0, right to rounding where they are nearly equal, and finite where x/λ is not."""
    ratio = x / scale
    usual = (ratio > jnp.finfo(ratio.dtype).tiny) & (ratio < jnp.inf)
    return jnp.where(usual, jnp.log(jnp.where(usual, ratio, 1.0)), jnp.log(x) - jnp.log(scale))


@_log_ratio.defjvp
def _log_ratio_slope(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    (x, scale), (dx, dscale) = primals, tangents
    return _log_ratio(x, scale), dx / x - dscale / scale


def _entry(params: Params, x: jax.Array) -> dict[str, jax.Array]:
    tiny = jnp.finfo(x.dtype).tiny
    log_ratio = _log_ratio(jnp.maximum(x, tiny), jnp.maximum(params["scale"], tiny))
    z = jnp.exp(jnp.minimum(params["concentration"] * log_ratio, LARGEST_POWER))
    return {"log": log_ratio, "z": z, "z_log": z * log_ratio, "z_log2": z * log_ratio**2}


def _step(stats: Mean, params: Params) -> Params:
    """Newton in log c on the likelihood with λ at its best for c; then that λ, by the first cumulants of z-weights."""
    some, mean = stats.weight > 0, stats.mean
    c, scale = params["concentration"], params["scale"]
    z = jnp.where(mean["z"] > 0, mean["z"], 1.0)
    tilted = c * mean["z_log"] / z
    spread = jnp.maximum(c**2 * mean["z_log2"] / z - tilted**2, 0.0)
    lead = jnp.maximum(tilted - c * mean["log"], 0.0)  # the slope is 1 − lead, the curvature −(lead + spread)
    step = (1 - lead) / jnp.maximum(lead + spread, jnp.finfo(z.dtype).tiny)
    new = jnp.minimum(c * jnp.exp(jnp.clip(step, -LONGEST_STEP, LONGEST_STEP)), steepest(c.dtype))
    more = new / c - 1
    log_z = jnp.where(mean["z"] > 0, jnp.log(z), mean["log"] * c)
    shift = (log_z + more * tilted + 0.5 * more**2 * spread) / new
    far = 0.5 * math.log(float(jnp.finfo(z.dtype).max))
    moved = jnp.maximum(scale, jnp.finfo(z.dtype).tiny) * jnp.exp(jnp.clip(shift, -far, far))
    return {"concentration": jnp.where(some, new, 1.0), "scale": jnp.where(some, moved, 1.0)}


def _log_likelihood(stats: Mean, params: Params) -> jax.Array:
    c, scale = params["concentration"], params["scale"]
    inside = (c > 0) & (scale > 0)
    logs = jnp.log(jnp.where(inside, c, 1.0)) - jnp.log(jnp.where(inside, scale, 1.0))
    each = logs + (c - 1) * stats.mean["log"] - stats.mean["z"]
    return sum_logs(jnp.where(inside, each, -jnp.inf).reshape(-1))


def _start(x: jax.Array, groups: Groups) -> Params:
    """From the mean and spread of log x.  Menon (1963), Technometrics 5, 175–182."""
    mean, variance, some = centre_and_spread(jnp.log(jnp.maximum(x, jnp.finfo(x.dtype).tiny)), groups)
    most = steepest(x.dtype)
    c = jnp.where(some, LOG_SPREAD / jnp.maximum(jnp.sqrt(variance), LOG_SPREAD / most), 1.0)
    return {"concentration": c, "scale": jnp.where(some, jnp.exp(mean + EULER / c), 1.0)}
