"""What every loader returns: a `Dataset` of three `Split`s, images as rows of levels, with their labels."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Rows of one part of a data set.

    Attributes:
      x: (n, pixels) uint8, levels 0, 1, …; row-major images.
      y: (n,) int32, the labels.
    """

    x: NDArray[np.uint8]
    y: NDArray[np.int32]

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or self.x.dtype != np.uint8:
            raise ValueError(f"x is {self.x.dtype} of shape {self.x.shape}; (n, pixels) uint8 is due")
        if self.y.ndim != 1 or self.y.dtype != np.int32:
            raise ValueError(f"y is {self.y.dtype} of shape {self.y.shape}; (n,) int32 is due")
        if len(self.x) != len(self.y):
            raise ValueError(f"{len(self.x)} rows of x but {len(self.y)} labels y")

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"Split(x: {self.x.shape} uint8, y: {self.y.shape} int32)"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Labelled images in three parts.

    Attributes:
      name: the name `load` knows it by.
      train, valid, test: the parts; they share no image.
      image_shape: (height, width).
      levels: pixels are 0, …, levels − 1.
      num_classes: labels are 0, …, num_classes − 1.
      source: one line: where the bytes came from, and what was done to them since.
    """

    name: str
    train: Split
    valid: Split
    test: Split
    image_shape: tuple[int, int]
    levels: int
    num_classes: int
    source: str

    def __post_init__(self) -> None:
        for part in ("train", "valid", "test"):
            split: Split = getattr(self, part)
            if split.x.shape[1] != self.pixels:
                raise ValueError(f"{self.name}.{part}.x has {split.x.shape[1]} pixels, not {self.pixels}")
            _require_below(self.levels, split.x, f"{self.name}.{part}.x", "levels")
            _require_below(self.num_classes, split.y, f"{self.name}.{part}.y", "classes")

    @property
    def pixels(self) -> int:
        """Pixels of an image: height × width."""
        return math.prod(self.image_shape)

    def binarised(self, threshold: float = 0.5) -> Dataset:
        """The same images in black and white: 1 where x / (levels − 1) > threshold, else 0.

        Args:
          threshold: in [0, 1), as a share of the brightest level.

        Returns:
          A data set of two levels.

        Raises:
          ValueError: the threshold is outside [0, 1).

        Example:
          >>> from genjax_lab.data import load
          >>> load("digits").binarised()
          digits: 1197 train, 300 valid, 300 test images of 8×8 pixels, 2 levels, 10 classes
        """
        if not 0 <= threshold < 1:
            raise ValueError(f"binarised: threshold = {threshold} is outside [0, 1)")
        # Comparing with the first level above keeps the data uint8; dividing would widen them eightfold.
        above = np.arange(self.levels) / (self.levels - 1) > threshold
        first = int(above.argmax())

        def binarise(split: Split) -> Split:
            return Split((split.x >= first).view(np.uint8), split.y)

        return dataclasses.replace(
            self,
            train=binarise(self.train),
            valid=binarise(self.valid),
            test=binarise(self.test),
            levels=2,
            source=f"{self.source}; binarised at > {threshold:g}",
        )

    def __repr__(self) -> str:
        height, width = self.image_shape
        return (
            f"{self.name}: {len(self.train)} train, {len(self.valid)} valid, {len(self.test)} test images "
            f"of {height}×{width} pixels, {self.levels} levels, {self.num_classes} classes"
        )


def _require_below(bound: int, values: NDArray[Any], name: str, what: str) -> None:
    """Refuse values outside 0..bound − 1, naming the first."""
    if values.size and (values.min() < 0 or values.max() >= bound):
        place = tuple(int(i) for i in np.argwhere((values < 0) | (values >= bound))[0])
        where = ", ".join(map(str, place))
        raise ValueError(f"{name}[{where}] = {values[place]} is outside the {bound} {what} 0..{bound - 1}")
