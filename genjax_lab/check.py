"""What reaches people before the jit boundary: batches, weights and parameters that cannot be right.

One compiled reduction fetches one flag; the row and the value are sought only when it is up.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab import constraints
from genjax_lab.density import Conditional, Density, param_shapes
from genjax_lab.space import HIDDEN, Integers, Labels, Leaf, Reals, Simplex, Space
from genjax_lab.types import Event, Params


def is_traced(*values: Any) -> bool:
    """Whether any array in these pytrees is being traced, so that its values cannot be looked at."""
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values))


def checked_batch(
    caller: str, density: Density | Conditional, x: Event, given: Event = None, values: bool = True
) -> tuple[Event, Event]:
    """Return a batch of events, and of what is given, as arrays that can be trusted.

    Raises:
      ValueError: for a wrong structure, shape or length, no rows, NaN or ±inf, or a value outside the sample space; it
        names the argument, the row and the value.
      TypeError: for a wrong dtype, or `given` that is missing or not taken.
    """
    require_density(caller, density)
    whole = [("x", density.space, x)]
    if isinstance(density, Conditional):
        if given is None:
            raise TypeError(f"{caller}: {density!r} is a conditional: pass given=, a row for each row of x")
        whole.append(("given", density.given_space, given))
    elif given is not None:
        raise TypeError(f"{caller}: {density!r} is not a conditional and takes no given=")
    checked = _checked(caller, density, whole, values)
    return checked[0], checked[1] if len(checked) > 1 else None


def require_density(caller: str, density: Any) -> None:
    """Refuse what is no density.

    Raises:
      TypeError: for a factory that was not called, or anything else.
    """
    if not isinstance(density, Density | Conditional):
        hint = (
            f": call it, as in gl.{density.__name__}(...)" if callable(density) and hasattr(density, "__name__") else ""
        )
        raise TypeError(f"{caller}: {density!r} is not a density{hint}")


def checked_given(caller: str, conditional: Conditional, given: Event) -> Event:
    """Return a batch of what is given, as in `checked_batch`."""
    if not isinstance(conditional, Conditional):
        raise TypeError(f"{caller}: {conditional!r} is no conditional: make one with gl.posterior(joint), say")
    return _checked(caller, conditional, [("given", conditional.given_space, given)])[0]


def checked_weights(caller: str, weights: Any, rows: int) -> jax.Array | None:
    """Return the weights as a float array of one entry a row.

    Raises:
      ValueError: for another length, a negative, NaN or infinite weight, or none above zero.
    """
    if weights is None:
        return None
    array = jnp.asarray(weights)
    array = array.astype(jnp.result_type(float, array))
    if array.shape != (rows,):
        raise ValueError(f"{caller}: weights must have shape ({rows},), one for each row of x; got {array.shape}")
    if not is_traced(array):
        bad = ~(np.isfinite(array) & (np.asarray(array) >= 0))
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(f"{caller}: weights[{row}] = {float(array[row])} is negative or not finite")
        if not np.any(array):
            raise ValueError(f"{caller}: weights are all zero: nothing to learn from")
    return array


def checked_params(caller: str, density: Density | Conditional, params: Params) -> Params:
    """Return the parameters as arrays.

    Raises:
      ValueError: where their structure or a shape is not that of the density's parameters.
    """
    wanted, tree = jax.tree.flatten_with_path(param_shapes(density), is_leaf=constraints.is_shape)
    got, got_tree = jax.tree.flatten(params)
    if tree != got_tree:
        shapes = jax.tree.map(jnp.shape, params)
        raise ValueError(f"{caller}: params of {density!r} have shapes {param_shapes(density)}; got {shapes}")
    for (path, shape), leaf in zip(wanted, got, strict=True):
        if jnp.shape(leaf) != shape:
            name = jax.tree_util.keystr(path)
            raise ValueError(f"{caller}: params{name} of {density!r} must have shape {shape}; got {jnp.shape(leaf)}")
    params = tree.unflatten([jnp.asarray(leaf, jnp.result_type(float, leaf)) for leaf in got])
    if not is_traced(params) and _is_down(_all_allowed(density, params)):
        for path, one in jax.tree.leaves_with_path(density.parameters):
            part = functools.reduce(lambda p, step: p[step.key], path, params)
            if not bool(one.contains(part)):
                place = f"params{jax.tree_util.keystr(path)}"
                raise ValueError(f"{caller}: {place} of {density!r} is outside its parameter space, {one!r}: {part}")
    return params


def _is_down(flag: jax.Array) -> bool:
    """Whether a flag that can be looked at is False: data in the closure of a traced function give one that cannot."""
    return not is_traced(flag) and not bool(flag)


@jax.jit
def _all_allowed(density: Density | Conditional, params: Params) -> jax.Array:
    return constraints.is_allowed(density.parameters, params)


def _checked(
    caller: str, density: Density | Conditional, batches: list[tuple[str, Space, Event]], values: bool = True
) -> tuple[Event, ...]:
    """Shapes and dtypes of every leaf first; then one flag for all values."""
    leaves = [leaf for name, space, value in batches for leaf in _walk(caller, space, value, name)]
    arrays = [_as_array(caller, name, leaf, value) for name, leaf, value in leaves]
    lengths = [(name, a.shape[0]) for (name, _, _), a in zip(leaves, arrays, strict=True)]
    if len({n for _, n in lengths}) > 1:
        raise ValueError(f"{caller}: rows differ in number: {', '.join(f'{name} has {n}' for name, n in lengths)}")
    if not lengths[0][1]:
        raise ValueError(f"{caller}: {', '.join(name for name, _ in lengths)} has no rows")
    spaces = tuple(leaf for _, leaf, _ in leaves)
    if values and not is_traced(arrays) and _is_down(_all_valid(spaces, arrays)):
        for (name, leaf, _), array in zip(leaves, arrays, strict=True):
            _name_the_row(caller, density, name, leaf, np.asarray(array))
    rebuilt = iter(arrays)
    return tuple(jax.tree.map(lambda _: next(rebuilt), space.struct) for _, space, _ in batches)


def _walk(caller: str, space: Space, value: Event, name: str) -> list[tuple[str, Leaf, Any]]:
    try:
        return list(space.walk(value, name))
    except ValueError as error:
        raise ValueError(f"{caller}: {error}") from None


def _as_array(caller: str, name: str, leaf: Leaf, value: Any) -> jax.Array:
    kind = getattr(value, "dtype", None)
    try:
        array = value if isinstance(value, jax.Array) else np.asarray(value)
    except ValueError as error:
        raise TypeError(f"{caller}: {name} is no array of numbers: {error}") from None
    if array.dtype != bool and not jnp.issubdtype(array.dtype, jnp.integer):
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise TypeError(f"{caller}: {name} must hold numbers; its dtype is {kind or array.dtype}")
        if isinstance(leaf, Integers) and (leaf.k or 0) > 2:
            raise TypeError(f"{caller}: {name} must hold whole numbers 0..{(leaf.k or 0) - 1} of an integer dtype; "
                            f"its dtype is {array.dtype}")  # fmt: skip
    if array.ndim == 0 or array.shape[1:] != leaf.shape:
        wanted = f"({', '.join(['n', *map(str, leaf.shape)])}{',' if not leaf.shape else ''})"
        hint = f": one event? Add a row axis, {name}[None]" if array.shape == leaf.shape else ""
        raise ValueError(f"{caller}: {name} must have shape {wanted}, a row for each event; got {array.shape}{hint}")
    if isinstance(array, np.ndarray) and array.dtype.kind in "iu" and array.size:
        info = np.iinfo(jax.dtypes.canonicalize_dtype(array.dtype))
        if np.iinfo(array.dtype).max > info.max and (array.max() > info.max or array.min() < info.min):
            raise ValueError(f"{caller}: {name} holds whole numbers beyond {info.dtype}; enable x64 or scale them")
    return jnp.asarray(array)


@jax.jit
def _all_valid(spaces: tuple[Leaf, ...], arrays: list[jax.Array]) -> jax.Array:
    return jnp.stack([leaf.all_valid(a) for leaf, a in zip(spaces, arrays, strict=True)]).all()


def _name_the_row(caller: str, density: Any, name: str, leaf: Leaf, array: np.ndarray) -> None:
    """Raise for the first entry that is not valid; return if all are."""
    bad = ~np.broadcast_to(leaf.valid(array, np), array.shape)
    if not bad.any():
        return
    where = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
    value = array[where].item()
    place = f"{caller}: {name}[{', '.join(map(str, where))}] = {value}"
    if not np.isfinite(value):
        raise ValueError(f"{place} is not finite. Remove such rows, or impute them")
    raise ValueError(f"{place} is outside the sample space {leaf!r} of {density!r}.{_hint(leaf, value)}")


def _hint(leaf: Leaf, value: float) -> str:
    if isinstance(leaf, Simplex):
        return f" The {leaf.k} numbers must be above 0 and add up to 1 to within {leaf.TOLERANCE}"
    if isinstance(leaf, Reals):
        return f" Values must lie strictly between {leaf.low} and {leaf.high}"
    if not isinstance(leaf, Integers) or leaf.k is None:
        return ""
    if isinstance(leaf, Labels):
        return f" Values must be whole numbers 0..{leaf.k - 1}, or {HIDDEN} for a hidden label"
    if leaf.k > 2:
        return f" Values must be whole numbers 0..{leaf.k - 1}"
    if 0 < value < 1:
        return f" Grey levels? Binarise them (x > 0.5), or model them with gl.normal({leaf.shape})"
    if 1 < value < 256:
        return f"\nGrey levels? Binarise them (x > 127), or model them with gl.categorical(256, {leaf.shape})"
    return " Values must be 0 or 1"
