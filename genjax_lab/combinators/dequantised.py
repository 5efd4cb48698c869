"""Levels as what is seen of real numbers: a density over real numbers becomes one over levels.

    P(x; θ) = ∫_{B(x)} p(v; θ) dv ≈ (1/S) Σ_s p(v_s; θ) / q(v_s | x),   v_s ~ q(· | x)

The k levels lie from −1 to 1; B(x) is what is nearest to level x, the first and the last level having all that lies
beyond. q is uniform in an inner B(x), and in an outer one a normal density whose edge lies two standard deviations off,
so that what is often black or white need not be a spike. log P is estimated from below: E log of the mean is at most
the logarithm, and nearer with more draws; what p has further out than q comes is missed.
Theis, van den Oord & Bethge (2016), arXiv:1511.01844, §3.1.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab.density import Density, factory, require
from genjax_lab.estimator import Estimator, start_of
from genjax_lab.event_key import event_key
from genjax_lab.groups import Groups
from genjax_lab.numerics import logsumexp
from genjax_lab.space import Reals, categories
from genjax_lab.types import Event, Key, Params, Smoothing, Stats

WIDTH = 0.15
"""Standard deviation of the draws in an outer B(x)."""

BEYOND = 0.5 * math.erfc(2 / math.sqrt(2))
"""Of a normal density, what lies two standard deviations off and more."""


@factory
def dequantised(density: Density, k: int = 256, draws: int = 1) -> Density:
    """A density over arrays of k levels, from one over real numbers in which the levels lie from −1 to 1.

    Its log_prob is a lower bound in expectation, not exact: `draws` numbers v are drawn for an event, by a key that is
    made of the event, the same at every call. Densities that differ in `draws` share parameters: fit with one, and
    score with more. With one draw it is fitted as `density` is, of the draws: in closed form, or by EM.

    Args:
      density: p(v), over an array of real numbers that may be any.
      k: number of levels.
      draws: S.

    Returns:
      A density with the parameters of `density`.

    Raises:
      TypeError: for what is no density.
      ValueError: for a density of other events, fewer than 2 levels or no draw.

    Example:
      >>> grey, params = gl.dequantised(gl.normal((1,)), 2, 20_000), {"loc": jnp.zeros(1), "scale": jnp.full(1, 0.1)}
      >>> [round(float(p), 1) for p in jnp.exp(gl.log_prob(grey, params, jnp.arange(2)[:, None]))]
      [0.5, 0.5]
    """
    require("dequantised", Density, density)
    inner = density.space
    if not isinstance(inner, Reals) or (inner.low, inner.high) != (-math.inf, math.inf):
        raise ValueError(f"dequantised: the events of {density!r} are not real numbers that may be any")
    if k < 2 or draws < 1:
        raise ValueError(f"dequantised: k = {k} must be at least 2, and draws = {draws} at least 1")
    space = categories(k, inner.shape)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        def one(key: Key) -> jax.Array:
            v, log_q = _drawn(key, x, k)
            return density.log_prob(params, v) - log_q.sum()

        logs = jax.vmap(one)(jax.random.split(event_key(x), draws))
        return jnp.where(space.contains(x), logsumexp(logs) - math.log(draws), -jnp.inf)

    def sample(key: Key, params: Params) -> jax.Array:
        v = density.sample(key, params)
        return jnp.clip(jnp.round((v + 1) / 2 * (k - 1)), 0, k - 1).astype(jnp.int32)

    return Density(
        space=space,
        parameters=density.parameters,
        init=density.init,
        log_prob=log_prob,
        sample=sample,
        estimator=_estimator(density.estimator, k) if density.estimator is not None and draws == 1 else None,
    )


def _estimator(inner: Estimator, k: int) -> Estimator:
    """That of the density of one draw for each event, beside whose statistics is Σ w log q of the draws."""

    def drawn(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        v, log_q = jax.vmap(lambda row: _drawn(_first(event_key(row)), row, k))(x)
        return v, log_q.reshape(len(x), -1).sum(-1)

    def statistics(params: Params, x: jax.Array, given: Event, groups: Groups) -> Stats:
        v, log_q = drawn(x)
        return inner.statistics(params, v, given, groups), groups.sum(log_q)

    def digest(x: jax.Array, weights: jax.Array | None) -> Any:
        v, log_q = drawn(x)
        told = inner.digest(v, weights) if inner.digest is not None else None
        return told and ((told[0], log_q.sum() if weights is None else weights @ log_q), told[1])

    def start(key: Key, x: jax.Array, given: Event, groups: Groups, smoothing: Smoothing) -> Params:
        return start_of(inner, key, drawn(x)[0], given, groups, smoothing)

    likelihood, cost, retold, scaled = inner.log_likelihood, inner.penalty, inner.retold, inner.scaled
    return replace(
        inner,
        statistics=statistics,
        merge=lambda a, b: (inner.merge(a[0], b[0]), a[1] + b[1]),
        maximise=lambda stats, params, smoothing: inner.maximise(stats[0], params, smoothing),
        log_likelihood=likelihood and (lambda stats, params: likelihood(stats[0], params) - stats[1]),
        start=start,
        rows=None,
        penalty=cost and (lambda stats, params, smoothing: cost(stats[0], params, smoothing)),
        pool=None,
        telling=None,
        digest=inner.digest and digest,
        retold=retold and (lambda told, params: (retold(told[0], params), told[1])),
        scaled=scaled and (lambda stats, c: (scaled(stats[0], c), stats[1] * c)),
    )


def _first(key: Key) -> Key:
    """The key of the first draw of one."""
    return jax.random.split(key, 1)[0]


def _drawn(key: Key, x: jax.Array, k: int) -> tuple[jax.Array, jax.Array]:
    """v ~ q(· | x), and log q of each."""
    u = jax.random.uniform(key, x.shape, jnp.result_type(float))
    inner = (2 * (x + u) - k) / (k - 1)
    z = jax.scipy.special.ndtri(BEYOND + u * (1 - BEYOND))  # at least −2
    edge = 1 - 1 / (k - 1)
    outer = edge + WIDTH * (2 + z)
    log_outer = -(z**2) / 2 - 0.5 * math.log(2 * math.pi) - math.log(WIDTH * (1 - BEYOND))
    first, last = x == 0, x == k - 1
    v = jnp.where(first, -outer, jnp.where(last, outer, inner))
    return v, jnp.where(first | last, log_outer, math.log((k - 1) / 2))
