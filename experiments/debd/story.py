"""The page: one recipe on tables of bits, and how far the best that is published is from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from experiments.debd.recipe import Outcome
from experiments.result import Formula, Section, Table

MEASURED = {"nltcs": -6.01, "plants": -12.95, "baudio": -40.08, "accidents": -29.63, "dna": -85.14}
"""Mixtures of trees, measured before this library was written (ANCHORS)."""

PUBLISHED = {
    "nltcs": -5.99, "plants": -12.26, "baudio": -39.02, "accidents": -26.74, "dna": -80.0, "mushrooms": -9.68,
}  # fmt: skip
"""The best published, of any density; that of dna to a nat."""


def title(found: Mapping[str, Outcome]) -> str:
    """The headline."""
    return f"One recipe on {len(found)} tables of bits"


def summary(found: Mapping[str, Outcome]) -> str:
    """What was done and found."""
    gaps = ", ".join(f"{name} {PUBLISHED[name] - outcome.test:.2f}" for name, outcome in found.items())
    return (
        "A mixture of Chow–Liu trees, its size and smoothing chosen by validation, learns each table. "
        f"The nats a row that are left to the best published density: {gaps}."
    )


def metrics(found: Mapping[str, Outcome]) -> dict[str, Any]:
    """The numbers of each table."""
    return {name: asdict(outcome) for name, outcome in found.items()}


def sections(found: Mapping[str, Outcome]) -> tuple[Section, ...]:
    """The story in its order."""
    return (_recipe(found), _scores(found), _tried(found))


def _recipe(found: Mapping[str, Outcome]) -> Section:
    rows = [(name, o.sizes[3], *o.sizes[:3]) for name, o in found.items()]
    return Section(
        "The recipe",
        (
            "Rows of bits: answers of a survey, where plants grow, songs that were liked, accidents, genes, mushrooms. "
            "In a tree each bit depends on one other; a mixture has many trees, one for each way to be. Which rows are "
            "alike a mixture of coins finds first; each tree is then that of the rows of one coin, a closed form, and "
            "`gl.fit` finds all anew at every step of EM.",
            Formula("p(x; θ) = Σ_z p(z) Π_j p(x_j | x_{parent(j, z)}, z)"),
            "A tree that stands for few rows would believe them too much: each is given some *average rows*, whose "
            "pairs of bits are those of all training rows, as pseudo-counts. How many, how many trees there are, and "
            "whether EM goes on from the coins or from rows far apart, is chosen on the validation rows.",
            Table("The tables", ("table", "bits", "training rows", "validation rows", "test rows"), rows),
        ),
    )


def _scores(found: Mapping[str, Outcome]) -> Section:
    rows = []
    for name, o in found.items():
        before = MEASURED.get(name)
        rows.append(
            (
                name,
                f"{o.independent:.2f}",
                f"{o.tree:.2f}",
                f"{o.best.valid:.2f}",
                f"{o.test:.2f}",
                None if before is None else f"{before:.2f}",
                f"{PUBLISHED[name]:.2f}",
                f"{PUBLISHED[name] - o.test:.2f}",
            )
        )
    columns = (
        "table", "independent bits", "one tree", "mixture, validation", "mixture", "mixture, before", "best published",
        "gap",
    )  # fmt: skip
    return Section(
        "Mean log p(x) of a test row, in nats: more is better",
        (
            Table(
                "Test rows, but for one column",
                columns,
                rows,
                "The best published are of densities of any kind, chosen among many; that of dna is known to a nat.",
            ),
        ),
    )


def _tried(found: Mapping[str, Outcome]) -> Section:
    rows = [
        (name, t.trees, f"{t.rows:g}", t.way, f"{t.train:.2f}", f"{t.valid:.2f}", t.steps, t.status)
        for name, o in found.items()
        for t in o.trials
    ]
    columns = ("table", "trees", "average rows", "learnt", "training", "validation", "steps", "status")
    return Section("All that was fitted", (Table("Every mixture", columns, rows),))
