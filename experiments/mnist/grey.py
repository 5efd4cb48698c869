"""Grey pixels: a table of levels, or a bell curve, for each pixel and class.

Both are scored in bits per dimension, −log p(x) / (d ln 2), the price of one grey level, so they can be
compared. The table gives a probability of the integers themselves. The bell curve is a density, and a
density of integers can be made as high as one likes; it is fitted to and scored on x + u instead, u uniform
on [0, 1), which makes its score an upper bound on the price of the integers (`genjax_lab.evaluate.bits`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.mnist.scores import Scores, naive_bayes, score
from genjax_lab.data import Dataset, Split
from genjax_lab.evaluate import bits_per_dim

_ROWS = 10_000  # images dequantised at a time: 31 MB for MNIST


@dataclass(frozen=True)
class Trial:
    """One smoothing tried, and how the fit does on the validation images."""

    amount: float
    bits: float
    accuracy: float


@dataclass(frozen=True)
class Tested:
    """A chosen smoothing: the fit to the training images, scored on the test images."""

    amount: float
    params: Any
    scores: Scores
    bits: float


@dataclass(frozen=True)
class Grey:
    """A naive Bayes model of grey levels.

    Attributes:
      pixels: the density of an image given its class.
      num_classes: of the data.
      trials: the smoothings that were tried.
      best: the one with the fewest validation bits; this is the model.
      best_labels: the one with the most right validation labels, for comparison.
    """

    pixels: gl.Density
    num_classes: int
    trials: tuple[Trial, ...]
    best: Tested
    best_labels: Tested

    def draw(self, key: jax.Array, labels: Any) -> np.ndarray:
        """One image for each label from p(x | y): (n, pixels)."""
        given = gl.per_class(self.pixels, self.num_classes)
        return np.asarray(gl.sample(given, key, self.best.params["conditional"], given=jnp.asarray(labels)))


def categorical(data: Dataset, grid: Sequence[float]) -> Grey:
    """A probability for each level of each pixel, with `amount` pseudo-counts a level."""
    pixels = gl.categorical(data.levels, (data.pixels,))
    model = naive_bayes(pixels, data.num_classes)
    statistics = gl.statistics(model, (data.train.y, data.train.x))
    return _choose(
        pixels,
        data,
        grid,
        fit=lambda amount: gl.fit_statistics(model, statistics, smoothing=amount).params,
        valid=data.valid.x,
        test=data.test.x,
    )


def gaussian(data: Dataset, grid: Sequence[float], seed: int) -> Grey:
    """A normal density for each pixel of x + u; each variance is raised by the floor `amount`."""
    pixels = gl.normal((data.pixels,))
    model = naive_bayes(pixels, data.num_classes)
    noise = np.random.default_rng(seed)
    pieces = [gl.statistics(model, (part.y, dequantised(part.x, noise))) for part in _pieces(data.train)]
    statistics = reduce(lambda a, b: gl.merge(model, a, b), pieces)
    return _choose(
        pixels,
        data,
        grid,
        fit=lambda amount: gl.fit_statistics(model, statistics, smoothing={"conditional": {"scale": amount}}).params,
        valid=dequantised(data.valid.x, noise),
        test=dequantised(data.test.x, noise),
    )


def dequantised(x: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    """X + u in [0, levels)^d, float32; u in steps of 2^−16, for a finer one would round 255 + u up to 256."""
    u = noise.integers(0, 1 << 16, x.shape, dtype=np.uint16).astype(np.float32)
    u /= 1 << 16
    u += x
    return u


def _pieces(split: Split) -> Iterator[Split]:
    for start in range(0, len(split), _ROWS):
        yield Split(split.x[start : start + _ROWS], split.y[start : start + _ROWS])


def _choose(
    pixels: gl.Density, data: Dataset, grid: Sequence[float], fit: Callable[[float], Any], valid: Any, test: Any
) -> Grey:
    """Try every smoothing on the validation images; then, once, score the chosen on the test images."""
    model = naive_bayes(pixels, data.num_classes)

    def trial(amount: float) -> Trial:
        scores, *_ = score(model, fit(amount), valid, data.valid.y)
        return Trial(amount, _bits(scores, data), scores.accuracy)

    def tested(amount: float) -> Tested:
        params = fit(amount)
        scores, *_ = score(model, params, test, data.test.y)
        return Tested(amount, params, scores, _bits(scores, data))

    trials = tuple(trial(amount) for amount in grid)
    best = tested(min(trials, key=lambda tried: tried.bits).amount)
    best_labels = max(trials, key=lambda tried: tried.accuracy).amount
    return Grey(
        pixels=pixels,
        num_classes=data.num_classes,
        trials=trials,
        best=best,
        best_labels=best if best_labels == best.amount else tested(best_labels),
    )


def _bits(scores: Scores, data: Dataset) -> float:
    return float(bits_per_dim(scores.nats, data.pixels))
