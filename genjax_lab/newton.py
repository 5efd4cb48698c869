"""Damped Newton for the small smooth problems inside a fit: a few parameters, a few statistics.

Undamped Newton gave NaN on Weibull fits; here a step is taken only if the objective rises, and halved until it does.
Nocedal & Wright (2006), Numerical Optimization, §3.4 (modified Hessian) and §3.1 (Armijo rule).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

LONGEST_STEP = 5.0
"""In unconstrained coordinates: a factor of e⁵ in a positive parameter."""


RESOLVED = 32
"""Eigenvalues below this many ε of the largest are rounding."""


class Climb(NamedTuple):
    """Where a climb stands: the point z, the objective there, steps taken, and whether it has ended."""

    z: jax.Array
    value: jax.Array
    steps: jax.Array
    done: jax.Array


def maximise(objective: Callable[[jax.Array], jax.Array], start: jax.Array, max_steps: int = 60) -> jax.Array:
    """Maximise a smooth function of a short vector.

    Args:
      objective: f[d] -> f[], finite at the start; scaled like a mean log-likelihood, of order 1.
      start: f[d].
      max_steps: the most steps.

    Returns:
      f[d]; the start itself where the objective is not finite there.

    Example:
      >>> maximise(lambda z: -jnp.sum(jnp.cosh(z - 2.0)), jnp.zeros(1)).round(4).tolist()
      [2.0]
    """
    slope = jax.grad(objective)
    curvature = jax.jacfwd(slope)
    eps = jnp.finfo(start.dtype).eps

    def step(now: Climb) -> Climb:
        gradient = slope(now.z)
        direction = ascent(gradient, curvature(now.z))
        promised = gradient @ direction
        moved = _halve(objective, now, direction, promised)
        still = promised <= 4 * eps * (1.0 + jnp.abs(now.value))
        return Climb(moved.z, moved.value, now.steps + 1, still | ~jnp.isfinite(promised) | (moved.steps < 0))

    first = Climb(start, objective(start), jnp.zeros((), jnp.int32), jnp.zeros((), bool))
    first = first._replace(done=~jnp.isfinite(first.value))
    return lax.while_loop(lambda now: ~now.done & (now.steps < max_steps), step, first).z


def ascent(gradient: jax.Array, hessian: jax.Array, longest: float = LONGEST_STEP) -> jax.Array:
    """The Newton direction of a maximum, the eigenvalues of the Hessian made negative: uphill, never endless.

    The Hessian is scaled by its own diagonal, so that the units of the coordinates do not matter.
    """
    size = jnp.abs(jnp.diagonal(hessian))
    scale = jnp.sqrt(jnp.where(size > 0, size, 1.0))
    values, vectors = jnp.linalg.eigh(-hessian / (scale[:, None] * scale[None]))
    floor = RESOLVED * jnp.finfo(gradient.dtype).eps * jnp.abs(values).max(initial=1e-6)
    move = vectors @ ((vectors.T @ (gradient / scale)) / jnp.maximum(jnp.abs(values), floor))
    return bounded(move / scale, longest)


def reachable(z: jax.Array, step: jax.Array) -> jax.Array:
    """The step, shortened so that no coordinate moves by more than `LONGEST_STEP` times 1 + |z|, whatever its unit."""
    most = LONGEST_STEP * (1 + jnp.abs(z))
    return step * jnp.min(most / jnp.maximum(most, jnp.abs(step)), initial=1.0)


def bounded(direction: jax.Array, longest: float = LONGEST_STEP) -> jax.Array:
    """The direction, shortened to the longest step."""
    return direction * jnp.minimum(1.0, longest / jnp.maximum(jnp.linalg.norm(direction), 1e-30))


def _halve(objective: Callable[[jax.Array], jax.Array], now: Climb, direction: Any, promised: jax.Array) -> Climb:
    """Halve the step until the objective rises by a share of what was promised; steps = −1 where it never does."""
    slack = 4 * jnp.finfo(now.value.dtype).eps * (1.0 + jnp.abs(now.value))  # below this, rounding decides

    def enough(share: jax.Array, value: jax.Array) -> jax.Array:
        return value >= now.value + 1e-4 * share * promised - slack

    def halve(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        share = carry[0] / 2
        return share, objective(now.z + share * direction)

    one = jnp.ones((), now.z.dtype)
    share, value = lax.while_loop(
        lambda carry: ~enough(*carry) & (carry[0] > 1e-7), halve, (one, objective(now.z + direction))
    )
    good = enough(share, value)
    z = jnp.where(good, now.z + share * direction, now.z)
    return Climb(z, jnp.where(good, value, now.value), jnp.where(good, 1, -1), jnp.zeros((), bool))
