"""Which density for which feature: categories are counted, and numbers choose by held-out likelihood.

A candidate may look at a number x through a map z(x); its density of x is then p(z(x)) |dz/dx|, so that all candidates
of a feature are densities of the same x and their nats compare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.naive_bayes.folds import inner_nats
from genjax_lab.data import Column, Table

CELLS = 20
"""Cells of equal width of a histogram over the range of a column."""

MOST_VALUES = 5000
"""A column of whole numbers of a wider range has no table of its values."""


@dataclass(frozen=True)
class Feature:
    """A column as a density sees it.

    Attributes:
      name: of the density, for people.
      density: of z.
      z: (n,) the column as it is looked at.
      log_slope: (n,) log |dz/dx|.
    """

    name: str
    density: gl.Density
    z: np.ndarray
    log_slope: np.ndarray

    @classmethod
    def of(cls, name: str, density: gl.Density, z: np.ndarray, log_slope: np.ndarray | None = None) -> Feature:
        """A feature in float32; without a slope z is x, or x moved."""
        slope = np.zeros(len(z)) if log_slope is None else log_slope
        return cls(name, density, z.astype(np.float32), slope.astype(np.float32))


def categories(column: Column) -> Feature:
    """A categorical column, counted."""
    return Feature("table", gl.categorical(len(column.categories)), column.values, np.zeros(len(column.values)))


def candidates(column: Column) -> tuple[Feature, ...]:
    """Densities for a column of numbers, none of them negative.

    Raises:
      ValueError: for a missing number, a negative one, or a column that is constant.
    """
    x = column.values.astype(float)
    if np.isnan(x).any() or x.min() < 0 or x.min() == x.max():
        raise ValueError(f"{column.name}: numbers must be there, not negative, and not all the same")
    span, high, logs = float(x.max() - x.min()), float(x.max()), np.log1p(x)
    found = [
        Feature.of("normal", gl.normal(), x),
        Feature.of("log-normal", gl.normal(), logs, -logs),
        Feature.of("gamma", gl.gamma(), x + 1),
        _cells(column, x),
        # Cells of log(1 + x) from log ½ on, log 3 wide: x in [−½, ½), [½, 3½), [3½, 12½), …, none narrower than 1.
        Feature.of("log cells", _log_cells(high), logs, -logs),
    ]
    if column.kind == "integer" and CELLS <= span < MOST_VALUES:
        values = gl.histogram(int(span) + 1, high - span - 0.5, high + 0.5)
        found.append(Feature.of("table", values, x))
    return tuple(found)


def _cells(column: Column, x: np.ndarray) -> Feature:
    """Cells of equal width; of whole numbers none narrower than 1: a density may not live in the gaps between them."""
    low, high = float(x.min()), float(x.max())
    if column.kind != "integer":
        return Feature.of(f"{CELLS} cells", gl.histogram(CELLS, low, high), x)
    if high - low < CELLS:
        return Feature.of("table", gl.histogram(int(high - low) + 1, low - 0.5, high + 0.5), x)
    return Feature.of(f"{CELLS} cells", gl.histogram(CELLS, low - 0.5, high + 0.5), x)


def _log_cells(high: float) -> gl.Density:
    cells = math.ceil((math.log(high + 1.5) - math.log(0.5)) / math.log(3))
    return gl.histogram(cells, math.log(0.5), math.log(0.5) + cells * math.log(3))


@dataclass(frozen=True)
class Choice:
    """The densities of a column and how well each describes it.

    Attributes:
      features: the candidates.
      nats: (folds, candidates) −log p(x | y) a row, held out within the training rows of each fold.
    """

    features: tuple[Feature, ...]
    nats: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """(folds,) the place of the candidate that each fold's training rows choose."""
        return self.nats.argmin(1)


def choose(table: Table, fold: np.ndarray, smoothing: float) -> dict[str, Choice]:
    """Score the candidates of every column of numbers within the training rows of each fold."""
    return {
        name: _scored(candidates(column), table, fold, smoothing)
        for name, column in table.features.items()
        if column.kind != "categorical"
    }


def _scored(features: tuple[Feature, ...], table: Table, fold: np.ndarray, smoothing: float) -> Choice:
    folds = int(fold.max()) + 1
    y, places = jnp.asarray(table.y), jnp.asarray(fold)
    nats = []
    for feature in features:
        density = gl.per_class(feature.density, len(table.classes))
        of_z = inner_nats(density, y, jnp.asarray(feature.z), places, folds, jnp.asarray(smoothing))
        slope = [feature.log_slope[fold != number].mean(dtype=float) for number in range(folds)]
        nats.append(np.asarray(of_z) - slope)
    return Choice(features, np.stack(nats, 1))


def model_of(features: Mapping[str, Feature], classes: int) -> gl.Density:
    """Naive Bayes over features: p(y) Π_j p(x_j | y)."""
    densities = {name: feature.density for name, feature in features.items()}
    return gl.joint(gl.categorical(classes), gl.per_class(gl.product(densities), classes))
