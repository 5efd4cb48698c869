"""Digits in black and white by few hidden coordinates: nats, pixels lost, and labels read off the coordinates."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.mnist_density.hidden import Coder
from experiments.mnist_density.hidden import learn as learn_coder
from experiments.stages import Stages, inside
from genjax_lab.data import Dataset
from genjax_lab.evaluate import accuracy

SEEN = 0.3
"""How far from 0 a linear density is told that a bit lies, on the side of its value: the middle of what it was fitted
to, draws of what `gl.dequantised` says that bits are seen of."""

LINEAR = ("principal components", "factor analysis")
CODER = "autoencoder"


@dataclass(frozen=True)
class Coded:
    """A density of images with k hidden coordinates.

    Attributes:
      name: in words.
      k: number of hidden coordinates.
      nats: a bound on −log p(x) of a test image, the mean.
      wrong: share of the pixels of test images that decode(encode(x)) gets wrong, rounded to bits.
      right: share of test labels that a linear reading of the coordinates gets right.
      encode: images [n, d] -> f[n, k].
      decode: f[n, k] -> how dark each pixel is, f[n, d], 0 to 1.
    """

    name: str
    k: int
    nats: float
    wrong: float
    right: float
    encode: Callable[[Any], np.ndarray]
    decode: Callable[[Any], np.ndarray]


@dataclass(frozen=True)
class Digits:
    """What was found.

    Attributes:
      data: the images.
      coded: every density.
      raw: share of test labels that a linear reading of the pixels themselves gets right.
      draws: of each bound.
    """

    data: Dataset
    coded: tuple[Coded, ...]
    raw: float
    draws: int

    def of(self, name: str) -> list[Coded]:
        """The densities of one kind, the fewest hidden coordinates first."""
        return [one for one in self.coded if one.name == name]


@dataclass(frozen=True)
class Effort:
    """How much is spent.

    Attributes:
      linear, coders: numbers of hidden coordinates, of linear densities and of autoencoders.
      units, epochs: of each autoencoder.
      draws: of each bound.
      labelled: training images whose labels are read.
      seed: of everything.
      checkpoint: a directory for fits under way, or None.
    """

    linear: tuple[int, ...]
    coders: tuple[int, ...]
    units: tuple[int, ...]
    epochs: int
    draws: int
    labelled: int
    seed: int
    checkpoint: str | None = None


def learn(data: Dataset, effort: Effort) -> Digits:
    """Fit every density to the training images; no choice is made, and the test images are scored once."""
    makes = dict(zip(LINEAR, (gl.ppca, gl.factor_analysis), strict=True))
    ways = [(name, k) for name in LINEAR for k in effort.linear] + [(CODER, k) for k in effort.coders]
    stages = Stages(len(ways) + 1)

    def one(name: str, k: int) -> Coded:
        found = _coder(k, data, effort) if name == CODER else _linear(makes[name](data.pixels, k), data, effort)
        return _scored(name, k, data, effort, *found)

    coded = tuple(stages(f"{name}, {k} coordinates", functools.partial(one, name, k)) for name, k in ways)
    raw = stages("pixels as they are", lambda: _read(lambda x: np.asarray(x, np.float32), data, effort))
    return Digits(data, coded, raw, effort.draws)


def _linear(density: gl.Density, data: Dataset, effort: Effort) -> tuple[Any, ...]:
    """One fitted to what bits are seen of: its bound's density and parameters, and its coder."""
    how: dict[str, Any] = {"key": jax.random.key(effort.seed)}
    if not (isinstance(density.estimator, gl.Estimator) and density.estimator.exact):
        how |= {
            "method": gl.em(max_steps=60, tol=1e-2, curvature=False),
            "checkpoint": inside(effort.checkpoint, f"{density!r}"),
        }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gl.FitWarning)  # the end of the steps is near enough
        levels = gl.dequantised(density, 2)
        params = gl.fit(levels, jnp.asarray(data.train.x), **how).params

    def encode(x: Any) -> np.ndarray:
        return np.asarray(gl.encode(density, params, SEEN * (2 * np.asarray(x, np.float32) - 1)))

    def decode(z: Any) -> np.ndarray:
        return np.clip(np.asarray(gl.decode(density, params, z)) / SEEN / 2 + 0.5, 0, 1)

    return gl.dequantised(density, 2, effort.draws), params, encode, decode


def _coder(k: int, data: Dataset, effort: Effort) -> tuple[Any, ...]:
    """An autoencoder."""
    place = inside(effort.checkpoint, f"autoencoder of {k}")
    found = learn_coder(Coder(k, effort.units), data, effort.epochs, effort.seed, effort.draws, checkpoint=place)

    def encode(x: Any) -> np.ndarray:
        return np.asarray(gl.encode(found.density, found.params, x))

    def decode(z: Any) -> np.ndarray:
        return np.asarray(gl.decode(found.density, found.params, z))

    return found.density, found.params, encode, decode


def _scored(
    name: str, k: int, data: Dataset, effort: Effort, density: gl.Density, params: Any, encode: Any, decode: Any
) -> Coded:
    nats = float(gl.nll(density, params, data.test.x))
    wrong = float(np.mean((decode(encode(data.test.x)) > 0.5) != (data.test.x > 0)))
    right = _read(encode, data, effort)
    return Coded(name, k, nats, wrong, right, encode, decode)


def _read(encode: Callable[[Any], np.ndarray], data: Dataset, effort: Effort) -> float:
    """Share of test labels that logistic regression of the coordinates gets right."""
    some = slice(effort.labelled)
    z, new = encode(data.train.x[some]), encode(data.test.x)
    model = gl.logistic_regression(z.shape[1], data.num_classes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gl.FitWarning)
        fit = gl.fit(model, data.train.y[some], given=z, penalty=1e-4, key=jax.random.key(effort.seed))
    return float(accuracy(gl.predict(model, fit.params, new), data.test.y))
