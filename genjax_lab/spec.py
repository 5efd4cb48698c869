"""Static objects and their identity: a thing is known by the call that made it.

A density, a space or a conditional is an ordinary `jit` argument because two of them are equal exactly when the same
factory *function object* made them from the same arguments. Names serve only for print, pickle and JSON.
"""

from __future__ import annotations

import functools
import inspect
import keyword
import math
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import jax
import numpy as np

P = ParamSpec("P")
T = TypeVar("T")

_REGISTRY: dict[str, Callable[..., Any]] = {}


@dataclass(frozen=True)
class Spec:
    """The call that made a static object: the factory and its bound, defaulted, canonical arguments."""

    factory: Callable[..., Any]
    arguments: tuple[tuple[str, Any], ...]
    key: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self.factory is other.factory and self.key == other.key

    def __hash__(self) -> int:
        return hash((id(self.factory), self.key))

    def __repr__(self) -> str:
        return _call_text(self.factory, dict(self.arguments))


class Static:
    """Base of everything a factory makes: immutable, hashable, equal by its spec, or by identity if it has none."""

    spec: Spec | None = None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Static) and self.spec is not None and self.spec == other.spec

    def __hash__(self) -> int:
        return id(self) if self.spec is None else hash(self.spec)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} made without a factory>" if self.spec is None else repr(self.spec)

    def __reduce__(self) -> Any:
        if self.spec is None:
            raise TypeError(f"{self!r} cannot be pickled: put @gl.factory on the function that makes it")
        return _remake, (self.spec.factory, dict(self.spec.arguments))


def factory(function: Callable[P, T]) -> Callable[P, T]:
    """Register and memoise a function that makes static objects; its result is known by the call.

    Keyword and positional calls, lists and tuples, NumPy and Python numbers give one and the same object;
    `1`, `1.0` and `True` stay apart. An array argument is refused: arrays belong in `params`.

    Args:
      function: returns a `Density`, `Conditional` or another static object.

    Returns:
      The function with the same signature.

    Raises:
      TypeError: on a call with an array or an unhashable argument.

    Example:
      >>> gl.bernoulli([3]) is gl.bernoulli(shape=(np.int64(3),))
      True
    """
    signature = inspect.signature(function)
    made: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()

    @functools.wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            bound.arguments[name] = _canonical(value, f"{function.__name__}: {name}")
        key = _typed(tuple(bound.arguments.items()))
        found = made.get(key)
        if found is None:
            found = function(*bound.args, **bound.kwargs)
            if getattr(found, "spec", None) is None:  # else: an alias of something another factory made
                object.__setattr__(found, "spec", Spec(make, tuple(bound.arguments.items()), key))
            made[key] = found
        return found  # type: ignore[no-any-return]

    _REGISTRY[_name(function)] = make
    return make


def to_json(value: Any) -> Any:
    """Write a static object, or an argument of one, as JSON values.

    Raises:
      TypeError: for a part that no factory made, such as a bare function.
    """
    if isinstance(value, Static):
        if value.spec is None:
            raise TypeError(f"{value!r} has no JSON form: put @gl.factory on the function that makes it")
        arguments = {name: to_json(v) for name, v in value.spec.arguments}
        return {"factory": _name(value.spec.factory), "arguments": arguments}
    if type(value) is tuple:
        return [to_json(v) for v in value]
    if isinstance(value, Mapping):
        return {"mapping": {name: to_json(v) for name, v in value.items()}}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise TypeError(f"{value!r} has no JSON form")


def from_json(value: Any) -> Any:
    """Read what `to_json` wrote, by the registered factories only; nothing that the text names is imported.

    Raises:
      ValueError: for an unknown factory, arguments it refuses, or text that `to_json` does not write.
    """
    if isinstance(value, list):
        return tuple(from_json(v) for v in value)
    if not isinstance(value, dict):
        return value
    if set(value) == {"float"} and value["float"] in ("inf", "-inf", "nan"):
        return float(value["float"])
    if set(value) == {"mapping"} and isinstance(value["mapping"], dict):
        return {name: from_json(v) for name, v in value["mapping"].items()}
    if set(value) != {"factory", "arguments"} or not isinstance(value["arguments"], dict):
        raise ValueError(f"not a spec: {str(value)[:80]}")
    make = _REGISTRY.get(value["factory"]) if isinstance(value["factory"], str) else None
    if make is None:
        raise ValueError(f"no factory {value['factory']!r} is registered: import the module that defines it first")
    try:
        return _remake(make, {name: from_json(v) for name, v in value["arguments"].items()})
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"the factory {value['factory']!r} refuses its arguments: {error}") from error


def _remake(make: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call a factory with arguments by name, as `Spec` keeps them."""
    bound = inspect.signature(make).bind_partial()
    unknown = set(arguments) - set(bound.signature.parameters)
    if unknown:
        raise TypeError(f"{make.__name__} has no argument {sorted(unknown)}")
    bound.arguments.update(arguments)
    return make(*bound.args, **bound.kwargs)


def _canonical(value: Any, where: str) -> Any:
    """One Python form for each argument: list → tuple, NumPy scalar → Python number, dict → sorted dict."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, jax.Array | np.ndarray):
        raise TypeError(f"{where} is an array. A density is static: put arrays in its params, or pass plain numbers")
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return tuple(_canonical(v, f"{where}[{i}]") for i, v in enumerate(value))
    if isinstance(value, Mapping):
        return {name: _canonical(value[name], f"{where}[{name!r}]") for name in sorted(value)}
    try:
        hash(value)
    except TypeError:
        raise TypeError(f"{where} = {value!r} cannot be hashed, so it cannot name a static density") from None
    return value


def _typed(value: Any) -> Any:
    """A hashable key that keeps the type of every part, so that `1`, `1.0` and `True` differ."""
    if isinstance(value, tuple):
        return (type(value), *map(_typed, value))
    if isinstance(value, dict):
        return (dict, *((name, _typed(v)) for name, v in value.items()))
    return (float, value.hex()) if isinstance(value, float) else (type(value), value)


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


def _call_text(make: Callable[..., Any], arguments: dict[str, Any]) -> str:
    """Write the shortest call: arguments that equal their default are left out."""
    words, positional = [], True
    for name, parameter in inspect.signature(make).parameters.items():
        value = arguments[name]
        if parameter.kind is parameter.VAR_KEYWORD:
            plain = all(key.isidentifier() and not keyword.iskeyword(key) for key in value)
            words += [f"{key}={v!r}" for key, v in value.items()] if plain else [f"**{value!r}"]
        elif parameter.kind is parameter.VAR_POSITIONAL:
            words += [repr(v) for v in value]
        elif parameter.default is not parameter.empty and _typed(value) == _typed(parameter.default):
            positional = False
        else:
            named = not positional or parameter.kind is parameter.KEYWORD_ONLY
            words.append(f"{name}={value!r}" if named else repr(value))
    return f"{make.__name__}({', '.join(words)})"
