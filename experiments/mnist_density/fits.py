"""How each rung of the ladder is fitted: all by `gl.fit`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import genjax_lab as gl
from experiments import in_sight
from experiments.mixtures.bits import SHORT, imaginary
from experiments.mnist_density.effort import Effort
from experiments.mnist_density.rate import up_and_down
from genjax_lab.data import Dataset, Split
from genjax_lab.nets.net import Net

PATCH = (4, 2)
"""Rows and columns of the patches of a hidden tree, 256 categories: strokes are upright mostly."""


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
      draws: of the bound that the density gives in place of log p(x); None: it is exact.
    """

    setting: str
    density: gl.Density
    params: Any
    steps: int
    status: str
    joint: gl.Density | None = None
    draws: int | None = None


def fitted(
    setting: str, density: gl.Density, x: Any, effort: Effort, joint: gl.Density | None = None, **how: Any
) -> Fitted:
    """Fit a density, or a joint of which it is the marginal."""
    found = in_sight.fit(joint or density, x, setting, effort.checkpoint, **how)
    return Fitted(setting, density, found.params, int(found.steps), gl.Status(int(found.status)).name, joint)


def seen(data: Dataset) -> jax.Array:
    """Training images, whole pixels."""
    return jnp.asarray(data.train.x)


def images(density: gl.Density, x: np.ndarray) -> jax.Array:
    """Rows of pixels in the shape that a density has them."""
    return jnp.asarray(x).reshape(-1, *density.space.struct.shape)


def grid(data: Dataset, sides: tuple[int, int]) -> tuple[tuple[int, int], int]:
    """How many patches there are each way, and of how many kinds."""
    (height, width), (a, b) = data.image_shape, sides
    return (height // a, width // b), 2 ** (a * b)


def independent(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """One coin a pixel."""
    pixels = gl.bernoulli((data.pixels,))
    return [lambda: fitted("one pseudo-count", pixels, seen(data), effort, smoothing=1.0)]


def classes(each: gl.Density, data: Dataset) -> gl.Density:
    """p(y) p(x | y), a density for each class."""
    return gl.joint(gl.categorical(data.num_classes), gl.per_class(each, data.num_classes))


def naive_bayes(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """Ten sets of coins, the label seen in the fit and summed out in the score."""
    model, rows = classes(gl.bernoulli((data.pixels,)), data), (data.train.y, data.train.x)
    return [lambda: fitted("one pseudo-count", gl.marginal(model), rows, effort, model, smoothing=1.0)]


def coins(which: int) -> Callable[[Dataset, Effort], list[Callable[[], Fitted]]]:
    """A mixture of few coins, 0, or of many, 1."""

    def fits(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
        k = effort.components[which]
        model = gl.mixture(gl.bernoulli((data.pixels,)), k)
        method = gl.em(10 * effort.passes, tol=1e-3, curvature=False, short=SHORT)
        how: dict[str, Any] = {"restarts": effort.starts, "method": method, "key": jax.random.key(effort.seed)}
        how["smoothing"] = imaginary(data.train.x, 1.0)
        return [lambda: fitted(f"K = {k} and an imaginary image each", model, seen(data), effort, **how)]

    return fits


def hidden_tree(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """A tree of hidden states, each of which tells a patch, by minibatches."""
    sides, kinds = grid(data, PATCH)
    model = gl.patches(gl.hidden_tree(sides, effort.states, kinds), PATCH)
    method = gl.online_em(effort.epochs[0] // 2, 500, 0.6)
    how: dict[str, Any] = {"method": method, "key": jax.random.key(effort.seed)}
    how["smoothing"] = {"transition": 0.05, "emission": 0.005}
    return [lambda: fitted(f"{effort.states} states", model, images(model, data.train.x), effort, **how)]


def windows_net(data: Dataset, effort: Effort) -> Net:
    """The net of four rungs: windows with a memory."""
    near = effort.window
    return gl.nets.windows(near, near, width=effort.width, depth=effort.depth, memory=effort.memory, half=effort.half)


def network(place: int, net: Callable[[Dataset, Effort], Net], rate: float, batch: int = 100) -> Any:
    """A causal network, by Adam; the best epoch on validation images is kept."""

    def fits(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
        model, epochs = gl.autoregressive(data.image_shape, net(data, effort)), effort.epochs[place]
        return [lambda: by_adam(model, data, effort, epochs, rate, batch)]

    return fits


def class_network(
    places: tuple[int, int], net: Callable[[Dataset, Effort], Net], rates: tuple[float, float], batch: int = 100
) -> Any:
    """A causal network for each class: what one learnt from all images goes on to learn from those of the class."""

    def fits(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
        model = gl.autoregressive(data.image_shape, net(data, effort))
        epochs = effort.epochs[places[0]], effort.epochs[places[1]]
        return [lambda: ofclasses(model, data, effort, epochs, rates, batch)]

    return fits


def ofclasses(
    model: gl.Density, data: Dataset, effort: Effort, epochs: tuple[int, int], rates: tuple[float, float], batch: int
) -> Fitted:
    """One fit to all images, from which that of each class starts; classes share nothing, so each is fitted alone."""
    whole = by_adam(model, data, effort, epochs[0], rates[0], batch)
    each = []
    for c in range(data.num_classes):
        own = replace(data, train=_only(data.train, c), valid=_only(data.valid, c))
        named = f"label {c}, {epochs[1]} epochs of Adam"
        each.append(by_adam(model, own, effort, epochs[1], rates[1], batch, named, start=whole.params).params)
    joint = classes(model, data)
    prior = gl.fit(gl.categorical(data.num_classes), data.train.y, smoothing=1.0).params
    params = {"prior": prior, "conditional": jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)}
    name = f"{epochs[0]} epochs of all images, {epochs[1]} of each label's"
    return Fitted(name, gl.marginal(joint), params, sum(epochs), whole.status, joint)


def _only(part: Split, label: int) -> Split:
    return Split(part.x[part.y == label], part.y[part.y == label])


def by_adam(
    model: gl.Density, data: Dataset, effort: Effort, epochs: int, rate: float, batch: int = 100, name: str = "",
    **how: Any,
) -> Fitted:  # fmt: skip
    """Adam, its rate raised and let down again; the best epoch on validation images is kept."""
    x, valid = (images(model, part.x) for part in (data.train, data.valid))
    schedule = up_and_down(rate, epochs * math.ceil(len(x) / batch))
    method = gl.gradient(
        optax.adam, learning_rate=schedule, batch_size=batch, epochs=epochs, average=0.99,
        validation=gl.Data(valid[:2000]),
    )  # fmt: skip
    name = name or f"{epochs} epochs of Adam"
    return fitted(name, model, x, effort, method=method, key=jax.random.key(effort.seed), **how)
