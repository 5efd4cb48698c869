"""The model asked for p(y | x): how often it is right, and how sure it is."""

from __future__ import annotations

from experiments.mnist import drawings
from experiments.mnist.findings import Findings
from experiments.mnist.scores import LabelScores
from experiments.result import Figure, Formula, Section, Table


def three_sides(found: Findings) -> Section:
    """p(x), p(x | y) and p(y | x) of one model, and its score as a classifier."""
    scored: list[tuple[str, LabelScores]] = [("genjax_lab", found.bits.scores)]
    note = ""
    if found.agreement is not None:
        scored.append(("scikit-learn BernoulliNB", found.agreement.scores))
        note = (
            "The same split and α. The largest relative difference of log p(y, x) over all test images and "
            f"labels is {found.agreement.difference:.1e}."
        )
    rows = [(name, f"{s.accuracy:.2%}", f"{s.log_loss:.3f}", f"{s.brier:.3f}") for name, s in scored]
    columns = ("test images", "right labels", "log loss, nats", "Brier score")
    return Section(
        "One model, three questions",
        (
            "$p(x | y)$: how probable is this image among the images of a class? $p(x) = Σ_y p(y) p(x | y)$: how "
            "probable is it at all, whatever it shows? $p(y | x)$: which class is it, given the image? The third "
            "follows from the others by Bayes' rule, without a further fit:",
            Formula("p(y | x) = p(y) p(x | y) / p(x)"),
            Table("Asked for the label", columns, rows, note),
            Figure(
                "extremes",
                "Asked for p(x): the most and the least probable test images. Probable are images that the blurred "
                "pictures above predict pixel by pixel; p(x) does not measure how well a digit is written.",
                lambda: drawings.extremes(found),
            ),
        ),
    )


def too_sure(found: Findings) -> Section:
    """Calibration, and why it is bad."""
    measured = found.calibration
    last = float(measured.counts[-1] / measured.counts.sum())
    return Section(
        "It is too sure",
        (
            f"The model gets {found.bits.scores.accuracy:.1%} of the labels right, and says on average that it is "
            f"{found.confidence:.1%} sure. A *calibrated* model would be right in 70% of the cases in which it is "
            "70% sure. The *expected calibration error*, the mean gap between what is said and what is true, is "
            f"{float(measured.ece):.1%}; the largest gap of a bin is {float(measured.mce):.0%}.",
            "The cause is independence. A stroke is a few pixels wide, and if one of its pixels speaks for a 4, so "
            "do its neighbours. That is one piece of evidence; the product $Π_j p(x_j | y)$ counts it once for "
            "every pixel.",
            Figure(
                "reliability",
                "Above: the share of right labels among test images of equal confidence. Below: how many images "
                f"that is; {last:.0%} are in the last bin.",
                lambda: drawings.reliability(found),
            ),
            Figure(
                "errors",
                "The wrong labels it was surest of: what the image is → what the model says.",
                lambda: drawings.errors(found),
            ),
        ),
    )
