"""`gl.run`: the pure core of a fit, for `jit` and `vmap`; and many starts in one compiled call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import rows_of
from genjax_lab.check import all_valid
from genjax_lab.density import Conditional, Density
from genjax_lab.estimator import start_of
from genjax_lab.fitting.ascent import Iterative
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.problem import Problem, problem_of
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.groups import Groups
from genjax_lab.implicit import estimator_of
from genjax_lab.types import Key, Params, Smoothing

ROWS_OF_A_START = 5000
"""A start looks at no more rows than this, drawn at random."""


class Method(Protocol):
    """How a problem is solved: a frozen pytree, its structure static and its numbers traced, with a pure `solve`."""

    def solve(self, problem: Problem, params: Params, key: Key | None = None) -> Fit:
        """Fit from a start."""


@runtime_checkable
class Trying(Protocol):
    """A method that may give each of several starts a short run, and the best of them a whole one."""

    def trial(self) -> Method | None:
        """The short run; None: every start is run to its end."""


def run(
    method: Method,
    density: Density | Conditional,
    data: Data,
    params: Params = None,
    *,
    key: Key | None = None,
    smoothing: Smoothing = None,
    penalty: jax.Array | float | Callable[[Params], jax.Array] | None = None,
    fixed: Any = None,
) -> Fit:
    """The pure core of `gl.fit`: no check, no warning; for `jit`, `vmap` over data, weights, starts and numbers.

    A row outside the sample space ends an iterative method BAD_START; a closed form looks at no row's values. Labels of
    −1, which `gl.fit` sees to, are of `gl.partly_labelled(joint)`, not of the joint.

    Args:
      method: such as `gl.closed_form()` or `gl.em()`; its numbers are traced.
      density: the density, or conditional.
      data: rows, as `gl.Data`.
      params: where to start; a closed form needs none, and others start from data where there is a key.
      key: a typed key, for a start from data and for shuffles.
      smoothing: as in `gl.fit`.
      penalty: as in `gl.fit`.
      fixed: as in `gl.fit`, whole: every part of the parameters has its values, or None.

    Returns:
      A `gl.Fit`, whose status says what `gl.fit` would have warned of.

    Example:
      >>> many = jnp.array([[0.0, 2.0], [5.0, 7.0]])
      >>> fits = jax.vmap(lambda x: gl.run(gl.closed_form(), gl.normal(), gl.Data(x)))(many)
      >>> fits.params["loc"].tolist()
      [1.0, 6.0]
    """
    fit = solve(method, problem_of(density, data, smoothing, penalty, fixed), params, key)
    if not isinstance(method, Iterative):
        return fit
    possible = all_valid(density, data.x, data.given, data.weights)  # of a row that is not no parameters are likely
    return replace(
        fit,
        status=jnp.where(possible, fit.status, Status.BAD_START).astype(jnp.int32),
        log_likelihood=jnp.where(possible, fit.log_likelihood, -jnp.inf),
    )


def solve(method: Method, problem: Problem, params: Params, key: Key | None) -> Fit:
    """Solve a problem, from data where no start is given."""
    if params is None and key is not None:
        begin, key = jax.random.split(key)
        params = start_from(problem.density, problem.data, begin, problem.smoothing)
    return method.solve(problem, params, key)


solve_compiled = jax.jit(solve)

REFUSED = -2
"""Stands for a status where the rows are outside the sample space."""


@jax.jit
def solve_checked(method: Method, problem: Problem) -> Fit:
    """Check the values of the rows and fit them, without a start, in one compiled call: REFUSED if wrong."""
    found, data = method.solve(problem, None), problem.data
    right = all_valid(problem.density, data.x, data.given)
    return replace(found, status=jnp.where(right, found.status, REFUSED))


@functools.partial(jax.jit, static_argnames="restarts")
def solve_restarts(method: Method, problem: Problem, key: Key, restarts: int) -> Fit:
    """Solve from several starts, one after another in one compiled call; return the best end and the ends of all.

    Where the method has a short run, only the best of those goes on, and the others' ends are theirs.
    """
    trial = short_run(method, restarts)
    fits = lax.map(lambda key: solve(trial or method, problem, None, key), jax.random.split(key, restarts))
    tried = best_of(fits)
    return tried if trial is None else gone_on(tried, method.solve(problem, tried.params))


def short_run(method: Method, restarts: int) -> Method | None:
    """What every one of several starts is given where only the best goes on; None: each is run to its end."""
    return method.trial() if isinstance(method, Trying) and restarts > 1 else None


def gone_on(tried: Fit, end: Fit) -> Fit:
    """The end of the best of several short runs, with what was tried before."""
    assert tried.starts is not None
    likelihoods, statuses = tried.starts
    place = jnp.argmax(likelihoods == tried.log_likelihood)
    starts = likelihoods.at[place].set(end.log_likelihood), statuses.at[place].set(end.status)
    return replace(end, steps=tried.steps + end.steps, starts=starts)


def best_of(fits: Fit) -> Fit:
    """The best of a batch of fits by what they maximised, which is told how each of them ended."""
    value = fits.log_likelihood if fits.objective is None else fits.objective
    # A collapsed start, +∞, is no better than any that has not collapsed.
    value = jnp.where(jnp.isfinite(value) & jnp.isfinite(fits.log_likelihood), value, -jnp.inf)
    best = jax.tree.map(lambda a: a[jnp.argmax(value)], fits)
    return replace(best, starts=(fits.log_likelihood, fits.status))


def start_from(density: Density | Conditional, data: Data, key: Key, smoothing: Smoothing = None) -> Params:
    """Parameters to start from, out of some rows of the data."""
    pick, begin, lead = jax.random.split(key, 3)
    n = rows_of(data.x)
    estimator = estimator_of(density)
    if n > ROWS_OF_A_START:
        rows = jax.random.randint(pick, (ROWS_OF_A_START,), 0, n)
        if estimator.telling is not None:  # half of them: fifty labels among 60,000 rows are not left to chance
            first = estimator.telling(data.x) + jax.random.uniform(lead, (n,))
            rows = rows.at[: ROWS_OF_A_START // 2].set(lax.top_k(first, ROWS_OF_A_START // 2)[1])
        data = jax.tree.map(lambda a: a[rows], data)
    groups = Groups(weights=data.weights)
    params = start_of(estimator, begin, data.x, data.given, groups, smoothing)
    return jax.tree.map(lambda p: p[0], params)
