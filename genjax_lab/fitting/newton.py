"""Damped Newton on the whole objective, in unconstrained coordinates, or whitened ones where a density has them.

The eigenvalues of the Hessian are made negative, so that a step points uphill, away from a saddle too; a step that does
not raise the objective is halved.  Nocedal & Wright (2006), Numerical Optimization, §3.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from genjax_lab.fitting.ascent import Iterative, ended, rounding, running
from genjax_lab.fitting.curvature import judge
from genjax_lab.fitting.problem import Problem, Slopes, free, held, slopes
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.fitting.whitened import climbed, free_of
from genjax_lab.implicit import LARGEST
from genjax_lab.newton import ascent, reachable
from genjax_lab.types import Key, Params


class State(NamedTuple):
    """What continues.

    Attributes:
      params: the best parameters so far.
      value: the objective there, in nats per event.
      step: steps taken.
      status: a `gl.Status`.
      here: value and slopes at `params`.
      move: the step in the coordinates that are climbed in that is tried next.
      promised: what the whole step promised to gain, in nats per event.
      halvings: how often it was halved.
      u: the coordinates of `params` that are climbed in.
      turn: from those to the free coordinates; None where they are the same.
    """

    params: Params
    value: jax.Array
    step: jax.Array
    status: jax.Array
    here: Slopes
    move: jax.Array
    promised: jax.Array
    halvings: jax.Array
    u: jax.Array
    turn: Partial | None


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Newton(Iterative):
    """Damped Newton, for up to some 200 free coordinates.

    Attributes:
      max_steps: the most passes over the data.
      tol: nats per event; with less than that promised it takes one more step and stops.
    """

    max_steps: jax.Array | int = 200
    tol: jax.Array | float = 1e-7

    def init(self, problem: Problem, params: Params, key: Key | None = None) -> State:
        """The state before the first step: one pass."""
        params = held(problem, params)
        z, back = free(problem, params)
        if z.size > LARGEST:
            raise ValueError(
                f"gl.newton: {problem.density!r} has {z.size} free coordinates, more than {LARGEST}: use gl.lbfgs()"
            )
        u, turn = climbed(problem, params)
        here = slopes(problem, u, back, hessian=True, onto=free_of(problem, params, turn))
        good = jnp.isfinite(here.value) & jnp.isfinite(here.gradient).all()
        status = jnp.where(good, running(), jnp.int32(Status.BAD_START))
        zero = jnp.zeros((), jnp.int32)
        return State(params, here.value, zero, status, here, *_propose(u, here), zero, u, turn)

    def step(self, problem: Problem, state: State) -> State:
        """One pass: value the step; take it and propose anew, or halve it."""
        back, onto = free(problem, state.params)[1], free_of(problem, state.params, state.turn)
        ahead = state.u + state.move
        there = slopes(problem, ahead, back, hessian=True, onto=onto)
        slack = rounding(state.value)
        usable = jnp.isfinite(there.value) & jnp.isfinite(there.gradient).all()
        rises = usable & (there.value >= state.value - slack)
        last = (state.promised <= self.tol) | (there.value - state.value <= slack)
        stuck = ~rises & ((state.promised <= slack) | (state.halvings >= 30))
        hopeless = jnp.where(state.promised <= 100 * slack, Status.CONVERGED, Status.LINE_SEARCH_FAILED)
        status = jnp.where(rises & last & (state.halvings == 0), Status.CONVERGED, Status.RUNNING)
        status = jnp.where(stuck, hopeless, status).astype(jnp.int32)
        here = jax.tree.map(lambda a, b: jnp.where(rises, a, b), there, state.here)
        u = jnp.where(rises, ahead, state.u)
        move, promised = _propose(u, here)
        return State(
            params=jax.tree.map(lambda a, b: jnp.where(rises, a, b), back(onto(ahead)), state.params),
            value=here.value,
            step=state.step + 1,
            status=status,
            here=here,
            move=jnp.where(rises, move, state.move / 2),
            promised=jnp.where(rises, promised, state.promised),
            halvings=jnp.where(rises, 0, state.halvings + 1),
            u=u,
            turn=state.turn,
        )

    def finish(self, problem: Problem, state: State) -> Fit:
        """The result; it tells a saddle or a flat end from a maximum."""
        fit = ended(problem, state, state.here.log_likelihood, "newton")
        status = judge(fit.status, state.u, state.here)
        return replace(fit, status=status, grad_norm=jnp.linalg.norm(state.here.gradient))


def _propose(u: jax.Array, here: Slopes) -> tuple[jax.Array, jax.Array]:
    """The step from u, and half the squared decrement: what the quadratic model gains by it."""
    assert here.hessian is not None
    move = reachable(u, ascent(here.gradient, here.hessian, jnp.inf))
    move = jnp.where(jnp.isfinite(move).all(), move, 0.0)
    return move, 0.5 * (here.gradient @ move)


def newton(max_steps: int = 200, tol: float = 1e-7) -> Newton:
    """Damped Newton, for any differentiable density of up to some 200 parameters.

    Args:
      max_steps: the most passes over the data.
      tol: nats per event; with less than that promised it takes one more step and stops.

    Returns:
      A method for `gl.fit` and `gl.run`.
    """
    return Newton(max_steps, tol)
