"""The experiment's figures, composed from `genjax_lab.plots`."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from experiments.mnist_density.findings import Findings
from experiments.mnist_density.measure import SHOWN, shown, upper
from genjax_lab import plots


def nats_and_seconds(found: Findings) -> Figure:
    """Test nats against seconds of training."""
    return plots.labelled_points(
        np.array([outcome.best.seconds for outcome in found.outcomes]),
        np.array([outcome.test for outcome in found.outcomes]),
        [outcome.rung.name for outcome in found.outcomes],
        xlabel=f"seconds of training, {found.device}",
        ylabel="−log p(x), test nats an image",
    )


def samples(found: Findings) -> Figure:
    """Training images, and what each rung draws."""
    first = found.data.train.x[:SHOWN].reshape(-1, *found.data.image_shape)
    rows = [first, *(outcome.samples for outcome in found.outcomes)]
    names = ["images", *(outcome.rung.name for outcome in found.outcomes)]
    return plots.image_grid(np.stack(rows), row_labels=names, low=0, high=1)


def completed(found: Findings) -> Figure:
    """Test images, their upper halves, and the lower halves that each rung draws."""
    whole = found.data.test.x[shown(found.data)].reshape(-1, *found.data.image_shape)
    half = np.where(upper(found.data), whole, 0.35)
    drawn = [(o.rung.name, o.completed) for o in found.outcomes if o.completed is not None]
    rows = [whole, half, *(images for _, images in drawn)]
    return plots.image_grid(np.stack(rows), row_labels=["images", "seen", *(name for name, _ in drawn)], low=0, high=1)
