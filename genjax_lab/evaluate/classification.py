"""How good are p(y | x) and the labels guessed from it.

Labels are integers 0..k−1; `log_probs[i, c]` is log p(y = c | x_i), as `gl.predict_log_prob` gives it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from genjax_lab.evaluate.check import checked_labels, checked_scores, require_in_range


def accuracy(predicted: ArrayLike, labels: ArrayLike) -> jax.Array:
    """Share of the rows whose predicted label is the true one.

    Args:
      predicted: (n,) integer labels.
      labels: (n,) integer labels, the truth.

    Returns:
      A scalar in [0, 1].

    Raises:
      ValueError: not the same length, no rows, or not integers.

    Example:
      >>> float(accuracy(jnp.array([0, 1, 1, 2]), jnp.array([0, 1, 2, 2])))
      0.75
    """
    predicted, labels = checked_labels("accuracy", predicted=predicted, labels=labels)
    return jnp.mean(predicted == labels)


def log_loss(log_probs: ArrayLike, labels: ArrayLike) -> jax.Array:
    """Mean of −log p(y | x), in nats: infinite if a true label was called impossible.

    Args:
      log_probs: (n, k) normalised log-probabilities.
      labels: (n,) integer labels.

    Returns:
      A scalar in nats per row.

    Raises:
      ValueError: the shapes do not match, rows are not normalised, or a label is outside 0..k−1.

    Example:
      >>> float(log_loss(jnp.log(jnp.array([[0.5, 0.5], [0.5, 0.5]])), jnp.array([0, 1])))  # ln 2
      0.6931...
    """
    log_probs, labels = checked_scores("log_loss", log_probs, labels)
    return -jnp.mean(jnp.take_along_axis(log_probs, labels[:, None], axis=1))


def brier(log_probs: ArrayLike, labels: ArrayLike) -> jax.Array:
    """Brier score of all k probabilities, mean over rows of Σ_c (p(c | x) − [y = c])², between 0 and 2.

    Brier (1950), "Verification of forecasts expressed in terms of probability", eq. 2. For two classes it is
    twice the score that some libraries give.

    Args:
      log_probs: (n, k) normalised log-probabilities.
      labels: (n,) integer labels.

    Returns:
      A scalar; 0 is perfect.

    Raises:
      ValueError: as `log_loss`.

    Example:
      >>> float(brier(jnp.log(jnp.array([[0.5, 0.5]])), jnp.array([1])))
      0.5
    """
    log_probs, labels = checked_scores("brier", log_probs, labels)
    truth = jax.nn.one_hot(labels, log_probs.shape[1], dtype=log_probs.dtype)
    return jnp.mean(jnp.sum((jnp.exp(log_probs) - truth) ** 2, axis=1))


def confusion_matrix(predicted: ArrayLike, labels: ArrayLike, num_classes: int) -> jax.Array:
    """Counts of (true label, predicted label).

    Args:
      predicted: (n,) integer labels.
      labels: (n,) integer labels, the truth.
      num_classes: k.

    Returns:
      (k, k) int32; row = truth, column = prediction.

    Raises:
      ValueError: not the same length, no rows, not integers, or a label outside 0..k−1.

    Example:
      >>> confusion_matrix(jnp.array([0, 1, 1]), jnp.array([0, 1, 0]), 2).tolist()
      [[1, 1], [0, 1]]
    """
    predicted, labels = checked_labels("confusion_matrix", predicted=predicted, labels=labels)
    require_in_range("confusion_matrix", "predicted", predicted, num_classes)
    require_in_range("confusion_matrix", "labels", labels, num_classes)
    flat = jnp.zeros(num_classes * num_classes, jnp.int32).at[labels * num_classes + predicted].add(1)
    return flat.reshape(num_classes, num_classes)
