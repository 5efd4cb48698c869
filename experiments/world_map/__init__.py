"""The world map: sample space, density, family, likelihood and its maximum, on a map with land and sea.

    python -m experiments run world_map             # 40 s on 2 cores, 1.2 GB
    python -m experiments run world_map --smoke     # fewer points and settings, 16 s

Expected: the land is 28.76 % of the globe, and the entropy of p_data, uniform over it, 9.772 nats on the flat map. The
maximum-likelihood box of 36 observations is their bounding box, 64.3 % of it sea. With 2,000 points, scored on 10,000
others: the whole map 11.079 nats, the box ∞ (18 points outside), a histogram of 30 × 15 cells 10.196 (24 % in the sea),
a mixture of 64 normal densities 10.111 (16 %).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from experiments.result import Result
from experiments.world_map import box, richer, story
from experiments.world_map.findings import Findings
from experiments.world_map.world import load_world


@dataclass(frozen=True)
class Config:
    """What may be changed. The richer fits are to the training points; choices are made on the validation points."""

    observations: int = 36  # that the first box is fitted to: few enough that it is not the whole map
    new_points: int = 200  # sampled from that box
    train: int = 2000  # points of p_data that the richer densities are fitted to
    valid: int = 2000  # to choose the histogram and the mixture
    test: int = 10_000  # to score what was chosen
    widths: tuple[int, ...] = (30, 15, 12, 10, 6, 5)  # of a histogram's cells to choose from; they divide 180°
    smoothing: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0)  # pseudo-points a cell to choose from
    components: tuple[int, ...] = (4, 16, 64, 256)  # of a mixture of normal densities to choose from
    restarts: int = 4  # starts of each mixture
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.observations, self.new_points, self.train, self.valid, self.test) < 2:
            raise ValueError("observations, new-points, train, valid and test must be at least 2")
        if not self.widths or any(width < 1 or 180 % width for width in self.widths):
            raise ValueError(f"widths = {self.widths} must be whole numbers that divide 180, at least one")
        if not self.smoothing or not all(0 <= value < math.inf for value in self.smoothing):
            raise ValueError("smoothing needs at least one value, each finite and not negative")
        if not self.components or min(self.components) < 1 or self.restarts < 1:
            raise ValueError("components need at least one number; they and restarts must be at least 1")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed = {self.seed} must be a whole number from 0 to 2³² − 1")


SMOKE = Config(train=600, valid=400, test=1000, widths=(30, 15), smoothing=(0.1, 1.0), components=(2, 12), restarts=2)


def run(config: Config) -> Result:
    """Fit a box to a few points of the land, and richer densities to more of them."""
    world = load_world()
    few, many, start = jax.random.split(jax.random.key(config.seed), 3)
    drawn = world.draw(many, config.train + config.valid + config.test)
    points = richer.Points(*jnp.split(drawn, (config.train, config.train + config.valid)))
    histograms = richer.histograms(points, config.widths, config.smoothing)
    mixtures = richer.mixtures(points, config.components, config.restarts, start)
    found = Findings(
        world=world,
        boxes=box.fit_boxes(world, config.observations, config.new_points, few),
        points=points,
        histograms=histograms,
        mixtures=mixtures,
        scored=richer.score(world, points, richer.best(histograms), richer.best(mixtures)),
        restarts=config.restarts,
    )
    return Result(story.title(found), story.summary(found), found.metrics(), story.sections(found))
