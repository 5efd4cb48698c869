"""Arithmetic that keeps to the edge: inner products with −∞ weights, safe log-sum-exp, sums that do not drift."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

EXACT = lax.Precision.HIGHEST
"""Matmul precision of log-densities: an accelerator's default may keep only ten bits."""


FAR = 1e30
"""Stands in for −∞ in an inner product: 0 · FAR is 0, and any other multiple is beyond every log-likelihood."""


def float_dtype(*arrays: Any) -> Any:
    """The floating dtype that arithmetic on these arrays, of any dtype, is done in: at least float32."""
    floats = [a for a in arrays if jnp.issubdtype(jnp.result_type(a), jnp.floating)]
    return jnp.result_type(*floats, jnp.float32) if floats else jnp.result_type(float)


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
    total = dot(x, jnp.where(jnp.isneginf(log_weights), -FAR, log_weights))
    return jnp.where(total < -0.5 * FAR, -jnp.inf, total)


def times_log(count: jax.Array, log_p: jax.Array) -> jax.Array:
    """count · log p with 0 · −∞ = 0, of counts and log-probabilities that may be −∞."""
    some = count != 0
    return jnp.where(some, count * jnp.where(some, log_p, 0.0), 0.0)


def log(y: jax.Array) -> jax.Array:
    """log y with log 0 = −∞ and gradient 0 there."""
    return jnp.where(y == 0, -jnp.inf, jnp.log(jnp.where(y == 0, 1.0, y)))


def add_logs(a: jax.Array, b: jax.Array) -> jax.Array:
    """log pq from log p and log q: an impossible factor, −∞, outweighs the +∞ of a point mass."""
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, a + b)


def sum_logs(a: jax.Array, axis: int = -1) -> jax.Array:
    """log Π p along an axis from log p, as `add_logs`."""
    return jnp.where(jnp.isneginf(a).any(axis), -jnp.inf, a.sum(axis))


def logsumexp(a: jax.Array) -> jax.Array:
    """log Σ exp a along the last axis; −∞ where all are −∞ and +∞ where one is, with gradient 0 there."""
    top = lax.stop_gradient(a.max(-1))
    return _logsumexp(a, top)


def log_normalise(a: jax.Array) -> jax.Array:
    """a − log Σ exp a along the last axis: log-probabilities from logits, which may be −∞."""
    return a - logsumexp(a)[..., None]


def contenders(a: jax.Array, otherwise: jax.Array) -> jax.Array:
    """Log-weights along the last axis: a; `otherwise` where all of a are −∞, and over those at +∞ where some are."""
    top = lax.stop_gradient(a.max(-1, keepdims=True))
    weights = jnp.where(jnp.isneginf(top), otherwise, a)
    return jnp.where(jnp.isposinf(top), jnp.where(jnp.isposinf(a), otherwise, -jnp.inf), weights)


def log_share(a: jax.Array, otherwise: jax.Array) -> jax.Array:
    """Log-probabilities ∝ exp of the `contenders` along the last axis."""
    weights, top = contenders(a, otherwise), lax.stop_gradient(a.max(-1, keepdims=True))
    shifted = weights - jnp.where(jnp.isfinite(top), top, 0.0)  # first: log-densities of −10⁵ keep their differences
    return shifted - _logsumexp(shifted, jnp.zeros_like(top[..., 0]))[..., None]


def shares(a: jax.Array, otherwise: jax.Array) -> tuple[jax.Array, jax.Array]:
    """exp of `log_share` and `logsumexp` along the last axis, of the same exponentials."""
    top = a.max(-1)
    terms = jnp.exp(contenders(a, otherwise) - jnp.where(jnp.isfinite(top), top, 0.0)[..., None])
    total = terms.sum(-1)
    return terms * (1 / total)[..., None], jnp.where(jnp.isfinite(top), jnp.log(total) + top, top)


def _logsumexp(a: jax.Array, top: jax.Array) -> jax.Array:
    # Few reductions: over short rows each costs as much as the exponentials.
    endless = jnp.isposinf(top)
    shift = jnp.where(jnp.isfinite(top), top, 0.0)
    skip = jnp.isinf(a) | endless[..., None]
    terms = jnp.where(skip, 0.0, jnp.exp(jnp.where(skip, shift[..., None], a) - shift[..., None]))
    return jnp.where(endless, jnp.inf, log(terms.sum(-1)) + shift)


def select(every: jax.Array, index: jax.Array) -> jax.Array:
    """The entry f[] of f[m] at an index, by comparison; −∞ where the index is none of 0..m−1."""
    chosen = jnp.arange(every.shape[0], dtype=index.dtype) == index
    return jnp.where(chosen.any(), jnp.where(chosen, every, 0.0).sum(), -jnp.inf)


class Total(NamedTuple):
    """A sum with its rounding error carried along, for totals over many blocks.

    Float32 totals of 10⁷ log-likelihoods stay right to 1e-6.  Dekker (1971), Numer. Math. 18, 224–242, §6.
    """

    value: jax.Array
    error: jax.Array

    def merge(self, other: Total) -> Total:
        """Add another total."""
        total = self.value + other.value
        part = total - self.value
        lost = (self.value - (total - part)) + (other.value - part)
        lost = jnp.where(jnp.isfinite(total), self.error + other.error + lost, 0.0)
        value = total + lost
        return Total(value, jnp.where(jnp.isfinite(total), lost - (value - total), 0.0))

    def result(self) -> jax.Array:
        """The sum."""
        return self.value + self.error
