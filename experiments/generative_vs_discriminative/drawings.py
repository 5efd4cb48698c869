"""The experiment's figures: a panel a task, the mean over seeds in the band of the middle 80 % of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter

from experiments.generative_vs_discriminative.curves import Curves
from experiments.generative_vs_discriminative.findings import Findings
from genjax_lab import plots

COLUMNS = 2
BAND = (10, 90)  # per cent of the seeds
LABELS = {
    "accuracy": "right test labels",
    "log_loss": "log-loss, nats a label",
    "ece": "expected calibration error",
}
GENERATIVE, DISCRIMINATIVE = "generative", "discriminative"


def learning(found: Findings, score: str) -> Figure:
    """One score of both fits against the number of training rows."""

    def panel(axes: Axes, curves: Curves) -> None:
        both = {GENERATIVE: curves.generative, DISCRIMINATIVE: curves.discriminative}
        _draw(axes, curves.sizes, {name: getattr(scores, score) for name, scores in both.items()}, score)
        crossed = curves.verdict(score)[1]
        if crossed is not None:
            axes.axvline(crossed, color=plots.SOFT, linestyle=":", linewidth=1.4)

    return _panels(found.tasks, panel, LABELS[score], "training rows")


def hidden(found: Findings) -> Figure:
    """Accuracy with hidden labels against the number of labels that are seen."""

    def panel(axes: Axes, curves: Curves) -> None:
        assert curves.counted_fully is not None and curves.counted_as_chosen is not None
        places = [curves.sizes.index(size) for size in curves.hidden_sizes]
        series = {
            "generative, labelled rows alone": curves.generative.accuracy[places],
            DISCRIMINATIVE: curves.discriminative.accuracy[places],
            "with hidden, counted fully": curves.counted_fully.accuracy,
            "with hidden, counted as chosen": curves.counted_as_chosen.accuracy,
        }
        _draw(axes, curves.hidden_sizes, series, "accuracy")

    return _panels(found.with_hidden, panel, LABELS["accuracy"], "labelled rows")


def _draw(axes: Axes, sizes: Sequence[int], series: Mapping[str, np.ndarray], score: str) -> None:
    for (name, values), colour, marker in zip(series.items(), plots.COLOURS, plots.MARKERS, strict=False):
        low, high = np.percentile(values, BAND, axis=1)
        axes.fill_between(sizes, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(sizes, values.mean(1), color=colour, marker=marker, markersize=4.5, linewidth=1.6, label=name)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()
    if score == "log_loss":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(lambda x, _: f"{x:g}" if f"{x:e}"[0] in "235" else "")  # the rest overlap
    else:
        axes.yaxis.set_major_formatter(PercentFormatter(1))


def _panels(tasks: Sequence[Curves], panel: Callable[[Axes, Curves], None], up: str, across: str) -> Figure:
    rows = -(-len(tasks) // COLUMNS)
    figure = Figure(figsize=(plots.WIDTH, 0.9 + 2.3 * rows), layout="constrained")
    every = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, curves in zip(every, tasks, strict=False):
        panel(axes, curves)
        axes.set_title(curves.name, fontsize=10.5, color=plots.INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, color=plots.FAINT, linewidth=0.7)
        axes.tick_params(labelsize=8.5)
        axes.tick_params(which="minor", labelsize=7)
    for axes in every[len(tasks) :]:
        axes.set_axis_off()
    figure.supxlabel(across, fontsize=11)
    figure.supylabel(up, fontsize=11)
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False, fontsize=10)
    return figure
