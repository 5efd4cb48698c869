"""Poisson counts, independent, one rate a coordinate.

    log p(x; λ) = Σ_j (x_j log λ_j − λ_j − log x_j!)      x_j ∈ {0, 1, 2, …},  λ_j ≥ 0

T(x) = x, so the maximum-likelihood rate is the mean.  Casella & Berger (2002), §3.2.
"""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln

from genjax_lab.constraints import positive
from genjax_lab.density import Density, factory
from genjax_lab.estimator import merged_whole
from genjax_lab.numerics import dot_log, float_dtype, log, times_log
from genjax_lab.space import counts
from genjax_lab.statistic import Mean, from_statistic, merge_means
from genjax_lab.types import Event, Params, Shape, Smoothing


@factory
def poisson(shape: Shape = ()) -> Density:
    """Poisson density over counts of the given shape.

    Args:
      shape: shape of one event; each coordinate has its own rate.

    Returns:
      A density with params {"rate": f[shape]}, expected counts; a rate of 0 allows the count 0 only.

    Example:
      >>> fit = gl.fit(gl.poisson(), jnp.array([2, 0, 4]))
      >>> float(fit.params["rate"])
      2.0
    """
    space = counts(shape)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        rate = params["rate"]
        value = dot_log(x, log(rate)) - rate.sum() - gammaln(x.astype(rate.dtype) + 1.0).sum()
        return jnp.where(space.contains(x), value, -jnp.inf)

    return Density(
        space=space,
        parameters={"rate": positive(tuple(shape))},
        init=lambda key: {"rate": jax.random.exponential(key, shape) + 0.5},
        log_prob=log_prob,
        sample=lambda key, params: jax.random.poisson(key, params["rate"], shape).astype(jnp.int32),
        estimator=replace(from_statistic(_statistic, _maximise, _log_likelihood), pool=merged_whole(merge_means)),
    )


def _statistic(x: jax.Array) -> Event:
    x = x.astype(float_dtype(x))
    return {"x": x, "log_factorial": gammaln(x + 1.0).sum()}


def _maximise(stats: Mean, smoothing: Smoothing) -> Params:
    return {"rate": jnp.where(stats.weight > 0, stats.mean["x"], 1.0)}


def _log_likelihood(stats: Mean, params: Params) -> jax.Array:
    rate = params["rate"]
    event = times_log(stats.mean["x"], jnp.log(rate)).sum() - rate.sum() - stats.mean["log_factorial"]
    return stats.weight * event
