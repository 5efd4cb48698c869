"""Windows of images turned eight ways, each fitted alone; their densities are averaged.

Each learns first from images moved by a pixel, which are images of digits too though not of this set, where a digit's
ink has its centre in the middle; then from the images as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.mnist_density.effort import Effort
from experiments.mnist_density.fits import Fitted, by_adam, windows_net
from experiments.mnist_density.upright import shifted
from genjax_lab.data import Dataset, Split

RATES = 4e-3, 1e-3
"""Of the moved images, and of the images as they are."""


def fits(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """One way."""
    return [lambda: learn(data, effort)]


def learn(data: Dataset, effort: Effort) -> Fitted:
    """A network for each turn, and their average."""
    net = windows_net(data, effort)
    one, all_turns = gl.autoregressive(data.image_shape, net), gl.nets.turned(net, effort.turns)
    each = []
    for m in range(effort.turns):
        order = all_turns.order(data.image_shape, m)
        own = replace(data, train=_in_order(data.train, order), valid=_in_order(data.valid, order))
        each.append(_alone(one, own, effort, f"turn {m}"))
    copies = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(found.params for found in each))
    first, then = effort.turned_epochs
    name = f"{effort.turns} turns, {first} epochs of images moved nine ways and {then} of the images"
    density = gl.autoregressive(data.image_shape, all_turns)
    return Fitted(name, density, {"copies": copies}, 9 * first + then, each[-1].status)


def _in_order(part: Split, order: np.ndarray) -> Split:
    return Split(part.x[:, order], part.y)


def _alone(one: gl.Density, data: Dataset, effort: Effort, name: str) -> Fitted:
    """Fitted to moved images, and from there to the images as they are."""
    first, then = effort.turned_epochs
    found = by_adam(one, shifted(data), effort, first, RATES[0], effort.batch, f"{name} moved")
    return by_adam(one, data, effort, then, RATES[1], effort.batch, name, start=found.params)
