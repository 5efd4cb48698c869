"""Trees, of pixels and of patches: one, one for each class, and many, one for each way of drawing that coins find."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

import genjax_lab as gl
from experiments.debd.recipe import average_rows
from experiments.mixtures.bits import SHORT, imaginary, likeliest
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
    density, joint = _summed(tree, data, labelled)
    rows = _beside(data, images(tree, data.train.x), labelled)

    def fit(alpha: float) -> Fitted:
        return fitted(f"{alpha:g} pseudo-counts", density, rows, effort, joint, smoothing=alpha)

    return [functools.partial(fit, alpha) for alpha in effort.smoothing]


def _summed(each: gl.Density, data: Dataset, labelled: bool) -> tuple[gl.Density, gl.Density | None]:
    """p(x), and p(y, x) where each class has a density of its own."""
    joint = classes(each, data) if labelled else None
    return (gl.marginal(joint), joint) if joint else (each, None)


def _beside(data: Dataset, event: Any, labelled: bool) -> Any:
    """Events beside the labels of the training images, where these are seen."""
    return (data.train.y, event) if labelled else event


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
        return [functools.partial(_mixed, data, effort, *how, passes) for passes in (0, max(1, effort.passes // 5))]

    return fits


def _mixed(data: Dataset, effort: Effort, tree: gl.Density, rows: float, k: int, labelled: bool, passes: int) -> Fitted:
    x, named = images(tree, data.train.x), f"{k} ways" + " in each class" * labelled
    average: Any = {"prior": 1.0, "conditional": {"logits": average_rows(tree, x, rows, EVEN)}}
    smoothing = {"prior": 1.0, "conditional": average} if labelled else average
    density, joint = _summed(gl.mixture(tree, k), data, labelled)
    seen_way = gl.joint(gl.categorical(k), gl.per_class(tree, k))  # of the parameters of the mixture
    known = classes(seen_way, data) if labelled else seen_way
    both = _beside(data, (_ways(data, effort, k, labelled), x), labelled)
    first = fitted(f"{named}, sorted by coins", known, both, effort, smoothing=smoothing)
    if passes == 0:
        return replace(first, density=density, joint=joint)
    return fitted(
        f"{named}, then {passes} passes of EM", density, _beside(data, x, labelled), effort, joint,
        smoothing=smoothing, start=first.params, method=gl.em(max_steps=passes, tol=1e-3, curvature=False),
    )  # fmt: skip


def _ways(data: Dataset, effort: Effort, k: int, labelled: bool) -> jax.Array:
    """Which of k mixed coins, or of k of its own class, is the likeliest of each training image: int[n]."""
    coins, x, y = gl.bernoulli((data.pixels,)), seen(data), jnp.asarray(data.train.y)
    imagined = imaginary(data.train.x, 1.0)
    found = fitted(
        f"{k} coins", classes(gl.mixture(coins, k), data) if labelled else gl.mixture(coins, k),
        _beside(data, x, labelled), effort, smoothing={"prior": 1.0, "conditional": imagined} if labelled else imagined,
        method=gl.em(SHORT, tol=1e-3, curvature=False), key=jax.random.key(effort.seed),
    )  # fmt: skip
    if not labelled:
        return likeliest(found.params, x, k)
    of_class = [jax.tree.map(lambda p, c=c: p[c], found.params["conditional"]) for c in range(data.num_classes)]
    return jnp.stack([likeliest(params, x, k) for params in of_class])[y, jnp.arange(len(x))]
