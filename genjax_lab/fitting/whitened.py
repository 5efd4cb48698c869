"""The coordinates that a climb is in: the free ones, or whitened ones where the density knows how it bends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from genjax_lab import constraints
from genjax_lab.density import Conditional
from genjax_lab.fitting.problem import Problem, extra, free
from genjax_lab.types import Params


def climbed(problem: Problem, params: Params) -> tuple[jax.Array, Partial | None]:
    """The coordinates of a start, and the map from them to the free coordinates; None where they are the same."""
    z, back = free(problem, params)
    density = problem.density
    if not isinstance(density, Conditional) or density.whiten is None or problem.fixed is not None:
        return z, None

    def added(z: jax.Array) -> jax.Array:
        return extra(problem, z, back(z))

    # A penalty's Hessian is near enough its diagonal, which is then its product with ones.
    bend = jnp.maximum(-jax.jvp(jax.grad(added), (z,), (jnp.ones_like(z),))[1], 0.0)
    unravel = _unravel(problem, params)
    turn, inverse = density.whiten(problem.data.given, problem.data.weights, unravel(bend))
    return ravel_pytree(inverse(unravel(z)))[0], turn


def free_of(problem: Problem, params: Params, turn: Partial | None) -> Callable[[jax.Array], jax.Array]:
    """The map from the coordinates that a climb is in to the free ones."""
    if turn is None:
        return lambda u: u
    unravel = _unravel(problem, params)
    return lambda u: ravel_pytree(turn(unravel(u)))[0]


def _unravel(problem: Problem, params: Params) -> Callable[[jax.Array], Any]:
    return ravel_pytree(constraints.unconstrain(problem.density.parameters, params))[1]
