"""What the experiment found, in one place for the metrics and the story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.mnist_density.measure import Outcome
from experiments.mnist_density.principal import Labels
from genjax_lab.data import Dataset
from genjax_lab.evaluate import bits_per_dim


@dataclass(frozen=True)
class Ladder:
    """Rungs that were climbed on the same images.

    Attributes:
      data: the images.
      outcomes: of the rungs, from the lowest; perhaps none.
    """

    data: Dataset
    outcomes: tuple[Outcome, ...]

    @property
    def best(self) -> Outcome:
        """The rung of the least test nats; rungs are compared, not chosen."""
        return min(self.outcomes, key=lambda outcome: outcome.test)

    @property
    def labels(self) -> list[Outcome]:
        """Those that label."""
        return [outcome for outcome in self.outcomes if outcome.accuracy is not None]

    def bits(self, nats: float) -> float:
        """Bits a pixel."""
        return float(bits_per_dim(nats, self.data.pixels))

    def metrics(self) -> dict[str, Any]:
        """The numbers of each rung, without times."""
        return {
            outcome.rung.name: {
                "train_nats": outcome.train,
                "valid_nats": outcome.best.valid,
                "test_nats": outcome.test,
                "test_bits_per_dimension": self.bits(outcome.test),
                "parameters": outcome.parameters,
                "accuracy": outcome.accuracy,
                "setting": outcome.best.setting,
                "status": outcome.best.status,
                "steps": outcome.best.steps,
                "valid_nats_of_settings": {trial.setting: trial.valid for trial in outcome.trials},
            }
            for outcome in self.outcomes
        }


@dataclass(frozen=True)
class Findings:
    """Everything measured.

    Attributes:
      black: the ladder of black-and-white images.
      grey: that of grey ones.
      labels: by mixtures of principal components, or None.
      device: what they were fitted on, in words.
    """

    black: Ladder
    grey: Ladder
    labels: Labels | None
    device: str

    @property
    def name(self) -> str:
        """The data set as people call it."""
        return "the small digits" if self.black.data.name.startswith("digits") else "MNIST"

    def metrics(self) -> dict[str, Any]:
        """The numbers of each rung, without times."""
        labels = {} if self.labels is None else {"principal": self.labels.metrics()}
        return self.black.metrics() | self.grey.metrics() | labels
