"""Events of which only a part is seen: its probability, the rest summed out; and the rest, drawn given what is seen.

The part that is seen is `seen`, bools like the event: for all rows at once, or with a leading row axis; one bool, or
one array, may stand for a whole field of an event of several.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab.blocks import map_blocks, rows_of
from genjax_lab.check import checked_batch, checked_params, is_traced, require_density
from genjax_lab.density import Conditional, Density
from genjax_lab.seen import fill
from genjax_lab.types import Event, Key, Params

ROWS = 100
"""Rows of a block: what a tree or a network makes of a row is large."""


def log_prob_masked(
    density: Density | Conditional, params: Params, x: Event, seen: Event, given: Event = None
) -> jax.Array:
    """Compute log p(x_seen; θ) of every row: the other entries are summed or integrated out.

    Args:
      density: the density, or conditional.
      params: its parameters.
      x: n events; what they hold where they are not seen is not looked at.
      seen: bools of the shape of an event, or of the n events.
      given: for a conditional, n rows of what is given.

    Returns:
      f[n] in nats.

    Raises:
      TypeError: where the density has no exact marginals, or `seen` is not made of bools.
      ValueError: for rows that are no events where they are seen, a `seen` of another shape, or entries whose marginal
        the density does not know.

    Example:
      >>> pair = gl.mvnormal(2)
      >>> params = {"loc": jnp.zeros(2), "scale_tril": jnp.array([[1.0, 0.0], [0.6, 0.8]])}
      >>> np.asarray(gl.log_prob_masked(pair, params, jnp.array([[1.0, jnp.nan]]), jnp.array([True, False]))).round(3)
      array([-1.419], dtype=float32)
    """
    caller = "gl.log_prob_masked"
    _require(caller, density, density.log_prob_masked if _is_density(caller, density) else None)
    params = checked_params(caller, density, params)
    x, seen, given = _checked(caller, density, params, x, seen, given)
    found = _log_prob_masked(density, params, x, seen, given)
    if not is_traced(found) and bool(jnp.isnan(found).any()):
        raise ValueError(f"{caller}: {density!r} does not know the marginal of what is seen in row "
                         f"{int(jnp.argmax(jnp.isnan(found)))}")  # fmt: skip
    return found


def complete(
    density: Density | Conditional, key: Key, params: Params, x: Event, seen: Event, given: Event = None
) -> Event:
    """Complete every row: what is seen stays, the rest is drawn from p(x_unseen | x_seen; θ).

    Args:
      density: the density, or conditional.
      key: a typed key.
      params: its parameters.
      x: n events; what they hold where they are not seen is not looked at.
      seen: bools of the shape of an event, or of the n events.
      given: for a conditional, n rows of what is given.

    Returns:
      n events. Of a row that is impossible where it is seen, some event that agrees with it there.

    Raises:
      TypeError, ValueError: as `gl.log_prob_masked`.

    Example:
      >>> fit = gl.fit(gl.chow_liu((2,)), jnp.array([[0, 0], [1, 1], [1, 1], [0, 0]]), smoothing=1e-6)
      >>> x, seen = jnp.array([[0, 9], [1, 9]]), jnp.array([True, False])
      >>> gl.complete(gl.chow_liu((2,)), jax.random.key(0), fit.params, x, seen).tolist()
      [[0, 0], [1, 1]]
    """
    caller = "gl.complete"
    _require(caller, density, density.complete if _is_density(caller, density) else None)
    params = checked_params(caller, density, params)
    x, seen, given = _checked(caller, density, params, x, seen, given)
    found = _complete(density, key, params, x, seen, given)
    inside = _inside(density, found)
    if not is_traced(inside) and not bool(inside.all()):
        raise ValueError(f"{caller}: {density!r} cannot complete what is seen in row {int(jnp.argmin(inside))}")
    return found


def _is_density(caller: str, density: Any) -> bool:
    require_density(caller, density)
    return True


def _require(caller: str, density: Density | Conditional, field: Any) -> None:
    if field is None:
        raise TypeError(f"{caller}: {density!r} has no exact marginals, so that no part of an event can be left out")


def _checked(
    caller: str, density: Density | Conditional, params: Params, x: Event, seen: Event, given: Event
) -> tuple[Event, Event, Event]:
    """Rows with an event of the space where they are not seen, and which entries of each row are."""
    x, given = checked_batch(caller, density, x, given, values=False)
    seen = _like(caller, density, x, seen)
    n = rows_of(x)
    first = jax.tree.map(lambda a: a[0], given)
    some = density.sample(jax.random.key(0), params, *(() if given is None else (first,)))  # type: ignore[call-arg]
    some = jax.tree.map(lambda a: jnp.broadcast_to(a[None], (n, *a.shape)), some)
    return (*checked_batch(caller, density, fill(x, seen, some), given)[:1], seen, given)


def _like(caller: str, density: Density | Conditional, x: Event, seen: Event) -> Event:
    """`seen` as an array of bools for every array of x, a row each."""
    try:
        seen = jax.tree.broadcast(seen, x)
    except ValueError as error:
        raise ValueError(f"{caller}: seen must be bools in the structure of an event of {density!r}: {error}") from None

    def one(leaf: jax.Array, mask: Any) -> jax.Array:
        mask = jnp.asarray(mask)
        if mask.dtype != jnp.bool_:
            raise TypeError(f"{caller}: seen must hold bools, and has the dtype {mask.dtype}")
        if mask.shape not in ((), leaf.shape[1:], leaf.shape):
            raise ValueError(
                f"{caller}: seen must have the shape of an event, {leaf.shape[1:]}, or of all, {leaf.shape}; got "
                f"{mask.shape}"
            )
        return jnp.broadcast_to(mask if mask.shape == leaf.shape else mask[None], leaf.shape)

    return jax.tree.map(one, x, seen)


@jax.jit
def _log_prob_masked(density: Any, params: Params, x: Event, seen: Event, given: Event) -> jax.Array:
    def one(row: Any) -> jax.Array:
        x, seen, given = row
        return density.log_prob_masked(params, x, seen, *(() if given is None else (given,)))

    return map_blocks(jax.vmap(one), (x, seen, given), ROWS)


@jax.jit
def _complete(density: Any, key: Key, params: Params, x: Event, seen: Event, given: Event) -> Event:
    def one(row: Any) -> Event:
        i, x, seen, given = row
        return density.complete(jax.random.fold_in(key, i), params, x, seen, *(() if given is None else (given,)))

    return map_blocks(jax.vmap(one), (jnp.arange(rows_of(x), dtype=jnp.uint32), x, seen, given), ROWS)


@jax.jit
def _inside(density: Density | Conditional, x: Event) -> jax.Array:
    return jax.vmap(density.space.contains)(x)
