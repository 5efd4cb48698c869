"""Which method fits what, where the user does not say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from genjax_lab import coordinates
from genjax_lab.blocks import rows_of
from genjax_lab.check import checked_batch, checked_weights
from genjax_lab.density import Conditional, Density
from genjax_lab.fitting.closed_form import ClosedForm
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.em import EM
from genjax_lab.fitting.gradient import Gradient
from genjax_lab.fitting.lbfgs import LBFGS
from genjax_lab.fitting.newton import Newton
from genjax_lab.fitting.problem import Problem
from genjax_lab.fitting.run import Method
from genjax_lab.implicit import LARGEST


def usual_method(problem: Problem) -> Method:
    """The closed form where there is one, EM where a part is hidden or inexact, else Newton's method or L-BFGS.

    What is fixed or penalised is climbed as a whole: the parts' own maximisers do not know of it.
    """
    estimator = problem.density.estimator
    if problem.plain and estimator is not None:
        return ClosedForm() if estimator.exact else EM()
    return LBFGS() if coordinates.number(problem.density.parameters) > LARGEST else Newton()


def checked_method(caller: str, density: Density | Conditional, method: Any) -> Method:
    """Return a method; the rows by which one validates are checked like those it fits.

    Raises:
      TypeError: for what is no method.
      ValueError: for rows that are no events of the density.
    """
    if not hasattr(method, "solve") or isinstance(method, type):
        wanted = "gl.em(), gl.newton(), gl.lbfgs(), gl.gradient(...) or gl.closed_form()"
        raise TypeError(f"{caller}: method = {method!r} is no method: pass {wanted}")
    if isinstance(method, Gradient) and method.validation is not None:
        rows = method.validation
        place = f"{caller}: validation"
        x, given = checked_batch(place, density, rows.x, rows.given)
        return replace(method, validation=Data(x, given, checked_weights(place, rows.weights, rows_of(x))))
    return method  # type: ignore[no-any-return]
