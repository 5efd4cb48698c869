"""What the experiment found, in one place for the metrics and the story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.mnist_density.measure import Outcome
from genjax_lab.data import Dataset


@dataclass(frozen=True)
class Findings:
    """Everything measured.

    Attributes:
      data: the images.
      outcomes: of the rungs, from the lowest.
      device: what they were fitted on, in words.
    """

    data: Dataset
    outcomes: tuple[Outcome, ...]
    device: str

    @property
    def name(self) -> str:
        """The data set as people call it."""
        return {"binarized_mnist": "MNIST", "digits": "the small digits"}[self.data.name]

    @property
    def best(self) -> Outcome:
        """The rung of the least test nats; rungs are compared, not chosen."""
        return min(self.outcomes, key=lambda outcome: outcome.test)

    @property
    def labels(self) -> list[Outcome]:
        """Those that label."""
        return [outcome for outcome in self.outcomes if outcome.accuracy is not None]

    def metrics(self) -> dict[str, Any]:
        """The numbers of each rung, without times."""
        return {
            outcome.rung.name: {
                "train_nats": outcome.train,
                "valid_nats": outcome.best.valid,
                "test_nats": outcome.test,
                "parameters": outcome.parameters,
                "accuracy": outcome.accuracy,
                "setting": outcome.best.setting,
                "status": outcome.best.status,
                "steps": outcome.best.steps,
                "valid_nats_of_settings": {trial.setting: trial.valid for trial in outcome.trials},
            }
            for outcome in self.outcomes
        }
