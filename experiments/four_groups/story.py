"""The page: what the groups are, what they know, and how their cost grows with the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.four_groups import drawings
from experiments.four_groups.models import ADDED, LOOKED_AT, Outcome
from experiments.result import Cell, Figure, Formula, Section, Table

Found = Sequence[Outcome]


def title(found: Found) -> str:
    """The headline."""
    best = max(o.accuracy for o in found if o.accuracy is not None)
    return f"Four groups of models: up to {best:.1%} of the labels, and what it costs to keep the data"


def summary(found: Found) -> str:
    """What was done and found."""
    kept, fixed = _of(found, "kernels"), _of(found, "mixture")
    n = kept.costs[-1].n
    return (
        f"The same {n:,} digits, asked through the same calls, with labels and without, by models of a fixed number of "
        f"parameters and by models that keep the data. A mixture keeps {fixed.costs[-1].numbers:,} numbers and needs "
        f"{_nats(fixed)} nats for a new image, a kernel density {kept.costs[-1].numbers:,} and {_nats(kept)}."
    )


def metrics(found: Found) -> dict[str, Any]:
    """The numbers, nested by model; without times."""
    return {
        o.name: {
            "group": o.group,
            "train_valid_test_nats": o.nats,
            "accuracy": o.accuracy,
            "numbers": [cost.numbers for cost in o.costs],
            "status": o.status,
        }
        for o in found
    }


def sections(found: Found, d: int, tested: int, source: str) -> tuple[Section, ...]:
    """The story in its order."""
    return (_groups(found), _results(found, d, tested, source), _costs(found), _to_take_along(found))


def _of(found: Found, name: str) -> Outcome:
    return next(o for o in found if o.name == name)


def _nats(outcome: Outcome) -> str:
    """Test nats."""
    return "–" if outcome.nats is None else f"{outcome.nats[2]:.2f}"


def _groups(found: Found) -> Section:
    rows = [(o.name, o.group, o.code) for o in found]
    return Section(
        "Two questions make four groups",
        (
            "*Does somebody say what is right?* A supervised model is fitted to pairs of an image and its label, and "
            "tells the label of a new image. An unsupervised one sees images only, and tells how probable a new image "
            "is.",
            "*Is the number of parameters fixed before the data are seen?* A parametric model has so many numbers, "
            "however many images there are: it draws its conclusions and forgets the images. A non-parametric one has "
            "as many as the data ask for: here it keeps every image, and draws its conclusions when it is asked.",
            Formula("parametric: p(x; θ) = Σ_y p(y) N(x; μ_y, Σ_y)"),
            Formula("non-parametric: p(x; X, h) = (1/n) Σ_i Π_j N(x_j; X_{ij}, h_j)"),
            "The two formulas are one: a kernel density is the mixture that has a component on every image, with one "
            "width h for all. In the library both are densities, with the same `gl.fit`, `gl.log_prob`, `gl.sample` "
            "and, inside `gl.per_class`, the same rule of Bayes.",
            Table("The models", ("model", "group", "in the library"), rows),
        ),
    )


def _results(found: Found, d: int, tested: int, source: str) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for o in found:
        last = o.costs[-1]
        nats = ("–", "–", "–") if o.nats is None else tuple(f"{value:.2f}" for value in o.nats)
        label = "–" if o.accuracy is None else f"{o.accuracy:.2%}"
        seconds = f"{last.fit:.2g}", f"{last.score:.2g}"
        rows.append((o.name, o.group, *nats, label, *seconds, last.numbers))
    columns = (
        "model", "group", "train nats", "valid nats", "test nats", "test labels", "s to fit", "s for 1,000 images",
        "numbers kept",
    )  # fmt: skip
    return Section(
        "What they know",
        (
            f"Every model sees the images as their {d} principal components, the directions in which training images "
            "differ most, each scaled to variance 1. Nats are −log p of these components (with the label summed out "
            "where there is one), so they compare with each other and not with those of pixels. Nothing was chosen by "
            f"validation or test images. Data: {source}; {tested:,} test images.",
            Table(
                f"Fitted to {found[0].costs[-1].n:,} images",
                columns,
                rows,
                f"Train nats are of the first {LOOKED_AT:,} training images. Seconds are of processor time, "
                f"without compiling. Fits of normal densities add {ADDED:g} to every variance. A place for a row "
                "that a smaller class leaves empty counts among the numbers.",
            ),
            "The training nats of kernels mean nothing: each training image has a bump of its own, and narrower bumps "
            "make them as good as one likes. That is why the width is not a maximum-likelihood estimate but a "
            "*leave-one-out* one: each image is scored by the bumps of all the others.",
        ),
    )


def _costs(found: Found) -> Section:
    rows = [
        (
            o.name,
            *(f"{cost.fit:.2g}" for cost in o.costs),
            f"{o.slope('fit'):.1f}",
            *(f"{cost.score:.2g}" for cost in o.costs),
            f"{o.slope('score'):.1f}",
            f"{o.slope('numbers'):.1f}",
        )
        for o in found
    ]
    sizes = [f"{cost.n:,}" for cost in found[0].costs]
    columns = (
        "model", *(f"fit {n}" for n in sizes), "fit: slope", *(f"score {n}" for n in sizes), "score: slope",
        "numbers: slope",
    )  # fmt: skip
    return Section(
        "What they cost",
        (
            "A slope of 1 on two logarithmic axes is a cost that doubles with the data, 2 one that is four times as "
            "much, 0 one that does not grow. Slopes are between the two largest numbers of images.",
            Figure(
                "costs",
                "Seconds of a fit, and of asking for 1,000 new images, by the number of training images. Dashed: "
                "parametric. Solid: the model keeps the data.",
                lambda: drawings.costs(found),
            ),
            Table("Seconds, by the number of training images", columns, rows, "Processor time, once all is compiled."),
            "A parametric model pays once, when it is fitted; a new image costs the same whatever it was fitted to. "
            "Its fits are passes over the data, whose cost is in proportion to them where there are many; of so few "
            "images most of it is what a pass costs anyway, and slopes of these fits say little. Models that keep the "
            "data pay with every new image, in the end in proportion to the data; nearest neighbours have next to "
            "nothing to fit. Kernels pay twice: their bandwidth is found from all pairs of training images.",
        ),
    )


def _to_take_along(found: Found) -> Section:
    one, other = _of(found, "kernels in each class"), _of(found, "a mixture in each class")
    return Section(
        "What to take along",
        (
            "The four groups are not four kinds of software. A label seen or hidden, parameters or data: the model is "
            "composed of the same parts, fitted by the same call and asked by the same questions. In a class each, "
            f"kernels label {one.accuracy or 0:.2%} of the new images and mixtures {other.accuracy or 0:.2%}; the "
            f"kernels keep {one.costs[-1].numbers / other.costs[-1].numbers:.0f} times as many numbers for it.",
        ),
    )
