"""Black-and-white pixels: one Bernoulli a pixel and class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.mnist.scores import LabelScores, Scores, independent_nats, label_scores, naive_bayes, score
from genjax_lab.data import DataNotFoundError, Dataset, load
from genjax_lab.evaluate import Calibration, calibration


@dataclass(frozen=True)
class BlackWhite:
    """Naive Bayes on bits, fitted to the training images and scored on the test images.

    Attributes:
      data: the bits.
      model: the joint p(y, x).
      params: its maximum-likelihood parameters.
      scores: on the test images.
      labels: (n, k) log p(y | x) of the test images.
      nats: (n,) −log p(x) of the test images.
      independent: test −log p(x) without classes, in nats.
    """

    data: Dataset
    model: gl.Density
    params: Any
    scores: Scores
    labels: jax.Array
    nats: np.ndarray
    independent: float

    @property
    def probabilities(self) -> jax.Array:
        """p(pixel is on | class): (classes, height, width)."""
        return jax.nn.sigmoid(self.params["conditional"]["logits"]).reshape(-1, *self.data.image_shape)

    def calibration(self, bins: int) -> Calibration:
        """Reliability of the labels on the test images."""
        return calibration(self.labels, self.data.test.y, bins)

    def draw(self, key: jax.Array, labels: Any) -> np.ndarray:
        """One image for each label from p(x | y): (n, pixels) uint8."""
        pixels = gl.per_class(gl.bernoulli((self.data.pixels,)), self.data.num_classes)
        drawn = gl.sample(pixels, key, self.params["conditional"], given=jnp.asarray(labels))
        return np.asarray(drawn, np.uint8)


def fit_bits(data: Dataset, smoothing: float) -> BlackWhite:
    """Fit by counting, and score on the test images."""
    model = naive_bayes(gl.bernoulli((data.pixels,)), data.num_classes)
    params = gl.fit(model, (data.train.y, data.train.x), smoothing=smoothing).params
    scores, labels, nats = score(model, params, data.test.x, data.test.y)
    return BlackWhite(data, model, params, scores, labels, nats, independent_nats(data, smoothing))


def fixed_binarisation(dataset: str, smoothing: float) -> BlackWhite | str:
    """The same fit to the published bits of MNIST, or one sentence why not."""
    if dataset != "mnist":
        return f"The fixed binarisation is a version of MNIST; this run is on {dataset}."
    try:
        return fit_bits(load("binarized_mnist"), smoothing)
    except DataNotFoundError as error:
        return f"The fixed binarisation could not be had, so this number is missing: {error.reason}."


@dataclass(frozen=True)
class Agreement:
    """Scikit-learn's BernoulliNB on the same split.

    Attributes:
      scores: of its p(y | x) on the test images.
      difference: the largest |ours − theirs| / |theirs| of log p(y, x) over test images and labels.
    """

    scores: LabelScores
    difference: float


def compare(ours: BlackWhite, smoothing: float) -> Agreement:
    """Fit scikit-learn's BernoulliNB, whose code shares nothing with this library, to the same images."""
    from sklearn.naive_bayes import BernoulliNB

    train, test = ours.data.train, ours.data.test
    theirs = BernoulliNB(alpha=smoothing, binarize=None).fit(train.x.astype(np.float32), train.y)
    log_joint = theirs.predict_joint_log_proba(test.x.astype(np.float32))
    mine = np.asarray(ours.labels) - ours.nats[:, None]
    return Agreement(
        scores=label_scores(jax.nn.log_softmax(log_joint.astype(np.float32)), test.y),
        difference=float(np.abs((mine - log_joint) / log_joint).max()),
    )
