"""Expectation maximisation: gather expected statistics at the parameters, maximise, again; a closed form is one step.

A density whose estimator is not exact is fitted by the same two calls that fit one that is. The penalised likelihood
never falls: a step that would lower it is halved.  Dempster, Laird & Rubin (1977), J. R. Stat. Soc. B 39, 1–38.

Where components overlap a step may gain less than the dtype resolves while the maximum is still nats away, so every
second step is a leap, extrapolated from the two before it at no cost but the pass that values it; where a leap lowers
the likelihood the plain step is taken. Where an estimator's steps are Newton's there is nothing to leap over.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab import coordinates
from genjax_lab.batch import total_log_prob
from genjax_lab.blocks import rows_of
from genjax_lab.estimator import Estimator
from genjax_lab.fitting.ascent import Iterative, at_edge, ended, rounding, running
from genjax_lab.fitting.curvature import judge
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.leap import leap, midpoint
from genjax_lab.fitting.newton import Newton
from genjax_lab.fitting.problem import Problem, added_by, digested, expected, held
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.implicit import LARGEST, estimator_of
from genjax_lab.types import Key, Params, Stats

POLISH = 20
"""The most Newton steps after the last one of EM."""

FEWEST_ROWS = 1e-3
"""A component with less than this many rows has lost them all."""

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
      step: steps taken.
      status: a `gl.Status`.
      log_likelihood: the total log-likelihood there.
      proposal: what the next step tries.
      halvings: how often the present proposal was halved.
      gain: by how much the step to `params` raised the value.
      turn: what the proposal is.
      before: the parameters where the present cycle of two steps started.
      ahead: the plain step from `params`, which stands in for a leap that falls.
    """

    params: Params
    value: jax.Array
    step: jax.Array
    status: jax.Array
    log_likelihood: jax.Array
    proposal: Params
    halvings: jax.Array
    gain: jax.Array
    turn: jax.Array
    before: Params
    ahead: Params


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class EM(Iterative):
    """Expectation maximisation.

    Attributes:
      max_steps: the most passes over the data.
      tol: nats per event by which a step, or the leap after it, must raise the likelihood to go on; never below what
        the dtype resolves.
      curvature: whether to end with Newton steps and a look at the curvature, which tells a saddle or a flat end from a
        maximum, for up to some 200 coordinates; its Hessian takes seconds to compile, of a hundred a minute (static).
      short: passes of each of several starts, of which only the best goes on; None: all to their end (static).
    """

    max_steps: jax.Array | int = 500
    tol: jax.Array | float = 1e-6
    curvature: bool = field(default=True, metadata={"static": True})
    short: int | None = field(default=None, metadata={"static": True})

    def init(self, problem: Problem, params: Params, key: Key | None = None) -> State:
        """The state before the first pass."""
        if not problem.plain:
            raise ValueError("gl.em takes no penalty= and no fixed=: use gl.newton() or gl.lbfgs(), or smoothing=")
        params = held(problem, params)
        lowest = jnp.full((), -jnp.inf, jnp.result_type(float, *jax.tree.leaves(params)))
        zero = jnp.zeros((), jnp.int32)
        return State(params, lowest, zero, running(), lowest, params, zero, -lowest, zero + START, params, params)

    def advance(self, problem: Problem, state: State, steps: jax.Array | int) -> State:
        """Passes over what the rows tell once for all of them, where that is enough, or over the rows."""
        last = jnp.minimum(self.max_steps, state.step + steps)
        found = digested(problem)
        if found is not None:
            told, enough = found
            state = self.until(told, state, jnp.where(enough, last, 0))
        return self.until(problem, state, last)

    def step(self, problem: Problem, state: State) -> State:
        """One pass: value the proposal; take it and maximise anew, or step back from it."""
        estimator, parameters = estimator_of(problem.density), problem.density.parameters
        stats = expected(problem, estimator, state.proposal)
        total = _log_likelihood(estimator, stats, problem, state.proposal)
        value = (total + added_by(estimator, stats, state.proposal, problem.smoothing)) / problem.size
        slack, start, was = rounding(value), state.step == 0, state.turn
        rises = (value >= state.value - slack) & ~jnp.isnan(value) & ~jnp.isneginf(value)
        rises = rises & ~((was == LEAP) & jnp.isposinf(value))  # a collapse is never leapt into
        gain, least = value - state.value, jnp.maximum(self.tol, slack)
        # A leap may land as high beyond the top as it began before it: the step before it must have stalled as well.
        settled = (was >= LEAP) & ((state.gain <= least) | (state.gain >= SLOW))
        stalls = (gain <= least) & (settled | estimator.newton)
        better = estimator.maximise(stats, state.proposal, problem.smoothing)
        far = leap(parameters, state.before, state.proposal, better, jnp.where(gain < SLOW, LONGEST_LEAP, 1.0))
        half = midpoint(parameters, state.params, state.proposal)
        leaps = (was == PLAIN) & (not estimator.newton)
        onward, back = _where(leaps, far, better), _where(was == LEAP, state.ahead, half)
        turn = jnp.where(rises, jnp.where(leaps, LEAP, PLAIN), jnp.where(was == LEAP, INSTEAD, was))
        status = jnp.where(rises & stalls, Status.CONVERGED, Status.RUNNING)
        status = jnp.where(~rises & (state.halvings >= 20), Status.LINE_SEARCH_FAILED, status)
        status = jnp.where(~rises & start, Status.BAD_START, status)
        status = jnp.where(rises & jnp.isposinf(value), Status.DEGENERATE, status)
        return State(
            params=_where(rises, state.proposal, state.params),
            value=jnp.where(rises, value, state.value),
            step=state.step + 1,
            status=status.astype(jnp.int32),
            log_likelihood=jnp.where(rises, total, state.log_likelihood),
            proposal=_where(rises, onward, back),
            halvings=jnp.where(rises | (was == LEAP), 0, state.halvings + 1),
            gain=jnp.where(rises, gain, state.gain),
            turn=turn.astype(jnp.int32),
            before=_where(rises & (was != PLAIN), state.proposal, state.before),
            ahead=_where(rises, better, state.ahead),
        )

    def trial(self) -> EM | None:
        """The short run of a start; None where every start is run to its end."""
        return None if self.short is None else EM(self.short, self.tol, curvature=False)

    def finish(self, problem: Problem, state: State) -> Fit:
        """The result: after a few Newton steps, if they gain, and a look at the curvature."""
        fit = ended(problem, state, state.log_likelihood, "em")
        smallest = estimator_of(problem.density).smallest
        if smallest is not None:
            lost = jnp.exp(smallest(state.params)) * _rows(problem.data) < FEWEST_ROWS
            empty = lost & ((fit.status == Status.CONVERGED) | (fit.status == Status.BOUNDARY))
            fit = replace(fit, status=jnp.where(empty, Status.DEGENERATE, fit.status).astype(jnp.int32))
        if not self.curvature or coordinates.number(problem.density.parameters) > LARGEST:
            return fit
        return _polished(problem, fit)


def _polished(problem: Problem, fit: Fit) -> Fit:
    """Where EM has converged, what Newton's method finds from there, judged by its curvature.

    With smoothing no step is taken: a density of somebody's own need not tell what its smoothing adds.
    """
    steps = POLISH if problem.smoothing is None else 0
    method = Newton(steps)
    end = method.advance(problem, method.init(problem, fit.params), steps)
    better = (fit.status == Status.CONVERGED) & (end.here.log_likelihood >= fit.log_likelihood)
    params = _where(better, end.params, fit.params)
    assert fit.objective is not None
    return replace(
        fit,
        params=params,
        log_likelihood=jnp.where(better, end.here.log_likelihood, fit.log_likelihood),
        objective=jnp.where(better, end.here.value, fit.objective) if steps else fit.objective,
        status=judge(at_edge(problem, fit.status, params), end.u, end.here, steps > 0),
        grad_norm=jnp.linalg.norm(end.here.gradient),
    )


def _rows(data: Data) -> jax.Array | int:
    """How many rows have a weight: one that is small in all of them, as importance weights are, counts no less."""
    return rows_of(data.x) if data.weights is None else (data.weights > 0).sum()


def _log_likelihood(estimator: Estimator, values: Stats, problem: Problem, params: Params) -> jax.Array:
    if estimator.log_likelihood is not None:
        return estimator.log_likelihood(values, params)
    data = problem.data
    return total_log_prob(problem.density, params, data.x, data.given, data.weights)


def _where(condition: jax.Array, yes: Params, no: Params) -> Params:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)


def em(max_steps: int = 500, tol: float = 1e-6, curvature: bool = True, short: int | None = None) -> EM:
    """Expectation maximisation, for densities with a hidden part.

    Args:
      max_steps: the most passes over the data.
      tol: nats per event by which a step, or the leap after it, must raise the likelihood to go on.
      curvature: whether to end with Newton steps and a look at the curvature, which tells a saddle or a flat end from a
        maximum, for up to some 200 coordinates; its Hessian takes seconds to compile, of a hundred of them a minute.
      short: with `restarts`, passes that each start is given; only the best of them then goes on. Of large data a
        start shows its worth early.  Biernacki, Celeux & Govaert (2003), Comput. Stat. Data Anal. 41, 561–575.

    Returns:
      A method for `gl.fit` and `gl.run`.

    Raises:
      ValueError: for a `short` below 1.
    """
    if short is not None and short < 1:
        raise ValueError(f"em: short = {short} must be at least 1")
    return EM(max_steps, tol, curvature, short)
