"""What a run is, in words that are the same in every process: a digest of each part of the call."""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.fitting.ascent import Iterative
from genjax_lab.fitting.problem import Problem
from genjax_lab.spec import Static
from genjax_lab.types import Key, Params

FREE = ("max_steps",)
"""Numbers of a method that may be others when it goes on: with more steps it goes further."""

PACKAGE = __name__.split(".")[0]
"""Factories of this library are known by their names; those of somebody's own by what they do."""

DATA = (bool, int, float, complex, str, tuple, list, dict, np.ndarray, np.generic, jax.Array)
"""What a function may read from its module, and would do other things if it were other."""


def fingerprint(method: Iterative, problem: Problem, params: Params, key: Key | None, restarts: int) -> dict[str, str]:
    """Digests of the parts of a run by name: two runs with the same ones take the same steps."""
    parts = {
        "density": problem.density,
        "method": {f.name: getattr(method, f.name) for f in fields(method) if f.name not in FREE} | {"": type(method)},
        "data": (problem.data.x, problem.data.given, problem.data.weights),
        "smoothing": problem.smoothing,
        "penalty": (problem.ridge, problem.penalty),
        "fixed": problem.fixed,
        "start": params,
        "key": key,
        "restarts": restarts,
    }
    return {name: hashlib.sha256(_words(part).encode()).hexdigest() for name, part in parts.items()}


def _words(value: Any, within: tuple[Any, ...] = ()) -> str:
    """A value in words, which is inside of others: arrays by a digest of their bytes, functions by what they do."""
    words = functools.partial(_words, within=(*within, value))
    if any(value is each for each in within):
        return "itself"
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return _array(value)
    if isinstance(value, Static) and value.spec is not None:
        make, ours = value.spec.factory, value.spec.factory.__module__.split(".")[0] == PACKAGE
        return f"{_name(make) if ours else words(make)}({words(value.spec.arguments)})"
    if isinstance(value, functools.partial):
        return f"partial({words(value.func)}, {words(value.args)}, {words(value.keywords)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: {words(value[name])}" for name in sorted(value, key=str)) + "}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(words, value))})"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(words, value)))}}}"
    if isinstance(value, type | ModuleType | BuiltinFunctionType):
        return _name(value)
    function = inspect.unwrap(value) if callable(value) else value
    if isinstance(function, FunctionType):
        return f"{_name(function)}({words(_held(function))}){_code(function.__code__, words)}"
    if isinstance(value, MethodType):
        return f"{words(value.__func__)} of {words(value.__self__)}"
    if is_dataclass(value) or vars(type(value)).get("__repr__") is None:
        names = [f.name for f in fields(value)] if is_dataclass(value) else getattr(value, "__dict__", {})
        return f"{_name(type(value))}({words({name: getattr(value, name) for name in names})})"
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _held(function: FunctionType) -> dict[str, Any]:
    """What a function knows besides its arguments: defaults, what it closes over, and data of its module by name."""
    closed = {name: _cell(c) for name, c in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)}
    known = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    data = {name: value for name, value in known.items() if isinstance(value, DATA)}
    return {"defaults": (function.__defaults__, function.__kwdefaults__), "closed": closed, "data": data}


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet filled
        return None


def _code(code: CodeType, words: Callable[[Any], str]) -> str:
    inner = [_code(c, words) if isinstance(c, CodeType) else words(c) for c in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {inner}"


def _name(value: Any) -> str:
    return f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', value.__name__)}"


def _array(value: Any) -> str:
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return f"{jax.random.key_impl(value)} {_array(jax.random.key_data(value))}"
    array = np.asarray(value)
    return f"{array.dtype} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"
