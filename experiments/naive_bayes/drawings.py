"""The experiment's figures."""

from __future__ import annotations

import numpy as np
from jax.typing import ArrayLike
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from experiments.naive_bayes.combinations import SHOWN, Combinations
from experiments.naive_bayes.findings import Findings
from experiments.naive_bayes.tables import Studied
from experiments.outfits import figures
from genjax_lab import plots

FEW = 10
"""A bin of fewer rows is not drawn: its share is chance."""


def samples(found: Combinations) -> Figure:
    """Samples; copies of observations are framed."""
    drawn = found.drawn[:SHOWN]
    return figures.page(found.people(drawn), 10, marked=list(found.known(drawn)))


def new(found: Combinations) -> Figure:
    """The most probable outfits that nobody wore, with their probabilities."""
    best = found.new[:SHOWN]
    return figures.page(found.people(best), 10, labels=[f"{found.mass[place]:.2%}" for place in best])


def held_out(found: Combinations) -> Figure:
    """Held-out nats of both models against smoothing."""
    series: dict[str, ArrayLike] = {
        "table of all outfits": found.table_nats,
        "all outfits alike": np.full(len(found.smoothings), np.log(len(found.mass))),
        "independent features": found.nats,
    }
    figure = plots.curves(
        np.asarray(found.smoothings),
        series,
        xlabel="pseudo-counts of each value, α",
        ylabel="−log p(x), nats an outfit",
    )
    figure.axes[0].set_xscale("log")
    return figure


def reliability(found: Findings) -> Figure:
    """Accuracy against confidence, a panel a table; a point's area is its share of the rows."""
    columns = min(3, len(found.tables))
    rows = -(-len(found.tables) // columns)
    figure = Figure(figsize=(plots.WIDTH, 0.5 + rows * min(7.35 / columns, 4.0)), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (name, studied) in zip(panels, found.tables.items(), strict=False):
        axes.plot([0, 1], [0, 1], color=plots.SOFT, linestyle="--", linewidth=1)
        both = (
            (studied.last.ours, plots.RED, "o", "the table"),
            (studied.independent, plots.BLUE, "s", "drawn: independent"),
        )
        for scores, colour, marker, label in both:
            bins = scores.calibration
            there = np.asarray(bins.counts) >= FEW
            x, y = np.asarray(bins.confidence)[there], np.asarray(bins.accuracy)[there]
            area = 8 + 160 * np.asarray(bins.counts)[there] / len(studied.table)
            axes.plot(x, y, color=colour, linewidth=1, alpha=0.5)
            axes.scatter(x, y, s=area, color=colour, marker=marker, alpha=0.8, linewidths=0, label=label)
        axes.set_title(name, fontsize=11, color=plots.INK)
        axes.set(xlim=(0.2, 1.03), ylim=(0, 1.05))
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, color=plots.FAINT, linewidth=0.7)
        axes.tick_params(labelsize=10, labelbottom=True, labelleft=True)
    for axes in panels[len(found.tables) :]:
        axes.set_axis_off()
    figure.supxlabel("confidence: the probability of the chosen label", fontsize=11)
    figure.supylabel("share right", fontsize=11)
    handles, labels = panels[0].get_legend_handles_labels()
    spare = len(found.tables) < len(panels)
    place, where = (panels[-1], "center") if spare else (panels[0], "lower left")
    legend = place.legend(handles, labels, frameon=False, fontsize=10, loc=where)
    for handle in legend.legend_handles:
        handle.set_sizes([50])
    return figure


def dependence(studied: Studied) -> Figure:
    """Mutual information of every pair of features given the class, in nats."""
    names = list(studied.table.features)
    size = len(names)
    values = np.where(np.eye(size, dtype=bool), np.nan, studied.information)
    small = 8 if size > 12 else 10
    figure = Figure(figsize=(plots.WIDTH, 1.6 + 0.27 * max(size, 9)), layout="constrained")
    axes = figure.subplots()
    shown = axes.imshow(values, cmap=colormaps["Blues"].with_extremes(bad=plots.FAINT), vmin=0, aspect="auto")
    axes.set_xticks(range(size), names, rotation=90 if size > 8 else 45, ha="right" if size <= 8 else "center")
    axes.set_yticks(range(size), names)
    axes.tick_params(length=0, labelsize=small)
    axes.spines[:].set_visible(False)
    if size <= 9:
        for row, column in np.argwhere(~np.isnan(values)):
            dark = values[row, column] > 0.6 * np.nanmax(values)
            text = f"{values[row, column]:.3f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=9, color="white" if dark else plots.INK)
    bar = figure.colorbar(shown, ax=axes, shrink=0.8, pad=0.02, aspect=30)
    bar.set_label("mutual information given the class, nats", size=10, color=plots.SOFT)
    bar.outline.set_visible(False)
    return figure
