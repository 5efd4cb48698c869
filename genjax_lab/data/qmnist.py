"""Who wrote which MNIST digit: the writers' numbers of QMNIST.

Yadav & Bottou (2019), "Cold case: the lost MNIST digits", NeurIPS 32, found for every MNIST image the NIST original
and with it the person who wrote it. Row i of QMNIST's training labels is image i of MNIST's training file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genjax_lab.data.idx import read_idx
from genjax_lab.data.locate import Published, locate
from genjax_lab.data.mnist import mnist

PUBLISHED = Published(
    folder="qmnist",
    files={"qmnist-train-labels-idx2-int.gz": "2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f"},
    mirrors=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
)
_ROWS, _COLUMNS = 60_000, 8
_CLASS, _WRITER = 0, 2  # columns


@dataclass(frozen=True, eq=False, repr=False)
class Handwriting:
    """Images of digits and who wrote each.

    Attributes:
      x: (n, pixels) uint8, levels 0, …, levels − 1; row-major images.
      y: (n,) int32, the digit.
      writer: (n,) int32, the number of the person who wrote it.
      image_shape: (height, width).
      levels: of grey.
      source: one line: where the bytes came from.
    """

    x: NDArray[np.uint8]
    y: NDArray[np.int32]
    writer: NDArray[np.int32]
    image_shape: tuple[int, int]
    levels: int
    source: str

    def __post_init__(self) -> None:
        if not len(self.x) == len(self.y) == len(self.writer):
            raise ValueError(f"{len(self.x)} images, {len(self.y)} digits and {len(self.writer)} writers do not match")

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"{len(self)} digits by {len(np.unique(self.writer))} writers"

    def most(self, count: int) -> NDArray[np.int32]:
        """The numbers of the writers with the most digits, most first, of equals the smaller number.

        Raises:
          ValueError: there are fewer writers.

        Example:
          >>> rows, labels = np.zeros((5, 4), np.uint8), np.zeros(5, np.int32)
          >>> Handwriting(rows, labels, np.int32([7, 3, 3, 9, 9]), (2, 2), 2, "made up").most(2).tolist()
          [3, 9]
        """
        writers, rows = np.unique(self.writer, return_counts=True)
        if not 1 <= count <= len(writers):
            raise ValueError(f"most: {count} writers are asked for, of {len(writers)} who wrote these digits")
        return writers[np.argsort(-rows, kind="stable")[:count]]


def load_writers(download: bool = True) -> Handwriting:
    """MNIST's 60,000 training images with the people who wrote them: 539, of 19 to 131 digits each.

    MNIST's test images are by others, so who wrote a digit can only be learnt and asked within these.

    Args:
      download: fetch the files (MNIST's, and 0.5 MB of QMNIST's) if they are not on this machine.

    Returns:
      The images in the order of MNIST's training file.

    Raises:
      DataNotFoundError, ChecksumError, ImportError: as `locate`.
      ValueError: a file is not what its name says, or the digits of the two files are not the same.
    """
    ((_, path),) = locate(PUBLISHED, download).items()
    labels = _read(path)
    data = mnist(download)
    x, y = np.concatenate([data.train.x, data.valid.x]), np.concatenate([data.train.y, data.valid.y])
    other = np.flatnonzero(labels[:, _CLASS] != y)
    if len(other):
        row = int(other[0])
        raise ValueError(f"{path}: row {row} is a {labels[row, _CLASS]}, but MNIST's image {row} is a {y[row]}")
    writer = np.ascontiguousarray(labels[:, _WRITER])
    return Handwriting(x, y, writer, data.image_shape, data.levels, f"{data.source}; writers from {path.parent}")


def _read(path: Path) -> NDArray[np.int32]:
    array = read_idx(path)
    if array.dtype != np.int32 or array.shape != (_ROWS, _COLUMNS):
        raise ValueError(f"{path}: holds {array.dtype} of shape {array.shape}, not int32 of shape {(_ROWS, _COLUMNS)}")
    return array
