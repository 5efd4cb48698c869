"""What the experiment found, in one place for the metrics and the story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.naive_bayes.combinations import Combinations
from experiments.naive_bayes.scores import Scores
from experiments.naive_bayes.tables import Studied


@dataclass(frozen=True)
class Findings:
    """Everything measured.

    Attributes:
      outfits: the fifty outfits.
      tables: name → what was measured of it.
      folds: of the cross-validation.
      smoothing: pseudo-counts of each value in each class.
    """

    outfits: Combinations
    tables: Mapping[str, Studied]
    folds: int
    smoothing: float

    def metrics(self) -> dict[str, Any]:
        """The numbers, nested by table."""
        return {
            "outfits": self.outfits.metrics(),
            "tables": {name: _studied(studied) for name, studied in self.tables.items()},
        }


def _studied(found: Studied) -> dict[str, Any]:
    first, second, nats = strongest(found)
    return {
        "rows": len(found.table),
        "left_out": found.left_out,
        "free_parameters": found.free,
        "unseen_cells": found.unseen,
        "impossible_without_smoothing": found.impossible,
        "models": {
            variant.name: {
                "ours": _scores(variant.ours),
                "scikit_learn": None if variant.theirs is None else _scores(variant.theirs),
                "largest_difference": variant.difference,
            }
            for variant in found.variants
        },
        "without_repeats": None if found.fewer is None else _scores(found.fewer),
        "independent_rows": _scores(found.independent),
        "mutual_information": {
            "mean": off_diagonal(found.information),
            "by_chance": off_diagonal(found.by_chance),
            "largest": {"features": [first, second], "nats": nats},
        },
        "densities": {
            name: {"nats": dict(zip((f.name for f in choice.features), choice.nats.mean(0), strict=True))}
            | {"chosen_by_fold": [choice.features[place].name for place in choice.best]}
            for name, choice in found.choices.items()
        },
    }


def _scores(scores: Scores) -> dict[str, float]:
    return {
        "accuracy": scores.accuracy,
        "log_loss": scores.log_loss,
        "confidence": scores.confidence,
        "ece": float(scores.calibration.ece),
    }


def off_diagonal(information: np.ndarray) -> float:
    """Mean over pairs of different features, in nats."""
    return float(information[~np.eye(len(information), dtype=bool)].mean())


def strongest(found: Studied) -> tuple[str, str, float]:
    """The pair of features that know most of each other given the class, and the nats."""
    pairs = np.triu(found.information, 1)
    row, column = np.unravel_index(pairs.argmax(), pairs.shape)
    names = list(found.table.features)
    return names[row], names[column], float(pairs[row, column])
