"""Representation: few hidden numbers that say what an image shows, by three densities, of tins and of digits.

    python -m experiments run representation             # the fixed binarisation of MNIST; 34 minutes of processor time
    python -m experiments run representation --smoke     # fewer tins, scikit-learn's small digits, 180 s

Tins of biscuits are images that two numbers make, a height and a width. Expected of the small variant: correlations
with height and width of at least 0.978 by principal components, 0.968 by factor analysis and 0.964 by an autoencoder;
bounds of 20 draws on the small digits, of 2 and 10 hidden coordinates, 31.8 and 27.3 nats, 27.3 and 25.2, 20.6 and
19.1, in the same order.

Of the whole: correlations of at least 0.979, 0.969 and 0.976; bounds of 50 draws on MNIST, of 2, 10 and 50 hidden
coordinates, 333.0, 272.9 and 213.3 nats by principal components, 253.6, 222.3 and 192.4 by factor analysis, 140.8, 98.0
and 100.8 by an autoencoder; test labels read off 50 coordinates 90.3, 90.3 and 90.4 %, off 10 79.9, 79.1 and 87.2 %,
off the pixels themselves 89.7 %. Independent pixels have 205.8 nats: the bounds of
principal components and of factor analysis are loose, since hundreds of numbers are drawn at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from experiments.representation import digits, story, tins
from experiments.representation.findings import Findings
from experiments.result import Result
from genjax_lab.data import load


@dataclass(frozen=True)
class Config:
    """What may be changed. Every fit is on training images; test images are scored once."""

    dataset: str = "binarized_mnist"  # or digits: the small ones of scikit-learn
    tins: int = 2000  # to learn from, and as many new ones
    tin_epochs: int = 60  # of their autoencoder
    linear: tuple[int, ...] = (2, 5, 10, 20, 50)  # hidden coordinates of principal components and of factor analysis
    coders: tuple[int, ...] = (2, 10, 50)  # hidden coordinates of autoencoders
    units: tuple[int, ...] = (500, 500)  # of their hidden layers
    epochs: int = 12  # of each
    draws: int = 50  # of every bound
    labelled: int = 20_000  # training images whose labels are read off the hidden coordinates
    checkpoint: str | None = None  # a directory where fits under way are kept
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dataset not in ("binarized_mnist", "digits"):
            raise ValueError(f"dataset: {self.dataset!r} must be binarized_mnist or digits")
        numbers = (*self.linear, *self.coders, *self.units, self.tin_epochs, self.epochs, self.draws)
        if not self.linear or not self.coders or not self.units or min(numbers) < 1:
            raise ValueError("linear, coders, units, tin_epochs, epochs and draws must be 1 or more")
        if 2 not in self.coders:
            raise ValueError("coders must hold 2, of which the map is drawn")
        if min(self.tins, self.labelled) < 100:
            raise ValueError("tins and labelled must be at least 100")


SMOKE = Config(
    dataset="digits",
    tins=400,
    tin_epochs=40,
    linear=(2, 5, 10),
    coders=(2, 10),
    units=(64,),
    epochs=40,
    draws=20,
)


def run(config: Config) -> Result:
    """Tins, then digits."""
    found = tins.learn(config.tins, config.tin_epochs, config.draws, config.seed, config.checkpoint)
    data = load(config.dataset)
    if data.levels > 2:
        data = data.binarised()
    effort = digits.Effort(
        config.linear,
        config.coders,
        config.units,
        config.epochs,
        config.draws,
        config.labelled,
        config.seed,
        config.checkpoint,
    )
    findings = Findings(found, digits.learn(data, effort))
    return Result(story.title(findings), story.summary(findings), findings.metrics(), story.sections(findings))
