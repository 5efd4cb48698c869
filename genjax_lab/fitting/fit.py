"""`gl.fit`: checks, the pure `gl.run`, and the verdict."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax

from genjax_lab.blocks import rows_of
from genjax_lab.check import (
    Batch,
    check_values,
    checked_params,
    checked_weights,
    is_traced,
    outside,
    read_batch,
    require_density,
)
from genjax_lab.combinators.partly_labelled import with_hidden_labels
from genjax_lab.density import Conditional, Density
from genjax_lab.fitting.arguments import checked_penalty, checked_smoothing
from genjax_lab.fitting.ascent import Iterative
from genjax_lab.fitting.checkpoint import Checkpoint
from genjax_lab.fitting.checkpoint import checkpoint as checkpoint_in
from genjax_lab.fitting.choose import checked_method, usual_method
from genjax_lab.fitting.closed_form import ClosedForm
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.fixed import checked_fixed
from genjax_lab.fitting.problem import Problem, problem_of
from genjax_lab.fitting.progress import solve_in_sight
from genjax_lab.fitting.result import FATAL, MEANING, SILENT, Fit, FitError, FitWarning, Status
from genjax_lab.fitting.run import REFUSED, Method, solve_checked, solve_compiled, solve_restarts
from genjax_lab.fitting.sufficient import Statistics, closed_form_of, require_statistics_of
from genjax_lab.types import ArrayLike, Event, Key, Params, Smoothing

FEW = 1 << 18
"""Up to so many entries of data a compiled call takes longer to make than to run: check and closed form are one."""


def fit(
    density: Density | Conditional,
    x: Event,
    *,
    given: Event = None,
    weights: ArrayLike | None = None,
    method: Method | None = None,
    key: Key | None = None,
    start: Params = None,
    restarts: int = 1,
    smoothing: Smoothing = None,
    penalty: float | jax.Array | Callable[[Params], jax.Array] | None = None,
    fixed: Any = None,
    progress: bool | Callable[[dict[str, Any]], None] = False,
    checkpoint: str | os.PathLike[str] | Checkpoint | None = None,
    strict: bool = True,
) -> Fit:
    """Fit a density by maximum likelihood: θ̂ = argmax_θ Σ w_i log p(x_i; θ).

    Args:
      density: the density, or conditional.
      x: n events, a leading row axis on every array; `(y, x)` for a joint, where a label y of −1 is hidden.
      given: for a conditional, n rows of what is given.
      weights: f[n], none negative; None for all one.
      method: how; None takes the closed form where there is one, EM where a part is hidden, else Newton's method, or
        L-BFGS for more than some 200 parameters.
      key: a typed key for starts from data, where the method needs one and no `start` is given.
      start: parameters to start from.
      restarts: how many starts from data; the best end is returned, and `Fit.starts` tells of all.
      smoothing: pseudo-counts. A scalar α goes to every count parameter, a mixture's weights too, but not to the
        prior of labels that are seen; a prefix of the parameters, such as {"prior": 1.0, "conditional":
        {"logits": 0.5}}, says where; a table there has a pseudo-count for each value, in its last axis. A normal's
        {"scale": v} adds v to its variance.
      penalty: λ takes λ/2 ‖z‖² off the mean log-likelihood, z the free parameters in unconstrained coordinates; a
        function of the parameters gives the nats per event to be taken off itself (minus a log-prior over n: MAP).
      fixed: values held constant, a prefix of the parameters such as {"prior": {"logits": [0.0, 0.0]}}.
      progress: show on the terminal how far an iterative method is, or call this with {"start", "step", "value",
        "seconds", "left"}: the seconds so far, and those left at this pace if all steps are taken.
      checkpoint: a directory, or `gl.checkpoint(directory, every=seconds)`, where an iterative method keeps what it
        needs to go on. After the process was killed the same call goes on from there, to the same bits; after the end
        it returns the end; with more `max_steps`, or epochs, it goes further; with fewer, it ends where it has come to.
      strict: raise `gl.FitError` where there is no usable result.

    Returns:
      A `gl.Fit`.

    Raises:
      ValueError, TypeError: for data, weights or smoothing that cannot be right; the argument, row and value are named.
      FitError: where the fit has no usable result and `strict`.
      OSError: where the directory of checkpoints cannot be written to, before the first step.

    Warns:
      FitWarning: where the result needs care, such as a maximum on the boundary.

    Example:
      >>> model = gl.joint(gl.categorical(2), gl.per_class(gl.bernoulli((3,)), 2))
      >>> y, x = jnp.array([0, 0, 1]), jnp.array([[0, 0, 1], [0, 1, 1], [1, 1, 0]])
      >>> fit = gl.fit(model, (y, x), smoothing=1.0)
      >>> gl.predict(gl.posterior(model), fit.params, x).tolist()
      [0, 0, 1]
      >>> fit = gl.fit(gl.mixture(gl.poisson(), 2), jnp.array([0, 1, 1, 9, 8, 9]), key=jax.random.key(0), restarts=4)
      >>> np.sort(np.asarray(fit.params["conditional"]["rate"])).round(1)
      array([0.7, 8.6], dtype=float32)
    """
    if is_traced(x, given, weights, smoothing, start, penalty, fixed):
        raise TypeError("gl.fit looks at values and cannot be traced: inside jit, vmap or grad use gl.run")
    require_density("gl.fit", density)
    asked, density = density, with_hidden_labels(density, x)
    batch = read_batch("gl.fit", density, x, given)
    rows = rows_of(batch.x)
    at_once = sum(a.size for a in batch.arrays) <= FEW
    if not at_once:
        check_values(batch)
    weights = checked_weights("gl.fit", weights, rows)
    smoothing = checked_smoothing("gl.fit", density, smoothing)
    fixed, penalty = checked_fixed("gl.fit", density, fixed), checked_penalty("gl.fit", density, penalty)
    problem = problem_of(density, Data(batch.x, batch.given, weights), smoothing, penalty, fixed)
    method = usual_method(problem) if method is None else checked_method("gl.fit", density, method)
    if start is not None:
        start = checked_params("gl.fit: start", density, start)
    if at_once and isinstance(method, ClosedForm):
        found = _checked_and_solved(method, problem, batch)
    else:
        if at_once:
            check_values(batch)
        found = _solved(method, problem, start, key, restarts, progress, checkpoint)
    return verdict(found if asked is density else replace(found, density=asked), strict)


def _checked_and_solved(method: ClosedForm, problem: Problem, batch: Batch) -> Fit:
    found = solve_checked(method, problem)
    if int(found.status) != REFUSED:
        return found
    batch.refuse()
    return solve_compiled(method, problem, None, None)


def _solved(
    method: Method, problem: Problem, start: Params, key: Key | None, restarts: int, progress: Any, checkpoint: Any
) -> Fit:
    if isinstance(method, ClosedForm):
        return solve_compiled(method, problem, None, None)
    if start is None and key is None:
        raise TypeError(
            f"gl.fit: {problem.density!r} is fitted from a start: pass key=jax.random.key(seed), or start=params"
        )
    if not isinstance(restarts, int) or restarts < 1:
        raise ValueError(f"gl.fit: restarts = {restarts} must be a whole number, at least 1")
    if start is not None and restarts > 1:
        raise ValueError(f"gl.fit: start= is one start, and restarts = {restarts} draws several from data: give one")
    if (progress or checkpoint is not None) and isinstance(method, Iterative):  # any other has no steps to tell of
        if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
            checkpoint = checkpoint_in(checkpoint)
        return solve_in_sight(method, problem, start, key, restarts, progress, checkpoint)
    if start is None:
        return solve_restarts(method, problem, key, restarts)
    return solve_compiled(method, problem, start, key)


def fit_statistics(
    density: Density | Conditional, statistics: Statistics, *, smoothing: Smoothing = None, strict: bool = True
) -> Fit:
    """Fit a density from its sufficient statistics, without the rows.

    Args:
      density: the density, or conditional.
      statistics: from `gl.statistics`, merged by `gl.merge`.
      smoothing: as in `gl.fit`.
      strict: as in `gl.fit`.

    Returns:
      A `gl.Fit`; its log-likelihood is NaN where the statistics do not hold it.

    Raises:
      ValueError, TypeError, FitError: as `gl.fit`.
    """
    if is_traced(statistics, smoothing):
        raise TypeError("gl.fit_statistics looks at values and cannot be traced: use gl.closed_form().solve_statistics")
    closed_form_of("gl.fit_statistics", density)
    require_statistics_of("gl.fit_statistics", density, statistics)
    smoothing = checked_smoothing("gl.fit_statistics", density, smoothing)
    return verdict(_run_statistics(statistics, smoothing), strict)


def verdict(fit: Fit, strict: bool) -> Fit:
    """Return the fit; warn of a status that needs care.

    Raises:
      FitError: where there is no usable result and `strict`.
    """
    status = Status(int(fit.status))
    if status in SILENT:
        return fit
    message = f"{fit.density!r}: {status.name}: {MEANING.get(status, '')}"
    if status == Status.NON_FINITE and (wrong := outside(fit.density, fit.params)):
        message = f"{message}: {wrong}"
    if status in FATAL and strict:
        raise FitError(message, fit)
    warnings.warn(message, FitWarning, stacklevel=3)
    return fit


@jax.jit
def _run_statistics(statistics: Statistics, smoothing: Any) -> Fit:
    return ClosedForm().solve_statistics(statistics, smoothing)
