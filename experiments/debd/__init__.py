"""Tables of bits: one recipe, mixtures of trees chosen by validation, beside the best that is published.

    python -m experiments run debd             # about an hour on 2 cores
    python -m experiments run debd --smoke     # one table and small mixtures, 60 s

For each table the number of trees, their pseudo-counts, and whether EM goes on from rows that coins have sorted, is
chosen on its validation rows; the test rows are scored once. Expected mean log p(x) of a test row, in nats:
nltcs −6.01, plants −12.64, baudio −39.93, accidents −29.32, dna −84.07, mushrooms −10.51.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from experiments.debd import story
from experiments.debd.recipe import learn
from experiments.result import Result
from experiments.stages import Stages, inside
from genjax_lab.data.debd import NAMES, load_bits


@dataclass(frozen=True)
class Config:
    """What may be changed."""

    tables: tuple[str, ...] = ("nltcs", "plants", "baudio", "accidents", "dna", "mushrooms")
    trees: tuple[int, ...] = (5, 20, 60, 150)  # numbers of trees to choose from
    rows: tuple[float, ...] = (3.0, 10.0, 30.0, 100.0)  # average rows that each tree is given, to choose from
    passes: int = 150  # of EM, at most
    starts: int = 4  # of EM, of which the best after a few passes goes on
    tol: float = 1e-5  # a fit ends where less than so many nats a row are left to gain
    checkpoint: str | None = None  # a directory where fits under way are kept
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = set(self.tables) - set(NAMES)
        if unknown or not self.tables:
            raise ValueError(f"tables: {sorted(unknown)} is none of {', '.join(NAMES)}")
        if not self.trees or not self.rows or min(self.trees) < 1 or min(self.rows) <= 0:
            raise ValueError("trees and rows need a value each, trees of at least 1 and rows above 0")
        if min(self.passes, self.starts) < 1:
            raise ValueError("passes and starts must be at least 1")
        if not 0 < self.tol < math.inf:
            raise ValueError("tol must be finite and positive")


SMOKE = Config(tables=("nltcs",), trees=(3,), rows=(2.0,), passes=10, starts=1)


def run(config: Config) -> Result:
    """Fit every table."""
    stages, found = Stages(len(config.tables)), {}
    effort = config.trees, config.rows, config.passes, config.starts, config.tol, config.seed
    for name in config.tables:
        place = inside(config.checkpoint, name)
        found[name] = stages(name, functools.partial(learn, load_bits(name), *effort, place))
        print(f"{name}: {found[name].test:.3f} nats a test row", flush=True)
    return Result(story.title(found), story.summary(found), story.metrics(found), story.sections(found))
