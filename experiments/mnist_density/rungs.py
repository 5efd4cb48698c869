"""The ladder: each rung a density of black-and-white images, how it is fitted, and which dependence it adds."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax

import genjax_lab as gl
from experiments.mixtures.bits import SHORT, imaginary
from genjax_lab.data import Dataset
from genjax_lab.nets.net import Net


@dataclass(frozen=True)
class Fitted:
    """One way to fit a rung: what was set, the density of an image, its parameters, and how the fit ended.

    Attributes:
      setting: what was set, in words.
      density: p(x).
      params: its parameters.
      steps: passes over the data, or epochs.
      status: of the fit.
      joint: p(y, x) with these parameters, where the fit saw labels.
    """

    setting: str
    density: gl.Density
    params: Any
    steps: int
    status: str
    joint: gl.Density | None = None


@dataclass(frozen=True)
class Effort:
    """How much is spent.

    Attributes:
      passes: of EM.
      starts: of EM, of which the best goes on.
      components: of mixtures of coins: few, and many.
      trees: of the mixture of trees, and of that of each class.
      smoothing: pseudo-counts to choose from by validation.
      epochs: of the networks: masked, convolution, attention, windows.
      width: features of a pixel in the networks.
      seed: of everything.
      checkpoint: a directory for fits under way, or None.
    """

    passes: int
    starts: int
    components: tuple[int, int]
    trees: tuple[int, int]
    smoothing: tuple[float, ...]
    epochs: tuple[int, int, int, int]
    width: int
    seed: int
    checkpoint: str | None


@dataclass(frozen=True)
class Rung:
    """A step of the ladder.

    Attributes:
      name: what the command line knows it by.
      title: what people call it.
      adds: which dependence it expresses that the rung below could not, in a sentence.
      published: a number to set beside its own, in nats, and whose it is; None: there is none.
      fits: (data, effort) -> ways to fit it, each made when it is asked for; the best on validation images is kept.
    """

    name: str
    title: str
    adds: str
    published: tuple[float, str] | None
    fits: Callable[[Dataset, Effort], Sequence[Callable[[], Fitted]]]


def _fit(
    setting: str, density: gl.Density, x: Any, effort: Effort, joint: gl.Density | None = None, **how: Any
) -> Fitted:
    """Fit a density, or a joint of which it is the marginal."""
    if effort.checkpoint is not None:
        how["checkpoint"] = f"{effort.checkpoint}/{setting.replace(' ', '_')}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gl.FitWarning)  # the status is in the table
        found = gl.fit(joint or density, x, **how)
    return Fitted(setting, density, found.params, int(found.steps), gl.Status(int(found.status)).name, joint)


def _seen(data: Dataset) -> jax.Array:
    """Training images, whole pixels."""
    return jnp.asarray(data.train.x)


def independent(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """One coin a pixel."""
    pixels = gl.bernoulli((data.pixels,))
    return [lambda: _fit("one pseudo-count", pixels, _seen(data), effort, smoothing=1.0)]


def _classes(inside: gl.Density, data: Dataset) -> gl.Density:
    return gl.joint(gl.categorical(data.num_classes), gl.per_class(inside, data.num_classes))


def naive_bayes(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """Ten sets of coins, the label seen in the fit and summed out in the score."""
    model, rows = _classes(gl.bernoulli((data.pixels,)), data), (data.train.y, data.train.x)
    return [lambda: _fit("one pseudo-count", gl.marginal(model), rows, effort, model, smoothing=1.0)]


def _coins(which: int) -> Callable[[Dataset, Effort], list[Callable[[], Fitted]]]:
    def fits(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
        k = effort.components[which]
        model = gl.mixture(gl.bernoulli((data.pixels,)), k)
        method = gl.em(10 * effort.passes, tol=1e-3, curvature=False, short=SHORT)
        how: dict[str, Any] = {"restarts": effort.starts, "method": method, "key": jax.random.key(effort.seed)}
        how["smoothing"] = imaginary(data.train.x, 1.0)
        return [lambda: _fit(f"K = {k} and an imaginary image each", model, _seen(data), effort, **how)]

    return fits


def tree(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """One Chow–Liu tree."""
    model = gl.chow_liu((data.pixels,))

    def fit(alpha: float) -> Fitted:
        return _fit(f"{alpha:g} pseudo-counts", model, _seen(data), effort, smoothing=alpha)

    return [functools.partial(fit, alpha) for alpha in effort.smoothing]


def class_trees(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """A tree for each class."""
    model, rows = _classes(gl.chow_liu((data.pixels,)), data), (data.train.y, data.train.x)

    def fit(alpha: float) -> Fitted:
        return _fit(f"{alpha:g} pseudo-counts", gl.marginal(model), rows, effort, model, smoothing=alpha)

    return [functools.partial(fit, alpha) for alpha in effort.smoothing]


def _em(effort: Effort) -> dict[str, Any]:
    method = gl.em(max_steps=effort.passes, tol=1e-3, curvature=False)
    return {"method": method, "key": jax.random.key(effort.seed)}


def tree_mixture(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """Many trees, each learnt again at every step of EM."""
    k = effort.trees[0]
    model = gl.mixture(gl.chow_liu((data.pixels,)), k)
    return [lambda: _fit(f"K = {k}", model, _seen(data), effort, smoothing=0.1, **_em(effort))]


def class_tree_mixture(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """Many trees for each class: an image is asked of the trees of its own class only."""
    k = effort.trees[1]
    model, rows = _classes(gl.mixture(gl.chow_liu((data.pixels,)), k), data), (data.train.y, data.train.x)
    name = f"K = {k} in each class"
    return [lambda: _fit(name, gl.marginal(model), rows, effort, model, smoothing=0.1, **_em(effort))]


def _network(place: int, net: Callable[[Dataset, Effort], Net], rate: float, batch: int = 100) -> Any:
    def fits(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
        model, epochs = gl.autoregressive(data.image_shape, net(data, effort)), effort.epochs[place]
        x, valid = (jnp.asarray(part.x).reshape(-1, *data.image_shape) for part in (data.train, data.valid))
        steps = epochs * math.ceil(len(x) / batch)
        schedule = gl.schedule(
            optax.warmup_cosine_decay_schedule, init_value=rate / 20, peak_value=rate, warmup_steps=max(1, steps // 20),
            decay_steps=steps, end_value=rate / 50,
        )  # fmt: skip
        method = gl.gradient(
            optax.adam, learning_rate=schedule, batch_size=batch, epochs=epochs, average=0.99,
            validation=gl.Data(valid[:2000]),
        )  # fmt: skip
        how: dict[str, Any] = {"method": method, "key": jax.random.key(effort.seed)}
        return [lambda: _fit(f"{epochs} epochs of Adam", model, x, effort, **how)]

    return fits


RUNGS = (
    Rung(
        "independent", "independent pixels",
        "Every pixel is a coin of its own: how often it is on, and nothing about any other.",
        (205.79, "measured, ANCHORS"), independent,
    ),
    Rung(
        "naive_bayes", "naive Bayes, label summed out",
        "Pixels depend on one another through the digit that is drawn: ten averages in place of one.",
        (170.8, "measured"), naive_bayes,
    ),
    Rung(
        "mixture", "mixture of few coins",
        "The ways of drawing are found, not labelled; within one the pixels are still independent.",
        (144.1, "measured, K = 50"), _coins(0),
    ),
    Rung(
        "large_mixture", "mixture of many coins",
        "More ways of drawing, each seen in fewer images; what is near by in an image is still not told.",
        (137.64, "Germain et al. 2015, K = 500"), _coins(1),
    ),
    Rung(
        "chow_liu", "Chow–Liu tree",
        "A pixel depends on one neighbour: strokes have a width. There is one way of drawing for all images.",
        (134.96, "measured"), tree,
    ),
    Rung(
        "class_chow_liu", "a tree for each class",
        "Which neighbour, and how, may differ from digit to digit.",
        (114.6, "measured"), class_trees,
    ),
    Rung(
        "chow_liu_mixture", "mixture of trees",
        "Both: ways of drawing that nobody labelled, in each of which pixels follow a neighbour.",
        (105.3, "measured, K = 60"), tree_mixture,
    ),
    Rung(
        "class_chow_liu_mixture", "mixture of trees in each class",
        "Ways of drawing each digit: an image is asked of its own digit's trees only.",
        None, class_tree_mixture,
    ),
    Rung(
        "made", "masked perceptron",
        "A pixel depends on all before it, not on one: but what is learnt at one place is not known at another.",
        (88.40, "Germain et al. 2015, one layer"),
        _network(0, lambda data, effort: gl.nets.made((500,)), 2e-3),
    ),
    Rung(
        "convolution", "gated convolutions",
        "What is learnt of strokes at one place holds at all; how far it sees grows with the layers.",
        (81.30, "van den Oord et al. 2016, PixelCNN"),
        _network(1, lambda data, effort: gl.nets.convolution(effort.width // 2, 2, (4, 4), (1, 1)), 4e-3),
    ),
    Rung(
        "attention", "causal attention",
        "A pixel looks at whichever earlier pixels tell most, near or far.",
        None, _network(2, lambda data, effort: gl.nets.attention(effort.width, 4, 3), 2e-3, 64),
    ),
    Rung(
        "windows", "windows with a memory",
        "Strokes near by through one wide window, and the whole of the rows above through a memory of them.",
        (79.20, "van den Oord et al. 2016, PixelRNN"),
        _network(3, lambda data, effort: gl.nets.windows(width=effort.width, depth=2), 4e-3),
    ),
)  # fmt: skip
