from __future__ import annotations

import gzip
import hashlib
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genjax_lab.data import ChecksumError, DataNotFoundError, first_available, load, locate
from genjax_lab.data import mnist as mnist_module


@pytest.fixture
def real(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    return data_dir


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without data."""
    monkeypatch.delenv("GENJAX_LAB_DATA", raising=False)
    monkeypatch.setattr(locate, "cache_folder", lambda: tmp_path)
    return tmp_path


def sizes(dataset) -> tuple[int, int, int]:
    return len(dataset.train), len(dataset.valid), len(dataset.test)


def test_mnist(real: Path) -> None:
    data = load("mnist", download=False)
    assert sizes(data) == (50_000, 10_000, 10_000)
    assert (data.image_shape, data.pixels, data.levels, data.num_classes) == ((28, 28), 784, 256, 10)
    assert data.train.x.shape == (50_000, 784) and data.train.x.max() == 255
    assert data.train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.test.y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(np.concatenate([data.train.y, data.valid.y])).tolist() == [
        *(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)  # as published
    ]
    mean = (5 * data.train.x.mean() + data.valid.x.mean()) / 6 / 255
    assert mean == pytest.approx(0.1307, abs=5e-5)  # the well-known mean of the training file
    assert str(real / "mnist") in data.source


def test_mnist_validation_is_the_end_of_the_training_file(real: Path) -> None:
    data = load("mnist", download=False)
    with gzip.open(real / "mnist" / "train-images-idx3-ubyte.gz") as file:
        raw = file.read()
    assert raw[-784:] == data.valid.x[-1].tobytes()
    assert raw[16 + 784 * 50_000 :][:784] == data.valid.x[0].tobytes()


def test_binarized_mnist(real: Path) -> None:
    data = load("binarized_mnist", download=False)
    assert sizes(data) == (50_000, 10_000, 10_000) and data.levels == 2
    ones = tuple(int(split.x.sum()) for split in (data.train, data.valid, data.test))
    assert ones == (5_118_041, 1_028_036, 1_038_896)  # counted where the files were made
    assert (np.diff(data.test.y) >= 0).all()  # sorted by class


def test_binarized_mnist_contradicts_no_image(real: Path) -> None:
    """No bit is 1 where its image is black, none 0 where it is white: bits and labels belong together."""
    bits, grey = load("binarized_mnist", download=False).test, load("mnist", download=False).test
    with np.load(real / "binarized_mnist" / "binarized_mnist_fixed_test.npz") as archive:
        index = archive["mnist_index_test"].astype(int)
    assert not bits.x[grey.x[index] == 0].any() and bits.x[grey.x[index] == 255].all()
    np.testing.assert_array_equal(bits.y, grey.y[index])


def test_digits() -> None:
    data = load("digits", download=False)
    assert sizes(data) == (1197, 300, 300) and data.levels == 17 and data.image_shape == (8, 8)
    for held_out in (data.valid, data.test):
        assert np.bincount(held_out.y).tolist() == [30] * 10
    rows = np.concatenate([data.train.x, data.valid.x, data.test.x])
    assert len(np.unique(rows, axis=0)) == len(rows) == 1797  # the parts share nothing
    assert data.test.y[:8].tolist() == [5, 6, 2, 6, 5, 8, 7, 1]  # with every NumPy and on every machine


def test_same_digits_each_time() -> None:
    np.testing.assert_array_equal(load("digits").train.x, load("digits").train.x)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ValueError, match="'minst'; the known ones are binarized_mnist, digits, mnist"):
        load("minst")


@pytest.mark.parametrize("name", ["mnist", "binarized_mnist"])
def test_missing_data_never_falls_back(nowhere: Path, name: str) -> None:
    with pytest.raises(DataNotFoundError, match="Any one of these helps"):
        load(name, download=False)


def test_binarized_mnist_says_that_there_is_no_mirror(nowhere: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no mirror is known"):
        load("binarized_mnist")


def test_first_available_takes_mnist(real: Path) -> None:
    data, reason = first_available(download=False)
    assert data.name == "mnist" and reason.startswith("mnist (") and "\n" not in reason


def test_first_available_falls_back_and_says_why(nowhere: Path) -> None:
    data, reason = first_available(download=False)
    assert data.name == "digits" and "\n" not in reason
    assert reason.startswith("digits (") and "mnist is not to be had" in reason and "is not set" in reason


def test_first_available_says_that_a_file_is_wrong(nowhere: Path) -> None:
    wrong = nowhere / "mnist" / "train-images-idx3-ubyte.gz"
    wrong.parent.mkdir()
    wrong.write_bytes(b"")
    with pytest.raises(ChecksumError, match=str(wrong)):
        load("mnist", download=False)
    assert f"{wrong} is not the published file" in first_available(download=False)[1]


def test_first_available_of_nothing(nowhere: Path) -> None:
    with pytest.raises(DataNotFoundError, match="mnist is not to be had"):
        first_available(["mnist"], download=False)
    with pytest.raises(DataNotFoundError, match="no names"):
        first_available([])
    with pytest.raises(ValueError, match="unknown data set 'minst'"):
        first_available(["minst", "digits"])


def test_published_file_of_another_shape_is_refused(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the list of checksums itself be wrong, the shape still tells."""
    name = "train-images-idx3-ubyte.gz"
    content = bytes([0, 0, 8, 3]) + struct.pack(">3I", 1, 28, 28) + bytes(784)
    (nowhere / "mnist").mkdir()
    for file in mnist_module.PUBLISHED.files:
        (nowhere / "mnist" / file).write_bytes(content)
    sums = dict.fromkeys(mnist_module.PUBLISHED.files, hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(mnist_module, "PUBLISHED", locate.Published("mnist", sums))
    with pytest.raises(ValueError, match=rf"{name}: holds uint8 of shape \(1, 28, 28\), not .*\(60000, 28, 28\)"):
        load("mnist", download=False)


def test_importing_needs_no_optional_package() -> None:
    code = (
        "import sys, genjax_lab.data; "
        "print(*{'pooch', 'pandas', 'scipy.io', 'sklearn', 'tqdm', 'requests'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
