"""Labels of grey images by Bayes' rule: in every class a mixture of normal densities of principal components.

    z = Wᵀ (x − x̄),   p(y | z) ∝ p(y) Σ_m p(m | y) N(z; μ_ym, Σ_ym)

W has the directions in which the training images differ most; what differs along the others is left out, so this
labels images but is no density of all their pixels.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import genjax_lab as gl
from experiments.mnist_density.measure import timed
from genjax_lab.data import Dataset
from genjax_lab.evaluate import accuracy


@dataclass(frozen=True)
class Labelled:
    """One fit: what was set, the share of validation labels that it gets right, and the seconds without compiling."""

    directions: int
    components: int
    variance: float
    valid: float
    seconds: float

    @property
    def setting(self) -> str:
        """In words."""
        return f"{self.directions} directions, K = {self.components}, variance {self.variance:g} added"


@dataclass(frozen=True)
class Labels:
    """Every fit, the best by validation, and the share of test labels that this one gets right."""

    trials: tuple[Labelled, ...]
    best: Labelled
    test: float

    def metrics(self) -> dict[str, Any]:
        """The numbers, without times."""
        valid = {trial.setting: trial.valid for trial in self.trials}
        return {"setting": self.best.setting, "accuracy": self.test, "valid_accuracy_of_settings": valid}


def label(data: Dataset, grid: Iterable[tuple[int, int, float]], steps: int, seed: int) -> Labels:
    """Choose directions, components a class and added variance by validation labels; test the best once."""
    found = [_fitted(data, *setting, steps, seed) for setting in grid]
    best, guess = max(found, key=lambda each: each[0].valid)
    return Labels(tuple(trial for trial, _ in found), best, float(accuracy(guess(data.test.x), data.test.y)))


def _fitted(data: Dataset, d: int, k: int, variance: float, steps: int, seed: int) -> tuple[Labelled, Any]:
    project = principal(data.train.x, d)
    inside = gl.mixture(gl.mvnormal(d), k) if k > 1 else gl.mvnormal(d)
    model = gl.joint(gl.categorical(data.num_classes), gl.per_class(inside, data.num_classes))
    rows = jnp.asarray(data.train.y), project(data.train.x)
    own = {"scale_tril": variance}
    smoothing = {"conditional": {"prior": 1.0, "conditional": own} if k > 1 else own}
    how: dict[str, Any] = {"method": gl.em(steps, tol=1e-3, curvature=False)} if k > 1 else {}

    def fit() -> gl.Fit:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gl.FitWarning)  # the end of the steps is near enough
            return gl.fit(model, rows, key=jax.random.key(seed), smoothing=smoothing, **how)

    found, seconds, _ = timed(fit)

    def guess(x: NDArray[np.uint8]) -> jax.Array:
        return gl.predict(gl.posterior(model), found.params, project(x))

    right = float(accuracy(guess(data.valid.x), data.valid.y))
    return Labelled(d, k, variance, right, seconds), guess


def principal(x: NDArray[np.uint8], d: int) -> Any:
    """The projection of images onto the d directions of most variance, each of variance 1 over all images together."""
    wide = x.astype(np.float32)
    mean = wide.mean(0)
    values, vectors = np.linalg.eigh(np.cov(wide - mean, rowvar=False))
    onto = vectors[:, -d:] / np.sqrt(values[-d:])
    return lambda x: jnp.asarray((x - mean) @ onto, jnp.float32)
