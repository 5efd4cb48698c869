"""Mixtures of normal densities on two famous small tables, beside scikit-learn's best of as many starts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

import genjax_lab as gl
from genjax_lab.data import faithful, galaxies

FLOOR = 1e-3
"""Added to every variance, in squared units of the data, here and in scikit-learn: a component cannot collapse."""


@dataclass(frozen=True)
class Bumps:
    """A mixture of normal densities.

    Attributes:
      name: of the table.
      components: how many.
      x: the rows.
      model: the density.
      params: of the best of all starts.
      nats: mean −log p(x) of the rows it was fitted to.
      rival: the same of scikit-learn's best start.
      smallest: the least number of rows, by weight, that a component stands for.
      starts: −log p(x) at the end of every start, sorted.
    """

    name: str
    components: int
    x: NDArray[np.float64]
    model: gl.Density
    params: Any
    nats: float
    rival: float
    smallest: float
    starts: NDArray[np.float64]


def fit_tables(restarts: int, seed: int) -> Iterator[Bumps]:
    """Two and three components for the geyser, three and four for the galaxies."""
    for components in (2, 3):
        yield fit_bumps("Old Faithful", gl.mvnormal(2), "scale_tril", faithful(), components, restarts, seed)
    for components in (3, 4):
        yield fit_bumps("galaxies", gl.normal(), "scale", galaxies(), components, restarts, seed)


def fit_bumps(
    name: str, bump: gl.Density, spread: str, x: NDArray[np.float64], components: int, restarts: int, seed: int
) -> Bumps:
    """Fit here and with scikit-learn, the floor of the variances the same."""
    model = gl.mixture(bump, components)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gl.FitWarning)
        fit = gl.fit(
            model,
            x.astype(np.float32),
            key=jax.random.key(seed),
            restarts=restarts,
            smoothing={"conditional": {spread: FLOOR}},
            method=gl.em(max_steps=5000, curvature=False),
        )
    assert fit.starts is not None
    weights = np.exp(np.asarray(fit.params["prior"]["logits"]))
    return Bumps(
        name=name,
        components=components,
        x=x,
        model=model,
        params=fit.params,
        nats=-float(fit.log_likelihood) / len(x),
        rival=_scikit_learn(x, components, restarts),
        smallest=float(weights.min() * len(x)),
        starts=np.sort(-np.asarray(fit.starts[0], np.float64) / len(x)),
    )


def _scikit_learn(x: NDArray[np.float64], components: int, restarts: int) -> float:
    from sklearn.mixture import GaussianMixture

    rows = x.reshape(len(x), -1)
    rival = GaussianMixture(components, n_init=restarts, tol=1e-7, max_iter=5000, reg_covar=FLOOR, random_state=0)
    return -float(rival.fit(rows).score(rows))
