"""What the experiment found, in one place for the metrics and the story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.representation.digits import Coded, Digits
from experiments.representation.tins import Learnt, Tins, pictures

GOALS = np.arange(6.0, 15.0, 2.0)
"""Heights, in pixels, of the new tins that are made; all as wide as the one they start from."""


@dataclass(frozen=True)
class Findings:
    """Everything measured."""

    tins: Tins
    digits: Digits

    @property
    def name(self) -> str:
        """The digits as people call them."""
        return "the small digits" if self.digits.data.name.startswith("digits") else "MNIST"

    @property
    def goals(self) -> np.ndarray:
        """Heights and widths of the new tins, f[n, 2]."""
        wide = self.tins.factors[self.tins.middle, 1]
        return np.stack([GOALS, np.full(len(GOALS), wide)], 1)

    def made(self, learnt: Learnt) -> np.ndarray:
        """New tins, made by moving from the middle one."""
        return learnt.moved(self.tins.x[self.tins.middle], self.goals)

    def off(self, learnt: Learnt) -> float:
        """How far a pixel of them is from what it should be, the root of the mean square."""
        return float(np.sqrt(((self.made(learnt) - pictures(self.goals)) ** 2).mean()))

    def best(self, field: str, least: bool) -> Coded:
        """The density of digits that is best in a field."""
        return (min if least else max)(self.digits.coded, key=lambda one: float(getattr(one, field)))

    def metrics(self) -> dict[str, Any]:
        """The numbers."""
        tins = {
            one.name: {
                "nats": one.nats,
                "height_correlation": one.correlation[0],
                "width_correlation": one.correlation[1],
                "height_correlation_bent": one.bent[0],
                "width_correlation_bent": one.bent[1],
                "new_tin_rms": self.off(one),
            }
            for one in self.tins.learnt
        }
        digits = {
            f"{one.name}, {one.k}": {"nats_bound": one.nats, "pixels_wrong": one.wrong, "accuracy": one.right}
            for one in self.digits.coded
        }
        return {"tins": tins, "digits": digits, "raw_accuracy": self.digits.raw, "draws": self.digits.draws}
