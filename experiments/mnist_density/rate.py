"""The learning rate of every network of the ladder."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

import genjax_lab as gl


def up_and_down(rate: float, steps: int) -> Any:
    """A schedule that is raised to the rate in a twentieth of the steps, and let down along a cosine in the others.

    Both are traced: fits of other lengths, or at other rates, do not compile again.
    """
    return gl.schedule(_warmed, rate=jnp.asarray(rate, float), steps=jnp.asarray(steps, float))


def _warmed(rate: jax.Array, steps: jax.Array) -> optax.Schedule:
    warm = jnp.maximum(1.0, steps // 20)

    def at(count: jax.typing.ArrayLike) -> jax.Array:
        up = 0.05 + 0.95 * jnp.minimum(count / warm, 1.0)
        along = jnp.clip((count - warm) / jnp.maximum(steps - warm, 1.0), 0.0, 1.0)
        return rate * up * (0.02 + 0.49 * (1 + jnp.cos(jnp.pi * along)))

    return at
