"""A mixture of coins in every class: p(x | y), and by Bayes' rule a label for every image."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp

import genjax_lab as gl
from experiments.mixtures.bits import imaginary
from experiments.mnist.scores import Scores, score
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
      tested: test scores of the best smoothing for each number of components, chosen by validation labels.
      best: components a class, chosen by validation labels.
    """

    trials: tuple[Trial, ...]
    tested: dict[int, Scores]
    best: int


def fit_classifier(
    data: Dataset, components: Sequence[int], grid: Sequence[float], seed: int, tol: float
) -> Classifier:
    """Fit every combination to the training images in one call each; choose by validation labels, then test."""
    labelled, held_out = (jnp.asarray(data.train.y), jnp.asarray(data.train.x)), data.valid
    trials: list[Trial] = []
    best: dict[int, Trial] = {}
    tested: dict[int, Scores] = {}
    for m in components:
        one = gl.mixture(gl.bernoulli((data.pixels,)), m)
        model = gl.joint(gl.categorical(data.num_classes), gl.per_class(one, data.num_classes))
        kept = None
        for images in grid:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", gl.FitWarning)  # an end that is not quite still is good enough here
                fit = gl.fit(
                    model,
                    labelled,
                    key=jax.random.key(seed),
                    smoothing={"conditional": imaginary(labelled[1], images)},
                    method=gl.em(tol=tol, curvature=False),
                )
            trial = Trial(m, images, score(model, fit.params, held_out.x, held_out.y)[0], int(fit.steps))
            trials.append(trial)
            if m not in best or trial.scores.accuracy > best[m].scores.accuracy:
                best[m], kept = trial, fit.params
        tested[m] = score(model, kept, data.test.x, data.test.y)[0]
    return Classifier(tuple(trials), tested, max(best, key=lambda m: best[m].scores.accuracy))
