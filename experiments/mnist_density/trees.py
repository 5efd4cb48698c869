"""Trees, of pixels and of patches: one, one for each class, and many, one for each way of drawing that coins find."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

import genjax_lab as gl
from experiments.debd.recipe import average_rows
from experiments.mixtures.bits import SHORT, imaginary
from experiments.mnist_density.effort import Effort
from experiments.mnist_density.fits import Fitted, classes, fitted, grid, images, seen
from genjax_lab.data import Dataset

COLUMN = (4, 1)
"""Rows and columns of the patches of a lone tree, 16 categories: strokes are upright mostly."""

EVEN = 0.02
"""The share of the average images which is spread evenly: no pair of patches is impossible."""

Fits = list[Callable[[], Fitted]]


def one(data: Dataset, effort: Effort) -> Fits:
    """One Chow–Liu tree."""
    return _smoothed(_tree(data, (1, 1)), data, effort)


def one_a_class(data: Dataset, effort: Effort) -> Fits:
    """A tree for each class."""
    return _smoothed(_tree(data, (1, 1)), data, effort, labelled=True)


def one_of_patches(data: Dataset, effort: Effort) -> Fits:
    """One tree of patches."""
    return _smoothed(_tree(data, COLUMN), data, effort)


def one_of_patches_a_class(data: Dataset, effort: Effort) -> Fits:
    """A tree of patches for each class."""
    return _smoothed(_tree(data, COLUMN), data, effort, labelled=True)


def _tree(data: Dataset, sides: tuple[int, int]) -> gl.Density:
    tree = gl.chow_liu(*grid(data, sides))
    return tree if sides == (1, 1) else gl.patches(tree, sides)


def _smoothed(tree: gl.Density, data: Dataset, effort: Effort, labelled: bool = False) -> Fits:
    """With each number of pseudo-counts; where labels are seen they are summed out in the score."""
    x: Any = images(tree, data.train.x)
    joint = classes(tree, data) if labelled else None

    def fit(alpha: float) -> Fitted:
        name = f"{alpha:g} pseudo-counts"
        if joint is None:
            return fitted(name, tree, x, effort, smoothing=alpha)
        return fitted(name, gl.marginal(joint), (data.train.y, x), effort, joint, smoothing=alpha)

    return [functools.partial(fit, alpha) for alpha in effort.smoothing]


def many(sides: tuple[int, int], rows: float, which: int, labelled: bool = False) -> Callable[[Dataset, Effort], Fits]:
    """A tree for each way of drawing: of the images that coins sort into it, then of shares of them by EM.

    Args:
      sides: of a patch.
      rows: average images that each tree has seen besides.
      which: of `Effort.trees`, how many trees.
      labelled: whether each class has so many of its own.
    """

    def fits(data: Dataset, effort: Effort) -> Fits:
        how = _tree(data, sides), rows, effort.trees[which], labelled
        return [functools.partial(_mixed, data, effort, *how, passes) for passes in (0, effort.passes // 5)]

    return fits


def _mixed(data: Dataset, effort: Effort, tree: gl.Density, rows: float, k: int, labelled: bool, passes: int) -> Fitted:
    x = images(tree, data.train.x)
    found = gl.joint(gl.categorical(k), gl.per_class(tree, k))  # as if the way were seen; then it is hidden
    mixture = gl.mixture(tree, k)
    event: Any = (_ways(data, effort, k, labelled), x)
    smoothing = {"prior": 1.0, "conditional": {"logits": average_rows(tree, x, rows, EVEN)}}
    joint = None
    if labelled:
        found, event = classes(found, data), (data.train.y, event)
        joint, smoothing = classes(mixture, data), {"prior": 1.0, "conditional": smoothing}
    density = mixture if joint is None else gl.marginal(joint)
    name = f"{k} ways" + " in each class" * labelled
    first = fitted(f"{name}, sorted", found, event, effort, smoothing=smoothing)
    if not passes:
        return Fitted(f"{name}, sorted by coins", density, first.params, 1, first.status, joint)
    seen_x: Any = (data.train.y, x) if labelled else x
    method = gl.em(max_steps=passes, tol=1e-3, curvature=False)
    return fitted(
        f"{name}, then {passes} passes of EM", density, seen_x, effort, joint,
        smoothing=smoothing, method=method, start=first.params,
    )  # fmt: skip


def _ways(data: Dataset, effort: Effort, k: int, labelled: bool) -> jax.Array:
    """Which of k mixed coins, or of k of its own class, is the likeliest of each training image: int[n]."""
    x, y = seen(data), jnp.asarray(data.train.y)
    coins = gl.bernoulli((data.pixels,))
    how: dict[str, Any] = {"method": gl.em(SHORT, tol=1e-3, curvature=False), "key": jax.random.key(effort.seed)}
    smoothing = imaginary(data.train.x, 1.0)
    name, way = f"{k} coins", gl.posterior(gl.joint(gl.categorical(k), gl.per_class(coins, k)))
    mixture = gl.mixture(coins, k)
    if not labelled:
        found = fitted(name, mixture, x, effort, smoothing=smoothing, **how)
        return gl.predict(way, found.params, x)
    joint = classes(mixture, data)
    smoothing = {"prior": 1.0, "conditional": smoothing}
    found = fitted(name, gl.marginal(joint), (y, x), effort, joint, smoothing=smoothing, **how)
    of_class = [jax.tree.map(lambda p, c=c: p[c], found.params["conditional"]) for c in range(data.num_classes)]
    return jnp.stack([gl.predict(way, params, x) for params in of_class])[y, jnp.arange(len(x))]
