"""The maximum of a Dirichlet likelihood, for one vector of concentrations or many at once.

    L(α) = log Γ(n) − Σ_j log Γ(α_j) + Σ_j α_j mean(log x_j)      n = Σ_j α_j

is concave. Each Newton step costs O(k), its Hessian being diagonal plus rank one, and every part of it is arranged so
that nothing cancels: concentrations from 0.01 to 10⁶ come right to about 10⁻⁶ in float32.  Minka (2000), Estimating a
Dirichlet distribution, §1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.constraints import most_concentrated
from genjax_lab.gamma_function import itakura_saito, log_less_digamma_gain, stirling_rest, trigamma_less_inverse

MOST_STEPS = 100


class Climb(NamedTuple):
    """Where the climb of every vector stands: α = n m (1 + e), its value, the share of a step to try, and its end."""

    alpha: jax.Array
    n: jax.Array
    e: jax.Array
    value: jax.Array
    share: jax.Array
    done: jax.Array
    steps: jax.Array


def climb(weight: jax.Array, mean: jax.Array, deficit: jax.Array) -> jax.Array:
    """The α along the last axis that maximise the likelihood; 1 where there are no rows, at most 1/ε².

    Newton's method in α by the diagonal-plus-rank-one Hessian, each α_j stepped in 1/α_j, where its equation is almost
    straight, and a step taken only if the likelihood does not fall. What α_j/n differs from the mean is carried as e_j:
    recomputed from α it would lose, at large n, the digits that n is found from.
    """
    m = jnp.where(weight > 0, mean, 1 / mean.shape[-1])
    deficit = jnp.where(weight > 0, deficit, 1.0)
    most = most_concentrated(m.dtype)
    free = m.shape[-1] - 1
    spread = (m * deficit).sum(-1)  # near free / (2n)
    endless = spread <= 0.5 * free / most
    n = 0.5 * free / jnp.where(endless, 1.0, spread)

    def value(alpha: jax.Array) -> jax.Array:
        return kernel(alpha, m) + height(alpha) - (alpha * deficit).sum(-1)

    n, free_alpha = n[..., None], n[..., None] * m
    least = 0.5 / (1 + jnp.abs(jnp.log(m) - deficit))  # about −1/ψ⁻¹: a concentration near 0 hardly depends on n
    alpha, n, e = _moved(free_alpha, n, jnp.zeros_like(m), m, jnp.maximum(least - free_alpha, 0.0))
    first = Climb(alpha, n, e, value(alpha), jnp.ones_like(spread), endless, jnp.zeros((), jnp.int32))
    end = lax.while_loop(
        lambda now: ~now.done.all() & (now.steps < MOST_STEPS), lambda now: _step(now, m, deficit, value), first
    )
    best = jnp.where(endless[..., None], m, end.alpha)
    top = best.max(-1, keepdims=True)
    best = jnp.where(endless[..., None] | (top > most), most * (best / top), best)
    return jnp.where(weight > 0, best, 1.0)


def _step(now: Climb, m: jax.Array, deficit: jax.Array, value: Callable[[jax.Array], jax.Array]) -> Climb:
    """Try a step in every vector that has not ended; take it where the likelihood does not fall, else halve it."""
    alpha, n, e = now.alpha, now.n, now.e
    relative = jnp.clip(now.share[..., None] * _newton(alpha, n, _slope(alpha, n, e, m, deficit)) / alpha, -3, 0.75)
    alpha, n, e = _moved(alpha, n, e, m, alpha * (relative / (1 - relative)))
    new = Climb(alpha, n, e, value(alpha), jnp.minimum(1.0, 4 * now.share), now.done, now.steps)
    eps = jnp.finfo(m.dtype).eps
    terms = m.shape[-1] + jnp.abs(now.value) + (now.alpha * deficit).sum(-1)
    rises = new.value >= now.value - 8 * eps * terms  # below this, rounding decides
    still = (jnp.abs(relative).max(-1) <= 0.1 * eps**0.5) & (now.share == 1)  # Newton squares what is left
    kept = now._replace(share=0.25 * now.share)
    take = rises & ~now.done
    moved = jax.tree.map(lambda a, b: jnp.where(take[..., None] if a.ndim > take.ndim else take, a, b), new, kept)
    done = now.done | (take & still) | (moved.share < 1e-6)
    return moved._replace(done=done, steps=now.steps + 1)


def _moved(
    alpha: jax.Array, n: jax.Array, e: jax.Array, m: jax.Array, change: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(α, n, e) after a change of α."""
    new = n + change.sum(-1, keepdims=True)
    return alpha + change, new, (n * e + change * (_others(m) / m) - _others(change)) / new


def _slope(alpha: jax.Array, n: jax.Array, e: jax.Array, m: jax.Array, deficit: jax.Array) -> jax.Array:
    """Slope of the mean log-likelihood in α, ψ(n) − ψ(α_j) + mean log x_j, from parts that do not cancel."""
    near = jnp.abs(e) < 0.5
    ratio = jnp.where(near, jnp.log1p(jnp.where(near, e, 0.0)), jnp.log(alpha / n / m))
    return log_less_digamma_gain(alpha, _others(alpha)) - deficit - ratio


def _others(a: jax.Array) -> jax.Array:
    """The sum of all the other entries along the last axis, not as a difference."""
    none = jnp.zeros_like(a[..., :1])
    before = jnp.concatenate([none, jnp.cumsum(a[..., :-1], -1)], -1)
    after = jnp.concatenate([none, jnp.cumsum(a[..., :0:-1], -1)], -1)[..., ::-1]
    return before + after


def _newton(alpha: jax.Array, n: jax.Array, slope: jax.Array) -> jax.Array:
    """−H⁻¹ g with H = −diag ψ′(α_j) + ψ′(n) 11ᵀ, by Sherman & Morrison's formula.

    Its denominator 1/ψ′(n) − Σ 1/ψ′(α_j) cancels at large n, unless 1/ψ′(a) is taken as a − κ(a).
    """
    rest, rest_n = trigamma_less_inverse(alpha), trigamma_less_inverse(n)
    inverse, inverse_n = 1 / (1 / alpha + rest), 1 / (1 / n + rest_n)
    large = (alpha * rest * inverse).sum(-1, keepdims=True) - n * rest_n * inverse_n
    room = jnp.where(n > 1, large, inverse_n - inverse.sum(-1, keepdims=True))
    return inverse * (slope + (slope * inverse).sum(-1, keepdims=True) / room)


def kernel(alpha: jax.Array, x: jax.Array) -> jax.Array:
    """Σ α_j log(n x_j / α_j) of vectors that add up to 1: how far x is from α/n, in nats."""
    return -(alpha * itakura_saito(alpha.sum(-1, keepdims=True) * x, alpha)).sum(-1)


def height(alpha: jax.Array) -> jax.Array:
    """What of log Γ(n) − Σ log Γ(α_j) is left beside the kernel, up to a constant."""
    n = alpha.sum(-1)
    parts = (0.5 * jnp.log(alpha) - stirling_rest(alpha)).sum(-1)
    return parts - (0.5 * jnp.log(n) - stirling_rest(n))
