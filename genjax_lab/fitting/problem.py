"""What a method maximises: one objective in nats per event, over the unconstrained coordinates that are free.

(Σ_i w_i log p(x_i; θ) + what smoothing adds) / Σ_i w_i − penalty(θ)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import constraints, coordinates
from genjax_lab.blocks import reduce_blocks
from genjax_lab.coordinates import Back
from genjax_lab.density import Conditional, Density, log_prob_rows
from genjax_lab.estimator import Estimator
from genjax_lab.fitting.data import Data, size_of
from genjax_lab.fitting.sufficient import gather
from genjax_lab.implicit import rows_with_hessian
from genjax_lab.numerics import Total
from genjax_lab.types import Params, Smoothing, Stats

Turn = Callable[[jax.Array], jax.Array]
"""From the coordinates that a climb is in to the free ones."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Problem:
    """A density, its data, and what else the maximum is to obey.

    Attributes:
      density: what is fitted (static).
      data: the rows.
      smoothing: as in `gl.fit`.
      ridge: λ, or None: λ/2 ‖z‖² nats per event are taken off, z the free unconstrained coordinates.
      fixed: the parameters' constraints as a pytree, with values held constant, or None where they are free.
      penalty: (params) -> nats per event to be taken off, a function known by identity, or None (static).
      digest: what its passes look at in place of the rows, or None.
    """

    density: Density | Conditional = field(metadata={"static": True})
    data: Data
    smoothing: Smoothing = None
    ridge: jax.Array | float | None = None
    fixed: Any = None
    penalty: Callable[[Params], jax.Array] | None = field(default=None, metadata={"static": True})
    digest: Any = None

    @property
    def size(self) -> jax.Array:
        """Number of rows, or their total weight."""
        return size_of(self.data)

    @property
    def plain(self) -> bool:
        """Whether nothing is fixed and nothing penalised, so that the density's own estimator maximises it."""
        return self.ridge is None and self.fixed is None and self.penalty is None


def problem_of(
    density: Density | Conditional, data: Data, smoothing: Smoothing = None, penalty: Any = None, fixed: Any = None
) -> Problem:
    """Make a problem; a penalty may be a number, the ridge, or a function of the parameters."""
    if callable(penalty):
        return Problem(density, data, smoothing, None, fixed, penalty)
    return Problem(density, data, smoothing, penalty, fixed)


def digested(problem: Problem) -> tuple[Problem, jax.Array] | None:
    """The problem with what all its passes need of the rows gathered once, and whether that is all; None: it is not."""
    estimator, data = problem.density.estimator, problem.data
    found = estimator.digest(data.x, data.weights) if estimator is not None and estimator.digest else None
    return found and (replace(problem, digest=found[0]), found[1])


def expected(problem: Problem, estimator: Estimator, params: Params) -> Stats:
    """The statistics of all rows at the parameters, from the digest where there is one."""
    if problem.digest is not None:
        assert estimator.retold is not None
        return estimator.retold(problem.digest, params)
    data = problem.data
    if estimator.digest is not None:  # a loop that may take no step does not begin its work ahead of it
        data, params = lax.optimization_barrier((data, params))
    return gather(problem.density, estimator, data, params).values


def free(problem: Problem, params: Params) -> tuple[jax.Array, Back]:
    """The free parameters as one vector of unconstrained coordinates, and the way back to all of them."""
    return coordinates.free(problem.density.parameters, params, problem.fixed)


def held(problem: Problem, params: Params) -> Params:
    """The parameters as arrays, with those that are fixed at their values."""
    params = constraints.in_dtype(problem.density.parameters, params)
    if problem.fixed is None:
        return params
    tree = jax.tree.structure(problem.density.parameters)
    pairs = zip(tree.flatten_up_to(problem.fixed), tree.flatten_up_to(params), strict=True)
    return tree.unflatten([own if value is None else value for value, own in pairs])


def added_by(estimator: Estimator, stats: Stats, params: Params, smoothing: Smoothing) -> jax.Array:
    """What smoothing adds to the log-likelihood of the rows with these statistics."""
    return jnp.zeros(()) if estimator.penalty is None else estimator.penalty(stats, params, smoothing)


def extra(problem: Problem, z: jax.Array, params: Params, stats: Stats = None) -> jax.Array:
    """What smoothing, of rows with these statistics, and penalty add to the mean log-likelihood, in nats per event."""
    value, estimator = jnp.zeros((), z.dtype), problem.density.estimator
    if estimator is not None and stats is not None:
        value = value + added_by(estimator, stats, params, problem.smoothing) / problem.size
    if problem.ridge is not None:
        value = value - 0.5 * problem.ridge * (z @ z)
    return value if problem.penalty is None else value - problem.penalty(params)


class Slopes(NamedTuple):
    """The objective at a point, the total log-likelihood, and the objective's gradient and Hessian (or None)."""

    value: jax.Array
    log_likelihood: jax.Array
    gradient: jax.Array
    hessian: jax.Array | None


def slopes(problem: Problem, u: jax.Array, back: Back, hessian: bool = False, onto: Turn = lambda u: u) -> Slopes:
    """Value and slopes of the objective in coordinates u, of which `onto` makes the free ones, by one blocked pass."""

    def block(rows: Data) -> Any:
        def total(u: jax.Array) -> jax.Array:
            each = log_prob_rows(problem.density, back(onto(u)), rows.x, rows.given)
            if rows.weights is None:
                return each.sum()
            some = rows.weights > 0
            return jnp.where(some, rows.weights * jnp.where(some, each, 0.0), 0.0).sum()

        value, gradient = jax.value_and_grad(total)(u)
        return Total(value, jnp.zeros_like(value)), gradient, jax.jacfwd(jax.grad(total))(u) if hessian else None

    def merge(a: Any, b: Any) -> Any:
        return a[0].merge(b[0]), *jax.tree.map(jnp.add, a[1:], b[1:])

    rows = rows_with_hessian(problem.data.x, u.size) if hessian else None
    total, gradient, bend = reduce_blocks(block, merge, problem.data, rows)
    n, estimator = problem.size, problem.density.estimator
    smoothed = estimator is not None and estimator.penalty is not None and problem.smoothing is not None
    stats = gather(problem.density, estimator, problem.data, back(onto(u))).values if estimator and smoothed else None

    def added(u: jax.Array) -> jax.Array:
        return extra(problem, onto(u), back(onto(u)), stats)

    more, slope = jax.value_and_grad(added)(u)
    bend = bend / n + jax.jacfwd(jax.grad(added))(u) if hessian else None
    return Slopes(total.result() / n + more, total.result(), gradient / n + slope, bend)
