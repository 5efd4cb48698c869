"""Histograms and mixtures, how they were chosen, and all densities beside each other."""

from __future__ import annotations

import math

import genjax_lab as gl
from experiments.result import Cell, Figure, Formula, Section, Table
from experiments.world_map import drawings
from experiments.world_map.findings import Findings
from experiments.world_map.richer import FLOOR, STEP, Scored, Trial
from experiments.world_map.story.boxes import power
from experiments.world_map.world import MAP

ENDS = {
    "BOUNDARY": "cells without a point have probability 0, and a point in one costs ∞",
    "DEGENERATE": "a hill has lost its points",
    "MAX_STEPS": "the steps ran out before the likelihood stopped rising",
}
"""What the ends of fits that need care mean here."""


def families(found: Findings) -> Section:
    """Two richer families, and their size by validation."""
    points, histogram, mixture = found.points, found.histogram, found.mixture
    across, up = histogram.params["logits"].shape
    return Section(
        "Richer families",
        (
            "A family that is to know of continents needs more parameters than four. Two of the library's, "
            f"fitted to {len(points.train):,} points of $p_{{data}}$:",
            "A *histogram* cuts the map into cells of equal size, each with a density of its own. Maximum likelihood "
            "counts: the probability of a cell is its share of the points. A cell without a point would be impossible, "
            "so each is given α imaginary points first. `gl.statistics` counts once, `gl.fit_statistics` "
            "fits for every α.",
            Formula("p(x; θ) = θ_c / area of a cell,   c the cell of x        θ_c = (n_c + α) / (n + α · cells)"),
            "A *mixture of normal densities* lays K bell-shaped hills on the map, each with a weight, a place, a width "
            "and a slant. `gl.mixture(gl.mvnormal(2), K)` is fitted by expectation maximisation, from "
            f"{found.restarts} starts; {FLOOR:g} square degree is added to every variance, so that no hill "
            "collapses onto a point.",
            Formula("p(x; θ) = Σ_k w_k N(x; μ_k, Σ_k)"),
            "How many cells, how many hills? The training points cannot say: more is always better for them. So "
            f"{len(points.valid):,} other points, the *validation points*, choose. With few cells the land is blurred "
            "into the sea; with too many each knows too few points, and what it has learnt is chance.",
            Figure(
                "choices",
                "Mean −log p: less is better. Pale lines: validation points with the other values of α. "
                "What is infinite is not drawn.",
                lambda: drawings.choices(found),
            ),
            f"Chosen: {across} × {up} cells with α = {histogram.smoothing:g}, and {mixture.size} hills.",
            _tried(found),
        ),
    )


def _tried(found: Findings) -> Table:
    def row(name: str, trial: Trial, chosen: Trial) -> tuple[Cell, ...]:
        mark = " ← chosen" if trial is chosen else ""
        nats = _nats(trial.train), _nats(trial.valid)
        return name + mark, gl.degrees_of_freedom(trial.model), *nats, trial.status

    by_size: dict[int, list[Trial]] = {}
    for trial in found.histograms:
        by_size.setdefault(trial.size, []).append(trial)
    shown = [min(group, key=lambda trial: trial.valid) for group in by_size.values()]
    rows = [row(f"{t.size:,} cells, α = {t.smoothing:g}", t, found.histogram) for t in shown]
    rows += [row(f"{t.size} normals", t, found.mixture) for t in found.mixtures]
    columns = ("family", "free parameters", "training", "validation", "end")
    note = f"Nats a point. Of {len(found.histograms)} histograms each size is shown with its best α."
    ends = {str(end) for *_, end in rows}
    note += "".join(f" {end}: {meaning}." for end, meaning in ENDS.items() if end in ends)
    return Table("Mean −log p of the points that were fitted, and of others", columns, rows, note)


def side_by_side(found: Findings) -> Section:
    """Test scores, shares in the sea, and all densities drawn."""
    points, entropy = found.points, found.world.entropy
    columns = (
        "density",
        "free parameters",
        "test",
        "every land point",
        "on land",
        "in the sea",
        "off the map",
        "p(Cairo)",
    )
    return Section(
        "Side by side",
        (
            f"{len(points.test):,} points that no fit and no choice has seen score what was chosen, once. The score is "
            "the mean of −log p, in nats: how surprised the density is by a new point. Because $p_{data}$ is known, so "
            "is the best possible score: no density has a lower mean than $p_{data}$ itself, and that is its "
            "*entropy*. Were all land at the equator, it would be the logarithm of the area of land, "
            f"{math.log(found.world.area):.4f}.",
            Formula(
                f"−∫ p_{{data}} log p_{{data}} dx = log {found.world.area:,.0f} − ∫ p_{{data}} log cos x_2 dx"
                f" = {entropy:.4f} nats"
            ),
            Table(
                "Mean −log p of new points, and where the probability lies",
                columns,
                [_row(scored) for scored in found.scored],
                'Nats a point ± standard error. "Every land point" is $−∫ p_{data} log p$, the number that the test '
                "points estimate. It and the shares are exact sums over cells for all but the mixture: a bell "
                f"curve over a coast has no closed integral, and it is summed over a grid of {STEP:g}°. Densities in "
                "1 / square degree.",
            ),
            Figure(
                "scores",
                "What each density loses against $p_{data}$ on the test points: an estimate of the Kullback–Leibler "
                "divergence of $p_{data}$ from it.",
                lambda: drawings.scores(found),
            ),
            _outside(found),
            _between(found),
            Figure(
                "densities",
                "Every density on the map, in units of what $p_{data}$ is on land at the equator. The first map "
                "is right: it pales to the north and south, where a square degree is smaller, and is 0 in the sea.",
                lambda: drawings.densities(found),
            ),
        ),
    )


def _outside(found: Findings) -> str:
    """What the box around the training points pays for the test points that it leaves out."""
    box, n = found.scored[2], len(found.points.test)
    opening = f"The box around {len(found.points.train):,} points "
    if not box.impossible:
        return (
            f"{opening}holds all test points, and scores {math.log(MAP) - box.possible:.3f} better than the whole map."
        )
    if box.impossible == n:
        return f"{opening}holds none of the {n:,} test points, and has to pay infinitely much for each."
    return (
        f"{opening}leaves {box.impossible:,} of the {n:,} test points out. For these it has to pay infinitely much, "
        f"whatever it gains elsewhere; on the others alone it scores {box.possible:.3f}, "
        f"{math.log(MAP) - box.possible:.3f} better than the whole map. A density that is 0 anywhere had better be "
        "sure."
    )


def _between(found: Findings) -> str:
    """The histogram against the mixture."""
    histogram, mixture = found.scored[3], found.scored[4]
    first, second = sorted((histogram, mixture), key=lambda scored: scored.nats)
    lead = f"{second.nats - first.nats:.3f} nats a point"
    if second.impossible:
        lead = f"infinitely much: {second.impossible:,} of the test points are impossible under it"
    return (
        f"The {first.name}, with {first.free:,} free parameters, beats the {second.name} with {second.free:,} by "
        f"{lead}. The histogram has the same square cells everywhere; the hills "
        "go where the land is, and take its width and slant. But they are soft where the coast is "
        f"sharp, and {mixture.where.off_map:.1%} of their probability lies beyond the edges of the map, where no point "
        f"can be. {first.where.sea:.1%} and {second.where.sea:.1%} of what the two believe in is still sea."
    )


def _row(scored: Scored) -> tuple[Cell, ...]:
    test = _nats(scored.nats) + (f"\u00a0±\u00a0{scored.error:.3f}" if math.isfinite(scored.nats) else "")
    every = _nats(scored.expected)
    shares = (scored.where.land, scored.where.sea, scored.where.off_map)
    cairo = power(math.log(scored.cairo) if scored.cairo else -math.inf)
    name = scored.name.replace("p_data", "$p_{data}$")
    return name, scored.free, test, every, *(f"{share:.1%}" for share in shares), cairo


def _nats(value: float) -> str:
    return f"{value:.3f}".replace("inf", "∞")
