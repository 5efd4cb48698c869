"""Newton's method on the whole likelihood: EM with the implicit estimator, whose M step is one damped Newton step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax

from genjax_lab.density import Conditional, Density
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.em import EM
from genjax_lab.fitting.result import Fit
from genjax_lab.implicit import implicit
from genjax_lab.types import Params, Smoothing


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Newton:
    """Damped Newton in unconstrained coordinates; a step that lowers the likelihood is halved.

    Attributes:
      max_steps: the most passes over the data.
      tol: nats per event by which a step must raise the likelihood to go on; never below what the dtype resolves.
    """

    max_steps: jax.Array | int = 200
    tol: jax.Array | float = 1e-7

    def solve(self, density: Density | Conditional, data: Data, params: Params, smoothing: Smoothing = None) -> Fit:
        """Iterate from `params` until a step no longer raises the likelihood; smoothing is not used."""
        whole = replace(density, estimator=implicit(density))
        found = EM(self.max_steps, self.tol).solve(whole, data, params)
        return replace(found, density=density, method="newton")


def newton(max_steps: int = 200, tol: float = 1e-7) -> Newton:
    """Damped Newton, for any differentiable density of up to some 200 parameters.

    Args:
      max_steps: the most passes over the data.
      tol: nats per event by which a step must raise the likelihood to go on.

    Returns:
      A method for `gl.fit` and `gl.run`.
    """
    return Newton(max_steps, tol)
