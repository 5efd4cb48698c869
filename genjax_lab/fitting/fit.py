"""`gl.fit`: checks, the pure `gl.run`, and the verdict."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.blocks import rows_of
from genjax_lab.check import checked_batch, checked_weights, is_traced
from genjax_lab.density import Conditional, Density, param_shapes
from genjax_lab.fitting.closed_form import ClosedForm
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.result import FATAL, MEANING, SILENT, Fit, FitError, FitWarning, Status
from genjax_lab.fitting.sufficient import Statistics, closed_form_of
from genjax_lab.types import ArrayLike, Event, Smoothing


def fit(
    density: Density | Conditional,
    x: Event,
    *,
    given: Event = None,
    weights: ArrayLike | None = None,
    method: ClosedForm | None = None,
    smoothing: Smoothing = None,
    strict: bool = True,
) -> Fit:
    """Fit a density by maximum likelihood: θ̂ = argmax_θ Σ w_i log p(x_i; θ).

    Args:
      density: the density, or conditional.
      x: n events, a leading row axis on every array; `(y, x)` for a joint.
      given: for a conditional, n rows of what is given.
      weights: f[n], none negative; None for all one.
      method: how; None chooses.
      smoothing: pseudo-counts. A scalar α goes to every count parameter except a joint's prior; a prefix of the
        parameters, such as {"prior": 1.0, "conditional": {"logits": 0.5}}, says where. A normal's {"scale": v} adds v
        to its variance.
      strict: raise `gl.FitError` where there is no usable result.

    Returns:
      A `gl.Fit`.

    Raises:
      ValueError, TypeError: for data, weights or smoothing that cannot be right; the argument, row and value are named.
      FitError: where the fit has no usable result and `strict`.

    Warns:
      FitWarning: where the result needs care, such as a maximum on the boundary.

    Example:
      >>> model = gl.joint(gl.categorical(2), gl.per_class(gl.bernoulli((3,)), 2))
      >>> y, x = jnp.array([0, 0, 1]), jnp.array([[0, 0, 1], [0, 1, 1], [1, 1, 0]])
      >>> fit = gl.fit(model, (y, x), smoothing=1.0)
      >>> gl.predict(gl.posterior(model), fit.params, x).tolist()
      [0, 0, 1]
    """
    if is_traced(x, given, weights):
        raise TypeError("gl.fit looks at values and cannot be traced: inside jit, vmap or grad use gl.run")
    closed_form_of("gl.fit", density)
    x, given = checked_batch("gl.fit", density, x, given)
    weights = checked_weights("gl.fit", weights, rows_of(x))
    smoothing = checked_smoothing("gl.fit", density, smoothing)
    return verdict(_run(method or ClosedForm(), density, Data(x, given, weights), smoothing=smoothing), strict)


def run(method: ClosedForm, density: Density | Conditional, data: Data, *, smoothing: Smoothing = None) -> Fit:
    """The pure core of `gl.fit`: no check, no warning; for `jit`, `vmap` over data, weights and smoothing.

    Args:
      method: such as `gl.closed_form()`.
      density: the density, or conditional.
      data: rows, as `gl.Data`.
      smoothing: as in `gl.fit`.

    Returns:
      A `gl.Fit`, whose status says what `gl.fit` would have warned of.

    Example:
      >>> many = jnp.array([[0.0, 2.0], [5.0, 7.0]])
      >>> fits = jax.vmap(lambda x: gl.run(gl.closed_form(), gl.normal(), gl.Data(x)))(many)
      >>> fits.params["loc"].tolist()
      [1.0, 6.0]
    """
    return method.solve(density, data, smoothing)


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
    closed_form_of("gl.fit_statistics", density)
    smoothing = checked_smoothing("gl.fit_statistics", density, smoothing)
    return verdict(_run_statistics(density, statistics, smoothing), strict)


def checked_smoothing(caller: str, density: Density | Conditional, smoothing: Smoothing) -> Any:
    """Return smoothing as float arrays.

    Raises:
      ValueError: for a negative or non-finite value, or a name that is no parameter.
    """

    def check(value: Any, shapes: Any, path: str) -> Any:
        if value is None:
            return None
        if isinstance(value, dict):
            names = list(shapes) if isinstance(shapes, dict) else []
            for name in value:
                if name not in names:
                    raise ValueError(f"{caller}: {path}[{name!r}] is no parameter of {density!r}; there are {names}")
            return {name: check(v, shapes[name], f"{path}[{name!r}]") for name, v in value.items()}
        if is_traced(value):
            return value
        number = np.asarray(value, float)
        if number.ndim or not (np.isfinite(number) and number >= 0):
            raise ValueError(f"{caller}: {path} = {value} must be one finite number, 0 or more")
        return jnp.asarray(number, jnp.result_type(float))

    return check(smoothing, param_shapes(density), "smoothing")


def verdict(fit: Fit, strict: bool) -> Fit:
    """Return the fit; warn of a status that needs care.

    Raises:
      FitError: where there is no usable result and `strict`.
    """
    status = Status(int(fit.status))
    if status in SILENT:
        return fit
    message = f"{fit.density!r}: {status.name}: {MEANING.get(status, '')}"
    if status in FATAL and strict:
        raise FitError(message, fit)
    warnings.warn(message, FitWarning, stacklevel=3)
    return fit


_run = jax.jit(run)


@jax.jit
def _run_statistics(density: Density | Conditional, statistics: Statistics, smoothing: Any) -> Fit:
    return ClosedForm().solve_statistics(density, statistics, smoothing)
