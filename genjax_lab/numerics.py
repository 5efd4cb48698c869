"""Arithmetic that keeps to the edge: inner products with −∞ weights, safe log-sum-exp, sums that do not drift."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

EXACT = lax.Precision.HIGHEST
"""Matmul precision of log-densities: an accelerator's default may keep only ten bits."""


def float_dtype(*arrays: Any) -> Any:
    """The floating dtype that arithmetic on these arrays, of any dtype, is done in."""
    return jnp.result_type(*(a for a in arrays if jnp.issubdtype(jnp.result_type(a), jnp.floating)), jnp.float32)


def count_dtype() -> Any:
    """The integer dtype of exact counts: int32, or int64 where x64 is on."""
    return jnp.result_type(int)


def dot(x: jax.Array, weights: jax.Array) -> jax.Array:
    """Inner product ⟨x, w⟩ over all of the event's coordinates, x of any dtype; vmapped, it is one matmul.

    Args:
      x: an event, shape s.
      weights: shape (*b, *s) for any leading b.

    Returns:
      Shape b.
    """
    lead = weights.ndim - x.ndim
    flat = weights.reshape(*weights.shape[:lead], -1)
    return jnp.matmul(flat, x.reshape(-1).astype(weights.dtype), precision=EXACT)


def dot_log(x: jax.Array, log_weights: jax.Array) -> jax.Array:
    """⟨x, log w⟩ for counts x ≥ 0, with 0 · −∞ = 0: −∞ exactly where x meets an impossible coordinate.

    The gradient in `log_weights` is x, and 0 at −∞.  Same shapes as `dot`.
    """
    impossible = jnp.isneginf(log_weights)
    finite = jnp.where(impossible, 0.0, log_weights)
    parts = dot(x, jnp.stack([finite, lax.stop_gradient(impossible.astype(finite.dtype))]))
    return jnp.where(parts[1] > 0, -jnp.inf, parts[0])


def xlogy(x: jax.Array, y: jax.Array) -> jax.Array:
    """x log y with 0 · log 0 = 0, and a gradient in y that is 0, not NaN, where x = 0."""
    some = x != 0
    positive = some & (y > 0)
    value = x * jnp.log(jnp.where(positive, y, 1.0))
    return jnp.where(some & ~(y > 0), -jnp.inf, value)


def times_log(count: jax.Array, log_p: jax.Array) -> jax.Array:
    """count · log p with 0 · −∞ = 0, of counts and log-probabilities that may be −∞."""
    some = count != 0
    return jnp.where(some, count * jnp.where(some, log_p, 0.0), 0.0)


def log(y: jax.Array) -> jax.Array:
    """log y with log 0 = −∞ and gradient 0 there."""
    positive = y > 0
    return jnp.where(positive, jnp.log(jnp.where(positive, y, 1.0)), -jnp.inf)


def logsumexp(a: jax.Array, axis: int = -1) -> jax.Array:
    """log Σ exp a along an axis; −∞ where all are −∞, with gradient 0 there."""
    top = lax.stop_gradient(jnp.max(a, axis, keepdims=True))
    top = jnp.where(jnp.isfinite(top), top, 0.0)
    lost = jnp.isneginf(a)
    terms = jnp.where(lost, 0.0, jnp.exp(jnp.where(lost, 0.0, a) - top))
    return log(terms.sum(axis)) + jnp.squeeze(top, axis)


def log_normalise(a: jax.Array) -> jax.Array:
    """a − log Σ exp a along the last axis: log-probabilities from logits, which may be −∞."""
    return a - logsumexp(a)[..., None]


def select(every: jax.Array, index: jax.Array) -> jax.Array:
    """The entry f[] of f[m] at an index, by comparison; −∞ where the index is none of 0..m−1."""
    chosen = jnp.arange(every.shape[0], dtype=index.dtype) == index
    return jnp.where(chosen.any(), jnp.where(chosen, every, 0.0).sum(), -jnp.inf)


class Total(NamedTuple):
    """A sum with its rounding error carried along (Kahan–Babuška–Neumaier), for totals over many blocks.

    Float32 totals of 10⁷ log-likelihoods stay right to 1e-6.  Neumaier (1974), ZAMM 54, 39–51.
    """

    value: jax.Array
    error: jax.Array

    def merge(self, other: Total) -> Total:
        """Add another total."""
        value = self.value + other.value
        larger = jnp.where(jnp.abs(self.value) >= jnp.abs(other.value), self.value, other.value)
        smaller = jnp.where(jnp.abs(self.value) >= jnp.abs(other.value), other.value, self.value)
        lost = jnp.where(jnp.isfinite(value), (larger - value) + smaller, 0.0)
        return Total(value, self.error + other.error + lost)

    def result(self) -> jax.Array:
        """The sum."""
        return self.value + self.error
