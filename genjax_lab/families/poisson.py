"""Poisson counts, independent, one rate a coordinate.

    log p(x; λ) = Σ_j (x_j log λ_j − λ_j − log x_j!)      x_j ∈ {0, 1, 2, …},  λ_j ≥ 0

T(x) = x, so the maximum-likelihood rate is the mean.  Casella & Berger (2002), §3.2.  Computed in saddle-point form, as
`deviance` says: the digits of large counts are kept.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from genjax_lab.constraints import positive
from genjax_lab.count_statistics import Counts, from_counts
from genjax_lab.density import Density, factory
from genjax_lab.deviance import log_poisson, pairwise_poisson
from genjax_lab.numerics import log
from genjax_lab.seen import independent
from genjax_lab.space import counts
from genjax_lab.types import Params, Shape, Smoothing


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
        return jnp.where(space.contains(x), _log_prob(params["rate"], x), -jnp.inf)

    return Density(
        space=space,
        parameters={"rate": positive(tuple(shape))},
        init=lambda key: {"rate": jax.random.exponential(key, shape) + 0.5},
        log_prob=log_prob,
        sample=lambda key, params: jax.random.poisson(key, params["rate"], shape).astype(jnp.int32),
        estimator=from_counts(
            _log_prob, lambda mean, x: mean, _maximise, lambda params, x: (params["rate"], log(params["rate"]))
        ),
        pairwise=lambda params, x: _pairwise(params["rate"], x),
        **independent(poisson, shape),
    )


def _log_prob(rate: jax.Array, x: jax.Array) -> jax.Array:
    rate = rate.reshape(-1)
    return log_poisson(x.reshape(-1).astype(rate.dtype), rate, log(rate))


def _pairwise(rate: jax.Array, x: jax.Array) -> jax.Array:
    rates, rows = rate.reshape(rate.shape[0], -1), x.reshape(x.shape[0], -1).astype(rate.dtype)
    return pairwise_poisson(rows, rates, log(rates), jnp.ones(len(rows), rate.dtype))


def _maximise(stats: Counts, smoothing: Smoothing) -> Params:
    return {"rate": jnp.where(stats.weight > 0, stats.mean, 1.0)}
