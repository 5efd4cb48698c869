"""Is a model right as often as it says? Reliability in bins of confidence.

The confidence of a row is the probability of its most probable label, c_i = max_y p(y | x_i). Rows are sorted
into bins of equal width by confidence; in bin b, with n_b of the n rows,

    ECE = Σ_b (n_b / n) |acc_b − conf_b|        MCE = max_b |acc_b − conf_b|

where acc_b is the share of right answers in the bin and conf_b their mean confidence.
Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks", eq. 2–5.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from genjax_lab.evaluate.check import checked_scores


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Calibration:
    """Reliability in bins of confidence; the bins ((b−1)/B, b/B] cut [0, 1] into B equal parts.

    Attributes:
      confidence: (B,) mean confidence of the rows in each bin, NaN in an empty one.
      accuracy: (B,) share of right answers in each bin, NaN in an empty one.
      counts: (B,) int32 rows in each bin.
      ece: expected calibration error, a scalar in [0, 1].
      mce: maximum calibration error over the bins that are not empty.
    """

    confidence: jax.Array
    accuracy: jax.Array
    counts: jax.Array
    ece: jax.Array
    mce: jax.Array


def calibration(log_probs: ArrayLike, labels: ArrayLike, bins: int = 15) -> Calibration:
    """Reliability of the most probable label.

    Args:
      log_probs: (n, k) normalised log-probabilities, log p(y | x).
      labels: (n,) integer labels, the truth.
      bins: number B of bins of equal width on [0, 1]; static.

    Returns:
      A `Calibration`.

    Raises:
      ValueError: no bins, shapes that do not match, rows that are not normalised, a label outside 0..k−1.

    Example:
      Always 90 % sure and right half of the time:

      >>> sure = jnp.log(jnp.array([[0.9, 0.1]] * 4))
      >>> round(float(calibration(sure, jnp.array([0, 0, 1, 1])).ece), 3)
      0.4
    """
    if bins < 1:
        raise ValueError(f"calibration: bins = {bins}; at least one is needed.")
    return _calibration(*checked_scores("calibration", log_probs, labels), bins)


@functools.partial(jax.jit, static_argnums=2)
def _calibration(log_probs: jax.Array, labels: jax.Array, bins: int) -> Calibration:
    confidence = jnp.exp(jnp.max(log_probs, axis=1))
    right = jnp.argmax(log_probs, axis=1) == labels
    upper = jnp.asarray(np.arange(1, bins + 1) / bins, confidence.dtype)  # by NumPy: XLA makes 15/15 less than 1
    index = jnp.searchsorted(upper[:-1], confidence)  # left: a confidence on an edge belongs to the bin below

    # Sums of the distance to the bin's upper edge: a float32 sum of many ones would stop growing at 2^24.
    counts = jax.ops.segment_sum(jnp.ones_like(index, jnp.int32), index, bins)
    hits = jax.ops.segment_sum(right.astype(jnp.int32), index, bins)
    short = jax.ops.segment_sum(upper[index] - confidence, index, bins)

    filled = counts > 0
    rows = jnp.where(filled, counts, 1)
    mean_confidence = upper - short / rows
    mean_accuracy = (hits / rows).astype(confidence.dtype)
    gap = jnp.where(filled, jnp.abs(mean_accuracy - mean_confidence), 0.0)
    return Calibration(
        confidence=jnp.where(filled, mean_confidence, jnp.nan),
        accuracy=jnp.where(filled, mean_accuracy, jnp.nan),
        counts=counts,
        ece=jnp.sum(gap * (counts / labels.shape[0])),
        mce=jnp.max(gap),
    )
