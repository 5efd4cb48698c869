"""What is wrong with what somebody gave: which argument, and of an array which row, which value in the digits given."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.grid import Grid
from genjax_lab.space import HIDDEN, CountVectors, Integers, Labels, Leaf, Reals, Simplex


def is_traced(*values: Any) -> bool:
    """Whether any array in these pytrees is being traced, so that its values cannot be looked at."""
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values))


def whole_number(caller: str, name: str, value: Any, least: int = 1) -> int:
    """Return a whole number.

    Raises:
      TypeError: where it is none.
      ValueError: where it is too small.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{caller}: {name} = {value!r} must be a whole number")
    if value < least:
        raise ValueError(f"{caller}: {name} = {value} must be at least {least}")
    return value


def real_array(caller: str, name: str, value: Any) -> Any:
    """Return an array of real numbers as it was given, of NumPy or JAX.

    Raises:
      TypeError: for complex numbers, text, objects, rows that differ in length, and masked arrays.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{caller}: {name} is a masked array, whose mask would not be seen: fill it, or leave rows out")
    if not isinstance(value, jax.Array | np.ndarray) and is_traced(value):
        value = jnp.asarray(value)
    try:
        array = value if isinstance(value, jax.Array) else np.asarray(value)
    except ValueError as error:
        raise TypeError(f"{caller}: {name} is no array of numbers: {_odd_row(name, value) or error}") from None
    kinds = (jnp.bool_, jnp.integer, jnp.floating)
    if array.dtype.kind not in "biuf" and not any(  # bfloat16 and its like are of no kind of NumPy's
        jnp.issubdtype(array.dtype, kind) for kind in kinds
    ):
        odd = _odd_row(name, value)
        raise TypeError(f"{caller}: {name} must hold numbers; its dtype is {array.dtype}{odd and ': ' + odd}")
    return array


def on_device(array: Any, dtype: Any = None) -> jax.Array:
    """The array for JAX; a value that is too large for its dtype becomes ±inf, and is refused later, by its row."""
    if isinstance(array, jax.Array) and dtype in (None, array.dtype):
        return array
    with np.errstate(over="ignore"):
        return jnp.asarray(array, dtype)


def _odd_row(name: str, value: Any) -> str:
    """The first row that is no number, or of another shape than the first, if one can be found."""
    rows = value if isinstance(value, list | tuple) or np.ndim(value) > 0 else ()
    first = None
    for i, one in enumerate(rows):
        try:
            row = np.asarray(one)
        except ValueError:
            return ""
        if row.dtype.kind not in "biuf":
            return f"{name}[{i}] = {repr(one) if isinstance(one, str) else one!s}"
        first = row.shape if first is None else first
        if row.shape != first:
            return f"{name}[{i}] has shape {row.shape}, {name}[0] {first}"
    return ""


def name_the_row(caller: str, density: Any, name: str, leaf: Leaf, array: np.ndarray, given: np.ndarray) -> None:
    """Raise for the first entry that is not valid; return if all are.

    Args:
      caller: the function that was called.
      density: whose events they are.
      name: of the argument.
      leaf: its sample space.
      array: the rows, as they are computed with.
      given: the same, as they were given.
    """
    bad = ~np.broadcast_to(leaf.valid(array, np), array.shape)
    if not bad.any():
        return
    where = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
    if isinstance(leaf, CountVectors):
        row, place = given[where[:-1]], f"{caller}: {name}[{', '.join(map(str, where[:-1]))}]"
        odd = ~((row >= 0) & (row == np.floor(row)) & np.isfinite(row))
        if not odd.any():
            raise ValueError(f"{place} adds up to {row.sum()!s}, not {leaf.total}, the total of {density!r}")
        where = (*where[:-1], int(np.argmax(odd)))
    value, own = given[where], array[where]
    place = f"{caller}: {name}[{', '.join(map(str, where))}] = {value!s}"
    if not np.isfinite(value):
        raise ValueError(f"{place} is not finite. Remove such rows, or impute them")
    if not np.isfinite(own):
        raise ValueError(f"{place} is beyond {array.dtype}. Scale the data, or enable x64")
    rounded = f", {own!s} in {array.dtype}," if np.broadcast_to(leaf.valid(given, np), given.shape)[where] else ""
    raise ValueError(f"{place}{rounded} is outside the sample space {leaf!r} of {density!r}.{_hint(leaf, float(own))}")


def _hint(leaf: Leaf, value: float) -> str:
    if isinstance(leaf, Simplex):
        return f" The {leaf.k} numbers must be above 0 and add up to 1 to within {leaf.TOLERANCE}"
    if isinstance(leaf, Grid):
        return f" Points must lie in the box from {leaf.low} to {leaf.high}"
    if isinstance(leaf, Reals):
        return f" Values must lie strictly between {leaf.low} and {leaf.high}"
    if not isinstance(leaf, Integers) or leaf.k is None:
        return ""
    if isinstance(leaf, Labels):
        return f" Values must be whole numbers 0..{leaf.k - 1}, or {HIDDEN} for a hidden label"
    if not leaf.bits:
        return f" Values must be whole numbers 0..{leaf.k - 1}"
    if 0 < value < 1 and leaf.shape:
        return f" Grey levels? Binarise them (x > 0.5), or model them with gl.normal({leaf.shape})"
    if 1 < value < 256 and leaf.shape:
        return f"\nGrey levels? Binarise them (x > 127), or model them with gl.categorical(256, {leaf.shape})"
    return " Values must be 0 or 1"
