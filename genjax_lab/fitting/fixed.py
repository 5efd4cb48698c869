"""Parameters held constant: from what a user names to every part of the parameters, with its values or None."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.constraints import Constraint, is_shape
from genjax_lab.density import Conditional, Density


def checked_fixed(caller: str, density: Density | Conditional, fixed: Any) -> Any:
    """Return what is fixed as a pytree of the density's constraints: values where they are held, None elsewhere.

    Args:
      caller: for errors.
      density: the density, or conditional.
      fixed: a prefix of the parameters, such as {"prior": {"logits": [0.0, 0.0]}}; a number is spread over its array.

    Raises:
      ValueError: for a name that is no parameter, a shape that does not fit, half of a constraint that covers several
        parameters, or a value that the parameter may not take.
    """
    return None if fixed is None else _walk(caller, density, density.parameters, fixed, "fixed")


def _walk(caller: str, density: Density | Conditional, rules: Any, value: Any, place: str) -> Any:
    if isinstance(rules, Constraint):
        return None if value is None else _values(caller, density, rules, value, place)
    if value is None:
        return jax.tree.map(lambda _: None, rules)
    if not isinstance(value, dict):
        raise ValueError(f"{caller}: {place} must be a dict by name of {sorted(rules)}, as the params of {density!r}")
    for name in value:
        if name not in rules:
            raise ValueError(f"{caller}: {place}[{name!r}] is no parameter of {density!r}; there are {sorted(rules)}")
    return {n: _walk(caller, density, rules[n], value.get(n), f"{place}[{n!r}]") for n in rules}


def _values(caller: str, density: Density | Conditional, rule: Constraint, value: Any, place: str) -> Any:
    shapes, tree = jax.tree.flatten(rule.shapes, is_leaf=is_shape)
    try:
        given = tree.flatten_up_to(value)
        arrays = [np.broadcast_to(np.asarray(v), shape) for v, shape in zip(given, shapes, strict=True)]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{caller}: {place} of {density!r} is held constant whole, with shapes {rule.shapes}: {error}"
        ) from None
    held = tree.unflatten([jnp.asarray(a, jnp.result_type(float, a)) for a in arrays])
    if not bool(rule.contains(held)):
        raise ValueError(f"{caller}: {place} of {density!r} is outside its parameter space, {rule!r}: {value}")
    return held
