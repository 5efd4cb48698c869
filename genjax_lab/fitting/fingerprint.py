"""What a run is, in words that are the same in every process: a digest of each part of the call."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.fitting.ascent import Iterative
from genjax_lab.fitting.problem import Problem
from genjax_lab.spec import Static, to_json
from genjax_lab.types import Key, Params

FREE = ("max_steps",)
"""Numbers of a method that may be others when it goes on: with more steps it goes further."""


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


def _words(value: Any) -> str:
    """A value in words: arrays by a digest of their bytes, functions and classes by name."""
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return _array(value)
    if isinstance(value, Static):
        return repr(value) if value.spec is None else json.dumps(to_json(value))
    if isinstance(value, functools.partial):
        return f"partial({_words(value.func)}, {_words(value.args)}, {_words(value.keywords)})"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{_words(type(value))}({_words({f.name: getattr(value, f.name) for f in fields(value)})})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: {_words(value[name])}" for name in sorted(value, key=str)) + "}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_words, value))})"
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    return repr(value)


def _array(value: Any) -> str:
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return f"{jax.random.key_impl(value)} {_array(jax.random.key_data(value))}"
    array = np.asarray(value)
    return f"{array.dtype} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"
