"""A fit in sight: the same steps in compiled runs of about half a second, and between them a word to the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab.fitting.ascent import Iterative
from genjax_lab.fitting.problem import Problem
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.fitting.run import best_of, gone_on, short_run, start_from
from genjax_lab.types import Key, Params

INTERVAL = 0.5
"""Seconds between two words."""

Report = Callable[[dict[str, float]], None]


def solve_in_sight(
    method: Iterative, problem: Problem, params: Params, key: Key | None, restarts: int, progress: bool | Report
) -> Fit:
    """Solve a problem as `solve` and `solve_restarts` do, to the same parameters, and tell how far it is.

    Raises:
      ImportError: where `rich`, which draws on the terminal, is not installed.
    """
    report = progress if callable(progress) else _terminal(method, restarts)
    if params is not None:
        return _watched(method, problem, params, key, 0, report)
    assert key is not None
    trial = short_run(method, restarts)
    each = trial if isinstance(trial, Iterative) else method
    fits = []
    for i, own in enumerate(jax.random.split(key, restarts)):
        begin, rest = jax.random.split(own)
        start = _start(problem, begin)
        fits.append(_watched(each, problem, start, rest, i, report))
    tried = best_of(jax.tree.map(lambda *parts: jnp.stack(parts), *fits))
    if trial is None:
        return tried
    return gone_on(tried, _watched(method, problem, tried.params, None, restarts - 1, report))


def _watched(method: Iterative, problem: Problem, params: Params, key: Key | None, start: int, report: Report) -> Fit:
    state, steps = _init(method, problem, params, key), 1
    while int(state.status) == Status.RUNNING and int(state.step) < int(method.max_steps):
        began = time.perf_counter()
        state = jax.block_until_ready(_advance(method, problem, state, jnp.int32(steps)))
        report({"start": start, "step": int(state.step), "value": float(state.value)})
        steps = max(1, min(2 * steps, int(steps * INTERVAL / max(time.perf_counter() - began, 1e-6))))
    return _finish(method, problem, state)


@jax.jit
def _start(problem: Problem, key: Key) -> Params:
    return start_from(problem.density, problem.data, key, problem.smoothing)


@jax.jit
def _init(method: Iterative, problem: Problem, params: Params, key: Key | None) -> Any:
    return method.init(problem, params, key)


@jax.jit
def _advance(method: Iterative, problem: Problem, state: Any, steps: jax.Array) -> Any:
    return method.advance(problem, state, steps)


@jax.jit
def _finish(method: Iterative, problem: Problem, state: Any) -> Fit:
    return method.finish(problem, state)


def _terminal(method: Iterative, restarts: int) -> Report:
    """A line on the terminal that is written over."""
    try:
        from rich.console import Console
    except ImportError as error:
        raise ImportError("gl.fit: progress=True draws with rich: pip install 'genjax_lab[experiments]'") from error
    console = Console(stderr=True)
    began = time.perf_counter()

    def report(now: dict[str, float]) -> None:
        which = f"start {int(now['start']) + 1} of {restarts}, " if restarts > 1 else ""
        spent = time.perf_counter() - began
        step = f"step {int(now['step'])} of at most {int(method.max_steps)}"
        console.print(f"{which}{step}: {now['value']:.6g} nats per event, {spent:.0f} s", highlight=False)

    return report
