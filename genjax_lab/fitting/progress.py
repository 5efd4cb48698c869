"""A fit in sight: the same steps in compiled runs of about half a second, and between them a word, or a save.

How the steps are cut into runs changes no bit of them, so that a fit that is watched, or killed and started again, ends
where another ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.fitting.ascent import Iterative
from genjax_lab.fitting.checkpoint import Checkpoint, Keeper, restored
from genjax_lab.fitting.fingerprint import fingerprint
from genjax_lab.fitting.problem import Problem
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.fitting.run import best_of, gone_on, short_run, start_from
from genjax_lab.types import Key, Params

INTERVAL = 0.5
"""Seconds between two words."""

Report = Callable[[dict[str, Any]], None]


def solve_in_sight(
    method: Iterative,
    problem: Problem,
    params: Params,
    key: Key | None,
    restarts: int = 1,
    progress: bool | Report = False,
    checkpoint: Checkpoint | None = None,
) -> Fit:
    """Solve a problem as `solve` and `solve_restarts` do, tell how far it is, and keep what it can go on from.

    Raises:
      ImportError: where `rich`, which draws on the terminal, or `safetensors` is not installed.
      CheckpointError: where the checkpoint is damaged, or of another run.
      OSError: where its directory cannot be written to.
    """
    keeper = None
    if checkpoint is not None:
        keeper = Keeper(checkpoint, fingerprint(method, problem, params, key, restarts))
    report = progress if callable(progress) else _terminal(method, restarts) if progress else None
    return _Journey(method, problem, params, key, restarts, report, keeper).end()


class _Journey:
    """The runs of a fit, one for each start and perhaps one more from the best of them."""

    def __init__(
        self, method: Iterative, problem: Problem, params: Params, key: Key | None, restarts: int,
        report: Report | None, keeper: Keeper | None,
    ) -> None:  # fmt: skip
        trial = short_run(method, restarts) if params is None else None
        self.method, self.problem, self.params, self.key = method, problem, params, key
        self.keys: Any = [key] if params is not None or key is None else jax.random.split(key, restarts)
        self.further = isinstance(trial, Iterative)
        self.each = trial if isinstance(trial, Iterative) else method
        self.starts = 1 if params is not None else restarts
        self.report, self.keeper = report, keeper
        self.fits: list[Fit] = []
        self.before = 0.0  # seconds in earlier processes
        self.began = self.saved = time.perf_counter()

    def end(self) -> Fit:
        """Go through the runs, from where the checkpoint is."""
        state = self._resumed()
        for i in range(len(self.fits), self.starts):
            self.fits.append(self._run(self.each, i, self._begun(self.keys[i]) if state is None else state))
            state = None
        if self.starts == 1:
            return self.fits[0] if self.params is not None else best_of(_stacked(self.fits))
        tried = best_of(_stacked(self.fits))
        if not self.further:
            return tried
        return gone_on(tried, self._run(self.method, self.starts, state or self._onward(tried)))

    def _begun(self, key: Any) -> Any:
        """The first state of a start."""
        params = self.params
        if params is None:
            begin, key = jax.random.split(key)
            params = _start(self.problem, begin)
        return _init(self.each, self.problem, params, key)

    def _onward(self, tried: Fit) -> Any:
        return _init(self.method, self.problem, tried.params, None)

    def _resumed(self) -> Any:
        """The state in the checkpoint, and the fits that were done by then; None: at the first start."""
        if self.keeper is None:
            return None
        found = self.keeper.read()
        if found is None:
            state = self._begun(self.keys[0])
            self.keeper.begin(0, ([], state))
            return state
        position, arrays = found
        state = jax.eval_shape(self._begun, self.keys[0])
        done = [jax.eval_shape(self.each.finish, self.problem, state)] * position.start
        if position.start == self.starts:
            state = jax.eval_shape(lambda fits: self._onward(best_of(_stacked(fits))), done)
        self.fits, state = restored(arrays, (done, state), self.key, self.keeper.path)
        self.before = position.seconds
        return state

    def _run(self, method: Iterative, start: int, state: Any) -> Fit:
        """Steps until the end, with a word and a save now and then."""
        steps, first, began = 1, int(state.step), time.perf_counter()
        while int(state.status) == Status.RUNNING and int(state.step) < int(method.max_steps):
            from_here = time.perf_counter()
            state = jax.block_until_ready(_advance(method, self.problem, state, jnp.int32(steps)))
            now = time.perf_counter()
            self._say(method, start, state, (now - began) / max(1, int(state.step) - first))
            if self.keeper is not None and now - self.saved >= self.keeper.every:
                self._save(start, state)
            steps = max(1, min(2 * steps, int(steps * INTERVAL / max(now - from_here, 1e-6))))
        if self.keeper is not None:
            self._save(start, state)
        return _finish(method, self.problem, state)

    def _save(self, start: int, state: Any) -> None:
        assert self.keeper is not None
        self.keeper.save(start, self._seconds(), (self.fits, state))
        self.saved = time.perf_counter()

    def _seconds(self) -> float:
        return self.before + time.perf_counter() - self.began

    def _say(self, method: Iterative, start: int, state: Any, pace: float) -> None:
        left = int(method.max_steps) - int(state.step) + max(0, self.starts - 1 - start) * int(method.max_steps)
        word = {
            "start": start, "step": int(state.step), "value": float(state.value),
            "seconds": round(self._seconds(), 3), "left": round(left * pace, 3),
        }  # fmt: skip
        if self.report is not None:
            self.report(word)
        if self.keeper is not None:
            self.keeper.note(word)


def _stacked(fits: list[Fit]) -> Fit:
    return jax.tree.map(lambda *parts: jnp.stack(parts), *fits)


@jax.jit
def _start(problem: Problem, key: Key) -> Params:
    return start_from(problem.density, problem.data, key, problem.smoothing)


@jax.jit
def _init(method: Iterative, problem: Problem, params: Params, key: Key | None) -> Any:
    """The first state, its arrays of the types that those read from a file have: one program steps on from both."""
    return jax.tree.map(lambda a: lax.convert_element_type(a, a.dtype), method.init(problem, params, key))


@jax.jit
def _advance(method: Iterative, problem: Problem, state: Any, steps: jax.Array) -> Any:
    return method.advance(problem, state, steps)


@jax.jit
def _finish(method: Iterative, problem: Problem, state: Any) -> Fit:
    return method.finish(problem, state)


def _terminal(method: Iterative, restarts: int) -> Report:
    """Lines on the terminal."""
    try:
        from rich.console import Console
    except ImportError as error:
        raise ImportError("gl.fit: progress=True draws with rich: pip install 'genjax_lab[experiments]'") from error
    console = Console(stderr=True)

    def report(now: dict[str, Any]) -> None:
        which = f"start {now['start'] + 1} of {restarts}, " if now["start"] < restarts > 1 else ""
        step = f"step {now['step']} of at most {int(method.max_steps)}"
        spent = f"{now['seconds']:.0f} s, at most {now['left']:.0f} s left"
        console.print(f"{which}{step}: {now['value']:.6g} nats per event, {spent}", highlight=False)

    return report
