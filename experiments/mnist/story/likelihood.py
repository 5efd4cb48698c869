"""The model asked for p(x), in nats."""

from __future__ import annotations

import math

from experiments.mnist.black_white import BlackWhite
from experiments.mnist.findings import Findings
from experiments.result import Section, Table


def nats(found: Findings) -> Section:
    """Test −log p(x) on this page's bits and on the published ones."""
    rows = [_row(f"this page's (threshold {found.threshold:g})", found.bits)]
    paragraphs = [
        "$−log p(x)$, averaged over test images, says in nats how surprised the model is: less is better, and a "
        f"fair coin for every pixel needs {found.data.pixels} ln 2 = {found.data.pixels * math.log(2):.1f}. It is the "
        "price of sending an image in a code built from the model (1 nat = 1.44 bits). Numbers compare only where "
        "the bits are the same, so each is said with its binarisation.",
    ]
    if isinstance(found.fixed, str):
        paragraphs.append(found.fixed)
    else:
        rows.append(_row("fixed (Larochelle & Murray)", found.fixed))
        paragraphs.append(
            "In the *fixed binarisation* each bit was drawn once, with the grey level as its probability, and "
            "published; densities of digits are compared on it. Bits drawn at random tell less "
            "about the class than those of a threshold. The fit is the same, to its "
            f"{len(found.fixed.data.train):,} training images; it labels {found.fixed.scores.accuracy:.2%} of its test "
            "images correctly."
        )
    columns = ("binarisation", "independent pixels", "naive Bayes", "gain")
    note = (
        "Nats an image. Independent pixels: one coin a pixel and no classes. The gain is what the classes tell "
        "about the pixels."
    )
    return Section("Surprise, in nats", (*paragraphs, Table("Test −log p(x)", columns, rows, note)))


def _row(name: str, model: BlackWhite) -> tuple[str, str, str, str]:
    alone, bayes = model.independent, model.scores.nats
    return name, f"{alone:.2f}", f"{bayes:.2f}", f"{alone - bayes:.2f}"
