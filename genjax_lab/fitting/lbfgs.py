"""Limited-memory BFGS on the mean loss, in unconstrained coordinates: optax's, with an honest end.

Value and gradient come from one blocked pass. Where a density knows how it bends, the climb is in the whitened
coordinates, which need fewer steps. It has converged where two steps in a row promised less than `tol`.
Liu & Nocedal (1989), Math. Program. 45, 503–528; Nocedal & Wright (2006), Numerical Optimization, alg. 3.5 (zoom).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.tree_util import Partial

from genjax_lab.fitting.ascent import Iterative, ended, rounding, running
from genjax_lab.fitting.curvature import judge
from genjax_lab.fitting.problem import Problem, free, held, slopes
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.fitting.whitened import climbed, free_of
from genjax_lab.implicit import LARGEST
from genjax_lab.types import Key, Params

LINE_STEPS = 25
"""The most points looked at along one direction."""

SMALL = 2
"""So many steps in a row that promise less than `tol` are the end."""

STUCK = 3
"""So many in a row that gain nothing."""

CERTAIN = 1e-5
"""Nats per event below which probabilities are all as good as 1."""


class State(NamedTuple):
    """What continues.

    Attributes:
      params: the best parameters so far.
      value: the objective there, in nats per event.
      step: steps taken.
      status: a `gl.Status`.
      inner: optax's state.
      small: how many steps in a row promised less than `tol`.
      stuck: how many in a row gained nothing.
      u: the coordinates of `params` that are climbed in.
      turn: from those to the unconstrained coordinates; None where they are the same.
    """

    params: Params
    value: jax.Array
    step: jax.Array
    status: jax.Array
    inner: Any
    small: jax.Array
    stuck: jax.Array
    u: jax.Array
    turn: Partial | None


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class LBFGS(Iterative):
    """L-BFGS, for any number of coordinates.

    Attributes:
      max_steps: the most steps; each is one pass over the data, or a few.
      tol: nats per event; it ends where two steps in a row promise less.
      memory: how many past steps shape the next one (static).
    """

    max_steps: jax.Array | int = 500
    tol: jax.Array | float = 1e-7
    memory: int = field(default=10, metadata={"static": True})

    @property
    def _optimiser(self) -> optax.GradientTransformationExtraArgs:
        line = optax.scale_by_zoom_linesearch(LINE_STEPS, initial_guess_strategy="one")
        return optax.lbfgs(memory_size=self.memory, linesearch=line)

    def init(self, problem: Problem, params: Params, key: Key | None = None) -> State:
        """The state before the first step: one pass."""
        params = held(problem, params)
        u, turn = climbed(problem, params)
        value, slope = jax.value_and_grad(_loss(problem, params, turn))(u)
        good = jnp.isfinite(value) & jnp.isfinite(slope).all()
        status = jnp.where(good, running(), jnp.int32(Status.BAD_START))
        inner = optax.tree_utils.tree_set(self._optimiser.init(u), value=value, grad=slope)
        zero = jnp.zeros((), jnp.int32)
        return State(params, -value, zero, status, inner, zero, zero, u, turn)

    def step(self, problem: Problem, state: State) -> State:
        """One direction and the search along it."""
        loss, u = _loss(problem, state.params, state.turn), state.u
        value, slope = optax.value_and_grad_from_state(loss)(u, state=state.inner)
        move, inner = self._optimiser.update(slope, state.inner, u, value=value, grad=slope, value_fn=loss)
        read = optax.tree_utils.tree_get
        reached, slope_there, length = read(inner, "value"), read(inner, "grad"), read(inner, "learning_rate")
        there = u + move
        promised = -0.5 * (slope @ move) / jnp.where(length > 0, length, 1.0)
        slack = rounding(value)
        usable = jnp.isfinite(reached) & jnp.isfinite(there).all() & jnp.isfinite(slope_there).all()
        rises = usable & (reached <= value + slack) & (length > 0)
        small = jnp.where((promised <= self.tol) & (state.step > 0), state.small + 1, 0)
        stuck = jnp.where(rises & (reached < value - slack), 0, state.stuck + 1)
        hidden = promised <= 100 * slack  # rounding hides what is left to gain
        status = jnp.where((small >= SMALL) | ((stuck >= STUCK) & hidden), Status.CONVERGED, Status.RUNNING)
        failed = ((stuck >= 2 * STUCK) | ~usable | (length == 0)) & (status != Status.CONVERGED)
        status = jnp.where(failed, jnp.where(hidden, Status.CONVERGED, Status.LINE_SEARCH_FAILED), status)
        taken = free(problem, state.params)[1](free_of(problem, state.params, state.turn)(there))
        return State(
            params=jax.tree.map(lambda a, b: jnp.where(rises, a, b), taken, state.params),
            value=jnp.where(rises, -reached, state.value),
            step=state.step + 1,
            status=status.astype(jnp.int32),
            inner=inner,
            small=small,
            stuck=stuck,
            u=jnp.where(rises, there, u),
            turn=state.turn,
        )

    def finish(self, problem: Problem, state: State) -> Fit:
        """The result; up to some 200 coordinates its curvature tells a saddle or a flat end from a maximum."""
        back, onto = free(problem, state.params)[1], free_of(problem, state.params, state.turn)
        here = slopes(problem, state.u, back, hessian=state.u.size <= LARGEST, onto=onto)
        fit = ended(problem, state, here.log_likelihood, "lbfgs")
        status = judge(fit.status, state.u, here)
        if problem.plain and problem.density.space.size is not None:  # certain of every row: it rises for ever
            certain = (status == Status.CONVERGED) & (here.log_likelihood > -CERTAIN * problem.size)
            status = jnp.where(certain, Status.FLAT, status).astype(jnp.int32)
        return replace(fit, status=status, grad_norm=jnp.linalg.norm(here.gradient))


def _loss(problem: Problem, params: Params, turn: Partial | None) -> Callable[[jax.Array], jax.Array]:
    """Minus the objective, whose gradient comes from the same pass: no block's residuals are kept."""
    back, onto = free(problem, params)[1], free_of(problem, params, turn)

    @jax.custom_vjp
    def loss(z: jax.Array) -> jax.Array:
        return both(z)[0]

    def both(z: jax.Array) -> tuple[jax.Array, jax.Array]:
        here = slopes(problem, z, back)
        return -here.value, -here.gradient

    loss.defvjp(both, lambda slope, cotangent: (slope * cotangent,))
    return lambda u: loss(onto(u))


def lbfgs(max_steps: int = 500, tol: float = 1e-7, memory: int = 10) -> LBFGS:
    """L-BFGS, for any differentiable density.

    Up to some 200 coordinates the curvature at the end tells a saddle, a flat direction or a maximum at infinity from a
    maximum; of more, CONVERGED says no more than that the slope has gone.

    Args:
      max_steps: the most steps; each is one pass over the data, or a few.
      tol: nats per event; it ends where two steps in a row promise less.
      memory: how many past steps shape the next one.

    Returns:
      A method for `gl.fit` and `gl.run`.

    Example:
      >>> fit = gl.fit(gl.normal(), jnp.array([1.0, 3.0]), method=gl.lbfgs(), start={"loc": 0.0, "scale": 3.0})
      >>> round(float(fit.params["loc"]), 3), round(float(fit.params["scale"]), 3)
      (2.0, 1.0)
    """
    return LBFGS(max_steps, tol, memory)
