"""Which experiments there are. Listing reads sources and imports nothing, so it is instant."""

from __future__ import annotations

import ast
import difflib
import importlib
import inspect
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import experiments


class UnknownExperiment(LookupError):
    """No module of `experiments` by this name defines `Config` and `run`."""


def names() -> dict[str, str]:
    """Every experiment with the first line of its docstring, sorted by name."""
    found = {}
    for module in iter_modules(experiments.__path__):
        tree = _source(module.name)
        if tree is not None and {"Config", "run"} <= _defined(tree):
            found[module.name] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return dict(sorted(found.items()))


def load(name: str) -> ModuleType:
    """The module of an experiment, checked against what `experiments` asks of one.

    Raises:
      UnknownExperiment: there is none by this name; the message names the nearest.
      TypeError: the module breaks the contract.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known) or 'none'}."
        raise UnknownExperiment(f"there is no experiment {name!r}. {hint}")
    module = importlib.import_module(f"experiments.{name}")
    _check(module)
    return module


def _check(module: Any) -> None:
    config, name = module.Config, module.__name__
    if not (hasattr(config, "__dataclass_params__") and config.__dataclass_params__.frozen):
        raise TypeError(f"{name}.Config must be a frozen dataclass.")
    if "seed" not in {field.name for field in fields(config)}:
        raise TypeError(f"{name}.Config needs a field `seed`.")
    if not isinstance(getattr(module, "SMOKE", None), config):
        raise TypeError(f"{name}.SMOKE must be a Config that runs in seconds.")
    if list(inspect.signature(module.run).parameters) != ["config"]:
        raise TypeError(f"{name}.run must take `config` and nothing else.")


def _source(name: str) -> ast.Module | None:
    spec = find_spec(f"experiments.{name}")
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def _defined(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
