"""Four groups of models: with labels or without, with a fixed number of parameters or with all the data for them.

    python -m experiments run four_groups             # 7 minutes on 2 busy cores, mostly compiling, 2 GB
    python -m experiments run four_groups --smoke     # the small digits, 2 minutes of processor time, to compile

Every model has the same images, as the principal components of most variance, learnt from training images only and
scaled to variance 1; nothing is chosen by validation or test images. Expected, fitted to 8,000 images of
MNIST: test labels, naive Bayes 84.6 %, a mixture in each class 95.5 %, nearest neighbours 93.9 %, kernels in each class
94.2 %; test nats of the 20 components, in the same order, 26.91, 19.01, none and 21.14; without labels, a mixture of 50
normal densities 19.36, kernels 22.58.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp

from experiments.four_groups import story
from experiments.four_groups.models import Images, kept, measure, models
from experiments.mnist_density.principal import principal
from experiments.result import Refused, Result
from experiments.stages import Stages
from genjax_lab.data import load


@dataclass(frozen=True)
class Config:
    """What may be changed."""

    dataset: Literal["mnist", "digits"] = "mnist"
    directions: int = 20  # principal components of the images, learnt from the training images
    sizes: tuple[int, ...] = (500, 2000, 8000)  # training images; the table is of the most
    components: int = 50  # of the mixture of all images
    class_components: int = 5  # of the mixture in each class
    neighbours: int = 5  # that vote
    steps: int = 30  # passes of EM
    checkpoint: str | None = None  # a folder where finished models are kept, so that a run that was stopped goes on
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.directions, self.components, self.class_components, self.neighbours, self.steps) < 1:
            raise ValueError("directions, components, class-components, neighbours and steps must be at least 1")
        if len(self.sizes) < 2 or list(self.sizes) != sorted(set(self.sizes)) or self.sizes[0] < 100:
            raise ValueError("sizes must be at least two numbers of images, rising, none below 100")


SMOKE = Config(dataset="digits", directions=10, sizes=(300, 1100), components=10, class_components=2, steps=10)


def run(config: Config) -> Result:
    """Fit a model of every group to more and more images; score it, and time it."""
    data = load(config.dataset)
    if config.sizes[-1] > len(data.train):
        raise Refused(f"sizes: {config.sizes[-1]} is more than the {len(data.train)} training images")
    project = principal(data.train.x, config.directions)
    train, valid, test = (
        (jnp.asarray(part.y, jnp.int32), project(part.x)) for part in (data.train, data.valid, data.test)
    )
    images = Images(train, valid, test, data.num_classes)
    key = jax.random.key(config.seed)
    made = models(
        config.directions,
        data.num_classes,
        config.components,
        config.class_components,
        config.neighbours,
        config.steps,
    )
    stages = Stages(len(made), config, config.checkpoint)
    found = tuple(
        stages(f"{model.name}, {model.group}", functools.partial(measure, model, images, config.sizes, key), kept)
        for model in made
    )
    return Result(
        story.title(found),
        story.summary(found),
        story.metrics(found),
        story.sections(found, config.directions, len(data.test), data.source),
    )
