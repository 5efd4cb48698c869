"""Labels of grey images by Bayes' rule: in every class a mixture of normal densities of principal components.

    p(y | x) ∝ p(y) Σ_s Σ_m p(m | y) N(Wᵀ (u_s − ū); μ_ym, Σ_ym)

u_0 is the image set upright, u_s the same moved by a pixel, one way or another: where the digit lies is hidden too. W
has the directions in which the upright training images differ most; what differs along the others is left out, so this
labels images but is no density of all their pixels.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import genjax_lab as gl
from experiments import in_sight
from experiments.mnist_density.measure import timed
from experiments.mnist_density.upright import moved, upright
from experiments.stages import Stages, inside
from genjax_lab.data import Dataset, Split


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


@dataclass(frozen=True)
class Classes:
    """A mixture for each class: the density of one, the parameters of all, and what is added to log p(y)."""

    inside: gl.Density
    params: tuple[Any, ...]
    log_prior: jax.Array

    def right(self, positions: list[jax.Array], y: NDArray[np.int32]) -> float:
        """The share of labels that are right, of rows in all their positions."""

        def one(params: Any) -> jax.Array:
            every = jnp.stack([gl.log_prob(self.inside, params, z) for z in positions])
            return jax.nn.logsumexp(every, axis=0)

        scores = jnp.stack([one(params) for params in self.params], 1) + self.log_prior[None]
        return float(np.mean(np.asarray(scores.argmax(1)) == y))


def label(
    data: Dataset, grid: Sequence[tuple[int, int, float]], steps: int, pixels: int, seed: int, folder: str | None = None
) -> Labels:
    """Choose directions, components a class and added variance by validation labels; test the best once."""
    standing = {part: upright(whole.x.reshape(-1, *data.image_shape)) for part, whole in _parts(data).items()}

    @functools.cache
    def project_onto(d: int) -> Any:
        return principal(np.asarray(standing["train"]).reshape(len(data.train), -1), d, alike=False)

    def seen(part: str, d: int) -> list[jax.Array]:
        return [project_onto(d)(images.reshape(len(images), -1)) for images in moved(standing[part], pixels)]

    found, stages = [], Stages(len(grid))
    for d, k, variance in grid:
        name = f"{d} directions, K = {k}, variance {variance:g}"
        fit = functools.partial(_fitted, data, seen("train", d), k, variance, steps, seed, inside(folder, name))
        classes, seconds, _ = stages(name, functools.partial(timed, fit))
        found.append((Labelled(d, k, variance, classes.right(seen("valid", d), data.valid.y), seconds), classes))
    best, classes = max(found, key=lambda each: each[0].valid)
    test = classes.right(seen("test", best.directions), data.test.y)
    return Labels(tuple(trial for trial, _ in found), best, test)


def _parts(data: Dataset) -> dict[str, Split]:
    return {"train": data.train, "valid": data.valid, "test": data.test}


def _fitted(
    data: Dataset, positions: list[jax.Array], k: int, variance: float, steps: int, seed: int, folder: str | None
) -> Classes:
    """A mixture fitted to the rows of each class in all positions; classes share nothing, so each is fitted alone."""
    d = positions[0].shape[1]
    each = gl.mixture(gl.mvnormal(d), k) if k > 1 else gl.mvnormal(d)
    own = {"scale_tril": variance}
    how: dict[str, Any] = {"smoothing": {"prior": 1.0, "conditional": own} if k > 1 else own}
    if k > 1:
        how["method"] = gl.em(steps, tol=1e-3, curvature=False)
    counts = np.bincount(data.train.y, minlength=data.num_classes)
    params = []
    for c in range(data.num_classes):
        rows = np.flatnonzero(data.train.y == c)
        rows = np.resize(rows, counts.max())  # as many rows of every class, those too many of weight 0: one compilation
        weights = np.tile(np.arange(len(rows)) < counts[c], len(positions)).astype(np.float32)
        x = jnp.concatenate([z[rows] for z in positions])
        key = jax.random.key(seed + c)
        found = in_sight.fit(each, x, f"label {c}", folder, weights=weights, key=key, **how)
        params.append(found.params)
    prior = gl.fit(gl.categorical(data.num_classes), data.train.y, smoothing=1.0).params["logits"]
    return Classes(each, tuple(params), jax.nn.log_softmax(prior))


def principal(x: NDArray[Any], d: int, alike: bool = True) -> Any:
    """The projection of images onto the d directions of most variance, each made of variance 1, or only the first."""
    wide = x.astype(np.float32)
    mean = wide.mean(0)
    values, vectors = np.linalg.eigh(np.cov(wide - mean, rowvar=False))
    onto = vectors[:, -d:] / np.sqrt(values[-d:] if alike else values[-1])
    return lambda x: jnp.asarray((x - mean[None]) @ onto, jnp.float32)
