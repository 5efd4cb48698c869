"""What the experiment found, in one place for the metrics and the story."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp

from experiments.mnist.black_white import Agreement, BlackWhite
from experiments.mnist.grey import Grey, Tested
from experiments.mnist.neighbours import Dependence
from genjax_lab.data import Dataset
from genjax_lab.evaluate import Calibration


@dataclass(frozen=True)
class Findings:
    """Everything measured.

    Attributes:
      data: the grey images.
      threshold, smoothing: of the black-and-white model.
      bits: that model, on `data` in black and white.
      calibration: of its labels on the test images.
      agreement: with scikit-learn; None without smoothing, where they differ by design.
      fixed: the same model on the fixed binarisation, or why there is none.
      real, drawn: dependence of neighbouring pixels in training images and in samples.
      tables, bells: the categorical and the Gaussian model of grey levels.
      key: for the samples that are shown.
    """

    data: Dataset
    threshold: float
    smoothing: float
    bits: BlackWhite
    calibration: Calibration
    agreement: Agreement | None
    fixed: BlackWhite | str
    real: Dependence
    drawn: Dependence
    tables: Grey
    bells: Grey
    key: jax.Array

    @property
    def name(self) -> str:
        """The data set as people call it."""
        return {"mnist": "MNIST", "digits": "the small digits"}[self.data.name]

    @property
    def confidence(self) -> float:
        """Mean probability that the model gives the label it chooses."""
        return float(jnp.exp(self.bits.labels.max(axis=1)).mean())

    def metrics(self) -> dict[str, Any]:
        """The numbers, nested by model."""
        fixed, bits = self.fixed, self.bits
        return {
            "bernoulli": asdict(bits.scores)
            | {
                "independent_nats": bits.independent,
                "confidence": self.confidence,
                "ece": self.calibration.ece,
                "mce": self.calibration.mce,
            },
            "fixed_binarisation": None
            if isinstance(fixed, str)
            else asdict(fixed.scores) | {"independent_nats": fixed.independent},
            "scikit_learn": None if self.agreement is None else asdict(self.agreement),
            "neighbour_correlation": {"data": asdict(self.real), "samples": asdict(self.drawn)},
            "categorical": _grey(self.tables),
            "gaussian": _grey(self.bells),
        }


def _grey(model: Grey) -> dict[str, Any]:
    return {
        **_tested(model.best),
        "chosen_by_labels": _tested(model.best_labels),
        "validation": [asdict(trial) for trial in model.trials],
    }


def _tested(fit: Tested) -> dict[str, Any]:
    return {"smoothing": fit.amount, "bits_per_dim": fit.bits} | asdict(fit.scores)
