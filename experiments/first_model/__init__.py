"""The first model one thinks of, a table of every outfit: it knows by heart what it saw and nothing else.

    python -m experiments run first_model             # 7 s on 2 cores
    python -m experiments run first_model --smoke     # 6 s

Expected on fifty outfits, of 4,032 that can be put together: 4,031 free parameters, 48 different outfits seen, 3.85
nats on them, and probability 0 for each of the 3,984 others; of the fifty, left out one at a time, 47 are called
impossible. With one pseudo-count an outfit each unseen one gets 1 in 4,082, all together 97.6 %. With the best number
of pseudo-counts, 0.3, an outfit left out needs 8.22 nats, where knowing nothing needs log 4032 = 8.30.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from experiments.first_model import story
from experiments.first_model.table import fit_table
from experiments.result import Result


@dataclass(frozen=True)
class Config:
    """What may be changed; the fifty outfits may not."""

    # Pseudo-counts an outfit to choose from by leaving one out.
    smoothings: tuple[float, ...] = (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
    smoothing: float = 1.0  # pseudo-counts an outfit of the smoothed model that is drawn
    samples: int = 2000  # drawn from each model to be counted
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.smoothings or not all(0 < value < math.inf for value in self.smoothings):
            raise ValueError("smoothings must be at least one number, all finite and positive")
        if not 0 < self.smoothing < math.inf:
            raise ValueError(f"smoothing = {self.smoothing} must be finite and positive")
        if self.samples < 20:
            raise ValueError(f"samples = {self.samples} must be at least 20: so many are drawn as people")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed = {self.seed} must be a whole number from 0 to 2³² − 1")


SMOKE = Config(smoothings=(0.01, 1.0), samples=200)


def run(config: Config) -> Result:
    """Fit the table with and without smoothing; count what it draws and what it calls impossible."""
    found = fit_table(config.smoothings, config.smoothing, config.samples, config.seed)
    return Result(story.TITLE, story.summary(found), found.metrics(), story.sections(found))
