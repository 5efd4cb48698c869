"""Schedules that are known by what they say, so that the same one made again does not compile again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Schedule:
    """A schedule factory and its arguments; called with the number of updates so far, it gives the number.

    Attributes:
      traced: arguments that are JAX arrays, by name.
      factory: such as an optax one (static).
      arguments: the others, in the order of their names (static).
    """

    traced: dict[str, jax.Array]
    factory: Callable[..., Any] = field(metadata={"static": True})
    arguments: tuple[tuple[str, Any], ...] = field(metadata={"static": True})

    def __call__(self, count: jax.typing.ArrayLike) -> jax.typing.ArrayLike:
        """The scheduled number after `count` updates."""
        value: jax.typing.ArrayLike = self.factory(**dict(self.arguments), **self.traced)(count)
        return value


def schedule(factory: Callable[..., Any], **arguments: Any) -> Schedule:
    """Make a schedule of an optax factory, or of one like it.

    Args:
      factory: such as `optax.cosine_decay_schedule`.
      **arguments: its arguments, by name. Those that are JAX arrays are traced, so that other values do not compile
        again, if the factory takes traced numbers: most of optax's ask whether theirs are above 0, and do not.

    Returns:
      What `gl.gradient(learning_rate=...)` takes.

    Example:
      >>> halves = gl.schedule(optax.exponential_decay, init_value=1.0, transition_steps=10, decay_rate=0.5)
      >>> float(halves(10))
      0.5
    """
    traced = {name: value for name, value in arguments.items() if isinstance(value, jax.Array)}
    return Schedule(traced, factory, tuple(sorted((n, v) for n, v in arguments.items() if n not in traced)))
