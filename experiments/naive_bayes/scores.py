"""Scores of held-out labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genjax_lab.evaluate import Calibration, accuracy, calibration, log_loss


@dataclass(frozen=True)
class Scores:
    """How good held-out p(y | x) are.

    Attributes:
      accuracy: share of right labels.
      log_loss: mean −log p(y | x) in nats.
      confidence: mean probability of the chosen label.
      calibration: in bins of confidence.
    """

    accuracy: float
    log_loss: float
    confidence: float
    calibration: Calibration

    @property
    def too_sure(self) -> float:
        """Mean confidence less accuracy."""
        return self.confidence - self.accuracy


def scores(log_probs: np.ndarray, y: np.ndarray, bins: int) -> Scores:
    """Score (n, k) log p(y | x)."""
    log_probs = log_probs.astype(np.float32)
    return Scores(
        accuracy=float(accuracy(log_probs.argmax(1), y)),
        log_loss=float(log_loss(log_probs, y)),
        confidence=float(np.exp(log_probs.max(1)).mean(dtype=float)),
        calibration=calibration(log_probs, y, bins),
    )
