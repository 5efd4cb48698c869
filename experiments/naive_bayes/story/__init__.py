"""The page: new combinations of known parts, labels by Bayes' rule, and the price of independence."""

from __future__ import annotations

from experiments.naive_bayes.findings import Findings
from experiments.naive_bayes.story.combinations import new, parts
from experiments.naive_bayes.story.independence import too_sure, where
from experiments.naive_bayes.story.labels import labels, numbers, unseen
from experiments.result import Section

TITLE = "Naive Bayes: each feature on its own, and what that buys and costs"


def summary(found: Findings) -> str:
    """What was done and found."""
    outfits = found.outfits
    told = [
        f"{name} {s.last.ours.accuracy:.1%} right, {s.last.ours.confidence:.1%} sure"
        for name, s in found.tables.items()
    ]
    labelled = (
        f"The same assumption within classes labels tables: {'; '.join(told)}" if told else "No table was labelled"
    )
    return (
        f"With independent features {outfits.free} numbers describe what {len(outfits.observed)} people wear, and "
        f"{outfits.new_mass:.0%} of the probability goes to outfits that none of them wore. {labelled}."
    )


def sections(found: Findings) -> tuple[Section, ...]:
    """The story in its order, which ends with the outfits where there are no tables."""
    if not found.tables:
        return parts(found.outfits), new(found.outfits)
    chosen = [numbers(studied) for studied in found.tables.values() if studied.choices]
    return (
        parts(found.outfits),
        new(found.outfits),
        labels(found),
        *chosen,
        unseen(found),
        too_sure(found),
        where(found),
        _to_take_along(),
    )


def _to_take_along() -> Section:
    return Section(
        "What to take along",
        (
            "Independence is an assumption that buys much: few parameters, one pass over the data, sense about what "
            "was never seen, good labels. It is seldom true, and its price can be read: labels stay good where "
            "probabilities are not, because a label needs only the right order. The repair is another family, not "
            "more data; mixtures within the classes are one: `python -m experiments run mixtures`.",
        ),
    )
