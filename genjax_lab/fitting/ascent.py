"""Methods that climb: step after step until the status is final, then a verdict on where they stopped."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import constraints
from genjax_lab.fitting.problem import Problem
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.types import Key, Params


@dataclass(frozen=True)
class Iterative(abc.ABC):
    """A method that takes steps: `init`, then `step` until the status is final or the steps run out, then `finish`.

    All are pure: under `jit`, `vmap`, in a `scan` of one's own. A state is a tuple with, among others, `params` (the
    best so far), `value` (the objective there, in nats per event), `step` and `status`.
    """

    max_steps: Any

    @abc.abstractmethod
    def init(self, problem: Problem, params: Params, key: Key | None = None) -> Any:
        """The state before the first step."""

    @abc.abstractmethod
    def step(self, problem: Problem, state: Any) -> Any:
        """One step."""

    @abc.abstractmethod
    def finish(self, problem: Problem, state: Any) -> Fit:
        """The result, with its verdict."""

    def advance(self, problem: Problem, state: Any, steps: jax.Array | int) -> Any:
        """Step until the status is final, `max_steps` are taken in all, or `steps` more than now."""
        return self.until(problem, state, jnp.minimum(self.max_steps, state.step + steps))

    def until(self, problem: Problem, state: Any, last: jax.Array) -> Any:
        """Step until the status is final, or the step is the last."""
        return lax.while_loop(
            lambda state: (state.status == Status.RUNNING) & (state.step < last),
            lambda state: self.step(problem, state),
            state,
        )

    def solve(self, problem: Problem, params: Params, key: Key | None = None) -> Fit:
        """Iterate from `params` to the end."""
        if params is None:
            raise TypeError("gl.run: this method climbs from a start: pass params=, or key= for one from the data")
        return self.finish(problem, self.advance(problem, self.init(problem, params, key), self.max_steps))


def rounding(value: jax.Array) -> jax.Array:
    """What of an objective, in nats per event, its rounding may hide."""
    return 8 * jnp.finfo(value.dtype).eps * (1.0 + jnp.abs(value))


def running() -> jax.Array:
    """The status of a method under way."""
    return jnp.full((), Status.RUNNING, jnp.int32)


def ended(problem: Problem, state: Any, log_likelihood: jax.Array, method: str) -> Fit:
    """The fit at the end of an ascent: out of steps, or at the edge of the parameter space."""
    status = jnp.where(state.status == Status.RUNNING, Status.MAX_STEPS, state.status)
    status = at_edge(problem, status, state.params)
    return Fit(
        state.params, log_likelihood, problem.size, state.step, status, objective=state.value,
        density=problem.density, method=method,
    )  # fmt: skip


def at_edge(problem: Problem, status: jax.Array, params: Params) -> jax.Array:
    """BOUNDARY in place of CONVERGED where the parameters lie at the edge of their space."""
    edge = (status == Status.CONVERGED) & ~constraints.is_interior(problem.density.parameters, params)
    return jnp.where(edge, Status.BOUNDARY, status).astype(jnp.int32)
