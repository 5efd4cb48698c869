"""One model of each group, all asked through the same calls; what each comes to, and what it costs.

supervised or not: does the fit see labels?     parametric or not: is the number of parameters fixed before the data?
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

import genjax_lab as gl
from genjax_lab.bench import compare
from genjax_lab.evaluate import accuracy

ADDED = 0.02
"""Variance added to every direction of a fitted normal density, where all images together have 1."""

LOOKED_AT = 2000
"""Training images on which the training nats are taken."""


@dataclass(frozen=True)
class Images:
    """Images as principal components, with their labels: three pairs (y, x)."""

    train: tuple[jax.Array, jax.Array]
    valid: tuple[jax.Array, jax.Array]
    test: tuple[jax.Array, jax.Array]
    num_classes: int

    def first(self, n: int) -> tuple[jax.Array, jax.Array]:
        """The first n training images."""
        y, x = self.train
        return y[:n], x[:n]


@dataclass(frozen=True)
class Model:
    """A model of one group.

    Attributes:
      name: what people call it.
      group: supervised or not, parametric or not.
      make: (most rows of all, most rows of a class) -> the density, or conditional.
      smoothing: of its fit.
      method: of its fit, or None.
    """

    name: str
    group: str
    make: Callable[[int, int], gl.Density | gl.Conditional]
    smoothing: Any = None
    method: Any = None

    @property
    def supervised(self) -> bool:
        """Whether its fit sees labels."""
        return self.group.startswith("supervised")


@dataclass(frozen=True)
class Cost:
    """Processor time in seconds, once compiled, of a fit to n images and of scoring 1,000; and the numbers kept."""

    n: int
    fit: float
    score: float
    numbers: int


@dataclass(frozen=True)
class Outcome:
    """What a model came to, fitted to the most images.

    Attributes:
      name, group: of the model.
      code: its density, as one writes it.
      costs: by the number of training images.
      nats: train, valid, test: mean −log p(x) in nats; None where it is no density of x.
      accuracy: share of the test labels that it gets right; None where it labels nothing.
      status: how its fit ended.
    """

    name: str
    group: str
    code: str
    costs: tuple[Cost, ...]
    nats: tuple[float, float, float] | None
    accuracy: float | None
    status: str

    def slope(self, what: str) -> float:
        """How a cost grows between the two largest numbers of images: its exponent."""
        before, last = self.costs[-2:]
        return float(np.log(getattr(last, what) / getattr(before, what)) / np.log(last.n / before.n))


def kept(found: dict[str, Any]) -> Outcome:
    """From what a finished stage keeps."""
    costs = tuple(Cost(**cost) for cost in found["costs"])
    nats = None if found["nats"] is None else tuple(map(float, found["nats"]))  # infinity is kept as a word
    return Outcome(**{**found, "costs": costs, "nats": nats})


def models(d: int, k: int, components: int, class_components: int, neighbours: int, steps: int) -> tuple[Model, ...]:
    """The models, of d directions and k classes; two that are supervised in each of their groups."""

    def classes(one: gl.Density) -> gl.Density:
        return gl.joint(gl.categorical(k), gl.per_class(one, k))

    floor = {"prior": 1.0, "conditional": {"scale_tril": ADDED}}
    em = gl.em(steps, tol=0.0, curvature=False)
    return (
        Model(
            "naive Bayes", "supervised, parametric",
            lambda n, most: classes(gl.normal((d,))), {"conditional": {"scale": ADDED}},
        ),
        Model(
            "a mixture in each class", "supervised, parametric",
            lambda n, most: classes(gl.mixture(gl.mvnormal(d), class_components)), {"conditional": floor}, em,
        ),
        Model("kernels in each class", "supervised, non-parametric", lambda n, most: classes(gl.kde(most, (d,)))),
        Model(
            "nearest neighbours", "supervised, non-parametric",
            lambda n, most: gl.nearest_neighbours(n, (d,), neighbours, k),
        ),
        Model(
            "mixture", "unsupervised, parametric",
            lambda n, most: gl.mixture(gl.mvnormal(d), components), floor, em,
        ),
        Model("kernels", "unsupervised, non-parametric", lambda n, most: gl.kde(n, (d,))),
    )  # fmt: skip


def measure(model: Model, images: Images, sizes: tuple[int, ...], key: jax.Array) -> Outcome:
    """Fit a model to more and more images; look at the last of these fits."""
    few, costs = images.test[1][:1000], []
    for n in sizes:
        y, x = images.first(n)
        density = model.make(n, int(np.bincount(np.asarray(y), minlength=images.num_classes).max()))
        fit, seconds = _fitted(model, density, y, x, key)
        scored = _seconds(functools.partial(_scores, model, density, fit.params, few), 9)
        numbers = sum(np.size(leaf) for leaf in jax.tree.leaves(fit.params))
        costs.append(Cost(n, seconds, scored * 1000 / len(few), numbers))
    params = fit.params
    of_x = _of_x(density)
    parts = [images.first(min(LOOKED_AT, n))[1], images.valid[1], images.test[1]]
    nats = None
    if of_x is not None:
        train, valid, test = (float(gl.nll(of_x, params, part)) for part in parts)
        nats = train, valid, test
    right = None
    if model.supervised:
        right = float(accuracy(gl.predict(_of_label(density), params, images.test[1]), images.test[0]))
    return Outcome(model.name, model.group, repr(density), tuple(costs), nats, right, gl.Status(int(fit.status)).name)


def _fitted(model: Model, density: Any, y: jax.Array, x: jax.Array, key: jax.Array) -> tuple[gl.Fit, float]:
    """A fit, and the seconds that it takes the second time, when all is compiled."""
    rows, given = _rows(model, density, y, x)
    fits: list[gl.Fit] = []

    def fit() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gl.FitWarning)  # how it ended is among the metrics
            how: dict[str, Any] = {"smoothing": model.smoothing, "method": model.method}
            fits.append(gl.fit(density, rows, given=given, key=jax.random.clone(key), **how))  # twice the same
        return fits[-1].params

    seconds = _seconds(fit, 1)
    return fits[-1], seconds


def _seconds(call: Callable[[], Any], repeats: int) -> float:
    """Median seconds of processor time of a call, after a first one: those of the wall clock tell who else is there."""
    return compare({"it": call}, repeats, settle=0.0)["it"].cpu


def _rows(model: Model, density: Any, y: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    """What `gl.fit` is given: events, and what is given with them."""
    if isinstance(density, gl.Conditional):
        return y, x
    return ((y, x) if model.supervised else x), None


def _of_x(density: Any) -> gl.Density | None:
    """p(x), with the label summed out where there is one."""
    if isinstance(density, gl.Conditional):
        return None
    return gl.marginal(density) if density.factors else density


def _of_label(density: Any) -> gl.Conditional:
    """p(y | x)."""
    return density if isinstance(density, gl.Conditional) else gl.posterior(density)


def _scores(model: Model, density: Any, params: Any, x: jax.Array) -> jax.Array:
    """What is asked of new images: labels where the model has them, else log p(x)."""
    return gl.predict(_of_label(density), params, x) if model.supervised else gl.log_prob(density, params, x)
