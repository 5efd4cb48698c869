"""MNIST binarised once and for all, so that likelihoods in nats can be compared.

Each bit was drawn once with the pixel's grey level as its probability.
Larochelle & Murray (2011), AISTATS, 29–37.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genjax_lab.data.dataset import Dataset, Split
from genjax_lab.data.locate import Published, locate

_TRAIN_VALID = "binarized_mnist_fixed_trainvalid.npz"
_TEST = "binarized_mnist_fixed_test.npz"
PUBLISHED = Published(
    folder="binarized_mnist",
    files={
        _TRAIN_VALID: "db09850a2dc3bc2189e6a74b59a718e36dba44bab9d8f2ead615040ae03396c6",
        _TEST: "84e4b33830ba7192ced6f7757d38cfde3d6b2b065296fa7c6ea59394b5be9034",
    },
)
_PIXELS = 784


def binarized_mnist(download: bool = True) -> Dataset:
    """The fixed binarisation of MNIST, 28×28 pixels of 2 levels.

    50,000 train, 10,000 valid, 10,000 test, as published. The test rows are sorted by class: shuffle before
    taking a part of them. The labels were not published with the bits; each is that of the MNIST image the
    row was most likely drawn from.

    Args:
      download: of no effect, for no mirror of these files is known.

    Returns:
      The data set.

    Raises:
      DataNotFoundError, ChecksumError, ImportError: as `locate`.
      ValueError: a file is not what its name says.
    """
    paths = locate(PUBLISHED, download)
    return Dataset(
        name="binarized_mnist",
        train=_read(paths[_TRAIN_VALID], "train", 50_000),
        valid=_read(paths[_TRAIN_VALID], "valid", 10_000),
        test=_read(paths[_TEST], "test", 10_000),
        image_shape=(28, 28),
        levels=2,
        num_classes=10,
        source=f"the fixed (Larochelle–Murray) binarisation, SHA-256 checked, in {paths[_TEST].parent}",
    )


def _read(path: Path, part: str, count: int) -> Split:
    with np.load(path, allow_pickle=False) as archive:
        packed, labels = archive[part], archive[f"label_{part}"]
    _require(path, part, packed, (count, _PIXELS // 8))
    _require(path, f"label_{part}", labels, (count,))
    return Split(np.unpackbits(packed, axis=1), labels.astype(np.int32))


def _require(path: Path, key: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.dtype != np.uint8 or array.shape != shape:
        raise ValueError(f"{path}: {key} is {array.dtype} of shape {array.shape}, not uint8 of shape {shape}")
