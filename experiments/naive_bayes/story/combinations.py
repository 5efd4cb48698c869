"""The fifty outfits, feature by feature."""

from __future__ import annotations

import math

from experiments.naive_bayes import drawings
from experiments.naive_bayes.combinations import Combinations
from experiments.outfits import COUNTS, EXAMPLE
from experiments.result import Figure, Formula, Section


def parts(found: Combinations) -> Section:
    """A product of small tables."""
    factors = " · ".join(f"{part:.2f}" for part in found.parts)
    shape = " + ".join(str(len(values) - 1) for values in COUNTS.values())
    return Section(
        "Fifty people, feature by feature",
        (
            f"`first_model` gave each of {len(found.mass):,} outfits a probability of its own, and knew nothing of "
            "those it had not seen. *Naive* is to suppose that features have nothing to do with each other:",
            Formula("p(x; θ) = Π_j p(x_j; θ_j)"),
            "In the library: `gl.product(topType=gl.categorical(7), hairColor=gl.categorical(6), …)`. Each feature has "
            f"a small table: {shape} = {found.free} free parameters by `gl.degrees_of_freedom`, where the table of all "
            f"outfits has {len(found.mass) - 1:,}. The maximum-likelihood probability of a value is still its share of "
            "the observations, so an outfit that nobody wore is judged by its parts:",
            Formula(f"p({', '.join(EXAMPLE)}) = {factors} = {found.example:.4f}"),
        ),
    )


def new(found: Combinations) -> Section:
    """Samples, and the outfits that nobody wore."""
    best, first = int(found.nats.argmin()), int(found.table_nats.argmin())
    return Section(
        "New outfits",
        (
            f"The outfits that were not observed have {found.new_mass:.0%} of the probability. They are not any "
            "outfits: straight silver hair and white shirts stay common, and a bun or a black shirt, which nobody "
            "wore, still has probability 0 until it is smoothed.",
            Figure(
                "samples",
                f"Samples. {found.known(found.drawn).mean():.0%} of {len(found.drawn):,} are copies of an observation "
                "(framed); the others are new combinations.",
                lambda: drawings.samples(found),
            ),
            Figure(
                "new",
                "The most probable outfits that nobody wore, and their probabilities.",
                lambda: drawings.new(found),
            ),
            f"The proof is an outfit that was left out. Fitted to the 49 others, independent features need "
            f"{found.nats[best]:.2f} nats for it (best α: {found.smoothings[best]:g}); the table of all outfits needs "
            f"{found.table_nats[first]:.2f}, knowing nothing {math.log(len(found.mass)):.2f}.",
            Figure("held_out", "Surprise at an outfit left out: less is better.", lambda: drawings.held_out(found)),
            "One caution: only the counts of each feature are published, and the observations here are a shuffle of "
            "them. In these data the features *are* independent. Real tables are not so kind.",
        ),
    )
