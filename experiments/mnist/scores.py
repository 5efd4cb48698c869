"""How well a naive Bayes model describes and labels images it was not fitted to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import jax
import numpy as np

import genjax_lab as gl
from genjax_lab.data import Dataset
from genjax_lab.evaluate import accuracy, brier, log_loss


@dataclass(frozen=True)
class LabelScores:
    """How good p(y | x) is, as means over images.

    Attributes:
      accuracy: share of the images whose most probable label is the true one.
      log_loss: −log p(y | x), in nats.
      brier: Brier score.
    """

    accuracy: float
    log_loss: float
    brier: float


@dataclass(frozen=True)
class Scores(LabelScores):
    """How good p(y | x) and p(x) are; `nats` is the mean of −log p(x)."""

    nats: float


def naive_bayes(pixels: gl.Density, num_classes: int) -> gl.Density:
    """p(y, x) = p(y) Π_j p(x_j | y): pixels are independent once the class is known."""
    return gl.joint(gl.categorical(num_classes), gl.per_class(pixels, num_classes))


def score(model: gl.Density, params: Any, x: Any, y: Any) -> tuple[Scores, jax.Array, np.ndarray]:
    """The scores of a joint on labelled images, log p(y | x) of every label (n, k), and −log p(x) (n,)."""
    log_probs = gl.predict_log_prob(gl.posterior(model), params, x)
    nats = -np.asarray(gl.log_prob(gl.marginal(model), params, x), np.float64)
    return Scores(**asdict(label_scores(log_probs, y)), nats=float(nats.mean())), log_probs, nats


def label_scores(log_probs: Any, y: Any) -> LabelScores:
    """The scores of log p(y | x), (n, k)."""
    return LabelScores(
        accuracy=float(accuracy(log_probs.argmax(axis=1), y)),
        log_loss=float(log_loss(log_probs, y)),
        brier=float(brier(log_probs, y)),
    )


def independent_nats(data: Dataset, smoothing: float) -> float:
    """Test −log p(x) of pixels that are independent and know no class."""
    pixels = gl.bernoulli((data.pixels,))
    fit = gl.fit(pixels, data.train.x, smoothing=smoothing)
    return float(gl.nll(pixels, fit.params, data.test.x))
