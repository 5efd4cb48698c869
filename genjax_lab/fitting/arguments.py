"""What a fit is told besides data: smoothing and penalty, checked before the jit boundary."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from genjax_lab.density import Conditional, Density, param_shapes
from genjax_lab.types import Smoothing


def checked_smoothing(caller: str, density: Density | Conditional, smoothing: Smoothing) -> Any:
    """Return smoothing as float arrays.

    Raises:
      ValueError: for a negative or non-finite value, or a name that is no parameter.
    """
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
        number = np.asarray(value)
        if number.ndim or number.dtype.kind not in "iuf" or not (np.isfinite(number) and number >= 0):
            raise ValueError(f"{caller}: {place} = {value} must be one finite number, 0 or more")
        return jnp.asarray(number, jnp.result_type(float))

    return check(smoothing, param_shapes(density), ())


def checked_penalty(caller: str, penalty: Any) -> Any:
    """Return a penalty: nothing, a function, or a number as a float array.

    Raises:
      ValueError: for anything else, or a negative or non-finite number.
    """
    if penalty is None or callable(penalty):
        return penalty
    number = np.asarray(penalty)
    if number.ndim or number.dtype.kind not in "iuf" or not (np.isfinite(number) and number >= 0):
        raise ValueError(f"{caller}: penalty = {penalty} must be one finite number, 0 or more, or a function of params")
    return jnp.asarray(number, jnp.result_type(float))
