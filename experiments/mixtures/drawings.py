"""The experiment's figures, composed from `genjax_lab.plots`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from matplotlib.figure import Figure

import genjax_lab as gl
from experiments.mixtures.bits import Mixture
from experiments.mixtures.bumps import Bumps
from experiments.mixtures.findings import Findings
from genjax_lab import plots

SHOWN = 10  # images in a row


def components(found: Findings, mixture: Mixture) -> Figure:
    """The heaviest components as pictures, heaviest first."""
    order = np.argsort(-np.asarray(mixture.params["prior"]["logits"]))[: 5 * SHOWN]
    pictures = np.asarray(jax.nn.sigmoid(mixture.params["conditional"]["logits"]))[order]
    rows = -(-len(pictures) // SHOWN)
    page = np.full((rows * SHOWN, *found.data.image_shape), np.nan)
    page[: len(pictures)] = pictures.reshape(-1, *found.data.image_shape)
    return plots.image_grid(
        page.reshape(rows, SHOWN, *found.data.image_shape), low=0, high=1, scale="probability of being on"
    )


def samples(found: Findings) -> Figure:
    """Training images above samples of every mixture."""
    rows = [found.data.train.x[:SHOWN]]
    for number, mixture in enumerate(found.mixtures):
        key = jax.random.fold_in(found.key, number)
        rows.append(np.asarray(gl.sample(mixture.model, key, mixture.params, SHOWN)))
    names = ["images", *(f"K = {mixture.components}" for mixture in found.mixtures)]
    return plots.image_grid(
        np.stack(rows).reshape(len(rows), SHOWN, *found.data.image_shape), row_labels=names, low=0, high=1
    )


def gap(found: Findings) -> Figure:
    """Nats on images seen and not seen, by the number of components."""
    names = [f"K = {mixture.components}" for mixture in found.mixtures]
    series: dict[str, ArrayLike] = {
        "training images": np.array([mixture.best.train for mixture in found.mixtures]),
        "validation images": np.array([mixture.best.valid for mixture in found.mixtures]),
    }
    return plots.bars(names, series, ylabel="−log p(x), nats an image", decimals=1)


def geyser(bumps: Bumps) -> Figure:
    """The eruptions and the density that was fitted to them."""
    low, high = bumps.x.min(0), bumps.x.max(0)
    across, up = (np.linspace(a - 0.08 * (b - a), b + 0.08 * (b - a), 150) for a, b in zip(low, high, strict=True))
    grid = jnp.asarray(np.stack(np.meshgrid(across, up), -1).reshape(-1, 2), jnp.float32)
    heights = np.asarray(gl.log_prob(bumps.model, bumps.params, grid)).reshape(len(up), len(across))
    return plots.points_and_contours(
        bumps.x, across, up, heights, xlabel="minutes an eruption lasted", ylabel="minutes until the next"
    )


def galaxies(several: list[Bumps]) -> Figure:
    """Velocities, and the densities of as many components as were fitted."""
    x = several[0].x
    places = np.linspace(x.min() - 2, x.max() + 2, 600)
    grid = jnp.asarray(places, jnp.float32)
    series: dict[str, ArrayLike] = {
        f"K = {b.components}": np.exp(np.asarray(gl.log_prob(b.model, b.params, grid))) for b in several
    }
    return plots.histogram_and_densities(
        x, places, series, bins=40, xlabel="velocity, 1000 km/s", ylabel="density, 1 / (1000 km/s)"
    )
