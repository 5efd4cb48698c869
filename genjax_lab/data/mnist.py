"""MNIST: 70,000 handwritten digits.  LeCun, Bottou, Bengio & Haffner (1998), Proc. IEEE 86, 2278–2324."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genjax_lab.data.dataset import Dataset, Split
from genjax_lab.data.idx import read_idx
from genjax_lab.data.locate import Published, locate

PUBLISHED = Published(
    folder="mnist",
    files={
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    mirrors=(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
)
_VALID = 10_000


def mnist(download: bool = True) -> Dataset:
    """The MNIST digits, 28×28 pixels of 256 levels.

    50,000 train, 10,000 valid (the last of the training file, as is usual), 10,000 test.

    Args:
      download: fetch the files (11 MB) if they are not on this machine.

    Returns:
      The data set.

    Raises:
      DataNotFoundError, ChecksumError, ImportError: as `locate`.
      ValueError: a file is not what its name says.
    """
    paths = locate(PUBLISHED, download)
    train = _read(paths, "train", 60_000)
    return Dataset(
        name="mnist",
        train=Split(train.x[:-_VALID], train.y[:-_VALID]),
        valid=Split(train.x[-_VALID:], train.y[-_VALID:]),
        test=_read(paths, "t10k", 10_000),
        image_shape=(28, 28),
        levels=256,
        num_classes=10,
        source=f"the original files, SHA-256 checked, in {_folders(paths)}",
    )


def _read(paths: dict[str, Path], part: str, count: int) -> Split:
    images = _read_bytes(paths[f"{part}-images-idx3-ubyte.gz"], (count, 28, 28))
    labels = _read_bytes(paths[f"{part}-labels-idx1-ubyte.gz"], (count,))
    return Split(images.reshape(count, -1), labels.astype(np.int32))


def _read_bytes(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    array = read_idx(path)
    if array.dtype != np.uint8 or array.shape != shape:
        raise ValueError(f"{path}: holds {array.dtype} of shape {array.shape}, not uint8 of shape {shape}")
    return array


def _folders(paths: dict[str, Path]) -> str:
    return " and ".join(sorted({str(path.parent) for path in paths.values()}))
