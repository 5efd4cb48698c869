"""Counts of k categories, given their total: documents as bags of words.

    log p(x; ℓ | N) = log N! − Σ_c log x_c! + Σ_c x_c (ℓ_c − log Σ exp ℓ)      N = Σ_c x_c

T(x) = x, so the maximum-likelihood probability of a category is its share of all counts; with pseudo-counts α,
(count + α) / (total + kα).  Casella & Berger (2002), §4.6.  Computed as Poisson counts given their total, in the
saddle-point form of `deviance`: the digits of large counts are kept.
"""

from __future__ import annotations

import math
from dataclasses import replace

import jax
import jax.numpy as jnp

from genjax_lab import constraints
from genjax_lab.count_statistics import Counts, from_counts
from genjax_lab.density import Density, factory
from genjax_lab.deviance import log_poisson, pairwise_poisson, peak
from genjax_lab.estimator import smoothing_of
from genjax_lab.numerics import log, log_normalise
from genjax_lab.space import count_vectors
from genjax_lab.statistic import pseudo_likelihood
from genjax_lab.types import Key, Params, Smoothing


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
        log_p = log_normalise(params["logits"])
        return jnp.where(space.contains(x), _log_prob(jnp.exp(log_p), log_p, x.astype(log_p.dtype)), -jnp.inf)

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
            from_counts(_log_prob_at, _expected, _maximise, _rates),
            penalty=_penalty,
            smooths=frozenset({"logits"}),
            tables={"logits": (k,)},
        ),
        pairwise=lambda params, x: _pairwise(log_normalise(params["logits"]), x),
    )


def _log_prob(p: jax.Array, log_p: jax.Array, x: jax.Array) -> jax.Array:
    total = x.sum()
    return log_poisson(x, total * p, log_p + _log(total)) - peak(total)


def _pairwise(log_p: jax.Array, x: jax.Array) -> jax.Array:
    x = x.astype(log_p.dtype)
    total = x.sum(-1)
    return pairwise_poisson(x, jnp.exp(log_p), log_p, total) - peak(total)[:, None]


def _log_prob_at(mean: jax.Array, x: jax.Array) -> jax.Array:
    p = _expected(mean, jnp.ones_like(mean) / mean.shape[-1])
    return _log_prob(p, log(p), x)


def _expected(mean: jax.Array, x: jax.Array) -> jax.Array:
    """The total of x, shared out as the mean counts are."""
    total = mean.sum(-1, keepdims=True)
    return mean * (x.sum(-1, keepdims=True) / jnp.where(total > 0, total, 1.0))


def _rates(params: Params, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    log_p, total = log_normalise(params["logits"]), x.sum(-1, keepdims=True)
    return total * jnp.exp(log_p), log_p + _log(total)


def _log(total: jax.Array) -> jax.Array:
    """log of a total; of no counts nothing is asked."""
    return jnp.log(jnp.where(total > 0, total, 1.0))


def _maximise(stats: Counts, smoothing: Smoothing) -> Params:
    alpha = smoothing_of(smoothing, "logits", count=True)
    counts = stats.mean * stats.weight + alpha
    total = counts.sum()
    return {"logits": jnp.where(total > 0, jnp.log(counts) - jnp.log(total), -math.log(counts.shape[-1]))}


def _penalty(stats: Counts, params: Params, smoothing: Smoothing) -> jax.Array:
    """Log-likelihood of α of each category."""
    return pseudo_likelihood(smoothing, log_normalise(params["logits"]))
