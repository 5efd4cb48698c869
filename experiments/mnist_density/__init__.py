"""A ladder of densities of MNIST, from independent pixels to causal networks: nats against seconds.

    python -m experiments run mnist_density                    # over an hour on 2 cores
    python -m experiments run mnist_density --model windows    # one rung
    python -m experiments run mnist_density --smoke            # five rungs on the small digits, some two minutes

Every rung is a density of black-and-white images that `gl.fit` fits and `gl.nll` scores, exactly or, where its title
says so, by a bound of 100 draws, on the fixed binarisation (Larochelle & Murray 2011; 50,000 / 10,000 / 10,000).
Expected test nats: independent 205.79, naive_bayes 170.85, mixture 144.0, large_mixture 125.7, chow_liu 134.99,
class_chow_liu 114.69, trees 102.5, class_trees 103.1, patch_tree 110.7, class_patch_trees 100.0, patch_trees 98.3,
hidden_tree 95.8, made 98.6, convolution 87.8, windows 81.8, class_windows 81.6, vae 91.2. By Bayes' rule `principal`
gets 99.1 % of the test labels right, class_windows 96.0 %. `--checkpoint DIR` lets a run that was stopped go on.

On a GPU (one H100, experiments/benchmarks/results/mnist_density_h100.json), a deep autoencoder: 80.76, a bound of 500
draws, after a fit of 76 s; and grey levels from tables, 1.006 bits a pixel after 161 s:

    python -m experiments run mnist_density --model deep_vae --code 40 --units 256 --batch 200 --half --draws 500
    python -m experiments run mnist_density --model grey_tables --window 8 --width 256 --depth 4 --memory 0 \
        --batch 200 --half --grey 15 32
"""

from __future__ import annotations

import functools
import itertools
import os
from dataclasses import dataclass, fields

import jax

from experiments.mnist_density import principal, story
from experiments.mnist_density.effort import Effort
from experiments.mnist_density.findings import Findings, Ladder
from experiments.mnist_density.measure import Outcome, climb
from experiments.mnist_density.rungs import GREY, RUNGS, Rung
from experiments.result import Result
from experiments.stages import Stages, inside
from genjax_lab.data import Dataset, load

NAMES = (*(rung.name for rung in (*RUNGS, *GREY)), "principal")
ON_A_CPU = tuple(
    name for name in NAMES if name not in ("attention", "bent_vae", "deep_vae", "turned_windows", "grey_tables")
)

LEAST = {
    "batch": 1, "turns": 1, "turned_epochs": 1, "deep_epochs": 1, "features": 1, "window": 1, "logistics": 1,
    "depth": 0, "memory": 0, "moves": 0,
}  # fmt: skip
"""The least that some settings may be."""


@dataclass(frozen=True)
class Config:
    """What may be changed. Every fit is on the training images; choices are made on the validation images."""

    model: tuple[str, ...] = ON_A_CPU  # rungs, and principal, which only labels; not those that ask for a GPU
    dataset: str = "binarized_mnist"  # or digits: the small ones of scikit-learn
    passes: int = 15  # a fifth of them of EM for mixtures of trees, ten times as many of that of coins
    starts: int = 4  # of EM for mixtures of coins; the best after a few passes goes on
    components: tuple[int, int] = (50, 500)  # of the mixtures of coins
    trees: tuple[int, int, int] = (250, 12, 120)  # of the mixture of trees, of that of each class, of that of patches
    smoothing: tuple[float, ...] = (0.1, 0.5)  # pseudo-counts of trees to choose from
    states: int = 128  # of a hidden tree
    # Epochs of made, convolution, attention, windows; of class_windows, of all images and then of each class's.
    epochs: tuple[int, int, int, int, int, int] = (20, 4, 4, 10, 6, 4)
    factors: tuple[int, ...] = (20, 100)  # hidden coordinates of ppca and factor_analysis, to choose from
    code: int = 50  # hidden coordinates of an autoencoder
    units: tuple[int, ...] = (200, 200)  # of its hidden layers
    coder_epochs: int = 200  # the most of it
    draws: int = 100  # of its bound, and of those of ppca and factor_analysis
    grey: tuple[int, int] = (15, 4)  # epochs of grey_flow, grey_windows
    directions: tuple[int, ...] = (50,)  # principal components to label by, to choose from
    normals: tuple[int, ...] = (1, 10, 40)  # of each class's mixture there, to choose from
    variances: tuple[float, ...] = (0.005,)  # added to each of theirs, to choose from; that of the first direction is 1
    moves: int = 1  # pixels that a digit may lie beside its place, one way or another
    width: int = 64  # features of a pixel in the networks
    window: int = 5  # rows above, and columns to either side, that windows hold
    depth: int = 2  # layers of windows after the first
    memory: int = 128  # units of theirs for the rows above
    turns: int = 8  # ways to turn an image, each with windows of its own
    # Epochs of turned_windows and deep_vae: of images moved nine ways, and then of the images as they are.
    turned_epochs: tuple[int, int] = (2, 4)
    deep_epochs: tuple[int, int] = (4, 5)
    features: tuple[int, ...] = (64, 128)  # of a pixel in deep_vae, a level each
    logistics: int = 5  # components of a pixel's mixture in grey_windows
    batch: int = 100  # images of a step of these two and of the windows of grey images
    half: bool = False  # products of bfloat16 numbers, where a device has hardware for them
    checkpoint: str | None = None  # a directory where fits under way are kept
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = set(self.model) - set(NAMES)
        if unknown or not self.model:
            raise ValueError(f"model: {sorted(unknown)} is no rung; they are {', '.join(NAMES)}")
        if self.dataset not in ("binarized_mnist", "digits"):
            raise ValueError(f"dataset: {self.dataset!r} must be binarized_mnist or digits")
        if (
            min(self.passes, self.starts, *self.components, *self.trees, self.states, *self.epochs, *self.grey) < 1
            or self.width % 4
        ):
            raise ValueError("passes, starts, components, trees, epochs must be 1 or more, and width a multiple of 4")
        if not self.factors or min(*self.factors, self.code, *self.units, self.coder_epochs, self.draws) < 1:
            raise ValueError("factors, code, units, coder_epochs and draws must be 1 or more, and factors hold one")
        for name in ("directions", "normals", "variances"):
            values = getattr(self, name)
            if not values or min(values) <= 0:
                raise ValueError(f"{name} needs at least one value, and all above 0")
        for name, least in LEAST.items():
            values = getattr(self, name)
            if min(values if isinstance(values, tuple) else (values,)) < least:
                raise ValueError(f"{name} must be at least {least}")
        if self.turns > 8:
            raise ValueError(f"turns = {self.turns}: an image has 8")
        if not self.smoothing or min(self.smoothing) <= 0:
            raise ValueError("smoothing needs at least one value, and all above 0")


SMOKE = Config(
    model=("independent", "naive_bayes", "chow_liu", "made", "grey_independent"),
    dataset="digits",
    passes=5,
    starts=2,
    components=(5, 20),
    trees=(4, 2, 4),
    smoothing=(0.5,),
    states=4,
    epochs=(20, 6, 6, 6, 4, 4),
    grey=(6, 6),
    directions=(20,),
    normals=(1, 2),
    variances=(0.005,),
    moves=0,
    width=16,
    factors=(5, 10),
    code=8,
    units=(64,),
    coder_epochs=40,
    draws=20,
    turns=2,
    turned_epochs=(1, 4),
    features=(4, 8),
    deep_epochs=(1, 10),
)


def run(config: Config) -> Result:
    """Climb the ladders, and label."""
    in_black, in_grey = (any(rung.name in config.model for rung in rungs) for rungs in (RUNGS, GREY))
    labelling = "principal" in config.model
    black = load(config.dataset if in_black or config.dataset == "digits" else "mnist")
    grey = load("mnist") if (in_grey or labelling) and config.dataset == "binarized_mnist" else black
    if black.levels > 2:
        black = black.binarised()
    device = jax.devices()[0]
    words = f"{os.cpu_count()} CPU cores" if device.platform == "cpu" else device.device_kind
    ladders = _climbed(RUNGS, black, config), _climbed(GREY, grey, config)
    labels = _labels(grey, config) if labelling else None
    found = Findings(*ladders, labels, words)
    return Result(story.title(found), story.summary(found), found.metrics(), story.sections(found))


def _labels(data: Dataset, config: Config) -> principal.Labels:
    grid = list(itertools.product(config.directions, config.normals, config.variances))
    place = inside(config.checkpoint, "principal")
    return principal.label(data, grid, 2 * config.passes, config.moves, config.seed, place)


def _climbed(rungs: tuple[Rung, ...], data: Dataset, config: Config) -> Ladder:
    effort = Effort(**{field.name: getattr(config, field.name) for field in fields(Effort)})
    outcomes: list[Outcome] = []
    stages = Stages(sum(rung.name in config.model for rung in rungs))
    for number, rung in enumerate(rungs):
        if rung.name in config.model:
            key = jax.random.fold_in(jax.random.key(config.seed), number)
            outcomes.append(stages(rung.name, functools.partial(climb, rung, data, effort, key)))
            print(f"{outcomes[-1].title}: {outcomes[-1].test:.2f} test nats", flush=True)
            jax.clear_caches()  # no rung needs another's programs, and a process has room for so many
    return Ladder(data, tuple(outcomes))
