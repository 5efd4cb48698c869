"""Schedules that are known by what they say, so that the same one made again does not compile again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax


@jax.tree_util.register_static
@dataclass(frozen=True)
class Schedule:
    """An optax schedule factory and its arguments; called with the number of updates so far, it gives the number."""

    factory: Callable[..., Any]
    arguments: tuple[tuple[str, Any], ...]

    def __call__(self, count: jax.typing.ArrayLike) -> jax.typing.ArrayLike:
        """The scheduled number after `count` updates."""
        value: jax.typing.ArrayLike = self.factory(**dict(self.arguments))(count)
        return value


def schedule(factory: Callable[..., Any], **arguments: Any) -> Schedule:
    """Make a schedule of an optax factory.

    Args:
      factory: such as `optax.cosine_decay_schedule`.
      **arguments: its arguments, by name.

    Returns:
      What `gl.gradient(learning_rate=...)` takes.

    Example:
      >>> halves = gl.schedule(optax.exponential_decay, init_value=1.0, transition_steps=10, decay_rate=0.5)
      >>> float(halves(10))
      0.5
    """
    return Schedule(factory, tuple(sorted(arguments.items())))
