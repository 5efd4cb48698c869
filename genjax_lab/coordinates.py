"""Free unconstrained coordinates as one vector: what gradients and Hessians are taken in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
from jax.flatten_util import ravel_pytree

from genjax_lab.constraints import is_shape
from genjax_lab.types import Params

Back = Callable[[jax.Array], Params]
"""From the vector of free unconstrained coordinates to the parameters."""


def free(parameters: Any, params: Params, fixed: Any = None) -> tuple[jax.Array, Back]:
    """The free parameters as one vector of unconstrained coordinates, and the way back to all of them.

    Args:
      parameters: pytree of constraints.
      params: the parameters; those that are discrete stay as they are.
      fixed: the constraints' pytree with values held constant, None where they are free; or None.

    Returns:
      (z, back).
    """
    rules, tree = jax.tree.flatten(parameters)
    own = tree.flatten_up_to(params)
    held = [None] * len(rules) if fixed is None else tree.flatten_up_to(fixed)
    held = [p if rule.discrete else value for rule, p, value in zip(rules, own, held, strict=True)]
    open_ = [i for i, value in enumerate(held) if value is None]
    z, unravel = ravel_pytree([rules[i].inverse(own[i]) for i in open_])

    def back(z: jax.Array) -> Params:
        values = list(held)
        for i, part in zip(open_, unravel(z), strict=True):
            values[i] = rules[i].forward(part)
        return tree.unflatten(values)

    return z, back


def number(parameters: Any) -> int:
    """Number of unconstrained coordinates."""
    shapes = [rule.shapes for rule in jax.tree.leaves(parameters) if not rule.discrete]
    return sum(math.prod(shape) for shape in jax.tree.leaves(shapes, is_leaf=is_shape))
