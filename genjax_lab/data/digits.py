"""The small digits that scikit-learn carries with it: nothing to download.

1,797 images, the test part of the UCI set "Optical Recognition of Handwritten Digits".
Alpaydin & Kaynak (1998), https://doi.org/10.24432/C50P49.
"""

from __future__ import annotations

import numpy as np

from genjax_lab.data.dataset import Dataset, Split

_HELD_OUT = 30  # of each digit, in valid and again in test


def digits() -> Dataset:
    """Scikit-learn's digits, 8×8 pixels of 17 levels.

    1,197 train, 300 valid, 300 test: of each digit, 30 images drawn at random (seed 0) are valid and 30
    others test, the rest train; every part keeps the order of the file.

    Returns:
      The data set.

    Raises:
      ImportError: scikit-learn is not installed.

    Example:
      >>> digits()
      digits: 1197 train, 300 valid, 300 test images of 8×8 pixels, 17 levels, 10 classes
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "the digits are part of scikit-learn, which the extra genjax_lab[experiments] brings: "
            "pip install scikit-learn"
        ) from error
    x, y = load_digits(return_X_y=True)
    x, y = x.astype(np.uint8), y.astype(np.int32)
    part = _parts(y)
    train, valid, test = (Split(x[part == i], y[part == i]) for i in range(3))
    source = "embedded in scikit-learn; 30 of each digit drawn for valid and 30 for test, seed 0"
    return Dataset("digits", train, valid, test, (8, 8), levels=17, num_classes=10, source=source)


def _parts(y: np.ndarray) -> np.ndarray:
    """0 train, 1 valid, 2 test for each row."""
    part = np.zeros(len(y), np.uint8)
    random = np.random.RandomState(0)  # its stream is frozen; that of default_rng may change with NumPy
    for label in range(10):
        rows = random.permutation(np.flatnonzero(y == label))
        part[rows[:_HELD_OUT]] = 1
        part[rows[_HELD_OUT : 2 * _HELD_OUT]] = 2
    return part
