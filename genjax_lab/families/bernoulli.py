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

from genjax_lab.constraints import log_odds
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, smoothing_of
from genjax_lab.groups import Groups, takes_bytes
from genjax_lab.numerics import EXACT, dot, float_dtype, times_log
from genjax_lab.space import binary
from genjax_lab.statistic import merge_sums
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
        estimator=Estimator(_statistics, merge_sums, _maximise, _log_likelihood, whole=takes_bytes),
        pairwise=lambda params, x: _pairwise(params["logits"], x, len(shape)),
    )


class Ones(NamedTuple):
    """Rows, and ones in each coordinate."""

    rows: jax.Array
    ones: jax.Array


def _log_prob(logits: jax.Array, x: jax.Array) -> jax.Array:
    # ±∞ are set apart and counted by a second row of the same product: 0 · ∞ never arises, and a vmap is one matmul.
    finite, edge = _set_apart(logits)
    value, clash = dot(x, jnp.stack([finite, edge]))
    clash = clash + (edge < 0).sum()
    return jnp.where(clash > 0, -jnp.inf, value - _log_normaliser(finite, edge).sum())


def _pairwise(logits: jax.Array, x: jax.Array, event_rank: int) -> jax.Array:
    finite, edge = _set_apart(logits.reshape(logits.shape[0], -1))
    rows = x.reshape(x.shape[0], -1).astype(logits.dtype)
    value = jnp.matmul(rows, finite.T, precision=EXACT) - _log_normaliser(finite, edge).sum(-1)[None]

    def with_edges() -> jax.Array:
        clash = jnp.matmul(rows, edge.T, precision=EXACT) + (edge < 0).sum(-1).astype(edge.dtype)[None]
        return jnp.where(clash > 0, -jnp.inf, value)

    return lax.cond(jnp.any(edge != 0), with_edges, lambda: value)


def _set_apart(logits: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Finite logits, with 0 for the others; and +1 at −∞ (a one is impossible), −1 at +∞ (a zero is)."""
    infinite = jnp.isinf(logits)
    edge = jnp.where(infinite, -jnp.sign(lax.stop_gradient(logits)), 0.0)
    return jnp.where(infinite, 0.0, logits), edge


def _log_normaliser(finite: jax.Array, edge: jax.Array) -> jax.Array:
    return jnp.where(edge == 0, jax.nn.softplus(finite), 0.0)


def _statistics(params: Params, x: jax.Array, given: Event, groups: Groups) -> Ones:
    return Ones(groups.totals(x.shape[0]), groups.count(x, bound=1))


def _maximise(stats: Ones, smoothing: Smoothing) -> Params:
    alpha = smoothing_of(smoothing, "logits", count=True)
    dtype = float_dtype(stats.ones)
    ones, zeros = stats.ones.astype(dtype) + alpha, (stats.rows - stats.ones).astype(dtype) + alpha
    return {"logits": jnp.where(ones + zeros > 0, jnp.log(ones) - jnp.log(zeros), 0.0)}


def _log_likelihood(stats: Ones, params: Params) -> jax.Array:
    logits = params["logits"]
    ones, zeros = stats.ones, stats.rows - stats.ones
    total = times_log(ones, jax.nn.log_sigmoid(logits)) + times_log(zeros, jax.nn.log_sigmoid(-logits))
    return total.sum()
