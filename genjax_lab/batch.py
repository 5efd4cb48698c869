"""The pure functions of one event, over many: log-density, likelihood, score, samples, prediction.

Each checks its input, then runs one compiled, blocked pass. Inside `jit` values cannot be looked at and are trusted.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab.blocks import map_blocks, reduce_blocks, rows_of
from genjax_lab.check import checked_batch, checked_given, checked_params, checked_weights
from genjax_lab.density import Conditional, Density, best_event, over_events, pairwise, pairwise_given
from genjax_lab.numerics import Total
from genjax_lab.types import ArrayLike, Event, Key, Params


def contains(density: Density, x: Event) -> jax.Array:
    """Tell which events of a batch lie in the sample space of a density.

    Args:
      density: the density.
      x: n events, a leading row axis on every array.

    Returns:
      bool[n].

    Example:
      >>> gl.contains(gl.bernoulli(), jnp.array([0, 1, 2])).tolist()
      [True, True, False]
    """
    return _contains(density, jax.tree.map(jnp.asarray, x))


def log_prob(density: Density | Conditional, params: Params, x: Event, given: Event = None) -> jax.Array:
    """Compute log p(x_i; θ), or log p(x_i | given_i; θ), of every row.

    Args:
      density: the density, or conditional.
      params: its parameters.
      x: n events, a leading row axis on every array.
      given: for a conditional, n rows of what is given.

    Returns:
      f[n] in nats; −∞ where an event is impossible.

    Raises:
      ValueError, TypeError: for rows that are no events; the row and the value are named.

    Example:
      >>> np.asarray(gl.log_prob(gl.normal(), {"loc": 0.0, "scale": 1.0}, jnp.array([0.0, 1.0]))).round(3)
      array([-0.919, -1.419], dtype=float32)
    """
    x, given = checked_batch("gl.log_prob", density, x, given)
    return _log_prob(density, checked_params("gl.log_prob", density, params), x, given)


def nll(
    density: Density | Conditional, params: Params, x: Event, given: Event = None, weights: ArrayLike | None = None
) -> jax.Array:
    """Compute the negative log-likelihood, −Σ w_i log p(x_i; θ) / Σ w_i: the weighted mean per event.

    Args:
      density: the density, or conditional.
      params: its parameters.
      x: n events.
      given: for a conditional, n rows of what is given.
      weights: f[n], none negative; None for all one.

    Returns:
      f[] in nats per event.

    Raises:
      ValueError, TypeError: as `gl.log_prob`, and for weights that are negative or all zero.

    Example:
      >>> round(float(gl.nll(gl.bernoulli(), {"logits": 0.0}, jnp.array([0, 1, 1]))), 4)
      0.6931
    """
    x, given = checked_batch("gl.nll", density, x, given)
    weights = checked_weights("gl.nll", weights, rows_of(x))
    params = checked_params("gl.nll", density, params)
    total = total_log_prob(density, params, x, given, weights)
    return -total / (rows_of(x) if weights is None else weights.sum())


def score(
    density: Density | Conditional, params: Params, x: Event, given: Event = None, weights: ArrayLike | None = None
) -> Params:
    """Compute the score: the gradient in θ of the total Σ w_i log p(x_i; θ).

    Args:
      density: the density, or conditional.
      params: its parameters, on their natural scale.
      x: n events.
      given: for a conditional, n rows of what is given.
      weights: f[n], none negative; None for all one.

    Returns:
      A pytree like `params`; 0 for a parameter on its boundary.

    Raises:
      ValueError, TypeError: as `gl.nll`.

    Example:
      >>> fit = gl.fit(gl.poisson(), jnp.array([2, 0, 4]))
      >>> abs(float(gl.score(gl.poisson(), fit.params, jnp.array([2, 0, 4]))["rate"])) < 1e-6
      True
    """
    x, given = checked_batch("gl.score", density, x, given)
    weights = checked_weights("gl.score", weights, rows_of(x))
    return _score(density, checked_params("gl.score", density, params), x, given, weights)


def per_example_scores(density: Density | Conditional, params: Params, x: Event, given: Event = None) -> Params:
    """Compute the score of every row: the gradient in θ of log p(x_i; θ).

    Args:
      density: the density, or conditional.
      params: its parameters.
      x: n events.
      given: for a conditional, n rows of what is given.

    Returns:
      A pytree like `params` with a leading row axis.

    Raises:
      ValueError, TypeError: as `gl.log_prob`.

    Example:
      >>> gl.per_example_scores(gl.poisson(), {"rate": 2.0}, jnp.array([2, 0, 4]))["rate"].tolist()
      [0.0, -1.0, 1.0]
    """
    x, given = checked_batch("gl.per_example_scores", density, x, given)
    return _per_example_scores(density, checked_params("gl.per_example_scores", density, params), x, given)


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
    if n is None or n < 1:
        raise ValueError(f"gl.sample: n = {n} must be at least 1")
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


def log_prob_rows(density: Density | Conditional, params: Params, x: Event, given: Event) -> jax.Array:
    """log p of each row of one block, f[n]; unchecked, for use inside a blocked pass."""
    alone = jax.tree.map(lambda p: p[None], params)
    if isinstance(density, Conditional):
        return pairwise_given(density, alone, x, given)[:, 0]
    return pairwise(density, alone, x)[:, 0]


@jax.jit
def total_log_prob(
    density: Density | Conditional, params: Params, x: Event, given: Event, weights: jax.Array | None
) -> jax.Array:
    """Σ w_i log p(x_i; θ), right to 1e-6 for 10⁷ rows in float32; rows of weight 0 do not count."""

    def block(data: Any) -> Total:
        x, given, weights = data
        rows = log_prob_rows(density, params, x, given)
        if weights is not None:
            rows = jnp.where(weights > 0, weights * rows, 0.0)
        return Total(rows.sum(), jnp.zeros((), rows.dtype))

    return reduce_blocks(block, Total.merge, (x, given, weights)).result()


@jax.jit
def _contains(density: Density, x: Event) -> jax.Array:
    return map_blocks(jax.vmap(density.space.contains), x)


@jax.jit
def _log_prob(density: Density | Conditional, params: Params, x: Event, given: Event) -> jax.Array:
    return map_blocks(lambda data: log_prob_rows(density, params, *data), (x, given))


@jax.jit
def _score(density: Density | Conditional, params: Params, x: Event, given: Event, weights: jax.Array | None) -> Params:
    def block(data: Any) -> Params:
        x, given, weights = data

        def total(p: Params) -> jax.Array:
            rows = log_prob_rows(density, p, x, given)
            rows = jnp.where(jnp.isfinite(rows), rows, 0.0)  # an impossible row has no finite slope
            return rows.sum() if weights is None else (weights * rows).sum()

        return jax.grad(total)(params)

    return reduce_blocks(block, functools.partial(jax.tree.map, jnp.add), (x, given, weights))


@jax.jit
def _per_example_scores(density: Density | Conditional, params: Params, x: Event, given: Event) -> Params:
    def one(data: Any) -> Params:
        x, given = data
        return jax.grad(density.log_prob)(params, x, *(() if given is None else (given,)))

    return map_blocks(jax.vmap(one), (x, given))


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
