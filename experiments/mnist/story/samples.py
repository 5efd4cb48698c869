"""The model asked for samples, and why they are no digits."""

from __future__ import annotations

from experiments.mnist import drawings
from experiments.mnist.findings import Findings
from experiments.mnist.neighbours import VARIES
from experiments.result import Figure, Section, Table


def no_digits(found: Findings) -> Section:
    """Samples beside images."""
    return Section(
        "It draws noise",
        (
            "A density can be asked for samples: draw a class, then flip one coin for each pixel. If the model "
            "knew what digits are, the samples would be digits. They have the right ink in the right region, and "
            "a line only by chance.",
            Figure(
                "samples",
                "For each class, training images (left) and samples from p(x | y) (right).",
                lambda: drawings.samples(found),
            ),
        ),
    )


def the_reason(found: Findings) -> Section:
    """Correlation of neighbouring pixels, in images and in samples."""
    real, drawn = found.real, found.drawn
    rows = [
        ("left and right neighbour, within a class", real.horizontal[0], drawn.horizontal[0]),
        ("upper and lower neighbour, within a class", real.vertical[0], drawn.vertical[0]),
        ("both, all classes together", real.pooled, drawn.pooled),
    ]
    return Section(
        "The reason, measured",
        (
            "In a digit a pixel beside ink is likely to be ink as well. Take the images of one class, take two "
            f"neighbouring pixels that are on in {VARIES:.0%} to {1 - VARIES:.0%} of them, and correlate the two; "
            "then average over pairs and classes. Do the same with as many samples of the same classes.",
            Table(
                "Mean correlation of neighbouring pixels",
                ("pixels", "images", "samples"),
                [(name, _three_digits(a), _three_digits(b)) for name, a, b in rows],
                f"{real.images:,} training images and as many samples. With all classes thrown together the "
                "samples' pixels correlate too, through the label: that is the only dependence this family can "
                "express.",
            ),
            Figure(
                "correlation",
                "Mean correlation within a class against distance. Samples lie at zero at any distance, up to "
                "chance, and no choice of θ can lift them. More data would not help; another family would.",
                lambda: drawings.correlation(found),
            ),
        ),
    )


def _three_digits(value: float) -> str:
    return f"{round(float(value), 3) + 0.0:.3f}".replace("-", "−")
