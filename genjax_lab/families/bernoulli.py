"""Bernoulli bits, independent, one probability a coordinate.

    log p(x; ℓ) = Σ_j (x_j ℓ_j − log(1 + exp ℓ_j))      x_j ∈ {0, 1},  ℓ_j = log(p_j / (1 − p_j)) ∈ [−∞, ∞]

T(x) = x, so the maximum-likelihood probability is the share of ones; with α pseudo-counts a value,
(ones + α) / (n + 2α).  Casella & Berger (2002), §7.2.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import block_rows
from genjax_lab.constraints import log_odds
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, merged_whole, smoothing_of
from genjax_lab.groups import Groups, takes_bytes
from genjax_lab.numerics import EXACT, FAR, dot, dot_log, float_dtype, times_log
from genjax_lab.seen import independent
from genjax_lab.space import binary
from genjax_lab.statistic import merge_sums, scale_sums
from genjax_lab.types import Event, Params, Shape, Smoothing


@factory
def bernoulli(shape: Shape = ()) -> Density:
    """Bernoulli density over bits of the given shape.

    Args:
      shape: shape of one event; each coordinate has its own probability.

    Returns:
      A density with params {"logits": f[shape]}, log-odds in nats; ±∞ are the probabilities 1 and 0.

    Example:
      >>> fit = gl.fit(gl.bernoulli(), jnp.array([1, 1, 0, 1]))
      >>> round(float(jax.nn.sigmoid(fit.params["logits"])), 6)
      0.75
    """
    space = binary(shape)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return jnp.where(space.contains(x), _log_prob(params["logits"], x), -jnp.inf)

    return Density(
        space=space,
        parameters={"logits": log_odds(tuple(shape))},
        init=lambda key: {"logits": jax.random.normal(key, shape)},
        log_prob=log_prob,
        sample=lambda key, params: jax.random.bernoulli(key, jax.nn.sigmoid(params["logits"])).astype(jnp.int32),
        estimator=Estimator(
            _statistics,
            merge_sums,
            _maximise,
            _log_likelihood,
            rows=_rows,
            penalty=_penalty,
            smooths=frozenset({"logits"}),
            tables={"logits": (*shape, 2)},
            pool=merged_whole(merge_sums),
            scaled=scale_sums,
        ),
        pairwise=lambda params, x: _pairwise(params["logits"], x),
        mean=lambda params: jax.nn.sigmoid(params["logits"]),
        **independent(bernoulli, shape),
    )


def _rows(x: jax.Array) -> int:
    """Bytes are added as they are, all in one block; XLA makes a copy of bools, which is then that of a block."""
    return x.shape[0] if takes_bytes(x) and x.dtype != jnp.bool_ else block_rows(x)


class Bits(NamedTuple):
    """Weight of the zeros and of the ones in each coordinate."""

    zeros: jax.Array
    ones: jax.Array


def _log_prob(logits: jax.Array, x: jax.Array) -> jax.Array:
    # −∞ is exact in the product (see dot_log); +∞, where a zero is impossible, takes a second row of the same product.
    certain = jnp.isposinf(logits)
    finite = jnp.where(certain, 0.0, logits)
    value = dot_log(x, finite) - _log_normaliser(logits).sum()
    missed = certain.sum() - dot(x, certain.astype(logits.dtype))
    return jnp.where(missed > 0.5, -jnp.inf, value)


def _pairwise(logits: jax.Array, x: jax.Array) -> jax.Array:
    logits = logits.reshape(logits.shape[0], -1)
    rows = x.reshape(x.shape[0], -1).astype(logits.dtype)
    certain = jnp.isposinf(logits)
    finite = jnp.where(certain, 0.0, logits)
    total = jnp.matmul(rows, jnp.where(jnp.isneginf(finite), -FAR, finite).T, precision=EXACT)
    value = jnp.where(total < -0.5 * FAR, -jnp.inf, total - _log_normaliser(logits).sum(-1)[None])

    def with_certain() -> jax.Array:
        missed = certain.sum(-1)[None] - jnp.matmul(rows, certain.T.astype(rows.dtype), precision=EXACT)
        return jnp.where(missed > 0.5, -jnp.inf, value)

    return lax.cond(certain.any(), with_certain, lambda: value)


def _log_normaliser(logits: jax.Array) -> jax.Array:
    """log(1 + exp ℓ); 0 at ±∞, where the probability is one or the outcome is, with gradient 0 there."""
    infinite = jnp.isinf(logits)
    return jnp.where(infinite, 0.0, jax.nn.softplus(jnp.where(infinite, 0.0, logits)))


def _statistics(params: Params, x: jax.Array, given: Event, groups: Groups) -> Bits:
    ones = groups.count(x, bound=1)
    if groups.soft is None and not groups.exact:  # a bit that is always on has exactly no zeros
        return Bits(groups.count(1 - x.astype(jnp.int32), bound=1), ones)
    rows = groups.totals(x.shape[0])
    return Bits(jnp.maximum(rows.reshape(-1, *(1,) * (ones.ndim - 1)) - ones, 0), ones)


def _maximise(stats: Bits, params: Params, smoothing: Smoothing) -> Params:
    pseudo = _pseudo_counts(smoothing)
    zeros, ones = (a.astype(float_dtype(a)) + more for a, more in zip(stats, pseudo, strict=True))
    return {"logits": jnp.where(ones + zeros > 0, jnp.log(ones) - jnp.log(zeros), 0.0)}


def _penalty(stats: Bits, params: Params, smoothing: Smoothing) -> jax.Array:
    """Log-likelihood of the pseudo-counts."""
    return _log_likelihood(Bits(*_pseudo_counts(smoothing)), params)


def _pseudo_counts(smoothing: Smoothing) -> tuple[jax.Array, jax.Array]:
    """Of zeros and of ones: a number for both, or a table [..., 2]."""
    alpha = jnp.asarray(smoothing_of(smoothing, "logits", count=True))
    return (alpha, alpha) if alpha.ndim == 0 else (alpha[..., 0], alpha[..., 1])


def _log_likelihood(stats: Bits, params: Params) -> jax.Array:
    logits = params["logits"]
    total = times_log(stats.ones, jax.nn.log_sigmoid(logits)) + times_log(stats.zeros, jax.nn.log_sigmoid(-logits))
    return total.sum()
