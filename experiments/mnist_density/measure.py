"""Fit a rung, choose by validation, score the test images once, and let it draw."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import jax
import numpy as np

import genjax_lab as gl
from experiments.in_sight import EARLIER
from experiments.mnist_density.effort import Effort
from experiments.mnist_density.fits import Fitted, images
from experiments.mnist_density.rungs import Rung
from experiments.stages import inside
from genjax_lab.data import Dataset
from genjax_lab.evaluate import accuracy

SHOWN = 10
"""Images in a row of a figure."""


@dataclass(frozen=True)
class Trial:
    """One way to fit a rung.

    Attributes:
      setting: what was set.
      valid: nats of a validation image.
      seconds: of the fit, without those of compiling.
      compiling: seconds of compiling.
      steps: passes over the data, or epochs.
      status: how it ended.
    """

    setting: str
    valid: float
    seconds: float
    compiling: float
    steps: int
    status: str


@dataclass(frozen=True)
class Outcome:
    """What a rung came to.

    Attributes:
      rung: the rung.
      trials: the ways it was fitted.
      best: the one that is kept, by validation.
      train, test: nats of an image with it.
      parameters: how many free numbers it has.
      accuracy: share of the test labels that it gets right by Bayes' rule; None where it has no classes.
      samples: images drawn, (SHOWN, height, width).
      draws: of the bound that stands for −log p(x); None: it is exact.
      completed: the lower halves of test images drawn given the upper, likewise; None where it cannot.
    """

    rung: Rung
    trials: tuple[Trial, ...]
    best: Trial
    train: float
    test: float
    parameters: int
    accuracy: float | None
    samples: np.ndarray
    completed: np.ndarray | None
    draws: int | None = None

    @property
    def title(self) -> str:
        """What people call the rung, and of how many draws its bound is."""
        return self.rung.title if self.draws is None else f"{self.rung.title} of {self.draws} draws"

    @property
    def words(self) -> str:
        """The test nats."""
        return f"{self.test:.1f} nats" if self.draws is None else f"{self.test:.1f} nats at most"

    @property
    def label(self) -> str:
        """The short name, marked where the number is a bound."""
        return self.rung.name if self.draws is None else f"{self.rung.name} (≤)"


COMPILES = {f"/jax/core/compile/{part}" for part in ("jaxpr_to_mlir_module_duration", "backend_compile_duration")}
"""What is not nested in one another: tracing is, and counts as work."""


class Compiling:
    """Seconds that JAX has spent on compiling since it was made."""

    def __init__(self) -> None:
        self.seconds = 0.0
        jax.monitoring.register_event_duration_secs_listener(self._add)

    def _add(self, event: str, duration_secs: float, **_: str | int) -> None:
        if event in COMPILES:
            self.seconds += duration_secs


COMPILING = Compiling()


Ended = TypeVar("Ended", bound=Any)
"""What has `params`."""


def timed(fit: Callable[[], Ended]) -> tuple[Ended, float, float]:
    """What was fitted, and the seconds of it: without compiling, and of compiling.

    Of fits that went on from a checkpoint the first have all that these had taken before, compiling too.
    """
    before, earlier, began = COMPILING.seconds, EARLIER.seconds, time.perf_counter()
    fitted = fit()
    jax.block_until_ready(fitted.params)
    compiling = COMPILING.seconds - before
    return fitted, time.perf_counter() - began - compiling + EARLIER.seconds - earlier, compiling


def nats(fitted: Fitted, x: np.ndarray) -> float:
    """−log p(x) of an image, the mean."""
    return float(gl.nll(fitted.density, fitted.params, images(fitted.density, x)))


def climb(rung: Rung, data: Dataset, effort: Effort, key: jax.Array) -> Outcome:
    """Fit a rung in all its ways; keep the best by validation, and look at the test images with that one only."""
    kept: list[tuple[Trial, Fitted]] = []
    effort = replace(effort, checkpoint=inside(effort.checkpoint, rung.name))
    for fit in rung.fits(data, effort):
        fitted, seconds, compiling = timed(fit)
        valid = nats(fitted, data.valid.x)
        kept.append((Trial(fitted.setting, valid, seconds, compiling, fitted.steps, fitted.status), fitted))
    best, fitted = min(kept, key=lambda each: each[0].valid)
    first, second = jax.random.split(key)
    drawn = gl.sample(fitted.density, first, fitted.params, SHOWN)
    return Outcome(
        rung=rung,
        trials=tuple(trial for trial, _ in kept),
        best=best,
        train=nats(fitted, data.train.x[: len(data.test)]),
        test=nats(fitted, data.test.x),
        parameters=gl.degrees_of_freedom(fitted.density),
        accuracy=labels_right(fitted, data),
        samples=np.asarray(drawn).reshape(-1, *data.image_shape),
        completed=lower_halves(fitted, data, second),
        draws=fitted.draws,
    )


def labels_right(fitted: Fitted, data: Dataset) -> float | None:
    """Share of the test labels that are right by Bayes' rule."""
    if fitted.joint is None:
        return None
    guesses = gl.predict(gl.posterior(fitted.joint), fitted.params, images(fitted.density, data.test.x))
    return float(accuracy(guesses, data.test.y))


def lower_halves(fitted: Fitted, data: Dataset, key: jax.Array) -> np.ndarray | None:
    """The first test images of SHOWN labels, their lower halves drawn given the upper."""
    if fitted.density.complete is None:
        return None
    seen = upper(data).reshape(fitted.density.space.struct.shape)
    x = images(fitted.density, data.test.x[shown(data)])
    drawn = gl.complete(fitted.density, key, fitted.params, x, seen)
    return np.asarray(drawn).reshape(-1, *data.image_shape)


def upper(data: Dataset) -> np.ndarray:
    """Which pixels lie in the upper half: bool[height, width]."""
    height, width = data.image_shape
    return np.repeat(np.arange(height) < height // 2, width).reshape(height, width)


def shown(data: Dataset) -> np.ndarray:
    """The first test image of each label: int[SHOWN]."""
    return np.array([int(np.argmax(data.test.y == label)) for label in range(data.num_classes)])[:SHOWN]
