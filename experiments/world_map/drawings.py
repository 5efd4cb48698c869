"""The experiment's figures: maps, the likelihood surface, and scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import genjax_lab as gl
from experiments.world_map.box import CAIRO
from experiments.world_map.findings import Findings
from experiments.world_map.richer import Trial
from experiments.world_map.world import HIGH, LOW, World
from genjax_lab.plots import BLUE, FAINT, GREEN, INK, MARKERS, ORANGE, PURPLE, RED, SKY, SOFT, WIDTH

EXTENT = (LOW[0], HIGH[0], LOW[1], HIGH[1])
SEA, LAND = "#edf3f8", "#d6cfbb"
P_DATA, P_MODEL = r"$p_\mathrm{data}$", r"$p_\mathrm{model}$"
HALO: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.8, "linestyle": "none"}


def observations(found: Findings) -> Figure:
    """The sample space, the land, and what was observed."""
    figure, (axes,) = _maps(found.world, 1, 3.5)
    _points(axes, found.boxes.x, BLUE, "o", "observations")
    axes.plot(*CAIRO, "*", color=RED, markersize=15, **HALO)
    axes.annotate(
        "Cairo", CAIRO, (-8, -4), textcoords="offset points", ha="right", color=RED, fontsize=11, weight="bold"
    )
    return figure


def boxes(found: Findings) -> Figure:
    """Four members of the family and the observations."""
    figure, (axes,) = _maps(found.world, 1, 3.9)
    styles = ((PURPLE, "dashdot"), (ORANGE, "dashed"), (GREEN, "dotted"), (RED, "solid"))
    for named, (colour, style) in zip(found.boxes.named, styles, strict=True):
        _box(axes, named.params, edgecolor=colour, linestyle=style, linewidth=2.4, fill=False, label=named.name)
    _points(axes, found.boxes.x, BLUE, "o", "observations")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=10, frameon=False)
    return figure


def surface(found: Findings) -> Figure:
    """The likelihood over two sides, relative to its maximum; 0 where an observation is left out."""
    seen, best = found.boxes.surface, found.boxes.best
    relative = np.exp(seen.log_likelihood - best.log_likelihood)
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor(FAINT)
    shown = np.ma.masked_equal(relative, 0).T
    drawn = axes.pcolormesh(seen.west, seen.east, shown, cmap="YlGnBu", vmin=0, vmax=1, shading="nearest")
    levels = [0.01, 0.1, 0.25, 0.5, 0.75]
    held = (seen.west <= float(best.params["low"][0])), (seen.east >= float(best.params["high"][0]))
    lines = axes.contour(
        seen.west[held[0]], seen.east[held[1]], relative[np.ix_(*held)].T, levels, colors=INK, linewidths=0.8
    )
    axes.clabel(lines, fontsize=9)
    side = float(best.params["low"][0]), float(best.params["high"][0])
    axes.plot(*side, "*", color=RED, markersize=16, markeredgecolor="white", clip_on=False)
    axes.annotate("maximum likelihood", side, (6, -16), textcoords="offset points", color=RED, fontsize=11)
    axes.set(xlim=seen.west[[0, -1]], ylim=seen.east[[0, -1]])
    axes.text(0.03, 0.04, "grey: likelihood 0, an observation is outside", transform=axes.transAxes, fontsize=11)
    axes.set_xlabel("θ1, western side: longitude in degrees", fontsize=11)
    axes.set_ylabel("θ2, eastern side: longitude in degrees", fontsize=11)
    figure.colorbar(drawn, ax=axes, pad=0.02, aspect=30).set_label("likelihood, share of its maximum", size=11)
    return figure


def model_and_data(found: Findings) -> Figure:
    """p_data above p_model, each with points of its own."""
    boxes = found.boxes
    figure, (upper, lower) = _maps(found.world, 2, 7.2)
    upper.set_title(f"{P_DATA}, and points of it", fontsize=11, loc="left")
    lower.set_title(f"{P_MODEL}, and points of it", fontsize=11, loc="left")
    _points(upper, np.asarray(found.points.test[: len(boxes.new)]), BLUE, "o", "on land")
    _box(lower, boxes.best.params, facecolor=SKY, alpha=0.35)
    _box(lower, boxes.best.params, edgecolor=RED, linewidth=2, fill=False)
    _points(lower, boxes.new[boxes.new_on_land], BLUE, "o", "on land")
    _points(lower, boxes.new[~boxes.new_on_land], RED, "X", "in the sea")
    figure.legend(*lower.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=10, frameon=False)
    return figure


def choices(found: Findings) -> Figure:
    """Nats of training and validation points by the size of the family."""
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    amounts = sorted({trial.smoothing for trial in found.histograms})
    amount = found.histogram.smoothing
    own = [trial for trial in found.histograms if trial.smoothing == amount]
    _learning(left, own, found.histogram.size, f"cells of the histogram (α = {amount:g})")
    for other in [a for a in amounts if a != amount]:
        rest = sorted((t for t in found.histograms if t.smoothing == other), key=lambda trial: trial.size)
        left.plot([t.size for t in rest], [t.valid for t in rest], color=FAINT, linewidth=1.6, zorder=1)
    _learning(right, found.mixtures, found.mixture.size, "components of the mixture")
    left.set_ylabel("mean −log p, nats a point", fontsize=11)
    handles = left.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=10, frameon=False)
    return figure


def densities(found: Findings) -> Figure:
    """Every density on the map, in units of p_data's on land at the equator."""
    shown = [s for s in found.scored if s.name != "the whole map"]
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    every = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    nodes, _, _ = found.world.midpoints(0.5)
    shape = tuple(round((b - a) / 0.5) for a, b in zip(LOW, HIGH, strict=True))
    for axes, scored in zip(every, shown, strict=True):
        height = np.exp(np.asarray(gl.log_prob(scored.model, scored.params, nodes))) * found.world.area
        drawn = axes.imshow(height.reshape(shape).T, cmap="Blues", vmin=0, vmax=1.5, origin="lower", extent=EXTENT)
        _coast(axes, found.world)
        name = scored.name.replace("p_data", P_DATA)
        axes.set_title(f"{name}: {scored.where.sea:.0%} in the sea", fontsize=11, loc="left")
        _frame(axes)
    bar = figure.colorbar(drawn, ax=every, location="bottom", shrink=0.6, aspect=40, extend="max", pad=0.03)
    bar.set_label(f"density, as a multiple of {P_DATA} on land at the equator", size=11)
    return figure


def scores(found: Findings) -> Figure:
    """How many nats every density loses against p_data on the test points; an infinite loss has no end."""
    shown = [s for s in found.scored if s is not found.truth][::-1]
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots()
    gaps = np.array([s.nats - found.truth.nats for s in shown])
    longest = gaps[np.isfinite(gaps)].max() * 1.2
    axes.barh(
        [s.name for s in shown], np.minimum(gaps, longest * 1.1), color=[BLUE if g < np.inf else RED for g in gaps]
    )
    for place, (scored, gap) in enumerate(zip(shown, gaps, strict=True)):
        if np.isfinite(gap):
            axes.annotate(f"{gap:.3f}", (gap, place), (5, 0), textcoords="offset points", va="center", fontsize=11)
        else:
            text = f"∞: {scored.impossible:,} of {len(found.points.test):,} points are impossible  ▶"
            axes.text(longest * 0.98, place, text, color="white", va="center", ha="right", fontsize=11)
    axes.set_xlim(0, longest)
    axes.set_xlabel(f"test −log p above that of {P_DATA}, nats a point", fontsize=11)
    axes.tick_params(axis="y", length=0, labelsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _learning(axes: Axes, trials: Sequence[Trial], chosen: int, xlabel: str) -> None:
    ordered = sorted(trials, key=lambda trial: trial.size)
    sizes = [t.size for t in ordered]
    series = (("training points", "train", BLUE), ("validation points", "valid", ORANGE))
    for (name, part, colour), marker in zip(series, MARKERS, strict=False):
        heights = [getattr(t, part) for t in ordered]
        axes.plot(sizes, heights, color=colour, marker=marker, linewidth=2, label=name)
    axes.axvline(chosen, color=SOFT, linestyle="dashed", linewidth=1.2, label="chosen")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=9, rotation=40)
    axes.minorticks_off()
    axes.set_xlabel(xlabel, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="y", color=FAINT, linewidth=0.7)


def _maps(world: World, count: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of maps above each other: land, sea and degrees."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    every = list(np.ravel(figure.subplots(count, 1, squeeze=False)))
    for axes in every:
        axes.imshow(world.land.T, cmap=ListedColormap([SEA, LAND]), vmin=0, vmax=1, origin="lower", extent=EXTENT)
        _frame(axes)
        axes.tick_params(labelsize=10)
    return figure, every


def _frame(axes: Axes) -> None:
    axes.set(xlim=EXTENT[:2], ylim=EXTENT[2:])
    axes.set_xticks(range(-180, 181, 90), ["180° W", "90° W", "0°", "90° E", "180° E"])
    axes.set_yticks(range(-90, 91, 45), ["90° S", "45° S", "0°", "45° N", "90° N"])
    axes.tick_params(length=2, labelsize=8, colors=SOFT)
    axes.spines[:].set_color(FAINT)


def _coast(axes: Axes, world: World) -> None:
    places = [a + (np.arange(n) + 0.5) * (b - a) / n for a, b, n in zip(LOW, HIGH, world.land.shape, strict=True)]
    axes.contour(*places, world.land.T.astype(float), [0.5], colors=INK, linewidths=0.4)


def _points(axes: Axes, x: Any, colour: str, marker: str, label: str) -> None:
    longitude, latitude = np.asarray(x).T
    axes.plot(longitude, latitude, marker, color=colour, markersize=6, label=label, clip_on=False, **HALO)


def _box(axes: Axes, params: Any, **style: Any) -> None:
    low, high = (np.asarray(params[end], float) for end in ("low", "high"))
    axes.add_patch(Rectangle(tuple(low), *(high - low), clip_on=False, **style))
