"""Closed-form maximum likelihood: one pass for the statistics, then their maximiser."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from genjax_lab import constraints
from genjax_lab.batch import total_log_prob
from genjax_lab.fitting.problem import Problem
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.fitting.sufficient import Statistics, closed_form_of, gather
from genjax_lab.types import Key, Params, Smoothing


@jax.tree_util.register_static
@dataclass(frozen=True)
class ClosedForm:
    """The method of every density whose estimator is exact."""

    def solve(self, problem: Problem, params: Params = None, key: Key | None = None) -> Fit:
        """Fit in one pass over the data."""
        if not problem.plain:
            raise ValueError("a closed form takes no penalty= and no fixed=: use gl.newton() or gl.lbfgs()")
        stats = gather(problem.density, closed_form_of("gl.run", problem.density), problem.data)
        return self.solve_statistics(stats, problem.smoothing, problem)

    def solve_statistics(self, stats: Statistics, smoothing: Smoothing = None, problem: Problem | None = None) -> Fit:
        """Fit from statistics; without the data the likelihood is NaN where the statistics do not hold it."""
        density = stats.density
        estimator = closed_form_of("gl.fit_statistics", density)
        params = estimator.maximise(stats.values, None, smoothing)
        if estimator.log_likelihood is not None:
            value = estimator.log_likelihood(stats.values, params)
        elif problem is not None:
            data = problem.data
            value = total_log_prob(density, params, data.x, data.given, data.weights)
        else:
            value = jnp.full((), jnp.nan)
        status = jnp.where(constraints.is_interior(density.parameters, params), Status.CONVERGED, Status.BOUNDARY)
        status = jnp.where(jnp.isneginf(value), Status.NON_FINITE, status)  # no maximum: the dtype could not tell it
        allowed = constraints.is_allowed(density.parameters, params)
        status = jnp.where(allowed, status, Status.NON_FINITE).astype(jnp.int32)
        return Fit(params, value, stats.n, jnp.ones((), jnp.int32), status, density=density, method="closed_form")


def closed_form() -> ClosedForm:
    """The closed-form method, for densities whose estimator is exact."""
    return ClosedForm()
