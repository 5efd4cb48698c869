"""Mixtures: the same model with the label hidden describes digits better, and with both it labels them.

    python -m experiments run mixtures             # half an hour on 2 busy cores, 1.4 GB
    python -m experiments run mixtures --smoke     # scikit-learn's small digits, 30 s

Expected on the fixed binarisation, test nats: K = 10: 167.1, K = 50: 144.2 (medians of five seeds), K = 500: 125.5;
independent pixels 205.79, naive Bayes 170.85. Class-conditional mixtures of images in black and white: 96.6 % of the
test labels with 300 components a class. Old Faithful and the galaxies end where scikit-learn's best of 20 starts ends,
or higher: 4.155 nats with two components of full covariance, 2.478 and 2.408 with three and four.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import jax

from experiments.mixtures import bits, bumps, classes, story
from experiments.mixtures.findings import Findings
from experiments.mnist.scores import independent_nats, naive_bayes, score
from experiments.result import Result
from genjax_lab import bernoulli, fit
from genjax_lab.data import load


@dataclass(frozen=True)
class Config:
    """What may be changed. Every fit is on the training images; choices are made on the validation images."""

    dataset: Literal["mnist", "digits"] = "mnist"  # mnist: the fixed binarisation, and for labels a threshold of 0.5
    components: tuple[int, ...] = (10, 50, 500)  # of the mixtures of p(x)
    images: tuple[float, ...] = (1.0, 1.5, 2.0, 4.0)  # imaginary images a component to choose from
    starts: int = 12  # of every fit of such a mixture; the best after a few passes goes on
    seeds: int = 5  # fits of a mixture of at most 100 components; the best on validation images is kept
    large_seeds: int = 3  # the same of a larger one
    class_components: tuple[int, ...] = (10, 50, 150, 300)  # of p(x | y), to choose from
    class_images: tuple[float, ...] = (0.5, 1.0)  # the same for these
    tol: float = 1e-4  # a fit of p(x) ends where less than so many nats an image are left to gain
    class_tol: float = 1e-3  # the same of p(x | y)
    restarts: int = 20  # starts of the mixtures of normal densities
    checkpoint: str | None = None  # a directory where fits under way are kept
    seed: int = 0

    def __post_init__(self) -> None:
        if min((0, *self.components, *self.class_components)) < 0 or not self.components or not self.class_components:
            raise ValueError("components and class-components need at least one number each, none below 1")
        if not self.images or not self.class_images:
            raise ValueError("images and class-images need at least one value each")
        if not all(0 < value < math.inf for value in (*self.images, *self.class_images, self.tol, self.class_tol)):
            raise ValueError("images, class-images, tol and class-tol must be finite and positive")
        if min(self.starts, self.seeds, self.large_seeds, self.restarts) < 1 or self.seed < 0:
            raise ValueError("starts, seeds, large-seeds and restarts must be at least 1, and seed 0 or more")


SMOKE = Config(
    dataset="digits",
    components=(2, 8),
    images=(1.0,),
    starts=2,
    seeds=2,
    class_components=(3,),
    class_images=(1.0,),
    restarts=5,
)


def run(config: Config) -> Result:
    """Fit mixtures to bits, to the bits of every class, and to two tables of numbers."""
    if config.dataset == "mnist":
        data, labelled = load("binarized_mnist"), load("mnist").binarised()
    else:
        data = labelled = load(config.dataset).binarised()
    pixels = bernoulli((data.pixels,))
    bayes = naive_bayes(pixels, data.num_classes)
    params = fit(bayes, (data.train.y, data.train.x), smoothing=1.0).params

    def mixture(k: int) -> bits.Mixture:
        seeds = config.seeds if k <= bits.MANY else config.large_seeds
        those = range(config.seed, config.seed + seeds)
        return bits.fit_mixture(data, k, config.images, those, config.starts, config.tol, config.checkpoint)

    found = Findings(
        data=data,
        independent=independent_nats(data, 1.0),
        naive_bayes=score(bayes, params, data.test.x, data.test.y)[0].nats,
        mixtures=tuple(mixture(k) for k in config.components),
        labelled=labelled,
        classes=classes.fit_classifier(
            labelled, config.class_components, config.class_images, config.seed, config.class_tol, config.checkpoint
        ),
        bumps=tuple(bumps.fit_tables(config.restarts, config.seed)),
        restarts=config.restarts,
        key=jax.random.key(config.seed),
    )
    return Result(story.title(found), story.summary(found), found.metrics(), story.sections(found))
