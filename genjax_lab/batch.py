"""The pure functions of one event, over many: log-density, likelihood, score.

Each checks its input, then runs one compiled, blocked pass. Inside `jit` values cannot be looked at and are trusted.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab.blocks import map_blocks, reduce_blocks, rows_of
from genjax_lab.check import checked_batch, checked_params, checked_weights
from genjax_lab.density import Conditional, Density, log_prob_rows
from genjax_lab.numerics import Total
from genjax_lab.types import ArrayLike, Event, Params


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
    return _contains(density, checked_batch("gl.contains", density, x, values=False)[0])


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
      A pytree like `params`, 0 for what is discrete. A row whose log-density is not finite adds nothing.

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
      A pytree like `params` with a leading row axis; zeros for a row whose log-density is not finite.

    Raises:
      ValueError, TypeError: as `gl.log_prob`.

    Example:
      >>> gl.per_example_scores(gl.poisson(), {"rate": 2.0}, jnp.array([2, 0, 4]))["rate"].tolist()
      [0.0, -1.0, 1.0]
    """
    x, given = checked_batch("gl.per_example_scores", density, x, given)
    return _per_example_scores(density, checked_params("gl.per_example_scores", density, params), x, given)


@jax.jit
def total_log_prob(
    density: Density | Conditional, params: Params, x: Event, given: Event, weights: jax.Array | None
) -> jax.Array:
    """Σ w_i log p(x_i; θ), right to 1e-6 for 10⁷ rows in float32; rows of weight 0 do not count."""

    def block(data: Any) -> tuple[Total, jax.Array, jax.Array]:
        x, given, weights = data
        rows = log_prob_rows(density, params, x, given)
        if weights is not None:
            rows = jnp.where(weights > 0, weights * rows, 0.0)
        finite = jnp.where(jnp.isinf(rows), 0.0, rows).sum()
        return Total(finite, jnp.zeros_like(finite)), jnp.isneginf(rows).any(), jnp.isposinf(rows).any()

    def merge(a: Any, b: Any) -> Any:
        return a[0].merge(b[0]), a[1] | b[1], a[2] | b[2]

    total, impossible, endless = reduce_blocks(block, merge, (x, given, weights))
    return jnp.where(impossible, -jnp.inf, jnp.where(endless, jnp.inf, total.result()))


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

        return _slopes(jax.grad(total, allow_int=True)(params))

    return reduce_blocks(block, functools.partial(jax.tree.map, jnp.add), (x, given, weights))


@jax.jit
def _per_example_scores(density: Density | Conditional, params: Params, x: Event, given: Event) -> Params:
    def one(data: Any) -> Params:
        x, given = data
        of = jax.value_and_grad(density.log_prob, allow_int=True)
        value, slope = of(params, x, *(() if given is None else (given,)))
        return jax.tree.map(lambda s: jnp.where(jnp.isfinite(value), s, 0.0), _slopes(slope))

    return map_blocks(jax.vmap(one), (x, given))


def _slopes(gradient: Params) -> Params:
    """A gradient with zeros for what is discrete, which has no slope."""
    return jax.tree.map(lambda g: jnp.zeros(g.shape) if g.dtype == jax.dtypes.float0 else g, gradient)
