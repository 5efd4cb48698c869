"""The table of all outfits: one probability each."""

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
"""People on a page of samples."""


@dataclass(frozen=True)
class Fitted:
    """The table under one smoothing.

    Attributes:
      smoothing: pseudo-counts an outfit.
      status: how `gl.fit` says it ended.
      mass: (4032,) the probability of every outfit.
      drawn: places of the outfits that were drawn from it.
    """

    smoothing: float
    status: str
    mass: np.ndarray
    drawn: np.ndarray


@dataclass(frozen=True)
class Found:
    """Everything measured.

    Attributes:
      density: the family.
      observed: (50,) places of the observations in the list of all outfits.
      mle, smoothed: the fits without and with smoothing.
      smoothings: those that were tried.
      nats: (m, 50) −log p of each observation under the fit to the 49 others, by smoothing.
      impossible: how many of the observations have probability 0 under the counts of the 49 others.
      example: p of the outfit that the next experiment will find probable, under `mle` and `smoothed`.
      unseen: places of some outfits that were not observed, drawn at random.
    """

    density: gl.Density
    observed: np.ndarray
    mle: Fitted
    smoothed: Fitted
    smoothings: Sequence[float]
    nats: np.ndarray
    impossible: int
    example: tuple[float, float]
    unseen: np.ndarray

    @property
    def free(self) -> int:
        """Free parameters."""
        return gl.degrees_of_freedom(self.density)

    @property
    def outfits(self) -> int:
        """Outfits that there are."""
        return len(self.mle.mass)

    @property
    def seen(self) -> int:
        """Different outfits among the observations."""
        return len(np.unique(self.observed))

    @property
    def best(self) -> int:
        """Place of the best smoothing."""
        return int(self.nats.mean(1).argmin())

    def known(self, places: np.ndarray) -> np.ndarray:
        """Which outfits are among the observations."""
        return np.isin(places, self.observed)

    def train_nats(self, fit: Fitted) -> float:
        """Mean −log p of the observations themselves."""
        return float(-np.log(fit.mass[self.observed].astype(float)).mean())

    def unseen_mass(self, fit: Fitted) -> float:
        """Probability of all that was not observed."""
        return float(fit.mass[~self.known(np.arange(self.outfits))].sum(dtype=float))

    def people(self, places: np.ndarray) -> Outfits:
        """The outfits at these places."""
        return outfits.take(outfits.every_outfit(), jnp.asarray(places))

    def metrics(self) -> dict[str, Any]:
        """The numbers."""
        return {
            "free_parameters": self.free,
            "outfits": self.outfits,
            "seen": self.seen,
            "example_probability": {"mle": self.example[0], "smoothed": self.example[1]},
            "leave_one_out": {
                "smoothing": list(self.smoothings),
                "nats": self.nats.mean(1),
                "best_smoothing": self.smoothings[self.best],
                "impossible_without": self.impossible,
            },
        } | {
            name: {
                "smoothing": fit.smoothing,
                "status": fit.status,
                "train_nats": self.train_nats(fit),
                "unseen_mass": self.unseen_mass(fit),
                "samples_that_are_copies": float(self.known(fit.drawn).mean()),
            }
            for name, fit in (("mle", self.mle), ("smoothed", self.smoothed))
        }


def fit_table(smoothings: Sequence[float], smoothing: float, samples: int, seed: int) -> Found:
    """Fit the table to the fifty outfits, as they are and smoothed, and to all but each of them."""
    density = gl.categorical(len(outfits.every_outfit()["topType"]))
    x = outfits.places(outfits.observations())
    example = outfits.places(outfits.outfit(*outfits.EXAMPLE))
    keys = jax.random.split(jax.random.key(seed), 3)
    mle, smoothed = (_fit(density, x, alpha, samples, key) for alpha, key in zip((0.0, smoothing), keys, strict=False))
    nats = outfits.leave_one_out(density, gl.Data(x), jnp.asarray([0.0, *smoothings]))
    others = np.setdiff1d(np.arange(len(mle.mass)), np.asarray(x))
    unseen = np.random.default_rng(seed).choice(others, SHOWN, replace=False)
    probability = [float(fit.mass[int(example[0])]) for fit in (mle, smoothed)]
    return Found(
        density=density,
        observed=np.asarray(x),
        mle=mle,
        smoothed=smoothed,
        smoothings=smoothings,
        nats=np.asarray(nats[1:]),
        impossible=int(jnp.isinf(nats[0]).sum()),
        example=(probability[0], probability[1]),
        unseen=unseen,
    )


def _fit(density: gl.Density, x: jax.Array, smoothing: float, samples: int, key: jax.Array) -> Fitted:
    fit = jax.jit(gl.run)(gl.closed_form(), density, gl.Data(x), smoothing=smoothing)  # a status, no warning
    mass = jnp.exp(gl.log_prob(density, fit.params, density.space.enumerate()))
    drawn = gl.sample(density, key, fit.params, samples)
    return Fitted(smoothing, gl.Status(int(fit.status)).name, np.asarray(mass), np.asarray(drawn))
