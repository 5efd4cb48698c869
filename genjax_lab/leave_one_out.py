"""The leave-one-out likelihood of a kernel density estimate, and the bandwidth that maximises it.

    L(b) = Σ_i w_i log Σ_{l≠i} w_l / (1 − w_i) Π_j N(x_ij; x_lj, b s_j)

With q_il = Σ_j ((x_ij − x_lj) / (b s_j))² and r_il the share of row l in the density at row i, the slopes in log b are
Σ_i w_i (E_i q − d) and Σ_i w_i (Var_i q − 2 E_i q), expectations over r_i: one pass over all pairs gives both, and
Newton's method takes some five passes.  Duin (1976), IEEE Trans. Comput. 25, 1175–1179.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import sequential_vmap

from genjax_lab.distances import over_blocks
from genjax_lab.numerics import log

PRECISION = 1e-4
"""Relative precision of the bandwidth."""

STRIDE = 0.5
"""Largest step in log b: longer ones would pass over a maximum to one further off."""

LEAST = 30.0
"""Where the likelihood rises towards b = 0 so far below the first log b, it has no bound: the bandwidth is 0."""

PASSES = 100
"""More than a bracket needs."""


def log_likelihood(points: jax.Array, share: jax.Array, scale: jax.Array) -> jax.Array:
    """Σ_i w_i log of the density at row i of the rows but i, in nats; −∞ for a single row.

    Args:
      points: f[n, d].
      share: f[n], weights that add up to 1; 0 where there is no row.
      scale: f[d], bandwidths, none of them 0.
    """
    first = _moments(points, share, 1 / scale)[0]
    constant = jnp.log(scale).sum() + 0.5 * len(scale) * math.log(2 * math.pi)
    each = first - jnp.log1p(-jnp.minimum(share, 1 - jnp.finfo(share.dtype).eps)) - constant
    return jnp.where(share > 0, share * jnp.where(share > 0, each, 0.0), 0.0).sum()


@sequential_vmap  # one class after another: each takes its own number of passes, over blocks that fit the cache
def best_factor(points: jax.Array, share: jax.Array, spread: jax.Array, first: jax.Array) -> jax.Array:
    """The bandwidth b at the leave-one-out likelihood's maximum, uphill from the first; 0 where it has no bound.

    Args:
      points: f[n, d].
      share: f[n], weights that add up to 1; 0 where there is no row.
      spread: f[d], s; a coordinate where it is 0 is left out.
      first: f[], b to start from.
    """
    varies = spread > 0
    d = varies.sum().astype(spread.dtype)
    inverse = jnp.where(varies, 1 / jnp.where(varies, spread, 1.0), 0.0)
    start = jnp.log(first)

    def slopes(t: jax.Array) -> tuple[jax.Array, jax.Array]:
        _, mean, square = _moments(points, share, inverse * jnp.exp(-t))
        return share @ (mean - d), share @ (square - mean**2 - 2 * mean)

    def step(state: Any) -> Any:
        t, low, high, _, passes, _ = state
        slope, bend = slopes(t)
        first = passes == 0  # far below: does the likelihood rise towards b = 0?
        low, high = jnp.where((slope > 0) & ~first, t, low), jnp.where((slope > 0) | first, high, t)
        newton = jnp.where((bend < 0) & jnp.isfinite(bend), -slope / bend, jnp.sign(slope) * STRIDE)
        new = t + jnp.clip(newton, -STRIDE, STRIDE)
        inside = ((new > low) & (new < high)) | (new == t)  # a step may be less than the dtype resolves
        new = jnp.where(inside, new, 0.5 * (low + high))  # a bracket's end is finite, or passed
        new = jnp.where(first, start, new)
        return new, low, high, jnp.abs(new - t), passes + 1, first & (slope < 0)

    def goes_on(state: Any) -> jax.Array:
        _, _, _, moved, passes, endless = state
        return (moved > PRECISION) & (passes < PASSES) & ~endless

    ends = jnp.full_like(start, -jnp.inf), jnp.full_like(start, jnp.inf)
    state = (start - LEAST, *ends, jnp.full_like(start, jnp.inf), jnp.zeros((), jnp.int32), jnp.zeros((), bool))
    t, *_, endless = lax.while_loop(goes_on, step, state)
    return jnp.where((d > 0) & ~endless, jnp.exp(t), 0.0)


def _moments(points: jax.Array, share: jax.Array, inverse: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """log Σ_l w_l exp(−q_il / 2), E_i q and E_i q² over the rows l but i: f[n] each."""
    log_weights, number = log(share), jnp.arange(len(points), dtype=jnp.int32)

    def block(squares: jax.Array, row: jax.Array) -> Any:
        others = (number[None] != row[:, None]) & (share[None] > 0)
        a = jnp.where(others, log_weights[None] - 0.5 * squares, -jnp.inf)
        top = a.max(-1)
        shift = jnp.where(jnp.isfinite(top), top, 0.0)
        terms = jnp.exp(a - shift[:, None])
        total, first = terms.sum(-1), (terms * squares).sum(-1)
        some = jnp.where(total > 0, total, 1.0)
        return log(total) + shift, first / some, (terms * squares * squares).sum(-1) / some

    return over_blocks(block, points, points, inverse, number)
