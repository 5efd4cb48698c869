"""What the experiment found, in one place for the metrics and the story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.generative_vs_discriminative.curves import SCORES, Curves
from experiments.generative_vs_discriminative.learn import Scores


@dataclass(frozen=True)
class Findings:
    """The curves of every task, and how they were measured."""

    tasks: tuple[Curves, ...]
    seeds: int
    folds: int
    hidden: int

    @property
    def with_hidden(self) -> tuple[Curves, ...]:
        """The tasks that had rows enough to hide some labels."""
        return tuple(curves for curves in self.tasks if curves.counted_fully is not None)

    def crossing(self, score: str) -> list[str]:
        """The tasks where the lead changes, one way or the other."""
        return [curves.name for curves in self.tasks if curves.verdict(score)[1] is not None]

    def metrics(self) -> dict[str, Any]:
        """The numbers, nested by task."""
        return {"tasks": {curves.name: _curves(curves) for curves in self.tasks}}


def _curves(curves: Curves) -> dict[str, Any]:
    found: dict[str, Any] = {
        "sizes": list(curves.sizes),
        "generative": means(curves.generative),
        "discriminative": means(curves.discriminative),
        "crossing": {score: curves.verdict(score)[0] for score in SCORES},
        "crossing_at": {score: curves.verdict(score)[1] for score in SCORES},
    }
    if curves.counted_fully is not None and curves.counted_as_chosen is not None:
        found["hidden"] = {
            "sizes": list(curves.hidden_sizes),
            "counted_fully": means(curves.counted_fully),
            "counted_as_chosen": means(curves.counted_as_chosen),
            "chosen_counts": [float(np.mean(row)) for row in curves.counted_as_chosen.chosen],
        }
    return found


def means(scores: Scores) -> dict[str, list[float]]:
    """Of each score the mean over seeds, size by size."""
    return {score: [float(value) for value in getattr(scores, score).mean(1)] for score in SCORES}
