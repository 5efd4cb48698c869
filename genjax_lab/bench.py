"""Time compiled functions: compile, first call and warm calls apart; the device synchronised; medians, interleaved.

Ratios of interleaved medians hold on a shared machine; single milliseconds do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np


@dataclass(frozen=True)
class Timing:
    """Seconds. `compile` is NaN for what is not compiled by JAX ahead of the call.

    Attributes:
      compile: tracing and compiling.
      first: the first call after it.
      warm: median of the warm calls.
      fastest: least of the warm calls.
      cpu: median processor time of the warm calls, all threads.
    """

    compile: float
    first: float
    warm: float
    fastest: float
    cpu: float


def measure(fn: Callable[..., Any], *args: Any, repeats: int = 9) -> Timing:
    """Time one function.

    Args:
      fn: called with `args`; jitted functions are compiled ahead, so that compiling is measured apart.
      *args: its arguments.
      repeats: warm calls.

    Returns:
      The timing.

    Example:
      >>> timing = measure(jax.jit(lambda x: x + 1), jnp.zeros(3))
      >>> timing.warm <= timing.compile
      True
    """
    return compare({"it": lambda: fn(*args)}, repeats=repeats, pause=0.0, settle=0.0, compiled={"it": (fn, args)})["it"]


def compare(
    calls: Mapping[str, Callable[[], Any]],
    repeats: int = 9,
    pause: float = 0.02,
    settle: float = 0.1,
    compiled: Mapping[str, tuple[Callable[..., Any], tuple[Any, ...]]] | None = None,
) -> dict[str, Timing]:
    """Time several calls side by side: one warm-up each, then in turn, A B C A B C.

    In every round each call is made untimed until its own threads have settled, then timed: after a pause the system
    wakes both threads of a call on one core and takes tens of milliseconds to part them (measured: 15 ms for 9).

    Args:
      calls: functions without arguments; what they return is waited for.
      repeats: rounds after the warm-up.
      pause: seconds of rest before each call: a rival's threads may spin on for a while after it.
      settle: seconds of untimed calls before each timed one; at least one where it is not 0.
      compiled: for some names the jitted function and its arguments, to time their compilation apart.

    Returns:
      A timing by name.
    """
    compiling = {name: _compile_time(*(compiled or {}).get(name, (None, ()))) for name in calls}
    first = {name: _call(call)[0] for name, call in calls.items()}
    warm: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            time.sleep(pause)
            ready = time.perf_counter() + settle
            while time.perf_counter() < ready:
                jax.block_until_ready(call())
            warm[name].append(_call(call))
    timings = {}
    for name, pairs in warm.items():
        wall, cpu = np.asarray(pairs).T
        timings[name] = Timing(
            compiling[name], first[name], float(np.median(wall)), float(wall.min()), float(np.median(cpu))
        )
    return timings


def _call(call: Callable[[], Any]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    jax.block_until_ready(call())
    return time.perf_counter() - wall, time.process_time() - cpu


def _compile_time(fn: Any, args: tuple[Any, ...]) -> float:
    if not hasattr(fn, "lower"):
        return float("nan")
    start = time.perf_counter()
    fn.lower(*args).compile()
    return time.perf_counter() - start
