"""Counts of k categories, given their total: documents as bags of words.

    log p(x; ℓ | N) = log N! − Σ_c log x_c! + Σ_c x_c (ℓ_c − log Σ exp ℓ)      N = Σ_c x_c

T(x) = x, so the maximum-likelihood probability of a category is its share of all counts; with pseudo-counts α,
(count + α) / (total + kα).  Casella & Berger (2002), §4.6.
"""

from __future__ import annotations

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln

from genjax_lab import constraints
from genjax_lab.density import Density, factory
from genjax_lab.estimator import merged_whole, smoothing_of
from genjax_lab.numerics import dot_log, float_dtype, log_normalise, times_log
from genjax_lab.space import count_vectors
from genjax_lab.statistic import Mean, from_statistic, merge_means
from genjax_lab.types import Event, Key, Params, Smoothing


@factory
def multinomial(k: int, total: int | None = None) -> Density:
    """Multinomial density over vectors of `k` counts.

    Args:
      k: number of categories.
      total: what the counts of an event add up to. None: each event has its own, and log_prob is that of the counts
        given their total, so that it sums to 1 over each total; such a density cannot be sampled.

    Returns:
      A density with params {"logits": f[k]}, equal up to a constant; −∞ is probability 0.

    Example:
      >>> fit = gl.fit(gl.multinomial(3), jnp.array([[2, 1, 0], [3, 0, 2]]))
      >>> np.asarray(jnp.exp(fit.params["logits"])).round(4)
      array([0.625, 0.125, 0.25 ], dtype=float32)
    """
    space = count_vectors(k, total)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        value = dot_log(x, log_normalise(params["logits"])) + _log_ways(x, float_dtype(params["logits"]))
        return jnp.where(space.contains(x), value, -jnp.inf)

    def sample(key: Key, params: Params) -> jax.Array:
        if total is None:
            raise ValueError(f"multinomial({k}) is a density given the total: say multinomial({k}, total=n) to sample")
        drawn = jax.random.categorical(key, params["logits"], shape=(total,))
        return jnp.zeros(k, jnp.int32).at[drawn].add(1)

    return Density(
        space=space,
        parameters={"logits": constraints.logits(k)},
        init=lambda key: {"logits": log_normalise(jax.random.normal(key, (k,)))},
        log_prob=log_prob,
        sample=sample,
        estimator=replace(
            from_statistic(_statistic, _maximise, _log_likelihood),
            penalty=_penalty,
            smooths=frozenset({"logits"}),
            tables={"logits": (k,)},
            pool=merged_whole(merge_means),
        ),
    )


def _log_ways(x: jax.Array, dtype: jax.typing.DTypeLike) -> jax.Array:
    """log N! − Σ log x_c!, the number of orders of the counts."""
    x = x.astype(dtype)
    return gammaln(x.sum() + 1.0) - gammaln(x + 1.0).sum()


def _statistic(x: jax.Array) -> Event:
    dtype = float_dtype(x)
    return {"counts": x.astype(dtype), "log_ways": _log_ways(x, dtype)}


def _maximise(stats: Mean, smoothing: Smoothing) -> Params:
    alpha = smoothing_of(smoothing, "logits", count=True)
    counts = stats.mean["counts"] * stats.weight + alpha
    total = counts.sum()
    return {"logits": jnp.where(total > 0, jnp.log(counts) - jnp.log(total), -math.log(counts.shape[-1]))}


def _penalty(stats: Mean, params: Params, smoothing: Smoothing) -> jax.Array:
    """Log-likelihood of α of each category."""
    alpha = jnp.asarray(smoothing_of(smoothing, "logits", count=True))
    return times_log(alpha, log_normalise(params["logits"])).sum()


def _log_likelihood(stats: Mean, params: Params) -> jax.Array:
    event = times_log(stats.mean["counts"], log_normalise(params["logits"])).sum() + stats.mean["log_ways"]
    return stats.weight * event
