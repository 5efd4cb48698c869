"""What a fit is told besides data: smoothing and penalty, checked before the jit boundary."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.density import Conditional, Density, param_shapes
from genjax_lab.types import Params, Smoothing


def checked_smoothing(caller: str, density: Density | Conditional, smoothing: Smoothing) -> Any:
    """Return smoothing as float arrays.

    Raises:
      ValueError: for a negative or non-finite value, or a name that is no parameter.
    """
    if smoothing is None:
        return None
    reach = frozenset() if density.estimator is None else density.estimator.smooths

    def check(value: Any, shapes: Any, path: tuple[str, ...]) -> Any:
        place = "smoothing" + "".join(f"[{name!r}]" for name in path)
        if value is None:
            return None
        if isinstance(value, dict):
            names = list(shapes) if isinstance(shapes, dict) else []
            for name in value:
                if name not in names:
                    raise ValueError(f"{caller}: {place}[{name!r}] is no parameter of {density!r}; there are {names}")
            return {name: check(v, shapes[name], (*path, name)) for name, v in value.items()}
        own = ".".join(path)
        if path and not any(name == own or name.startswith(f"{own}.") for name in reach):
            raise ValueError(f"{caller}: {place} has no effect on {density!r}; it has on {sorted(reach)}")
        table = None if density.estimator is None else density.estimator.tables.get(own)
        return checked_pseudo_counts(f"{caller}: {place}", value, table)

    return check(smoothing, param_shapes(density), ())


def checked_pseudo_counts(place: str, value: Any, table: tuple[int, ...] | None) -> jax.Array:
    """Return one number, or a table of pseudo-counts where there can be one, as a float array.

    Raises:
      ValueError: for a negative or non-finite value, or another shape.
    """
    number = np.asarray(value)
    shaped = not number.ndim or (table is not None and number.shape in (table, table[-1:]))
    if not shaped or number.dtype.kind not in "iuf" or not (np.isfinite(number).all() and (number >= 0).all()):
        or_table = "" if table is None else f", or a table of them of shape {table}"
        raise ValueError(f"{place} = {value} must be one finite number, 0 or more{or_table}")
    shape = table if number.ndim and table is not None else ()
    return jnp.broadcast_to(jnp.asarray(number, jnp.result_type(float)), shape)


def checked_penalty(caller: str, density: Density | Conditional, penalty: Any) -> Any:
    """Return a penalty: nothing, a function, or a number as a float array.

    Raises:
      ValueError: for anything else, a negative or non-finite number, or a function that gives no single number.
    """
    if penalty is None:
        return None
    if callable(penalty):
        found = _told(density, penalty)
        if getattr(found, "shape", None) != ():
            shape = jax.tree.map(jnp.shape, found)
            raise ValueError(f"{caller}: penalty(params) must give one number, nats per event; got shape {shape}")
        return penalty
    number = np.asarray(penalty)
    if number.ndim or number.dtype.kind not in "iuf" or not (np.isfinite(number) and number >= 0):
        raise ValueError(f"{caller}: penalty = {penalty} must be one finite number, 0 or more, or a function of params")
    return jnp.asarray(number, jnp.result_type(float))


@functools.lru_cache
def _told(density: Density | Conditional, penalty: Callable[[Params], Any]) -> Any:
    """The shape of what a penalty says of a density's parameters; a second fit with the same two does not ask again."""
    return jax.eval_shape(penalty, jax.eval_shape(density.init, jax.random.key(0)))
