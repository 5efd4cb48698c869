"""The fifty outfits again, their features independent: what was not seen as a whole may be seen in its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments import outfits
from experiments.outfits import Outfits

SHOWN = 20
"""People on a page."""


@dataclass(frozen=True)
class Combinations:
    """Everything measured of the outfits.

    Attributes:
      density: the product of the features.
      table: the density of the first model, one probability an outfit.
      observed: (50,) places of the observations in the list of all outfits.
      mass: (4032,) the maximum-likelihood probability of every outfit.
      example: p of `outfits.EXAMPLE`.
      parts: p of each of its values.
      drawn: places of samples.
      smoothings: pseudo-counts that were tried.
      nats: (m,) mean −log p of an observation under the fit to the 49 others.
      table_nats: (m,) the same of the first model.
    """

    density: gl.Density
    table: gl.Density
    observed: np.ndarray
    mass: np.ndarray
    example: float
    parts: tuple[float, ...]
    drawn: np.ndarray
    smoothings: Sequence[float]
    nats: np.ndarray
    table_nats: np.ndarray

    @property
    def free(self) -> int:
        """Free parameters of the product."""
        return gl.degrees_of_freedom(self.density)

    def known(self, places: np.ndarray) -> np.ndarray:
        """Which outfits are among the observations."""
        return np.isin(places, self.observed)

    @property
    def new(self) -> np.ndarray:
        """Places of the outfits that were not observed, the most probable first."""
        order = np.argsort(-self.mass, kind="stable")
        return order[~self.known(order)]

    @property
    def new_mass(self) -> float:
        """Probability of all outfits that were not observed."""
        return float(self.mass[self.new].sum(dtype=float))

    def people(self, places: np.ndarray) -> Outfits:
        """The outfits at these places."""
        return outfits.take(outfits.every_outfit(), jnp.asarray(places))

    def metrics(self) -> dict[str, Any]:
        """The numbers."""
        return {
            "free_parameters": self.free,
            "free_parameters_of_the_table": gl.degrees_of_freedom(self.table),
            "example_probability": self.example,
            "unseen_mass": self.new_mass,
            "samples_that_are_copies": float(self.known(self.drawn).mean()),
            "leave_one_out": {
                "smoothing": list(self.smoothings),
                "nats": self.nats,
                "table_nats": self.table_nats,
            },
        }


def fit_outfits(smoothings: Sequence[float], samples: int, seed: int) -> Combinations:
    """Fit independent features to the fifty outfits, and to all but each of them."""
    density, x = outfits.independent(), outfits.observations()
    every, observed = outfits.every_outfit(), outfits.places(x)
    fit = jax.jit(gl.run)(gl.closed_form(), density, gl.Data(x))  # its maximum is on the boundary: nobody wore black
    table = gl.categorical(len(every["topType"]))
    alphas = jnp.asarray(smoothings)
    example = outfits.outfit(*outfits.EXAMPLE)
    parts = {name: jnp.exp(fit.params[name]["logits"])[code[0]] for name, code in example.items()}
    drawn = gl.sample(density, jax.random.key(seed), fit.params, samples)
    return Combinations(
        density=density,
        table=table,
        observed=np.asarray(observed),
        mass=np.exp(np.asarray(gl.log_prob(density, fit.params, every))),
        example=float(jnp.exp(gl.log_prob(density, fit.params, example))[0]),
        parts=tuple(float(part) for part in parts.values()),
        drawn=np.asarray(outfits.places(drawn)),
        smoothings=smoothings,
        nats=np.asarray(outfits.leave_one_out(density, gl.Data(x), alphas).mean(1)),
        table_nats=np.asarray(outfits.leave_one_out(table, gl.Data(observed), alphas).mean(1)),
    )
