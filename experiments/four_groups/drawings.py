"""The experiment's figure: what a fit costs, and a question, by the number of images."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.four_groups.models import Outcome
from genjax_lab.plots import COLOURS, FAINT, INK, MARKERS, WIDTH


def costs(found: Sequence[Outcome]) -> Figure:
    """Two panels, both axes logarithmic: dashed lines are parametric models, solid ones keep the data."""
    figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
    panels = figure.subplots(1, 2)
    lines = []
    for outcome, colour, marker in zip(found, cycle(COLOURS), cycle(MARKERS), strict=False):
        style = "solid" if "non-parametric" in outcome.group else "dashed"
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": style, "linewidth": 2}
        for axes, what in zip(panels, ("fit", "score"), strict=True):
            axes.plot([cost.n for cost in outcome.costs], [getattr(cost, what) for cost in outcome.costs], **look)
        lines.append(Line2D([], [], label=outcome.name, **look))
    for axes, title in zip(panels, ("a fit", "scoring 1,000 new images"), strict=True):
        axes.set(xscale="log", yscale="log", xlabel="training images", ylabel="seconds of processor time")
        axes.set_title(title, size=11, color=INK)
        axes.set_xticks([cost.n for cost in found[0].costs], [f"{cost.n:,}" for cost in found[0].costs])
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, color=FAINT, linewidth=0.7)
        axes.set_axisbelow(True)
    figure.legend(handles=lines, loc="outside lower center", ncols=2, frameon=False)
    return figure
