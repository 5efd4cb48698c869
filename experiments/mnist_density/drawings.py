"""The experiment's figures, composed from `genjax_lab.plots`."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from experiments.mnist_density.findings import Findings, Ladder
from experiments.mnist_density.measure import SHOWN, shown, upper
from genjax_lab import plots


def nats_and_seconds(found: Findings) -> Figure:
    """Test nats against seconds of training."""
    return plots.labelled_points(
        np.array([outcome.best.seconds for outcome in found.black.outcomes]),
        np.array([outcome.test for outcome in found.black.outcomes]),
        [outcome.label for outcome in found.black.outcomes],
        xlabel=f"seconds of training, {found.device}",
        ylabel="−log p(x), test nats an image",
    )


def samples(ladder: Ladder) -> Figure:
    """Training images, and what each rung draws."""
    data, outcomes = ladder.data, ladder.outcomes
    first = data.train.x[:SHOWN].reshape(-1, *data.image_shape)
    rows = [first, *(outcome.samples for outcome in outcomes)]
    names = ["images", *(outcome.rung.name for outcome in outcomes)]
    return plots.image_grid(np.stack(rows), row_labels=names, low=0, high=data.levels - 1)


def completed(ladder: Ladder) -> Figure:
    """Test images, their upper halves, and the lower halves that each rung draws."""
    data, outcomes = ladder.data, ladder.outcomes
    whole = data.test.x[shown(data)].reshape(-1, *data.image_shape)
    half = np.where(upper(data), whole, 0.35 * (data.levels - 1))
    drawn = [(o.rung.name, o.completed) for o in outcomes if o.completed is not None]
    rows = [whole, half, *(images for _, images in drawn)]
    names = ["images", "seen", *(name for name, _ in drawn)]
    return plots.image_grid(np.stack(rows), row_labels=names, low=0, high=data.levels - 1)
