"""Ten writers: who wrote this digit, and what only a model of the digits can say.

    python -m experiments run writers             # 150 s of processor time
    python -m experiments run writers --smoke     # three writers, 80 s of it, most to compile

Expected of 260 test digits by ten writers, right: naive Bayes fitted as a joint 50.8 %, to labels 61.9 %; LDA 53.8 and
56.9 %; hands, which know the digit while they learn, 70.0 %. One of us or not, of 520: 57 to 59 %, hands 64.2 %. Of
1,000 new digits 53.7 % are taken for their writer's. p(x) calls four of eight strange images never seen: turned,
negative, noise and a letter A; not a blank one, nor a mirrored one, two digits at once or a stranger's.
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
