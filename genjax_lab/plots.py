"""Drawings of densities and their scores: each function takes arrays and returns a matplotlib `Figure`.

matplotlib is imported here and nowhere else in the library, and only when this module is. No function touches
pyplot's global state, so figures are made safely in any thread and without a screen. Colours are those of
Okabe & Ito (2008), which the colour-blind tell apart; series differ in marker or hatch too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
MARKERS = ("o", "s", "^", "D", "v", "P")
INK, SOFT, FAINT = "#1d1f23", "#5c626b", "#d9dce1"
WIDTH = 6.8  # inches; where a figure is 700 pixels wide, text of 11 points is then as large as the page's


def image_grid(
    images: ArrayLike,
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    low: float | None = None,
    high: float | None = None,
    scale: str = "",
) -> Figure:
    """Grey images in rows and columns, dark ink on white paper.

    Args:
      images: (rows, columns, height, width); NaN leaves a place empty.
      row_labels: one a row, or none.
      column_labels: one a column, or none.
      low: the value shown white; the smallest one if not given.
      high: the value shown black; the largest one if not given.
      scale: what the grey means; given, a colour bar is drawn beside it.

    Returns:
      The figure.

    Raises:
      ValueError: `images` has not four dimensions, or the labels do not match it.

    Example:
      >>> image_grid(np.zeros((2, 3, 8, 8)), row_labels=["data", "model"]).get_size_inches().tolist()
      [6.8, ...]
    """
    values = np.asarray(images, dtype=float)
    if values.ndim != 4:
        raise ValueError(f"image_grid: images must be (rows, columns, height, width); got {values.shape}.")
    rows, columns = values.shape[:2]
    for name, labels, count in (("row_labels", row_labels, rows), ("column_labels", column_labels, columns)):
        if labels and len(labels) != count:
            raise ValueError(f"image_grid: {len(labels)} {name} for {count}.")
    page, centres = _tile(values)
    figure, axes = _canvas(WIDTH * page.shape[0] / page.shape[1] + (0.35 if column_labels else 0.1))
    low = np.nanmin(values) if low is None else low
    high = np.nanmax(values) if high is None else high
    shown = axes.imshow(page, cmap="Greys", vmin=low, vmax=high, interpolation="nearest")
    axes.set_xticks(centres[1] if column_labels else [], column_labels or None)
    axes.set_yticks(centres[0] if row_labels else [], row_labels or None)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=11)
    axes.spines[:].set_visible(False)
    if scale:
        bar = figure.colorbar(shown, ax=axes, shrink=0.8, pad=0.02, aspect=30)
        bar.set_label(scale, size=11, color=SOFT)
        bar.outline.set_visible(False)
    return figure


def _tile(values: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """One page of all the images with a gap of paper between them, and where their centres lie."""
    rows, columns, height, width = values.shape
    gap = max(1, round(0.12 * width))
    page = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for row in range(rows):
        for column in range(columns):
            top, left = row * (height + gap), column * (width + gap)
            page[top : top + height, left : left + width] = values[row, column]
    down = np.arange(rows) * (height + gap) + (height - 1) / 2
    across = np.arange(columns) * (width + gap) + (width - 1) / 2
    return page, (down, across)


def reliability_diagram(confidence: ArrayLike, accuracy: ArrayLike, counts: ArrayLike) -> Figure:
    """How often a model is right against how sure it says it is, and how many rows that concerns.

    Args:
      confidence: (B,) mean confidence in each bin of equal width on [0, 1]; NaN where empty.
      accuracy: (B,) share of right answers in each bin.
      counts: (B,) rows in each bin.

    Returns:
      The figure: bars of accuracy with the gap to the diagonal of perfect calibration, and a histogram.
    """
    confidence, accuracy, counts = (np.asarray(a, dtype=float) for a in (confidence, accuracy, counts))
    middles = (np.arange(len(counts)) + 0.5) / len(counts)
    width = 0.92 / len(counts)
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    gap = confidence - accuracy
    upper.bar(middles, accuracy, width, color=BLUE, label="right answers")
    hatched = {"color": "none", "edgecolor": RED, "hatch": "////"}
    upper.bar(middles, gap, width, bottom=accuracy, label="gap to what is said", **hatched)
    upper.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1.2, label="perfect calibration")
    upper.set_ylim(0, 1.02)
    upper.set_ylabel("share right")
    upper.yaxis.set_major_formatter(PercentFormatter(1))
    upper.legend(loc="upper left", frameon=False)
    lower.bar(middles, counts / counts.sum(), width, color=SOFT)
    lower.set_ylabel("share of rows")
    lower.yaxis.set_major_formatter(PercentFormatter(1))
    lower.set_xlabel("confidence: the probability of the chosen label")
    lower.xaxis.set_major_formatter(PercentFormatter(1))
    lower.set_xlim(0, 1)
    for axes in (upper, lower):
        _plain(axes)
    return figure


def bars(
    groups: Sequence[str],
    series: Mapping[str, ArrayLike],
    *,
    ylabel: str,
    decimals: int = 2,
) -> Figure:
    """Bars side by side, one group a label and one colour a series, each with its number.

    Args:
      groups: the labels below the axis.
      series: name → (groups,) heights.
      ylabel: what the height is, with its unit.
      decimals: of the numbers written on the bars.

    Returns:
      The figure.

    Raises:
      ValueError: a series has not one height a group.
    """
    figure, axes = _canvas(4.0)
    places, width = np.arange(len(groups)), 0.8 / len(series)
    for number, ((name, heights), colour) in enumerate(zip(series.items(), cycle(COLOURS), strict=False)):
        values = np.asarray(heights, dtype=float)
        if values.shape != (len(groups),):
            raise ValueError(f"bars: series {name!r} has shape {values.shape} for {len(groups)} groups.")
        offset = (number - (len(series) - 1) / 2) * width
        drawn = axes.bar(places + offset, values, 0.92 * width, color=colour, label=name)
        texts = [f"{round(value, decimals) + 0.0:.{decimals}f}" for value in values]  # + 0.0: no "-0.00"
        axes.bar_label(drawn, texts, padding=3, fontsize=10, color=INK)
    axes.set_xticks(places, groups)
    axes.set_ylabel(ylabel)
    axes.margins(y=0.14)
    axes.axhline(0, color=INK, linewidth=0.8)
    if len(series) > 1:
        axes.legend(frameon=False)
    _plain(axes)
    axes.grid(visible=False, axis="x")
    return figure


def curves(x: ArrayLike, series: Mapping[str, ArrayLike], *, xlabel: str, ylabel: str) -> Figure:
    """Lines through points, one colour and marker a series.

    Args:
      x: (n,) places.
      series: name → (n,) heights; NaN leaves a gap.
      xlabel: what x is, with its unit.
      ylabel: what the height is, with its unit.

    Returns:
      The figure.
    """
    figure, axes = _canvas(4.3)
    places = np.asarray(x, dtype=float)
    for (name, heights), colour, marker in zip(series.items(), cycle(COLOURS), cycle(MARKERS), strict=False):
        axes.plot(places, np.asarray(heights, dtype=float), color=colour, marker=marker, linewidth=2, label=name)
    axes.legend(frameon=False)
    _plain(axes, xlabel, ylabel)
    return figure


def points_and_contours(
    points: ArrayLike, across: ArrayLike, up: ArrayLike, heights: ArrayLike, *, xlabel: str, ylabel: str
) -> Figure:
    """Points in the plane over the contours of a log-density, (n, 2) and (len(up), len(across)); 1.5 nats a contour."""
    figure, axes = _canvas(4.6)
    values = np.asarray(heights, dtype=float)
    levels = values.max() - 1.5 * np.arange(8, 0, -1)
    axes.contour(np.asarray(across), np.asarray(up), values, levels, colors=ORANGE, linestyles="solid", linewidths=1.4)
    first, second = np.asarray(points, dtype=float).T
    axes.scatter(first, second, s=14, color=BLUE, alpha=0.6, linewidths=0)
    _plain(axes, xlabel, ylabel)
    return figure


def histogram_and_densities(
    values: ArrayLike, x: ArrayLike, series: Mapping[str, ArrayLike], *, bins: int, xlabel: str, ylabel: str
) -> Figure:
    """A histogram of total area one, and densities over it: name → (len(x),) heights."""
    figure, axes = _canvas(4.3)
    axes.hist(np.asarray(values, dtype=float), bins, density=True, color=FAINT, edgecolor=SOFT, linewidth=0.5)
    styles = cycle(("solid", "dashed", "dotted"))
    for (name, heights), colour, style in zip(series.items(), cycle(COLOURS), styles, strict=False):
        axes.plot(np.asarray(x), np.asarray(heights), color=colour, linestyle=style, linewidth=2, label=name)
    axes.legend(frameon=False)
    _plain(axes, xlabel, ylabel)
    return figure


def labelled_points(x: ArrayLike, y: ArrayLike, names: Sequence[str], *, xlabel: str, ylabel: str) -> Figure:
    """Points (n,), a name beside each; both axes logarithmic."""
    figure, axes = _canvas(4.6)
    axes.loglog(np.asarray(x, dtype=float), np.asarray(y, dtype=float), "o", color=BLUE, markersize=7)
    for across, up, name, side in zip(np.asarray(x), np.asarray(y), names, cycle((4, -12)), strict=False):
        axes.annotate(name, (across, up), (6, side), textcoords="offset points", size=9, color=INK)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.margins(x=0.25, y=0.1)
    _plain(axes, xlabel, ylabel)
    return figure


def _canvas(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots()


def _plain(axes: Axes, xlabel: str = "", ylabel: str = "") -> None:
    """A frame that steps back behind what it frames, and what its axes are."""
    axes.set_xlabel(xlabel or axes.get_xlabel())
    axes.set_ylabel(ylabel or axes.get_ylabel())
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(SOFT)
    axes.tick_params(colors=INK, labelsize=11)
    axes.xaxis.label.set_fontsize(11)
    axes.yaxis.label.set_fontsize(11)
    axes.grid(visible=True, color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
