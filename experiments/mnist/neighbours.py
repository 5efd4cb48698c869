"""Do neighbouring pixels know of each other? In digits they do; naive Bayes says that they do not.

Measured within each class, because the model's claim is independence *given* the class; averaged over the
pairs of pixels that both vary there, and over the classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from genjax_lab.evaluate import correlation

VARIES = 0.05  # a pixel varies in a class if it is on in at least this share of the images, and off in as many


@dataclass(frozen=True)
class Dependence:
    """Mean correlation of two pixels in the same row or the same column, by their distance.

    Attributes:
      horizontal: (distances,) within a class.
      vertical: (distances,) within a class.
      pooled: neighbours in both directions, all classes thrown together.
      images: how many were looked at, as many of each class.
    """

    horizontal: np.ndarray
    vertical: np.ndarray
    pooled: float
    images: int

    @property
    def neighbours(self) -> float:
        """Neighbours in both directions, within a class."""
        return float(self.horizontal[0] + self.vertical[0]) / 2


def dependence(x: Any, y: Any, reference: Any, shape: tuple[int, int], distances: int) -> Dependence:
    """Correlations in the images x.

    Args:
      x: (n, pixels) bits.
      y: (n,) labels of x and of `reference` alike.
      reference: (n, pixels) the images that say which pixels vary, so that two sources are compared on one
        set of pairs.
      shape: height and width.
      distances: 1, …, distances pixels apart.

    Returns:
      A `Dependence`.
    """
    labels, counts = np.unique(y, return_counts=True)
    rows = [np.flatnonzero(y == label)[: counts.min()] for label in labels]  # as many of each: one compile
    classes = [(np.asarray(correlation(x[own])), _varies(reference[own])) for own in rows]
    together = np.concatenate(rows)
    everything = [(np.asarray(correlation(x[together])), _varies(reference[together]))]
    return Dependence(
        horizontal=np.array([_mean(classes, shape, (0, step)) for step in range(1, distances + 1)]),
        vertical=np.array([_mean(classes, shape, (step, 0)) for step in range(1, distances + 1)]),
        pooled=float(np.mean([_mean(everything, shape, step) for step in ((0, 1), (1, 0))])),
        images=int(counts.min()) * len(labels),
    )


def _varies(x: Any) -> np.ndarray:
    share = x.mean(axis=0)
    return (share >= VARIES) & (share <= 1 - VARIES)


def _mean(tables: list[tuple[np.ndarray, np.ndarray]], shape: tuple[int, int], step: tuple[int, int]) -> float:
    """Mean of ρ(pixel, pixel + step) over the pairs inside the image that both vary."""
    place = np.arange(shape[0] * shape[1]).reshape(shape)
    first = place[: shape[0] - step[0], : shape[1] - step[1]].ravel()
    second = place[step[0] :, step[1] :].ravel()
    found = []
    for table, varies in tables:
        both = varies[first] & varies[second]
        found.append(table[first[both], second[both]])
    return float(np.nanmean(np.concatenate(found)))  # NaN: a pixel that varies in the data but not in x
