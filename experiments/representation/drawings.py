"""The experiment's figures."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from experiments.mnist_density.measure import SHOWN, shown
from experiments.representation.digits import CODER, LINEAR, Coded
from experiments.representation.findings import GOALS, Findings
from experiments.representation.tins import LEAST, MOST, SIDE, pictures
from genjax_lab import plots
from genjax_lab.plots import BLUE, FAINT, INK, SOFT, WIDTH

MAP = 12
"""Images along a side of the map of an autoencoder's plane."""

BETWEEN = 8
"""Images from one digit to another."""


def some_tins(found: Findings) -> Figure:
    """New tins."""
    return plots.image_grid(found.tins.x[:20].reshape(2, 10, SIDE, SIDE), low=0, high=1)


def recovered(found: Findings) -> Figure:
    """Heights and widths read off the hidden coordinates against the true ones."""
    figure = Figure(figsize=(WIDTH, 4.9), layout="constrained")
    panels = figure.subplots(2, len(found.tins.learnt), sharex=True, sharey=True)
    for column, learnt in enumerate(found.tins.learnt):
        for row, what in enumerate(("height", "width")):
            axes = panels[row, column]
            axes.plot([LEAST, MOST], [LEAST, MOST], color=INK, linestyle="--", linewidth=1)
            axes.scatter(found.tins.factors[:, row], learnt.aligned[:, row], s=4, color=BLUE, alpha=0.4, linewidths=0)
            axes.annotate(f"r = {learnt.correlation[row]:.3f}", (0.05, 0.88), xycoords="axes fraction", size=10)
            axes.spines[["top", "right"]].set_visible(False)
            axes.spines[["left", "bottom"]].set_color(SOFT)
            axes.grid(visible=True, color=FAINT, linewidth=0.7)
            axes.set_axisbelow(True)
            if row == 0:
                axes.set_title(learnt.name, size=10.5)
            if column == 0:
                axes.set_ylabel(f"{what} read off, pixels", size=10)
            axes.tick_params(labelsize=10)
    figure.supxlabel("true height (above) and width (below), pixels", size=10)
    return figure


def new_tins(found: Findings) -> Figure:
    """One tin made higher and higher, by moving its hidden coordinates."""
    truth = pictures(found.goals)
    rows = [truth, *(found.made(learnt) for learnt in found.tins.learnt)]
    names = ["as it should be", *(learnt.name.partition(",")[0] for learnt in found.tins.learnt)]
    columns = [f"{height:.0f} px" for height in GOALS]
    return plots.image_grid(np.stack(rows), row_labels=names, column_labels=columns, low=0, high=1)


def _curves(found: Findings, field: str, raw: float | None, ylabel: str) -> Figure:
    numbers = sorted({one.k for one in found.digits.coded})
    series = {}
    for name in (*LINEAR, CODER):
        known = {one.k: float(getattr(one, field)) for one in found.digits.of(name)}
        series[name] = np.array([known.get(k, np.nan) for k in numbers])
    if raw is not None:
        series["the pixels themselves"] = np.full(len(numbers), raw)
    figure = plots.curves(np.array(numbers), series, xlabel="hidden coordinates", ylabel=ylabel)
    axes = figure.axes[0]
    axes.set_xscale("log")
    axes.set_xticks(numbers, [str(k) for k in numbers])
    axes.minorticks_off()
    for line in axes.lines:  # an autoencoder is fitted at few numbers: its points are joined over the gaps
        some = ~np.isnan(np.asarray(line.get_ydata(), float))
        line.set_data(np.asarray(line.get_xdata(), float)[some], np.asarray(line.get_ydata(), float)[some])
    return figure


def nats(found: Findings) -> Figure:
    """Bounds against the number of hidden coordinates."""
    return _curves(found, "nats", None, "bound on −log p(x), test nats an image")


def wrong(found: Findings) -> Figure:
    """Pixels lost against the number of hidden coordinates."""
    return _curves(found, "wrong", None, "share of pixels wrong, test images")


def right(found: Findings) -> Figure:
    """Labels read off the hidden coordinates."""
    return _curves(found, "right", found.digits.raw, "share of test labels right")


def _coder(found: Findings, k: int) -> Coded:
    return next(one for one in found.digits.of(CODER) if one.k == k)


def plane(found: Findings) -> Figure:
    """What an autoencoder of two hidden coordinates makes of a grid of them, each cell equally probable."""
    at = stats.norm.ppf((np.arange(MAP) + 0.5) / MAP)
    z = np.stack(np.meshgrid(at, at[::-1]), -1).reshape(-1, 2)
    images = _coder(found, 2).decode(z).reshape(MAP, MAP, *found.digits.data.image_shape)
    places = [f"{value:.1f}" for value in at]
    return plots.image_grid(images, row_labels=places[::-1], column_labels=places, low=0, high=1)


def rebuilt(found: Findings) -> Figure:
    """Test images, and what is left of them after few hidden coordinates."""
    data = found.digits.data
    x = data.test.x[shown(data)]
    chosen = [one for name in (LINEAR[0], CODER) for one in found.digits.of(name)]
    most = max(one.k for one in found.digits.of(LINEAR[0]))
    kept = [one for one in chosen if one.name == CODER or one.k in (2, 10, most)]
    rows = [x.astype(float), *(one.decode(one.encode(x)) for one in kept)]
    names = ["images", *(f"{'components' if one.name == LINEAR[0] else CODER}, {one.k}" for one in kept)]
    pages = np.stack(rows).reshape(len(rows), SHOWN, *data.image_shape)
    return plots.image_grid(pages, row_labels=names, low=0, high=1)


def between(found: Findings) -> Figure:
    """From one test image to another, in a straight line of hidden coordinates; and of pixels."""
    data = found.digits.data
    coder = found.digits.of(CODER)[-1]
    ends = data.test.x[shown(data)]
    along = np.linspace(0, 1, BETWEEN)[:, None]
    rows, names = [], []
    for first, last in ((0, 9), (3, 8), (4, 7)):
        a, b = coder.encode(ends[[first, last]])
        rows.append(coder.decode(((1 - along) * a + along * b).astype(np.float32)))
        names.append(f"{first} to {last}")
    rows.append((1 - along) * ends[4] + along * ends[7])
    names.append("of pixels")
    pages = np.stack(rows).reshape(len(rows), BETWEEN, *data.image_shape)
    return plots.image_grid(pages, row_labels=names, low=0, high=1)
