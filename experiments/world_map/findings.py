"""What the experiment found, in one place for the metrics and the story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from experiments.world_map.box import Boxes
from experiments.world_map.richer import Points, Scored, Trial, best
from experiments.world_map.world import GLOBE, World


@dataclass(frozen=True)
class Findings:
    """Everything measured.

    Attributes:
      world: the map and p_data.
      boxes: of a few observations.
      points: more of them, for the richer densities.
      histograms, mixtures: what was tried on the validation points.
      scored: p_data, the whole map, the box, the chosen histogram and mixture, on the test points.
      restarts: starts of each mixture.
    """

    world: World
    boxes: Boxes
    points: Points
    histograms: Sequence[Trial]
    mixtures: Sequence[Trial]
    scored: Sequence[Scored]
    restarts: int

    @property
    def histogram(self) -> Trial:
        """The chosen one."""
        return best(self.histograms)

    @property
    def mixture(self) -> Trial:
        """The chosen one."""
        return best(self.mixtures)

    @property
    def truth(self) -> Scored:
        """p_data itself."""
        return self.scored[0]

    @property
    def winner(self) -> Scored:
        """The fitted density with the fewest test nats."""
        return min(self.scored[2:], key=lambda scored: scored.nats)

    def metrics(self) -> dict[str, Any]:
        """The numbers, nested by model."""
        boxes = self.boxes
        return {
            "world": {
                "source": self.world.source,
                "area": self.world.area,
                "share_of_globe": self.world.area / GLOBE,
                "entropy": self.world.entropy,
            },
            "boxes": {
                "is_bounding_box": boxes.is_bounding_box,
                "sea": boxes.sea,
                "sea_of_new_points": float(1 - boxes.new_on_land.mean()),
                **{b.name: asdict(b) for b in boxes.named},
            },
            "histograms": [_trial(trial) for trial in self.histograms],
            "mixtures": [_trial(trial) for trial in self.mixtures],
            "scores": {s.name: _scored(s) for s in self.scored},
        }


def _trial(trial: Trial) -> dict[str, Any]:
    names = ("size", "smoothing", "train", "valid", "status")
    return {name: getattr(trial, name) for name in names}


def _scored(scored: Scored) -> dict[str, Any]:
    names = ("free", "nats", "error", "possible", "impossible", "expected", "cairo")
    return {name: getattr(scored, name) for name in names} | {"where": asdict(scored.where)}
