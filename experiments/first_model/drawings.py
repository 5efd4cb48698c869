"""The experiment's figures."""

from __future__ import annotations

import numpy as np
from jax.typing import ArrayLike
from matplotlib.figure import Figure

from experiments.first_model.table import SHOWN, Fitted, Found
from experiments.outfits import figures
from genjax_lab import plots


def observations(found: Found) -> Figure:
    """The fifty."""
    return figures.page(found.people(found.observed), 10)


def samples(found: Found, fit: Fitted) -> Figure:
    """The first samples of a fit; copies of observations are framed."""
    drawn = fit.drawn[:SHOWN]
    return figures.page(found.people(drawn), 10, marked=list(found.known(drawn)))


def unseen(found: Found) -> Figure:
    """Some outfits that the counts call impossible."""
    return figures.page(found.people(found.unseen), 10)


def masses(found: Found) -> Figure:
    """The probabilities of all outfits, the largest first."""
    figure = Figure(figsize=(plots.WIDTH, 4.3), layout="constrained")
    axes = figure.subplots()
    ranks = np.arange(1, found.outfits + 1)
    styles = ((found.mle, plots.BLUE, "solid", "counted"), (found.smoothed, plots.ORANGE, "dashed", "smoothed"))
    for fit, colour, style, name in styles:
        mass = np.sort(fit.mass)[::-1]
        there = mass > 0
        label = f"{name}: α = {fit.smoothing:g}"
        axes.step(ranks[there], mass[there], where="mid", color=colour, linestyle=style, linewidth=2.2, label=label)
    last = np.sort(found.mle.mass)[::-1][found.seen - 1]
    axes.plot([found.seen, found.seen], [last, 1e-6], color=plots.BLUE, linewidth=2.2)
    axes.annotate("0 from here on", (found.seen * 1.08, 2e-6), color=plots.BLUE, fontsize=11)
    axes.set(xscale="log", yscale="log", ylim=(1e-6, 0.2), xlabel="outfits, the most probable first")
    axes.set_ylabel("probability of each")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color=plots.FAINT, linewidth=0.7)
    return figure


def held_out(found: Found) -> Figure:
    """Held-out nats against smoothing, beside knowing nothing."""
    series: dict[str, ArrayLike] = {
        "left out one at a time": found.nats.mean(1),
        "all outfits alike": np.full(len(found.smoothings), np.log(found.outfits)),
    }
    figure = plots.curves(
        np.asarray(found.smoothings), series, xlabel="pseudo-counts an outfit, α", ylabel="−log p(x), nats an outfit"
    )
    figure.axes[0].set_xscale("log")
    return figure
