"""One joint fitted two ways: with a chosen ridge the curves seldom cross, and only the joint uses hidden labels.

    python -m experiments run generative_vs_discriminative             # 960 s of processor time
    python -m experiments run generative_vs_discriminative --smoke     # two tasks, half a minute of it, most to compile

Expected, right test labels in per cent of the joint's fit and of its posterior's, means over 20 seeds. Of 10 rows:
mushroom 82.6 and 83.7, car 66.6 and 58.7, MNIST by naive Bayes 17.6 and 27.3. Of 640: mushroom 96.2 and 99.7, car 82.5
and 90.7, MNIST by naive Bayes 81.1 and 85.1, by LDA 83.4 and 84.6, by mixtures 82.9 and 86.5. Up to 640 rows the
curves cross for car alone, at 160. Beside 80 labelled images, 1,000 hidden ones raise mixtures from 64.9 to 71.7, and
lower naive Bayes from 67.4 to 63.4, which a chosen weight prevents.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from experiments.generative_vs_discriminative import story
from experiments.generative_vs_discriminative.curves import Curves, kept, measure
from experiments.generative_vs_discriminative.findings import Findings
from experiments.generative_vs_discriminative.pairs import FAMILIES
from experiments.generative_vs_discriminative.tasks import Task, tasks
from experiments.result import Result
from experiments.stages import Stages

TABLES = ("mushroom", "vote", "car", "nursery")


@dataclass(frozen=True)
class Config:
    """What may be changed. All choices are made within the rows that are learnt from."""

    families: tuple[str, ...] = FAMILIES  # some of: naive Bayes, LDA, mixtures
    tables: tuple[str, ...] = TABLES  # of UCI, some of: mushroom, vote, car, nursery; their categories
    images: Literal["mnist", "digits"] = "mnist"  # in black and white; for LDA, principal components of the grey ones
    sizes: tuple[int, ...] = (10, 20, 40, 80, 160, 320, 640)  # training rows, where there are as many
    seeds: int = 20  # draws of the training rows
    folds: int = 3  # of the cross-validation within them
    hidden: int = 1000  # rows whose label is hidden, beside every second size; 0: none
    directions: int = 30  # principal components
    components: int = 3  # in every class, of the mixtures
    checkpoint: str | None = None  # a folder where finished tasks are kept, so that a run that was stopped goes on
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.families or not set(self.families) <= set(FAMILIES):
            raise ValueError(f"families must be some of {', '.join(FAMILIES)}")
        unknown = sorted(set(self.tables) - set(TABLES))
        if unknown or len(set(self.tables)) < len(self.tables):
            named = f"; there is no {', '.join(unknown)}" if unknown else ""
            raise ValueError(f"tables must be some of {', '.join(TABLES)}, each once{named}")
        if not self.sizes or len(set(self.sizes)) < len(self.sizes):
            raise ValueError("sizes needs at least one number, each once")
        if not 2 <= self.folds <= min(self.sizes):
            raise ValueError(f"folds = {self.folds} must be at least 2, and at most the smallest of the sizes")
        if self.seeds < 2 or self.hidden < 0 or not 0 <= self.seed < 2**32:
            raise ValueError("seeds must be at least 2, hidden at least 0, and seed from 0 to 2³² − 1")
        if not 1 <= self.directions <= 64 or self.components < 2:
            raise ValueError("directions must be from 1 to 64, and components at least 2")


SMOKE = Config(
    families=("naive Bayes",),
    tables=("vote",),
    images="digits",
    sizes=(20, 160),
    seeds=3,
    hidden=200,
    directions=8,
    components=2,
)


def run(config: Config) -> Result:
    """Measure every task, and tell where the curves cross."""
    chosen = tuple(
        tasks(config.families, config.tables, config.images, config.directions, config.components, config.seed)
    )
    stages = Stages(len(chosen), config, config.checkpoint)

    def of(task: Task) -> Curves:
        return measure(task, config.sizes, config.seeds, config.folds, config.hidden, config.seed)

    curves = tuple(stages(task.title, functools.partial(of, task), kept) for task in chosen)
    found = Findings(curves, seeds=config.seeds, folds=config.folds, hidden=config.hidden)
    return Result(story.TITLE, story.summary(found), found.metrics(), story.sections(found))
