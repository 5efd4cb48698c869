"""The page: the map, boxes on it, the best of them, and densities that know more of the land."""

from __future__ import annotations

from experiments.result import Section
from experiments.world_map.findings import Findings
from experiments.world_map.story import boxes, richer


def title(found: Findings) -> str:
    """The headline."""
    return f"The world map: the most likely box lies {found.boxes.sea:.0%} in the sea"


def summary(found: Findings) -> str:
    """What was done and found."""
    winner = found.winner
    coast = " The coast is a coarse outline, for the data are absent." if found.world.stands_in else ""
    return (
        f"Maximum likelihood puts the smallest box around {len(found.boxes.x)} points of the land, and "
        f"{found.boxes.sea:.1%} of what the box then believes in is sea. Of the families tried with "
        f"{len(found.points.train):,} points the {winner.name} comes nearest: {winner.nats:.3f} nats a new point, "
        f"where the truth itself needs {found.world.entropy:.3f}, and {winner.where.sea:.1%} in the sea.{coast}"
    )


def sections(found: Findings) -> tuple[Section, ...]:
    """The story in its order."""
    return (
        boxes.sample_space(found),
        boxes.family(found),
        boxes.likelihood(found),
        boxes.maximum(found),
        boxes.model_and_data(found),
        richer.families(found),
        richer.side_by_side(found),
        _to_take_along(found),
    )


def _to_take_along(found: Findings) -> Section:
    return Section(
        "What to take along",
        (
            "A model is four things: a *sample space*, a *family* of densities over it, the *data*, and the "
            "*likelihood* that chooses between the members. Maximum likelihood finds the best member; it cannot leave "
            "the family. The best box is found exactly, from a handful of points, and is mostly sea: no four numbers "
            "describe continents.",
            "A richer family can come nearer to $p_{data}$, and needs more data to do so, for the points it was "
            "fitted to always look better under it than new ones. The log-likelihood of new points is the measure that "
            "compares them all. Here $p_{data}$ is known, and with it the best possible score. Elsewhere, "
            "for images or for text, it is not, and the measure is all one has.",
        ),
    )
