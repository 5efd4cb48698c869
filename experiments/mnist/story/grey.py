"""The same idea on grey levels."""

from __future__ import annotations

import math
from collections.abc import Callable

import genjax_lab as gl
from experiments.mnist import drawings
from experiments.mnist.findings import Findings
from experiments.mnist.grey import Grey
from experiments.mnist.scores import naive_bayes
from experiments.result import Figure, Formula, Section, Table


def levels(found: Findings) -> Section:
    """Tables of levels and bell curves: what was chosen, and how they compare."""
    count = found.data.levels
    return Section(
        "Grey levels",
        (
            f"The images have {count} grey levels, most of which black and white throws away. Two families keep "
            "them, both with pixels independent given the class. A *table*: a probability for each level of each "
            "pixel. A *bell curve*: a mean and a deviation for each pixel.",
            "The bell curve is a density, and a density can rise without bound where data sit on whole numbers. "
            "So a random u from [0, 1) is added to each pixel (*uniform dequantisation*), and the curve is fitted "
            f"to and scored on x + u in [0, {count}). By Jensen's inequality the mean of $−log p(x + u)$ is an upper "
            "bound on the price of the whole numbers, so it may be held against the table's. Both are given in "
            "bits per dimension:",
            Formula("bits = −log p(x) / (d ln 2)"),
            "Each has one setting, chosen on the validation images by −log p(x): for the table a pseudo-count for "
            "each level; for the bell curve a floor that is added to every variance. The u alone has variance "
            "1/12, so no curve is much narrower than a deviation of 0.29 levels even with a floor of 0.",
            _tested(found),
            "Grey levels pile up at the two ends, paper and ink. A table follows any shape; a bell curve follows "
            "none but its own, and loses what lies beyond the two ends.",
            _tried("Tables of levels", "pseudo-count", found.tables, lambda amount: f"{amount:g}"),
            _tried("Bell curves", "floor, as deviation (as variance)", found.bells, _floor),
            _conflict(found),
            Figure(
                "grey",
                "A training image of each class, and samples of both models.",
                lambda: drawings.grey(found),
            ),
        ),
    )


def _floor(amount: float) -> str:
    variance = f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"
    return f"{math.sqrt(amount):.3g} ({variance})"


def _tested(found: Findings) -> Table:
    rows = [("every level equally probable", 0, f"{math.log2(found.data.levels):.3f}", "–", "–")]
    for name, model in (("table of levels", found.tables), ("bell curve, on x + u", found.bells)):
        free = gl.degrees_of_freedom(naive_bayes(model.pixels, model.num_classes))
        tested = [(name, model.best)]
        if model.best_labels.amount != model.best.amount:
            tested.append(("the same, chosen by labels", model.best_labels))
        rows += [
            (name, free, f"{fit.bits:.3f}", f"{fit.scores.nats:.1f}", f"{fit.scores.accuracy:.2%}")
            for name, fit in tested
        ]
    columns = ("each pixel and class", "free parameters", "bits per dimension", "nats", "right labels")
    return Table("Test images", columns, rows, "The bell curve's bits and nats are an upper bound.")


def _tried(title: str, setting: str, model: Grey, shown: Callable[[float], str]) -> Table:
    rows = [
        (
            shown(trial.amount) + (" ← chosen" if trial.amount == model.best.amount else ""),
            f"{trial.bits:.3f}",
            f"{trial.accuracy:.2%}",
        )
        for trial in model.trials
    ]
    return Table(f"{title}: validation images", (setting, "bits per dimension", "right labels"), rows)


def _conflict(found: Findings) -> str:
    by_nats, by_label = found.bells.best.amount, found.bells.best_labels.amount
    if by_label == by_nats:
        return "For the bell curves the floor that describes the images best also labels them best."
    accuracy = {trial.amount: trial.accuracy for trial in found.bells.trials}
    return (
        "For the bell curves the floor that describes the images best is not the one that labels them best: "
        f"{accuracy[by_nats]:.1%} of the validation labels against {accuracy[by_label]:.1%}. The likelihood rewards "
        "narrow curves on the many pixels that are nearly always paper; the label suffers, because one stray "
        "stroke under such a curve outweighs all other pixels."
    )
