"""Samples and predictions: events drawn from a density, and the most probable ones, over many rows at once."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab.blocks import map_blocks, rows_of
from genjax_lab.check import checked_given, checked_params
from genjax_lab.density import Conditional, Density, best_event, over_events
from genjax_lab.types import Event, Key, Params


def sample(
    density: Density | Conditional, key: Key, params: Params, n: int | None = None, given: Event = None
) -> Event:
    """Draw events.

    Args:
      density: the density, or conditional.
      key: a typed key, `jax.random.key(seed)`.
      params: its parameters.
      n: how many events of a density.
      given: for a conditional, rows of what is given: one event is drawn for each.

    Returns:
      n events, a leading row axis on every array.

    Raises:
      ValueError, TypeError: for an `n` below 1, or `given` that is missing, not taken, or wrong.

    Example:
      >>> x = gl.sample(gl.bernoulli((3,)), jax.random.key(0), {"logits": jnp.zeros(3)}, 5)
      >>> x.shape
      (5, 3)
    """
    params = checked_params("gl.sample", density, params)
    if isinstance(density, Conditional):
        if given is None or n is not None:
            raise TypeError(f"gl.sample: {density!r} is a conditional: pass given=, one row for each event, and no n")
        return _sample_given(density, key, params, checked_given("gl.sample", density, given))
    if given is not None:
        raise TypeError(f"gl.sample: {density!r} is not a conditional and takes no given=")
    if n is None or n != int(n) or n < 1:
        raise ValueError(f"gl.sample: n = {n} must be a whole number, at least 1")
    return _sample(density, key, params, int(n))


def predict_log_prob(conditional: Conditional, params: Params, given: Event) -> jax.Array:
    """Compute log p(e | given_i; θ) for every event e of a finite space: the class log-probabilities of a posterior.

    Args:
      conditional: p(y | x), such as `gl.posterior(joint)`.
      params: its parameters.
      given: n rows of what is given.

    Returns:
      f[n, k] in nats, columns in the order of `conditional.space.enumerate()`: labels 0..k−1.

    Raises:
      ValueError, TypeError: for an infinite event space, or rows that are not of the given space.
    """
    given = checked_given("gl.predict_log_prob", conditional, given)
    conditional.space.require_listing()
    return _predict_log_prob(conditional, checked_params("gl.predict_log_prob", conditional, params), given)


def predict(conditional: Conditional, params: Params, given: Event) -> Event:
    """Predict the most probable event, argmax_e p(e | given_i; θ), of every row; the first of equals.

    Args:
      conditional: p(y | x), such as `gl.posterior(joint)`.
      params: its parameters.
      given: n rows of what is given.

    Returns:
      n events: int[n] labels for a categorical y.

    Raises:
      ValueError, TypeError: as `gl.predict_log_prob`.
    """
    given = checked_given("gl.predict", conditional, given)
    conditional.space.require_listing()
    return _predict(conditional, checked_params("gl.predict", conditional, params), given)


@functools.partial(jax.jit, static_argnames="n")
def _sample(density: Density, key: Key, params: Params, n: int) -> Event:
    def one(row: jax.Array) -> Event:
        return density.sample(jax.random.fold_in(key, row), params)

    return map_blocks(jax.vmap(one), jnp.arange(n, dtype=jnp.uint32))


@jax.jit
def _sample_given(density: Conditional, key: Key, params: Params, given: Event) -> Event:
    def one(data: Any) -> Event:
        row, given = data
        return density.sample(jax.random.fold_in(key, row), params, given)

    return map_blocks(jax.vmap(one), (jnp.arange(rows_of(given), dtype=jnp.uint32), given))


@jax.jit
def _predict_log_prob(conditional: Conditional, params: Params, given: Event) -> jax.Array:
    return map_blocks(lambda block: over_events(conditional, params, block), given)


@jax.jit
def _predict(conditional: Conditional, params: Params, given: Event) -> Event:
    best = map_blocks(lambda block: best_event(conditional, params, block), given)
    return jax.tree.map(lambda events: events[best], conditional.space.enumerate())
