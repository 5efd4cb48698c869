"""What a fit returns: a pytree that tells the truth."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

import jax

from genjax_lab.density import Conditional, Density
from genjax_lab.types import Params


class Status(enum.IntEnum):
    """How a fit ended. Non-negative ones are final; `Fit.status` holds the number."""

    RUNNING = -1
    CONVERGED = 0
    COMPLETED = 1  # a method with a budget spent it
    BOUNDARY = 2  # the maximum lies on the edge of the parameter space: usual standard errors do not hold
    MAX_STEPS = 3
    SADDLE = 4
    FLAT = 5
    LINE_SEARCH_FAILED = 6
    NON_FINITE = 7
    DEGENERATE = 8
    BAD_START = 9


FATAL = (Status.NON_FINITE, Status.DEGENERATE, Status.BAD_START)
SILENT = (Status.RUNNING, Status.CONVERGED, Status.COMPLETED)

MEANING = {
    Status.BOUNDARY: "the maximum lies on the boundary of the parameter space (a probability or a scale of 0, an empty "
    "class): impossible events have log-density -inf. Smoothing keeps off it",
    Status.NON_FINITE: "the parameters or the likelihood are not finite",
}


class FitWarning(UserWarning):
    """A fit ended in a way that its user should know of."""


class FitError(ArithmeticError):
    """A fit has no usable result; the `fit` attribute holds what there is."""

    def __init__(self, message: str, fit: Fit) -> None:
        super().__init__(message)
        self.fit = fit


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Fit:
    """The result of a fit.

    Attributes:
      params: the maximum-likelihood parameters.
      log_likelihood: f[], Σ w_i log p(x_i; θ) at `params`, in nats, without any smoothing term.
      n: number of rows, or their total weight.
      steps: int[], steps taken; a closed form takes one.
      status: int[], a `gl.Status`.
      density: what was fitted (static).
      method: how (static).
    """

    params: Params
    log_likelihood: jax.Array
    n: jax.Array
    steps: jax.Array
    status: jax.Array
    density: Density | Conditional = field(metadata={"static": True})
    method: Any = field(metadata={"static": True})

    def __repr__(self) -> str:
        if (
            isinstance(self.status, jax.Array)
            and self.status.ndim == 0
            and not isinstance(self.status, jax.core.Tracer)
        ):
            how = f"{Status(int(self.status)).name}, log_likelihood={float(self.log_likelihood):.6g}, n={self.n}"
            return f"Fit({self.density!r}, {how})"
        return f"Fit({self.density!r}, batch of {getattr(self.status, 'shape', ())})"
