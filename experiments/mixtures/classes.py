"""A mixture of coins in every class: p(x | y), and by Bayes' rule a label for every image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

import genjax_lab as gl
from experiments import in_sight
from experiments.mixtures.bits import imaginary
from experiments.mnist.scores import Scores, score
from experiments.stages import inside
from genjax_lab.data import Dataset


@dataclass(frozen=True)
class Trial:
    """One fit: components a class, imaginary images a component, and how it labels and describes validation images."""

    components: int
    images: float
    scores: Scores
    steps: int


@dataclass(frozen=True)
class Classifier:
    """Class-conditional mixtures.

    Attributes:
      trials: every fit.
      tested: test scores for each number of components, with the smoothing that is best on validation labels, of the
        fit to training and validation images together.
      best: components a class, chosen by validation labels.
    """

    trials: tuple[Trial, ...]
    tested: dict[int, Scores]
    best: int


def fit_classifier(
    data: Dataset, components: Sequence[int], grid: Sequence[float], seed: int, tol: float, folder: str | None = None
) -> Classifier:
    """Choose by validation labels; fit again to training and validation images together, and test."""
    train, held_out = data.train, data.valid
    both = np.concatenate([train.y, held_out.y]), np.concatenate([train.x, held_out.x])
    trials: list[Trial] = []
    best: dict[int, Trial] = {}
    tested: dict[int, Scores] = {}
    for m in components:
        model = mixtures_in_classes(data, m)
        for images in grid:
            found = _fit(model, train.y, train.x, images, seed, tol, inside(folder, f"K = {m} training"))
            trials.append(Trial(m, images, score(model, found.params, held_out.x, held_out.y)[0], int(found.steps)))
        best[m] = max((t for t in trials if t.components == m), key=lambda trial: trial.scores.accuracy)
        found = _fit(model, *both, best[m].images, seed, tol, inside(folder, f"K = {m} both"))
        tested[m] = score(model, found.params, data.test.x, data.test.y)[0]
    return Classifier(tuple(trials), tested, max(best, key=lambda m: best[m].scores.accuracy))


def mixtures_in_classes(data: Dataset, m: int) -> gl.Density:
    """p(y, x) = p(y) Σ_z p(z | y) Π_j p(x_j | y, z), z one of m."""
    one = gl.mixture(gl.bernoulli((data.pixels,)), m)
    return gl.joint(gl.categorical(data.num_classes), gl.per_class(one, data.num_classes))


def _fit(model: gl.Density, y: Any, x: Any, images: float, seed: int, tol: float, folder: str | None) -> gl.Fit:
    name, smoothing = f"{images:g} imaginary images in each class", {"conditional": imaginary(x, images)}
    method = gl.em(tol=tol, curvature=False)
    return in_sight.fit(model, (y, x), name, folder, key=jax.random.key(seed), smoothing=smoothing, method=method)
