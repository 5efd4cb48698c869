"""Normal numbers, independent, one mean and one standard deviation a coordinate.

    log p(x; μ, σ) = −Σ_j (½ ((x_j − μ_j) / σ_j)² + log σ_j + ½ log 2π)      x_j ∈ ℝ,  σ_j ≥ 0

Kept in location-scale form: in float32 the natural form of N(1000, 0.1²) is wrong in the first digit. The maximum-
likelihood mean and variance are those of the data.  Casella & Berger (2002), §7.2.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from genjax_lab.constraints import positive, real
from genjax_lab.density import Density, factory
from genjax_lab.estimator import smoothing_of
from genjax_lab.space import reals
from genjax_lab.statistic import Moments, from_moments
from genjax_lab.types import Params, Shape, Smoothing

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@factory
def normal(shape: Shape = ()) -> Density:
    """Normal density over real numbers in an array of the given shape, coordinates independent.

    A scale of 0 is a point: log_prob is +∞ there and −∞ elsewhere. Smoothing {"scale": v} adds v to each fitted
    variance, in squared units of x; a scalar smoothing is a pseudo-count and leaves a normal as it is.

    Args:
      shape: shape of one event.

    Returns:
      A density with params {"loc": f[shape], "scale": f[shape]}, in units of x.

    Example:
      >>> fit = gl.fit(gl.normal(), jnp.array([1.0, 3.0]))
      >>> float(fit.params["loc"]), float(fit.params["scale"])
      (2.0, 1.0)
    """
    shape = tuple(shape)

    def init(key: jax.Array) -> Params:
        loc, scale = jax.random.split(key)
        return {"loc": jax.random.normal(loc, shape), "scale": jnp.exp(0.5 * jax.random.normal(scale, shape))}

    return Density(
        space=reals(shape),
        parameters={"loc": real(shape), "scale": positive(shape)},
        init=init,
        log_prob=lambda params, x: _log_prob(params["loc"], params["scale"], x),
        sample=lambda key, params: params["loc"] + params["scale"] * jax.random.normal(key, shape, params["loc"].dtype),
        estimator=from_moments(_maximise, _log_likelihood),
    )


def _log_prob(loc: jax.Array, scale: jax.Array, x: jax.Array) -> jax.Array:
    point = scale == 0
    sigma = jnp.where(point, 1.0, scale)
    z = jnp.where(point, 0.0, (x - loc) / sigma)
    value = -(0.5 * z**2 + jnp.log(sigma) + HALF_LOG_TWO_PI).sum()
    value = jnp.where(point.any(), jnp.inf, value)
    return jnp.where((point & (x != loc)).any(), -jnp.inf, value)


def _maximise(stats: Moments, smoothing: Smoothing) -> Params:
    some = stats.weight > 0
    variance = stats.scatter / jnp.where(some, stats.weight, 1) + smoothing_of(smoothing, "scale")
    return {"loc": jnp.where(some, stats.mean, 0.0), "scale": jnp.where(some, jnp.sqrt(variance), 1.0)}


def _log_likelihood(stats: Moments, params: Params) -> jax.Array:
    loc, scale = params["loc"], params["scale"]
    point = scale == 0
    sigma = jnp.where(point, 1.0, scale)
    spread = stats.scatter + stats.weight * (stats.mean - loc) ** 2
    log_p = -(0.5 * spread / sigma**2 + stats.weight * (jnp.log(sigma) + HALF_LOG_TWO_PI)).sum()
    at_points = jnp.where((point & (spread > 0)).any(), -jnp.inf, jnp.inf)
    return jnp.where(stats.weight > 0, jnp.where(point.any(), at_points, log_p), 0.0)
