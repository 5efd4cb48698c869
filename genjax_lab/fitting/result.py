"""What a fit returns: a pytree that tells the truth."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

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
    Status.MAX_STEPS: "the steps ran out before the likelihood stopped rising; the best parameters are kept",
    Status.SADDLE: "it stopped where the likelihood still rises along some direction, as where two components are one: "
    "try another start or more restarts",
    Status.FLAT: "the data cannot tell some parameters apart, or the likelihood has no finite maximum: the "
    "parameters are not unique, or still growing, or the slope there is no number",
    Status.LINE_SEARCH_FAILED: "no step in the chosen direction raises the likelihood; the best parameters are kept",
    Status.DEGENERATE: "the likelihood has no bound: a component has collapsed onto a few rows. Smoothing prevents it",
    Status.BAD_START: "the likelihood is 0 or not a number at the start: try another start or key",
    Status.NON_FINITE: "the parameters or the likelihood are not finite. Where rows that were seen have become "
    "impossible, smoothing prevents it",
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
      grad_norm: f[], norm of the mean slope per event in the coordinates climbed in; None where it was not asked for.
      starts: (log_likelihood f[r], status int[r]) of every start, or None where there was one.
      objective: f[], what was maximised, in nats per event: with smoothing and penalty, or that of the validation rows
        where those choose; by it the best of several starts is chosen. None for a closed form.
      density: what was fitted (static).
      method: how, the method's name (static).
    """

    params: Params
    log_likelihood: jax.Array
    n: jax.Array
    steps: jax.Array
    status: jax.Array
    grad_norm: jax.Array | None = None
    starts: tuple[jax.Array, jax.Array] | None = None
    objective: jax.Array | None = None
    density: Density | Conditional = field(metadata={"static": True}, kw_only=True)
    method: str = field(metadata={"static": True}, kw_only=True)

    def __repr__(self) -> str:
        if (
            isinstance(self.status, jax.Array)
            and self.status.ndim == 0
            and not isinstance(self.status, jax.core.Tracer)
        ):
            how = f"{Status(int(self.status)).name}, log_likelihood={float(self.log_likelihood):.6g}, n={self.n}"
            return f"Fit({self.density!r}, {how})"
        return f"Fit({self.density!r}, batch of {getattr(self.status, 'shape', ())})"
