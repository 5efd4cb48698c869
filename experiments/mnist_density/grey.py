"""How the rungs of grey images are fitted: levels one by one, through a flow, and one after another."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import genjax_lab as gl
from experiments.mnist_density.effort import Effort
from experiments.mnist_density.fits import Fitted, by_adam, fitted, windows_net
from genjax_lab.data import Dataset

DRAWS = 16
"""Of the levels between black and white, when a flow is scored."""


def independent(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """A table of levels for each pixel."""
    model = gl.categorical(data.levels, (data.pixels,))

    def fit(alpha: float) -> Fitted:
        return fitted(f"{alpha:g} pseudo-counts a level", model, data.train.x, effort, smoothing=alpha)

    return [functools.partial(fit, alpha) for alpha in (0.01, 0.1, 1.0)]


def flow(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """Affine couplings of real numbers of which the levels are what is seen; fitted with one draw, scored with more."""
    bent = gl.affine_coupling(gl.normal(data.image_shape), 8, (8 * effort.width, 8 * effort.width))

    def fit() -> Fitted:
        found = by_adam(gl.dequantised(bent, data.levels), data, effort, effort.grey[0], 1e-3)
        return replace(found, density=gl.dequantised(bent, data.levels, DRAWS), draws=DRAWS)

    return [fit]


def windows(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """The windows of the ladder, each level a mixture of discretised logistics."""
    return _windows(gl.mixture(gl.discretised_logistic(data.levels), effort.logistics), data, effort)


def tables(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """The same, each level from a table of all."""
    return _windows(gl.categorical(data.levels), data, effort)


def _windows(entry: gl.Density, data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    model = gl.autoregressive(data.image_shape, windows_net(data, effort), entry)
    return [lambda: by_adam(model, data, effort, effort.grey[1], 2e-3, effort.batch)]
