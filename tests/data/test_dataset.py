from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genjax_lab.data import Dataset, Split


def split(n: int = 3, pixels: int = 4, level: int = 0, label: int = 0) -> Split:
    return Split(np.full((n, pixels), level, np.uint8), np.full(n, label, np.int32))


def dataset(train: Split, levels: int = 256) -> Dataset:
    return Dataset("made up", train, split(), split(), (2, 2), levels, 10, "this test")


@given(levels=st.integers(2, 256), threshold=st.floats(0, 1, exclude_max=True))
def test_binarised_is_its_definition(levels: int, threshold: float) -> None:
    x = np.resize(np.arange(levels, dtype=np.uint8), (levels, 4))
    data = dataset(Split(x, np.zeros(levels, np.int32)), levels).binarised(threshold)
    np.testing.assert_array_equal(data.train.x, x / (levels - 1) > threshold)
    assert data.train.x.dtype == np.uint8 and data.levels == 2


def test_binarised_says_so_and_leaves_the_original() -> None:
    grey = dataset(split(level=200))
    assert grey.binarised(0.25).source == "this test; binarised at > 0.25"
    assert grey.levels == 256 and grey.train.x.max() == 200


@pytest.mark.parametrize("threshold", [-0.1, 1.0, 127, float("nan")])
def test_threshold_outside_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        dataset(split()).binarised(threshold)


def test_rows_and_labels_belong_together() -> None:
    with pytest.raises(ValueError, match="3 rows of x but 2 labels"):
        Split(np.zeros((3, 4), np.uint8), np.zeros(2, np.int32))
    with pytest.raises(ValueError, match=r"x is float32 of shape \(3, 4\)"):
        Split(np.zeros((3, 4), np.float32), np.zeros(3, np.int32))
    with pytest.raises(ValueError, match=r"y is int64 of shape \(3,\)"):
        Split(np.zeros((3, 4), np.uint8), np.zeros(3, np.int64))


@pytest.mark.parametrize(
    ("train", "levels", "said"),
    [
        (split(label=10), 256, r"made up\.train\.y\[0\] = 10 is outside the 10 classes 0\.\.9"),
        (split(label=-1), 256, r"made up\.train\.y\[0\] = -1 "),
        (split(level=2), 2, r"made up\.train\.x\[0, 0\] = 2 is outside the 2 levels 0\.\.1"),
        (split(pixels=5), 256, r"made up\.train\.x has 5 pixels, not 4"),
    ],
)
def test_values_outside_are_named(train: Split, levels: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        dataset(train, levels)


def test_prints_in_a_line() -> None:
    assert repr(dataset(split())).startswith("made up: 3 train, 3 valid, 3 test images of 2×2 pixels")
    assert repr(split()) == "Split(x: (3, 4) uint8, y: (3,) int32)"
