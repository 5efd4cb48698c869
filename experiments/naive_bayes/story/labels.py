"""The tables: labels, densities, and values that were not seen."""

from __future__ import annotations

import numpy as np

from experiments.naive_bayes.findings import Findings
from experiments.naive_bayes.scores import Scores
from experiments.naive_bayes.tables import LEFT_OUT, REPEATS, Studied, Variant
from experiments.result import Formula, Section, Table


def labels(found: Findings) -> Section:
    """Every model of every table, beside scikit-learn."""
    rows = [_row(name, variant) for name, studied in found.tables.items() for variant in studied.variants]
    columns = (
        "table: model",
        "right",
        "log-loss",
        "ECE",
        "scikit-learn: right",
        "log-loss",
        "ECE",
        "largest difference",
    )
    left_out = " ".join(
        f"{studied.left_out} rows of the class {LEFT_OUT[name]!r} of {name} are left out: too few to be in every fold."
        for name, studied in found.tables.items()
        if studied.left_out
    )
    return Section(
        "Labels, by Bayes' rule",
        (
            "Rows of a table have a class y. Suppose independence only *within* a class, and let Bayes' rule turn the "
            "model round:",
            Formula("p(y, x) = p(y) Π_j p(x_j | y)      p(y | x) = p(y, x) / Σ_y' p(y', x)"),
            "In the library: `gl.joint(gl.categorical(k), gl.per_class(gl.product(...), k))`, asked by `gl.posterior`. "
            f"Every row is labelled by a fit to the other folds of {found.folds}, which have the same shares of the "
            "classes. A fold is held out by weights of 0, and all folds are fitted and scored in one compiled call "
            "(in one for each choice, should folds choose different densities below).",
            Table(
                f"Held-out labels, {found.folds} folds, α = {found.smoothing:g}",
                columns,
                rows,
                "Log-loss: mean −log p(y | x) in nats. ECE: the mean gap between how sure the model says it is and how "
                "often it is right. scikit-learn's CategoricalNB, GaussianNB, or both with p(y) counted once, have the "
                "same folds and smoothing; the last column is the largest difference of any p(y | x). " + left_out,
            ),
        ),
    )


def _row(name: str, variant: Variant) -> tuple[str, ...]:
    def cells(scores: Scores | None) -> tuple[str, str, str]:
        if scores is None:
            return "–", "–", "–"
        return f"{scores.accuracy:.2%}", f"{scores.log_loss:.3f}", f"{float(scores.calibration.ece):.1%}"

    difference = "–" if variant.difference is None else f"{variant.difference:.0e}"
    return f"{name}: {variant.name}", *cells(variant.ours), *cells(variant.theirs), difference


def numbers(found: Studied) -> Section:
    """The densities that columns of numbers choose."""
    names = list(dict.fromkeys(f.name for choice in found.choices.values() for f in choice.features))
    rows = []
    for column, choice in found.choices.items():
        nats = {f.name: value for f, value in zip(choice.features, choice.nats.mean(0), strict=True)}
        usual = choice.features[int(np.bincount(choice.best).argmax())].name
        marks = {name: " ←" if name == usual else "" for name in nats}
        rows.append((column, *(f"{nats[name]:.2f}{marks[name]}" if name in nats else "–" for name in names)))
    normal, chosen = found.variants[-2].ours, found.variants[-1].ours
    return Section(
        f"Which density for which number: {found.table.name}",
        (
            "A number needs a density, and the usual normal one is seldom right: capital gains are 0 for most "
            "people and thousands for a few. Naive Bayes lets each feature have its own. Candidates are compared by "
            "$−log p(x_j | y)$ of rows that they were not fitted to, all within the training rows of each fold, so "
            "that no row takes part in a choice by which it is scored.",
            Table(
                "$−log p(x_j | y)$, nats a row, and what most folds choose",
                ("feature", *names),
                rows,
                "Log-normal: a normal density of log(1 + x), times the slope 1 / (1 + x), so that every density is one "
                "of x itself. Gamma: of x + 1. Table: each whole number. 20 cells: a histogram; log cells: one whose "
                "cells are 1, 3, 9, 27, … wide. No cell is narrower than 1, the distance of whole numbers: a density "
                "could otherwise grow without bound in places where no data can lie between. A dash: too many whole "
                "numbers for a table, or too few for 20 cells.",
            ),
            f"With the chosen densities the log-loss is {chosen.log_loss:.2f} nats instead of {normal.log_loss:.2f}; "
            f"{chosen.accuracy:.1%} of the labels are right instead of {normal.accuracy:.1%}. A better $p(x_j | y)$ of "
            "every feature is no promise of more right labels: their product may count the same evidence more than "
            "once.",
            *_fewer(found),
        ),
    )


def _fewer(found: Studied) -> tuple[str, ...]:
    """What is gained by leaving out features that mostly repeat others, where there are such."""
    if found.fewer is None:
        return ()
    names = " and ".join(f"`{name}`" for name in REPEATS[found.table.name])
    return (
        f"Leave out {names}, which mostly repeat other features, as measured below, and {found.fewer.accuracy:.1%} are "
        f"right, with a log-loss of {found.fewer.log_loss:.2f}: less evidence, and better counted. (Which to leave out "
        "was decided after a look at that measurement, so take the number as an illustration.)",
    )


def unseen(found: Findings) -> Section:
    """Values that training rows lack."""
    rows = [
        (name, len(studied.table), studied.free, studied.unseen, studied.impossible)
        for name, studied in found.tables.items()
    ]
    columns = ("table", "rows", "free parameters", "cells not seen in training", "true class impossible at α = 0")
    return Section(
        "What the training rows have not seen",
        (
            "A held-out row may have a value that no training row has, or none of its class. Counting calls it "
            "impossible, and one impossible feature outvotes all the others. Smoothing adds α to each value's count in "
            "each class. A missing cell, ?, is a value like others: not to answer is an answer. And every "
            "categorical feature has one value more than the table has names, `Table.with_other()`: a category that "
            "turns up later has probability $α / (n_y + k α)$ instead of an error.",
            Table(
                "The unseen",
                columns,
                rows,
                "The last column: held-out rows that a fit without smoothing would give an infinite log-loss.",
            ),
        ),
    )
