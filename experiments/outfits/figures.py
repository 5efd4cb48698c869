"""Outfits as drawn people, with matplotlib's shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse, FancyBboxPatch, Patch, Polygon, Rectangle

from experiments.outfits import COUNTS, Outfits
from genjax_lab.plots import FAINT, INK, ORANGE, WIDTH

SKIN, LINE = "#edc3a1", 0.7
HAIR = {
    "Black": "#2c1b18",
    "Blonde": "#d9a94f",
    "Brown": "#724133",
    "PastelPink": "#f7a3b4",
    "Red": "#c93305",
    "SilverGray": "#b9bec6",
}
CLOTH = {
    "Black": "#262e33",
    "Blue01": "#65c9ff",
    "Gray01": "#a9b0b8",
    "PastelGreen": "#a7e8bd",
    "PastelOrange": "#ffd3a0",
    "Pink": "#ff488e",
    "Red": "#e23b3b",
    "White": "#ffffff",
}


def page(outfits: Outfits, columns: int, *, marked: Sequence[bool] = (), labels: Sequence[str] = ()) -> Figure:
    """Draw people in rows.

    Args:
      outfits: n of them.
      columns: people in a row.
      marked: which of them stand in an orange frame.
      labels: what stands below each.

    Returns:
      The figure.
    """
    codes = {name: np.asarray(column) for name, column in outfits.items()}
    number = len(codes["topType"])
    rows = -(-number // columns)
    step, top = (1.16, 1.52 if labels else 1.36), 1.28
    figure = Figure(figsize=(WIDTH, WIDTH * rows * step[1] / (columns * step[0])), layout="constrained")
    axes = figure.subplots()
    for place in range(number):
        across, down = place % columns * step[0], -(place // columns) * step[1]
        frame = bool(marked) and bool(marked[place])
        edge, width = (ORANGE, 2.4) if frame else (FAINT, 0.8)
        axes.add_patch(Rectangle((across, down), 1.06, top, facecolor="#f6f7f9", edgecolor=edge, linewidth=width))
        values = {name: list(COUNTS[name])[column[place]] for name, column in codes.items()}
        _person(axes, across + 0.53, down, values)
        if labels:
            axes.text(across + 0.53, down - 0.04, labels[place], ha="center", va="top", fontsize=9, color=INK)
    axes.set_xlim(-0.05, columns * step[0])
    axes.set_ylim(-(rows - 1) * step[1] - (step[1] - top) - 0.02, top + 0.05)
    axes.set_aspect("equal")
    axes.set_axis_off()
    return figure


def _person(axes: Axes, x: float, y: float, values: dict[str, str]) -> None:
    """One person around x, standing on y: what is behind first."""
    hair, style = HAIR[values["hairColor"]], values["topType"]
    if style in BEHIND:
        BEHIND[style](axes, x, y, hair)
    _clothes(axes, x, y, values["clotheType"], CLOTH[values["clotheColor"]])
    axes.add_patch(Ellipse((x, y + 0.74), 0.44, 0.54, facecolor=SKIN, edgecolor=INK, linewidth=LINE))
    for side in (-1, 1):
        axes.add_patch(Circle((x + 0.09 * side, y + 0.75), 0.022, color=INK))
    smile = np.linspace(-1, 1, 9)
    axes.plot(x + 0.07 * smile, y + 0.565 + 0.025 * smile**2, color=INK, linewidth=1)
    if style in ABOVE:
        ABOVE[style](axes, x, y, hair)
    _glasses(axes, x, y + 0.75, values["accessories"])


def _clothes(axes: Axes, x: float, y: float, kind: str, colour: str) -> None:
    shoulders = [
        (-0.42, 0),
        (-0.38, 0.26),
        (-0.27, 0.36),
        (-0.1, 0.42),
        (0.1, 0.42),
        (0.27, 0.36),
        (0.38, 0.26),
        (0.42, 0),
    ]
    _shape(axes, x, y, shoulders, colour if kind != "Overall" else "#e9e6df")
    _shape(axes, x, y, [(-0.08, 0.38), (-0.08, 0.55), (0.08, 0.55), (0.08, 0.38)], SKIN, edge=SKIN)
    if kind == "ShirtScoopNeck":
        axes.add_patch(Ellipse((x, y + 0.41), 0.3, 0.24, facecolor=SKIN, edgecolor=INK, linewidth=LINE))
    elif kind == "ShirtVNeck":
        _shape(axes, x, y, [(-0.12, 0.43), (0, 0.17), (0.12, 0.43)], SKIN)
    elif kind == "Hoodie":
        _shape(axes, x, y, [(-0.22, 0.33), (-0.16, 0.47), (0.16, 0.47), (0.22, 0.33), (0, 0.2)], colour)
        for side in (-1, 1):
            axes.plot([x + 0.06 * side] * 2, [y + 0.27, y + 0.14], color=INK, linewidth=1.1)
        _shape(axes, x, y, [(-0.17, 0), (-0.11, 0.1), (0.11, 0.1), (0.17, 0)], colour)
    else:
        _shape(axes, x, y, [(-0.2, 0), (-0.2, 0.22), (0.2, 0.22), (0.2, 0)], colour)
        for side in (-1, 1):
            strap = [(0.2 * side, 0.22), (0.25 * side, 0.36), (0.17 * side, 0.39), (0.12 * side, 0.22)]
            _shape(axes, x, y, strap, colour)


def _glasses(axes: Axes, x: float, y: float, kind: str) -> None:
    if kind == "Blank":
        return
    for side in (-1, 1):
        if kind == "Round":
            lens: Patch = Circle((x + 0.1 * side, y), 0.082, facecolor="#ffffff66", edgecolor=INK, linewidth=1.3)
        else:
            corner = (x + 0.1 * side - 0.062, y - 0.042)
            lens = FancyBboxPatch(corner, 0.124, 0.084, "round,pad=0.018", facecolor="#15181c", edgecolor=INK)
        axes.add_patch(lens)
        axes.plot([x + 0.18 * side, x + 0.22 * side], [y + 0.01, y + 0.03], color=INK, linewidth=1.3)
    axes.plot([x - 0.02, x + 0.02], [y + 0.01] * 2, color=INK, linewidth=1.3)


def _shape(
    axes: Axes, x: float, y: float, corners: Sequence[tuple[float, float]], colour: str, edge: str = INK
) -> None:
    axes.add_patch(Polygon(np.add(corners, (x, y)), facecolor=colour, edgecolor=edge, linewidth=LINE))


def _cap(axes: Axes, x: float, y: float, colour: str, low: float = 0.86) -> None:
    """Hair on the crown, down to `low` at the temples."""
    turn = np.linspace(0, np.pi, 25)
    outside = np.stack([0.245 * np.cos(turn), low + (1.06 - low) * np.sin(turn)], 1)
    inside = np.stack([-0.19 * np.cos(turn), low + 0.07 * np.sin(turn)], 1)
    _shape(axes, x, y, [(a, b) for a, b in np.concatenate([outside, inside])], colour)


def _brows(axes: Axes, x: float, y: float, colour: str) -> None:
    """What is left to the bald of their hair's colour, without which two of their outfits would look alike."""
    for side in (-1, 1):
        middle = (x + 0.105 * side, y + 0.885)
        axes.add_patch(Ellipse(middle, 0.17, 0.075, angle=-14 * side, facecolor=colour, edgecolor=INK, linewidth=LINE))


def _bun(axes: Axes, x: float, y: float, colour: str) -> None:
    axes.add_patch(Circle((x, y + 1.1), 0.11, facecolor=colour, edgecolor=INK, linewidth=LINE))


def _straight(axes: Axes, x: float, y: float, colour: str) -> None:
    _shape(axes, x, y, [(-0.27, 0.9), (-0.33, 0.2), (0.33, 0.2), (0.27, 0.9), (0.15, 1.04), (-0.15, 1.04)], colour)


def _curls(axes: Axes, x: float, y: float, colour: str) -> None:
    for turn in np.linspace(-0.32 * np.pi, 1.32 * np.pi, 15):
        middle = (x + 0.29 * np.cos(turn), y + 0.72 + 0.34 * np.sin(turn))
        axes.add_patch(Circle(middle, 0.095, facecolor=colour, edgecolor=INK, linewidth=LINE))


def _waves(axes: Axes, x: float, y: float, colour: str) -> None:
    for turn in np.linspace(0.1 * np.pi, 0.9 * np.pi, 6):
        middle = (x + 0.21 * np.cos(turn), y + 0.8 + 0.24 * np.sin(turn))
        axes.add_patch(Circle(middle, 0.075, facecolor=colour, edgecolor=INK, linewidth=LINE))


def _flat(axes: Axes, x: float, y: float, colour: str) -> None:
    _shape(axes, x, y, [(-0.24, 0.8), (-0.245, 1.06), (0.245, 1.06), (0.24, 0.8), (0.19, 0.92), (-0.19, 0.92)], colour)


def _spikes(axes: Axes, x: float, y: float, colour: str) -> None:
    high = [(0.27 * c, 0.8 + (0.42 if i % 2 else 0.27) * s) for i, (c, s) in enumerate(_half_circle(17))]
    _shape(axes, x, y, [*high, (-0.18, 0.9), (0.18, 0.9)], colour)


def _half_circle(points: int) -> np.ndarray:
    turn = np.linspace(0, np.pi, points)
    return np.stack([np.cos(turn), np.sin(turn)], 1)


Drawing = Callable[[Axes, float, float, str], None]
BEHIND: dict[str, Drawing] = {"LongHairBun": _bun, "LongHairStraight": _straight, "LongHairCurly": _curls}
ABOVE: dict[str, Drawing] = {
    "NoHair": _brows,
    "LongHairBun": _cap,
    "LongHairStraight": _cap,
    "LongHairCurly": _cap,
    "ShortHairShortWaved": _waves,
    "ShortHairShortFlat": _flat,
    "ShortHairFrizzle": _spikes,
}
