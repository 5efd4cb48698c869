"""The experiment's figures, composed from `genjax_lab.plots`."""

from __future__ import annotations

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.mnist.findings import Findings
from genjax_lab import plots

SHOWN = 5  # images a class in the figure of samples
WORST = 10  # images in a row of the figures of extremes and errors


def class_means(found: Findings) -> Figure:
    """The parameters as pictures, in two rows."""
    pictures = np.asarray(found.bits.probabilities)
    half = -(-len(pictures) // 2)
    page = np.full((2 * half, *pictures.shape[1:]), np.nan)
    page[: len(pictures)] = pictures
    return plots.image_grid(page.reshape(2, half, *pictures.shape[1:]), low=0, high=1, scale="probability of being on")


def extremes(found: Findings) -> Figure:
    """The most and the least probable test images."""
    order = np.argsort(found.bits.nats)
    rows = np.stack([order[:WORST], order[-WORST:][::-1]])
    return plots.image_grid(_test(found, rows), row_labels=("most\nprobable", "least\nprobable"), low=0, high=1)


def errors(found: Findings) -> Figure:
    """The confident mistakes."""
    labels, truth = np.asarray(found.bits.labels), found.bits.data.test.y
    said = labels.argmax(axis=1)
    others = np.where(np.arange(labels.shape[1]) == said[:, None], -np.inf, labels)
    doubt = np.logaddexp.reduce(others, axis=1)  # log(1 − confidence), which float32 confidences near 1 hide
    wrong = np.flatnonzero(said != truth)
    order = wrong[np.argsort(doubt[wrong], kind="stable")[:WORST]]
    names = [f"{truth[row]} → {said[row]}" for row in order]
    return plots.image_grid(_test(found, order[None]), column_labels=names, low=0, high=1)


def reliability(found: Findings) -> Figure:
    """Confidence against accuracy."""
    measured = found.calibration
    return plots.reliability_diagram(measured.confidence, measured.accuracy, measured.counts)


def samples(found: Findings) -> Figure:
    """Training images and samples, a class a row."""
    classes = found.data.num_classes
    drawn = found.bits.draw(found.key, np.repeat(np.arange(classes), SHOWN))
    shape = (classes, SHOWN, *found.data.image_shape)
    left, right = _first(found.bits.data.train.x, found, SHOWN).reshape(shape), drawn.reshape(shape)
    gap = np.full((classes, 1, *found.data.image_shape), np.nan)
    page = np.concatenate([left, gap, right], axis=1)
    names = [""] * page.shape[1]
    names[SHOWN // 2], names[-1 - SHOWN // 2] = "training images", "samples"
    return plots.image_grid(page, row_labels=[str(c) for c in range(classes)], column_labels=names, low=0, high=1)


def correlation(found: Findings) -> Figure:
    """Correlation within a class against distance."""
    real, drawn = found.real, found.drawn
    return plots.curves(
        np.arange(1, len(real.horizontal) + 1),
        {
            "images, same row": real.horizontal,
            "images, same column": real.vertical,
            "samples, same row": drawn.horizontal,
            "samples, same column": drawn.vertical,
        },
        xlabel="distance of the two pixels",
        ylabel="mean correlation within a class",
    )


def grey(found: Findings) -> Figure:
    """A training image and a sample of both models of grey levels, a class a column."""
    classes = np.arange(found.data.num_classes)
    keys = jax.random.split(jax.random.fold_in(found.key, 1))
    rows = np.stack(
        [
            _first(found.data.train.x, found, 1),
            found.tables.draw(keys[0], classes),
            found.bells.draw(keys[1], classes),
        ]
    ).reshape(3, len(classes), *found.data.image_shape)
    labels = ("images", "tables", "bell\ncurves")
    return plots.image_grid(rows, row_labels=labels, low=0, high=found.data.levels - 1)


def _first(x: np.ndarray, found: Findings, count: int) -> np.ndarray:
    """The first images of each class: (classes · count, pixels)."""
    y = found.data.train.y
    return np.concatenate([x[np.flatnonzero(y == c)[:count]] for c in range(found.data.num_classes)])


def _test(found: Findings, rows: np.ndarray) -> np.ndarray:
    return found.bits.data.test.x[rows].reshape(*rows.shape, *found.data.image_shape)
