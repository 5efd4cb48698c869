"""Expectation maximisation: gather expected statistics at the parameters, maximise, again; a closed form is one step.

A density whose estimator is not exact is fitted by the same two calls that fit one that is. The penalised likelihood
never falls: a step that would lower it is halved.  Dempster, Laird & Rubin (1977), J. R. Stat. Soc. B 39, 1–38.

Where components overlap a step may gain less than the dtype resolves while the maximum is still nats away, so every
second step is a leap, extrapolated from the two before it at no cost but the pass that values it; where a leap lowers
the likelihood the plain step is taken. Varadhan & Roland (2008), Scand. J. Stat. 35, 335–353 (SQUAREM, scheme S3).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import constraints
from genjax_lab.batch import total_log_prob
from genjax_lab.density import Conditional, Density
from genjax_lab.estimator import Estimator
from genjax_lab.fitting.curvature import curvature, judge
from genjax_lab.fitting.data import Data, size_of
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.fitting.sufficient import gather
from genjax_lab.implicit import estimator_of
from genjax_lab.types import Params, Smoothing, Stats

LONGEST_LEAP = 16.0
"""A leap goes no further than some 2·16 plain steps."""

SLOW = 1e-3
"""Steps that gain less, in nats per event, are leapt over; sooner a leap may end in a collapse or another maximum."""

START, PLAIN, LEAP, INSTEAD = range(4)
"""What a proposal is: where a cycle starts, a plain step, a leap, a plain step in place of a leap that fell."""


class State(NamedTuple):
    """What continues.

    Attributes:
      params: the best parameters so far.
      value: the mean penalised log-likelihood there, in nats per event.
      log_likelihood: the total log-likelihood there.
      proposal: what the next step tries.
      step: steps taken.
      status: a `gl.Status`.
      halvings: how often the present proposal was halved.
      gain: by how much the step to `params` raised the value.
      turn: what the proposal is.
      before: the parameters where the present cycle of two steps started.
      ahead: the plain step from `params`, which stands in for a leap that falls.
    """

    params: Params
    value: jax.Array
    log_likelihood: jax.Array
    proposal: Params
    step: jax.Array
    status: jax.Array
    halvings: jax.Array
    gain: jax.Array
    turn: jax.Array
    before: Params
    ahead: Params


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class EM:
    """Expectation maximisation.

    Attributes:
      max_steps: the most passes over the data.
      tol: nats per event by which a step must raise the likelihood to go on; never below what the dtype resolves.
      curvature: whether to tell a saddle or a flat end from a maximum; its Hessian takes seconds to compile (static).
    """

    max_steps: jax.Array | int = 500
    tol: jax.Array | float = 1e-6
    curvature: bool = field(default=True, metadata={"static": True})

    def init(self, params: Params) -> State:
        """The state before the first pass."""
        params = jax.tree.map(lambda p: jnp.asarray(p, jnp.result_type(float, p)), params)
        lowest = jnp.full((), -jnp.inf, jax.tree.leaves(params)[0].dtype)
        zero, running = jnp.zeros((), jnp.int32), jnp.full((), Status.RUNNING, jnp.int32)
        return State(params, lowest, lowest, params, zero, running, zero, -lowest, zero + START, params, params)

    def step(self, density: Density | Conditional, data: Data, state: State, smoothing: Smoothing = None) -> State:
        """One pass: value the proposal; take it and maximise anew, or step back from it."""
        estimator = estimator_of(density)
        stats = gather(density, estimator, data, state.proposal)
        total = _log_likelihood(estimator, stats.values, state.proposal, density, data)
        value = (total + _penalty(estimator, stats.values, state.proposal, smoothing)) / stats.n
        slack = 8 * jnp.finfo(value.dtype).eps * (1.0 + jnp.abs(value))
        first = state.step == 0
        rises = (value >= state.value - slack) & ~jnp.isnan(value) & ~(first & jnp.isneginf(value))
        rises = rises & ~((state.turn == LEAP) & jnp.isposinf(value))  # a collapse is never leapt into
        gain, least = value - state.value, jnp.maximum(self.tol, slack)
        # A leap may land as high beyond the top as it began before it: the step before it must have stalled as well.
        stalls = (gain <= least) & (state.turn >= LEAP) & ((state.gain <= least) | (state.gain >= SLOW))
        better = estimator.maximise(stats.values, state.proposal, smoothing)
        was = state.turn
        longest = jnp.where(gain < SLOW, LONGEST_LEAP, 1.0)
        leap = _leap(density.parameters, state.before, state.proposal, better, longest)
        half = _midpoint(density.parameters, state.params, state.proposal)
        onward, back = _where(was == PLAIN, leap, better), _where(was == LEAP, state.ahead, half)
        turn = jnp.where(rises, jnp.where(was == PLAIN, LEAP, PLAIN), jnp.where(was == LEAP, INSTEAD, was))
        status = jnp.where(rises & stalls, Status.CONVERGED, Status.RUNNING)
        status = jnp.where(~rises & (state.halvings >= 20), Status.LINE_SEARCH_FAILED, status)
        status = jnp.where(~rises & first, Status.BAD_START, status)
        status = jnp.where(rises & jnp.isposinf(value), Status.DEGENERATE, status)
        return State(
            params=_where(rises, state.proposal, state.params),
            value=jnp.where(rises, value, state.value),
            log_likelihood=jnp.where(rises, total, state.log_likelihood),
            proposal=_where(rises, onward, back),
            step=state.step + 1,
            status=status.astype(jnp.int32),
            halvings=jnp.where(rises | (was == LEAP), 0, state.halvings + 1),
            gain=jnp.where(rises, gain, state.gain),
            turn=turn.astype(jnp.int32),
            before=_where(rises & (was != PLAIN), state.proposal, state.before),
            ahead=_where(rises, better, state.ahead),
        )

    def solve(self, density: Density | Conditional, data: Data, params: Params, smoothing: Smoothing = None) -> Fit:
        """Iterate from `params` until a step no longer raises the likelihood."""
        end = lax.while_loop(
            lambda state: (state.status == Status.RUNNING) & (state.step < self.max_steps),
            lambda state: self.step(density, data, state, smoothing),
            self.init(params),
        )
        status = jnp.where(end.status == Status.RUNNING, Status.MAX_STEPS, end.status)
        edge = (status == Status.CONVERGED) & ~constraints.is_interior(density.parameters, end.params)
        status = jnp.where(edge, Status.BOUNDARY, status).astype(jnp.int32)
        fit = Fit(end.params, end.log_likelihood, size_of(data), end.step, status, density=density, method="em")
        if not self.curvature:
            return fit
        found = curvature(density, data, end.params)
        return replace(fit, status=judge(status, found), grad_norm=found.grad_norm)


def _log_likelihood(
    estimator: Estimator, values: Stats, params: Params, density: Density | Conditional, data: Data
) -> jax.Array:
    if estimator.log_likelihood is not None:
        return estimator.log_likelihood(values, params)
    return total_log_prob(density, params, data.x, data.given, data.weights)


def _penalty(estimator: Estimator, values: Stats, params: Params, smoothing: Smoothing) -> jax.Array:
    return jnp.zeros(()) if estimator.penalty is None else estimator.penalty(values, params, smoothing)


def _where(condition: jax.Array, yes: Params, no: Params) -> Params:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)


def _midpoint(parameters: Any, a: Params, b: Params) -> Params:
    """Half the way from a to b in unconstrained coordinates; b itself where a coordinate is at its edge."""
    ends = constraints.unconstrain(parameters, a), constraints.unconstrain(parameters, b)
    middle = constraints.constrain(parameters, jax.tree.map(lambda p, q: (p + q) / 2, *ends))
    return jax.tree.map(lambda m, p: jnp.where(jnp.isfinite(m), m, p), middle, b)


def _leap(parameters: Any, before: Params, here: Params, after: Params, longest: jax.Array) -> Params:
    """Where the steps before → here → after lead in the end; `after` itself where a coordinate is at its edge."""
    ends = (constraints.unconstrain(parameters, p) for p in (before, here, after))

    def one(a: jax.Array, b: jax.Array, c: jax.Array) -> jax.Array:
        inside = jnp.isfinite(a) & jnp.isfinite(b) & jnp.isfinite(c)
        step, bend = jnp.where(inside, b - a, 0.0), jnp.where(inside, (c - b) - (b - a), 0.0)
        size, change = jnp.sum(step**2), jnp.sum(bend**2)
        length = jnp.sqrt(size / jnp.where(change > 0, change, jnp.maximum(size, 1e-30)))
        length = jnp.clip(length, 1.0, longest.astype(length.dtype))
        return jnp.where(inside, c + (length - 1) * (2 * step + (length + 1) * bend), c)

    far = constraints.constrain(parameters, jax.tree.map(one, *ends))
    return jax.tree.map(lambda f, p: jnp.where(jnp.isfinite(f), f, p), far, after)


def em(max_steps: int = 500, tol: float = 1e-6, curvature: bool = True) -> EM:
    """Expectation maximisation, for densities with a hidden part.

    Args:
      max_steps: the most passes over the data.
      tol: nats per event by which a step must raise the likelihood to go on.
      curvature: whether to tell a saddle or a flat end from a maximum; its Hessian takes seconds to compile.

    Returns:
      A method for `gl.fit` and `gl.run`.
    """
    return EM(max_steps, tol, curvature)
