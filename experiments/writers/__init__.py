"""Ten writers: who wrote this digit, and what only a model of the digits can say.

    python -m experiments run writers             # TIME
    python -m experiments run writers --smoke     # TIME

Expected: EXPECTED
"""

from __future__ import annotations

from dataclasses import dataclass

from experiments.result import Result
from experiments.writers import story
from experiments.writers.findings import measure
from genjax_lab.data import load_writers


@dataclass(frozen=True)
class Config:
    """What may be changed. All choices are made on validation rows."""

    writers: int = 10  # those with the most digits
    directions: int = 40  # principal components of the grey images, of LDA and of hands
    drawn: int = 100  # new digits to draw of each writer, as many of each digit
    seed: int = 0

    def __post_init__(self) -> None:
        if self.writers < 2 or not 2 <= self.directions <= 100:
            raise ValueError("writers must be at least 2, and directions from 2 to 100")
        if self.drawn < 10 or not 0 <= self.seed < 2**32:
            raise ValueError("drawn must be at least 10, one of each digit, and seed from 0 to 2³² − 1")


SMOKE = Config(writers=3, directions=8, drawn=10)


def run(config: Config) -> Result:
    """Ask who wrote what; draw new digits; show what no writer wrote."""
    found = measure(load_writers(), config.writers, config.directions, config.drawn, config.seed)
    return Result(story.TITLE, story.summary(found), found.metrics(), story.sections(found))
