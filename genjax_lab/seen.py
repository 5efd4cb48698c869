"""What part of an event is seen: the fields `log_prob_masked` and `complete`, of a family of independent coordinates.

log p(x_seen; θ) = Σ_{j seen} log p(x_j; θ_j); what is not seen is drawn as if nothing were.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

import jax
import jax.numpy as jnp

from genjax_lab.density import Conditional, Density
from genjax_lab.numerics import sum_logs
from genjax_lab.types import Event, Key, Params, Shape


class Masked(TypedDict):
    """Two fields of a density."""

    log_prob_masked: Callable[[Params, Event, Event], jax.Array]
    complete: Callable[[Key, Params, Event, Event], Event]


def independent(family: Callable[[Shape], Density], shape: Shape) -> Masked:
    """The fields of a family of independent coordinates.

    Args:
      family: (shape) -> the density; of shape () that of one coordinate.
      shape: shape of an event.
    """
    shape = tuple(shape)

    def filled(key: Key, params: Params, x: Event, seen: Event) -> jax.Array:
        drawn = jax.lax.stop_gradient(family(shape).sample(key, params))
        return jnp.where(seen, jnp.asarray(x).astype(drawn.dtype), drawn)

    def log_prob_masked(params: Params, x: Event, seen: Event) -> jax.Array:
        whole = filled(jax.random.key(0), params, x, seen)  # any event will do where nothing is seen
        flat = jax.tree.map(lambda p: p.reshape(-1, *p.shape[len(shape) :]), params)
        each = jax.vmap(family(()).log_prob)(flat, whole.reshape(-1))
        return sum_logs(jnp.where(seen.reshape(-1), each, 0.0))

    return Masked(log_prob_masked=log_prob_masked, complete=filled)


def may_have(x: jax.Array, seen: jax.Array, k: int) -> jax.Array:
    """Which of k categories each coordinate may have, bool[d, k]: the one that is seen, or all; or as `seen` says."""
    if seen.ndim > x.ndim:
        return seen.reshape(-1, k)
    return (x.reshape(-1, 1) == jnp.arange(k)[None]) | ~seen.reshape(-1, 1)


def kept(x: jax.Array, seen: jax.Array, drawn: jax.Array) -> jax.Array:
    """What is seen, and a draw elsewhere; of a `seen` of sets, the draw, which is in them where it can."""
    return drawn if seen.ndim > x.ndim else jnp.where(seen, x.astype(drawn.dtype), drawn)


def fill(x: Event, seen: Event, other: Event) -> Event:
    """An event where it is seen, another elsewhere, in the dtypes of the other."""
    return jax.tree.map(lambda a, s, b: jnp.where(s, jnp.asarray(a).astype(b.dtype), b), x, seen, other)


def agrees(x: Event, seen: Event, other: Event) -> jax.Array:
    """Whether two events are the same where they are seen: bool[]."""
    same = jax.tree.map(lambda a, s, b: jnp.all(~s | (a == b)), x, seen, other)
    return jnp.stack(jax.tree.leaves(same)).all()


def masked(density: Density | Conditional) -> Callable[..., jax.Array]:
    """The density's `log_prob_masked`, which it has."""
    assert density.log_prob_masked is not None
    return density.log_prob_masked


def completed(density: Density | Conditional) -> Callable[..., Event]:
    """The density's `complete`, which it has."""
    assert density.complete is not None
    return density.complete
