"""What reaches people before the jit boundary: batches, weights and parameters that cannot be right.

One compiled reduction fetches one flag; the row and the value are sought only when it is up.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab import constraints
from genjax_lab.density import Conditional, Density, param_shapes
from genjax_lab.refusal import is_traced as is_traced
from genjax_lab.refusal import name_the_row, on_device, real_array
from genjax_lab.space import Integers, Leaf, Space
from genjax_lab.types import Event, Params


class Batch(NamedTuple):
    """A batch of events, and of what is given, whose shapes and dtypes are right; its values are still to be checked.

    Attributes:
      x: the events.
      given: what is given with each, or None.
      arrays: all arrays.
      spaces: the sample space of each.
      refuse: () -> None; it raises a ValueError for the first value outside its sample space, if there is one.
    """

    x: Event
    given: Event
    arrays: list[jax.Array]
    spaces: list[Leaf]
    refuse: Callable[[], None]


def checked_batch(
    caller: str, density: Density | Conditional, x: Event, given: Event = None, values: bool = True
) -> tuple[Event, Event]:
    """Return a batch of events, and of what is given, as arrays that can be trusted.

    Raises:
      ValueError: for a wrong structure, shape or length, no rows, NaN or ±inf, or a value outside the sample space; it
        names the argument, the row and the value.
      TypeError: for a wrong dtype, or `given` that is missing or not taken.
    """
    batch = read_batch(caller, density, x, given)
    if values:
        check_values(batch)
    return batch.x, batch.given


def read_batch(caller: str, density: Density | Conditional, x: Event, given: Event = None) -> Batch:
    """Return a batch whose values are still to be checked; raises as `checked_batch` for all else."""
    require_density(caller, density)
    if not isinstance(density, Conditional):
        if given is not None:
            raise TypeError(f"{caller}: {density!r} is not a conditional and takes no given=")
        return _read(caller, density, [("x", density.space, x)])
    if given is None:
        raise TypeError(f"{caller}: {density!r} is a conditional: pass given=, a row for each row of x")
    return _read(caller, density, [("x", density.space, x), ("given", density.given_space, given)])


def check_values(batch: Batch) -> None:
    """Raise a ValueError for a value outside its sample space; one compiled reduction tells whether there is one."""
    if not is_traced(batch.arrays) and _is_down(_all_valid(batch.spaces, batch.arrays)):
        batch.refuse()


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
    batch = _read(caller, conditional, [("given", conditional.given_space, given)])
    check_values(batch)
    return batch.x


def checked_weights(caller: str, weights: Any, rows: int) -> jax.Array | None:
    """Return the weights as a float array of one entry a row.

    Raises:
      ValueError: for another length, a negative, NaN or infinite weight, or none above zero.
      TypeError: for what is no array of real numbers.
    """
    if weights is None:
        return None
    given = real_array(caller, "weights", weights)
    array = on_device(given, jnp.result_type(float, given))
    if array.shape != (rows,):
        raise ValueError(f"{caller}: weights must have shape ({rows},), one for each row of x; got {array.shape}")
    if not is_traced(array):
        given = np.asarray(given)
        bad = ~(np.isfinite(given) & (given >= 0))
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(f"{caller}: weights[{row}] = {given[row]!s} is negative or not finite")
        if not np.isfinite(array).all():
            row = int(np.argmax(np.isinf(array)))
            raise ValueError(f"{caller}: weights[{row}] = {given[row]!s} is beyond {array.dtype}: scale them")
        if not np.any(array):
            if given.any():
                raise ValueError(f"{caller}: weights as small as {given.max()!s} vanish in {array.dtype}: scale them")
            raise ValueError(f"{caller}: weights are all zero: nothing to learn from")
    return array


def checked_params(caller: str, density: Density | Conditional, params: Params) -> Params:
    """Return the parameters as arrays.

    Raises:
      ValueError: where their structure or a shape is not that of the density's parameters.
      TypeError: where one is no array of real numbers.
    """
    wanted, tree = jax.tree.flatten_with_path(param_shapes(density), is_leaf=constraints.is_shape)
    got, got_tree = jax.tree.flatten(params)
    if tree != got_tree:
        shapes = jax.tree.map(jnp.shape, params)
        raise ValueError(f"{caller}: params of {density!r} have shapes {param_shapes(density)}; got {shapes}")
    names = [jax.tree_util.keystr(path) for path, _ in wanted]
    got = [real_array(caller, f"params{name}", leaf) for name, leaf in zip(names, got, strict=True)]
    for name, (_, shape), leaf in zip(names, wanted, got, strict=True):
        if jnp.shape(leaf) != shape:
            raise ValueError(f"{caller}: params{name} of {density!r} must have shape {shape}; got {jnp.shape(leaf)}")
    params = tree.unflatten([on_device(leaf, jnp.result_type(float, leaf)) for leaf in got])
    if not is_traced(params) and _is_down(_all_allowed(density, params)):
        raise ValueError(f"{caller}: {outside(density, params)}")
    return constraints.in_dtype(density.parameters, params)


def outside(density: Density | Conditional, params: Params) -> str:
    """Name the first parameter that is outside its space; nothing where all are inside."""
    for path, one in jax.tree.leaves_with_path(density.parameters):
        part = functools.reduce(lambda p, step: p[step.key], path, params)
        if not bool(one.contains(part)):
            place = f"params{jax.tree_util.keystr(path)}"
            return f"{place} of {density!r} is outside its parameter space, {one!r}: {part}"
    return ""


def _is_down(flag: jax.Array) -> bool:
    """Whether a flag that can be looked at is False: data in the closure of a traced function give one that cannot."""
    return not is_traced(flag) and not bool(flag)


@jax.jit
def _all_allowed(density: Density | Conditional, params: Params) -> jax.Array:
    return constraints.is_allowed(density.parameters, params)


def _read(caller: str, density: Density | Conditional, batches: list[tuple[str, Space, Event]]) -> Batch:
    """Shapes and dtypes of every leaf."""
    leaves = [leaf for name, space, value in batches for leaf in _walk(caller, space, value, name)]
    arrays = [_as_array(caller, name, leaf, value) for name, leaf, value in leaves]
    lengths = [(name, a.shape[0]) for (name, _, _), a in zip(leaves, arrays, strict=True)]
    if len({n for _, n in lengths}) > 1:
        raise ValueError(f"{caller}: rows differ in number: {', '.join(f'{name} has {n}' for name, n in lengths)}")
    if not lengths[0][1]:
        raise ValueError(f"{caller}: {', '.join(name for name, _ in lengths)} has no rows")

    def refuse() -> None:
        for (name, leaf, value), array in zip(leaves, arrays, strict=True):
            name_the_row(caller, density, name, leaf, np.asarray(array), np.asarray(value))

    rest = iter(arrays)
    events = [_rebuilt(space, rest) for _, space, _ in batches]
    spaces = [leaf for _, leaf, _ in leaves]
    return Batch(events[0], events[1] if len(events) > 1 else None, arrays, spaces, refuse)


def _rebuilt(space: Space, arrays: Iterator[jax.Array]) -> Event:
    return next(arrays) if isinstance(space, Leaf) else jax.tree.map(lambda _: next(arrays), space.struct)


def _walk(caller: str, space: Space, value: Event, name: str) -> list[tuple[str, Leaf, Any]]:
    try:
        return list(space.walk(value, name))
    except ValueError as error:
        raise ValueError(f"{caller}: {error}") from None


def _as_array(caller: str, name: str, leaf: Leaf, value: Any) -> jax.Array:
    array = real_array(caller, name, value)
    if isinstance(leaf, Integers) and leaf.k and not leaf.bits and jnp.issubdtype(array.dtype, jnp.floating):
        raise TypeError(f"{caller}: {name} must hold whole numbers 0..{leaf.k - 1} of an integer dtype; "
                        f"its dtype is {array.dtype}")  # fmt: skip
    if array.ndim == 0 or array.shape[1:] != leaf.shape:
        wanted = f"({', '.join(['n', *map(str, leaf.shape)])}{',' if not leaf.shape else ''})"
        hint = f": one event? Add a row axis, {name}[None]" if array.shape == leaf.shape else ""
        raise ValueError(f"{caller}: {name} must have shape {wanted}, a row for each event; got {array.shape}{hint}")
    if isinstance(array, np.ndarray) and array.dtype.kind in "iu" and array.size:
        info = np.iinfo(jax.dtypes.canonicalize_dtype(array.dtype))
        if np.iinfo(array.dtype).max > info.max and (array.max() > info.max or array.min() < info.min):
            raise ValueError(f"{caller}: {name} holds whole numbers beyond {info.dtype}; enable x64 or scale them")
    return on_device(array)


def all_valid(density: Density | Conditional, x: Event, given: Event, weights: jax.Array | None = None) -> jax.Array:
    """Whether all rows that have a weight lie in the sample spaces: bool[]; pure."""
    if weights is not None:
        each = jax.vmap(density.space.contains)(x)
        if isinstance(density, Conditional):
            each = each & jax.vmap(density.given_space.contains)(given)
        return jnp.all(each | (weights == 0))
    whole = list(density.space.walk(x))
    if isinstance(density, Conditional):
        whole += density.given_space.walk(given)
    return _valid([leaf for _, leaf, _ in whole], [array for _, _, array in whole])


def _valid(spaces: list[Leaf], arrays: list[jax.Array]) -> jax.Array:
    return jnp.stack([leaf.all_valid(a) for leaf, a in zip(spaces, arrays, strict=True)]).all()


_all_valid = jax.jit(_valid)
