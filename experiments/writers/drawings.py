"""The experiment's figures."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from experiments.writers.findings import Findings
from experiments.writers.hands import DIGITS, DISCRIMINATIVE, Contest
from genjax_lab import plots

WRITERS = 5  # whose digits are shown


def answers(found: Contest) -> Figure:
    """Shares of right answers and their intervals."""
    figure = Figure(figsize=(plots.WIDTH, 0.9 + 0.42 * len(found.answers)), layout="constrained")
    axes = figure.subplots()
    for place, answer in enumerate(reversed(found.answers)):
        share = answer.right / answer.rows
        rival = answer.side == DISCRIMINATIVE
        colour, marker = (plots.ORANGE, "s") if rival else (plots.BLUE, "o")
        axes.plot([answer.low, answer.high], [place, place], color=colour, linewidth=2)
        axes.plot(share, place, color=colour, marker=marker, markersize=8)
    axes.set_yticks(range(len(found.answers)), [f"{a.model}: {a.side}" for a in reversed(found.answers)])
    chance = np.bincount(found.question.test.y).max() / len(found.question.test)
    axes.axvline(chance, color=plots.SOFT, linestyle="--", linewidth=1.2)
    axes.text(chance, len(found.answers) - 0.4, " always the most frequent", fontsize=9, color=plots.SOFT, va="center")
    axes.set_ylim(-0.6, len(found.answers) - 0.1)
    axes.set_xlabel("right answers, and Wilson's 95 % interval", fontsize=11)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color=plots.FAINT, linewidth=0.7, axis="x")
    axes.set_axisbelow(True)
    return figure


def drawn(found: Findings) -> Figure:
    """Of some writers a row of real digits and one of new ones, 0 to 9."""
    question = found.which.question
    known = question.known
    rows, labels = [], []
    for writer in range(min(WRITERS, len(question.answers))):
        real = np.full((DIGITS, known.x.shape[1]), np.nan)
        for digit in range(DIGITS):
            there = np.flatnonzero((known.y == writer) & (known.digit == digit))
            if len(there):
                real[digit] = known.x[there[0]]
        rows += [real, found.drawn.images[writer, :DIGITS]]
        labels += [f"writer {question.answers[writer]}", "new"]
    page = np.stack(rows).reshape(len(rows), DIGITS, *found.image_shape)
    return plots.image_grid(page, row_labels=labels, low=0, high=255)


def strange(found: Findings) -> Figure:
    """The strange images, and below each how sure p(y | x) is and how rare p(x) says that it is."""
    asked = found.strange
    figure = Figure(figsize=(plots.WIDTH, 4.4), layout="constrained")
    upper, lower = figure.subplots(2, len(asked.names), height_ratios=[1, 2.6], sharex="row", sharey="row")
    for i, name in enumerate(asked.names):
        upper[i].imshow(asked.images[i].reshape(found.image_shape), cmap="Greys", vmin=0, vmax=255)
        upper[i].set_title(name, fontsize=9, color=plots.INK)
        upper[i].set_xticks([])
        upper[i].set_yticks([])
        lower[i].bar([0, 1], [asked.sure[i], asked.rank[i]], 0.75, color=[plots.ORANGE, plots.BLUE])
        for place, value in enumerate((asked.sure[i], asked.rank[i])):
            lower[i].text(place, value + 0.02, f"{100 * value:.0f}", ha="center", fontsize=9, color=plots.INK)
        lower[i].set_xticks([])
        lower[i].set_ylim(0, 1.12)
        lower[i].spines[["top", "right"]].set_visible(False)
    lower[0].yaxis.set_major_formatter(PercentFormatter(1))
    lower[0].set_yticks([0, 0.5, 1])
    names = ("how sure p(y | x) is of its writer", "share of real images that p(x) finds less probable")
    handles = [Patch(color=colour) for colour in (plots.ORANGE, plots.BLUE)]
    figure.legend(handles, names, loc="outside lower center", ncols=1, frameon=False, fontsize=10)
    return figure
