"""The page: what was asked, what was fitted, what it knows and what it cannot. One section or two a file."""

from __future__ import annotations

from experiments.mnist.findings import Findings
from experiments.mnist.story import grey, labels, likelihood, model, samples
from experiments.result import Section


def title(found: Findings) -> str:
    """The headline."""
    return f"Naive Bayes on {found.name}: {found.bits.scores.accuracy:.0%} of the labels, and samples that are noise"


def summary(found: Findings) -> str:
    """What was done and found."""
    scores, images, drawn = found.bits.scores, found.real.neighbours, found.drawn.neighbours
    return (
        f"One coin for every pixel and class, fitted by counting {len(found.data.train):,} images, labels "
        f"{scores.accuracy:.1%} of {len(found.data.test):,} new ones correctly, and is {found.confidence:.1%} "
        "sure on average. What it draws is noise: within a class neighbouring pixels of the images "
        f"correlate by {images:.2f}, those of its samples by {abs(drawn):.2f}."
    )


def sections(found: Findings) -> tuple[Section, ...]:
    """The story in its order."""
    return (
        model.question(found),
        model.coins(found),
        labels.three_sides(found),
        labels.too_sure(found),
        samples.no_digits(found),
        samples.the_reason(found),
        likelihood.nats(found),
        grey.levels(found),
        _to_take_along(),
    )


def _to_take_along() -> Section:
    return Section(
        "What to take along",
        (
            "A label needs little: ten blurred pictures tell most digits apart. A density needs everything. The "
            "same parameters, asked for $p(y | x)$, $p(x | y)$ and $p(x)$, give a fair answer, too sure of itself; "
            "pictures of noise; and a likelihood that is far from what is possible. The three failures have one "
            "cause: pixels that depend on each other, in a family that cannot say so.",
            "The cure is a family in which a pixel may depend on its neighbours, and the likelihood, in nats on "
            "images that were not fitted, is the measure of how far one has come.",
        ),
    )
