"""A row of the table of `cases`: one density, and what somebody else says about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests import oracles as o


@dataclass(frozen=True)
class Edge:
    """What a density says at the boundary: parameters, rows, and log p of each row."""

    params: Any
    x: Any
    expected: Any


@dataclass(frozen=True)
class Case:
    """One density, and what somebody else says about it.

    Attributes:
      name: the test id.
      density: a density, or conditional.
      params: its parameters in float64.
      oracle: (params, x) or (params, x, given) -> log p of each row.
      support: every event, or all that matter; None where some are real numbers.
      cells: (params, x) -> (cell of each row, probability of each cell), where there is no support to count over.
      x: rows, where there is no support to choose from.
      given: rows of what is given, for a conditional.
      impossible: rows outside the sample space or the support.
      edges: parameters on the boundary.
      slow: whether the row is left to `make slow`.
      slow_fit: whether its fits are.
    """

    name: str
    density: Any
    params: Any
    oracle: Callable[..., np.ndarray]
    support: Any = None
    cells: Callable[[Any, Any], tuple[np.ndarray, np.ndarray]] | None = None
    x: Any = None
    given: Any = None
    impossible: Any = None
    edges: tuple[Edge, ...] = ()
    slow: bool = False
    slow_fit: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def is_conditional(self) -> bool:
        return self.given is not None

    def jax_params(self) -> Any:
        """The parameters in the current float dtype."""
        return jax.tree.map(jnp.asarray, self.params)

    def given_rows(self, n: int) -> Any:
        """n rows of what is given."""
        return jax.tree.map(lambda a: cast(np.resize(a, (n, *a.shape[1:]))), self.given)

    def rows(self, n: int = 7) -> tuple[Any, ...]:
        """n events, and what is given with each for a conditional: what comes after `params` in log_prob."""
        if self.x is None:
            chosen = np.random.default_rng(0).integers(o.num_rows(self.support), size=n)
            x = jax.tree.map(lambda a: a[chosen], self.support)
        else:
            x = jax.tree.map(lambda a: cast(np.resize(a, (n, *a.shape[1:]))), self.x)
        return (x, self.given_rows(n)) if self.is_conditional else (x,)


def cast(a: np.ndarray) -> np.ndarray:
    """Real numbers in the current float dtype."""
    return a.astype(jnp.result_type(float)) if a.dtype.kind == "f" else a


def reals(*shape: int) -> np.ndarray:
    """Real numbers that float32 holds exactly."""
    return np.round(np.random.default_rng(sum(shape)).normal(0, 2, shape) * 64) / 64


def arrays(value: Any) -> Any:
    """A dict of lists as a dict of float64 arrays."""
    if isinstance(value, dict):
        return {name: arrays(v) for name, v in value.items()}
    return np.asarray(value, np.float64)


def over(cases: Iterable[Case], fits: bool = False, short: bool = False, soon: Iterable[str] | None = None) -> Any:
    """Run a test over some rows of the table; those that say so only in `make slow`, unless the test is a short one.

    Where there are names of rows to run `soon`, the others wait too.
    """
    cases = list(cases)
    waits = {c.name for c in cases if (c.slow and not short) or (fits and c.slow_fit)}
    named = {c.name for c in cases} if soon is None else set(soon)
    quick = [c for c in cases if c.name in named - waits]
    return pytest.mark.parametrize("case", rest_slow(cases, *quick), ids=str)


def rest_slow(values: Iterable[Any], *quick: Any) -> list[Any]:
    """Values of a parameter, of which all but the quick ones wait for `make slow`."""
    return [v if v in quick else pytest.param(v, marks=pytest.mark.slow) for v in values]
