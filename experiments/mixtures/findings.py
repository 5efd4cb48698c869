"""What the experiment found, in one place for the metrics and the story."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import jax

from experiments.mixtures.bits import Mixture
from experiments.mixtures.bumps import Bumps
from experiments.mixtures.classes import Classifier
from genjax_lab.data import Dataset


@dataclass(frozen=True)
class Findings:
    """Everything measured.

    Attributes:
      data: the bits of the mixtures of p(x).
      independent, naive_bayes: test nats without a label, and with the label seen in the fit and hidden in the test.
      mixtures: one for each number of components.
      labelled: the bits that are labelled.
      classes: the class-conditional mixtures.
      bumps: the mixtures of normal densities.
      restarts: starts of each of them.
      key: for the samples that are shown.
    """

    data: Dataset
    independent: float
    naive_bayes: float
    mixtures: tuple[Mixture, ...]
    labelled: Dataset
    classes: Classifier
    bumps: tuple[Bumps, ...]
    restarts: int
    key: jax.Array

    @property
    def name(self) -> str:
        """The data set as people call it."""
        return {"binarized_mnist": "MNIST", "digits": "the small digits"}[self.data.name]

    @property
    def largest(self) -> Mixture:
        """The mixture of most components."""
        return max(self.mixtures, key=lambda mixture: mixture.components)

    def metrics(self) -> dict[str, Any]:
        """The numbers, nested by model."""
        return {
            "independent_nats": self.independent,
            "naive_bayes_nats": self.naive_bayes,
            "mixtures": {
                m.components: {
                    "nats": m.nats,
                    "median_nats": m.median,
                    "nats_of_seeds": m.tested,
                    "images": m.images,
                    "fits": [asdict(trial) for trial in m.trials],
                }
                for m in self.mixtures
            },
            "classes": {
                "best": self.classes.best,
                "tested": {m: asdict(scores) for m, scores in self.classes.tested.items()},
                "fits": [asdict(trial) for trial in self.classes.trials],
            },
            "bumps": {
                f"{b.name}, {b.components}": {
                    "nats": b.nats,
                    "scikit_learn_nats": b.rival,
                    "smallest": b.smallest,
                    "starts": b.starts,
                }
                for b in self.bumps
            },
        }
