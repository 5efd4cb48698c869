"""`gl.run`: the pure core of a fit, for `jit` and `vmap`; and many starts in one compiled call."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Protocol

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import rows_of
from genjax_lab.density import Conditional, Density
from genjax_lab.estimator import start_of
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.result import Fit
from genjax_lab.groups import Groups
from genjax_lab.implicit import estimator_of
from genjax_lab.types import Key, Params, Smoothing

ROWS_OF_A_START = 5000
"""A start looks at no more rows than this, drawn at random."""


class Method(Protocol):
    """How a density is fitted: a frozen pytree with a pure `solve`."""

    def solve(self, density: Density | Conditional, data: Data, params: Params, smoothing: Smoothing) -> Fit:
        """Fit from a start."""


def run(
    method: Method, density: Density | Conditional, data: Data, params: Params = None, *, smoothing: Smoothing = None
) -> Fit:
    """The pure core of `gl.fit`: no check, no warning; for `jit`, `vmap` over data, weights, starts and smoothing.

    Args:
      method: such as `gl.closed_form()` or `gl.em()`.
      density: the density, or conditional.
      data: rows, as `gl.Data`.
      params: where to start; a closed form needs none.
      smoothing: as in `gl.fit`.

    Returns:
      A `gl.Fit`, whose status says what `gl.fit` would have warned of.

    Example:
      >>> many = jnp.array([[0.0, 2.0], [5.0, 7.0]])
      >>> fits = jax.vmap(lambda x: gl.run(gl.closed_form(), gl.normal(), gl.Data(x)))(many)
      >>> fits.params["loc"].tolist()
      [1.0, 6.0]
    """
    return method.solve(density, data, params, smoothing)


run_compiled = jax.jit(run)


@functools.partial(jax.jit, static_argnames="restarts")
def run_restarts(
    method: Method, density: Density | Conditional, data: Data, key: Key, restarts: int, smoothing: Smoothing
) -> Fit:
    """Fit from several starts, one after another in one compiled call; return the best end and the ends of all."""

    def one(key: Key) -> Fit:
        return method.solve(density, data, start_from(density, data, key), smoothing)

    fits = lax.map(one, jax.random.split(key, restarts))
    usable = jnp.isfinite(fits.log_likelihood)  # a collapsed start, +∞, is no better than any that has not collapsed
    value = jnp.where(usable, fits.log_likelihood, -jnp.inf)
    best = jax.tree.map(lambda a: a[jnp.argmax(value)], fits)
    return replace(best, starts=(fits.log_likelihood, fits.status))


def start_from(density: Density | Conditional, data: Data, key: Key) -> Params:
    """Parameters to start from, out of some rows of the data."""
    pick, begin = jax.random.split(key)
    n = rows_of(data.x)
    if n > ROWS_OF_A_START:
        rows = jax.random.randint(pick, (ROWS_OF_A_START,), 0, n)
        data = jax.tree.map(lambda a: a[rows], data)
    groups = Groups(weights=data.weights)
    params = start_of(estimator_of(density), begin, data.x, data.given, groups)
    return jax.tree.map(lambda p: p[0], params)
