"""Mixtures of coins on black-and-white images: p(x) with a hidden label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments import in_sight
from genjax_lab.data import Dataset

MANY = 100
"""A mixture of more components than this is fitted from fewer seeds, and its components fill no page."""

SHORT = 12
"""Passes that each start of a fit is given; then the best goes on."""


@dataclass(frozen=True)
class Trial:
    """One fit: imaginary images a component, seed, nats an image, passes over the data, and how it ended."""

    images: float
    seed: int
    train: float
    valid: float
    steps: int
    status: str


@dataclass(frozen=True)
class Mixture:
    """A mixture of k components of coins.

    Attributes:
      components: k.
      trials: every fit, those that chose the smoothing first.
      images: imaginary images a component, chosen by validation nats.
      tested: test nats of the fits with the chosen smoothing, in the order of their seeds.
      model: the density.
      params: of the fit with the best validation nats.
    """

    components: int
    trials: tuple[Trial, ...]
    images: float
    tested: tuple[float, ...]
    model: gl.Density
    params: Any

    @property
    def chosen(self) -> list[Trial]:
        """The fits with the chosen smoothing, in the order of their seeds."""
        return [trial for trial in self.trials if trial.images == self.images]

    @property
    def best(self) -> Trial:
        """The fit that is kept."""
        return min(self.chosen, key=lambda trial: trial.valid)

    @property
    def nats(self) -> float:
        """Test nats of the fit that is kept."""
        return self.tested[self.chosen.index(self.best)]

    @property
    def median(self) -> float:
        """The median of the test nats."""
        return float(np.median(self.tested))


def imaginary(x: Any, images: float) -> dict[str, Any]:
    """Smoothing of a mixture of coins: each component has seen so many average images, pixel by pixel."""
    pixels = gl.bernoulli(x.shape[1:])
    share = jax.nn.sigmoid(gl.fit(pixels, x, smoothing=0.5).params["logits"])
    return {"prior": images, "conditional": {"logits": images * jnp.stack([1 - share, share], -1)}}


def likeliest(params: Any, x: jax.Array, components: int) -> jax.Array:
    """Which component of a mixture of coins with these parameters is the likeliest of each row: int[n]."""
    coins = gl.per_class(gl.bernoulli(x.shape[1:]), components)
    return gl.predict(gl.posterior(gl.joint(gl.categorical(components), coins)), params, x)


def fit_mixture(
    data: Dataset, components: int, grid: Sequence[float], seeds: Sequence[int], starts: int, tol: float,
    folder: str | None = None,
) -> Mixture:  # fmt: skip
    """Choose the smoothing by validation with the first seed; then fit with the others, and score each on the test."""
    model = gl.mixture(gl.bernoulli((data.pixels,)), components)
    x, valid = jnp.asarray(data.train.x), jnp.asarray(data.valid.x)
    trials, kept = [], {}

    def fit(images: float, seed: int) -> None:
        name = f"K = {components}, {images:g} imaginary images, seed {seed}"
        how: dict[str, Any] = {"restarts": starts, "method": gl.em(tol=tol, curvature=False, short=SHORT)}
        key, smoothing = jax.random.key(seed), imaginary(x, images)
        found = in_sight.fit(model, x, name, folder, key=key, smoothing=smoothing, **how)
        status = gl.Status(int(found.status)).name
        train, held_out = -float(found.log_likelihood) / len(data.train), float(gl.nll(model, found.params, valid))
        trials.append(Trial(images, seed, train, held_out, int(found.steps), status))
        kept[images, seed] = found.params

    for images in grid:
        fit(images, seeds[0])
    chosen = min(trials, key=lambda trial: trial.valid).images
    for seed in seeds[1:]:
        fit(chosen, seed)
    tested = tuple(float(gl.nll(model, kept[chosen, seed], data.test.x)) for seed in seeds)
    best = min((t for t in trials if t.images == chosen), key=lambda trial: trial.valid)
    return Mixture(components, tuple(trials), chosen, tested, model, kept[chosen, best.seed])
