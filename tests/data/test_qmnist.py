"""The writers of MNIST's digits: the published counts, and clear errors for files that are missing or wrong."""

from __future__ import annotations

import gzip
import hashlib
import struct

import numpy as np
import pytest

from genjax_lab.data import ChecksumError, DataNotFoundError, Handwriting, load_writers, locate
from genjax_lab.data import qmnist as module

FILE = "qmnist-train-labels-idx2-int.gz"


@pytest.fixture
def only_mnist(data_dir, tmp_path, monkeypatch):
    """A folder with MNIST's images and no writers."""
    (tmp_path / "mnist").symlink_to(data_dir / "mnist")
    (tmp_path / "qmnist").mkdir()
    monkeypatch.setenv("GENJAX_LAB_DATA", str(tmp_path))
    monkeypatch.setattr(locate, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path


def test_the_published_writers(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    data = load_writers(download=False)
    writers, rows = np.unique(data.writer, return_counts=True)
    assert data.x.shape == (60_000, 784) and data.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert len(writers) == 539 and (writers.min(), writers.max()) == (0, 2349)
    assert (rows.min(), rows.max(), np.median(rows), (rows >= 100).sum()) == (19, 131, 116, 440)
    best = data.most(10)
    assert len(set(best.tolist())) == 10 and (data.writer == best[0]).sum() == 131
    # By the raw bytes: a header of 12, then 8 big-endian numbers a row, the third of which is the writer.
    raw = gzip.decompress((data_dir / "qmnist" / FILE).read_bytes())
    assert data.writer[41] == struct.unpack_from(">8i", raw, 12 + 32 * 41)[2]
    assert repr(data) == "60000 digits by 539 writers"


def test_a_missing_file_of_writers_is_said(only_mnist):
    with pytest.raises(DataNotFoundError, match=rf"{FILE} was not found(.|\n)*raw.githubusercontent.com"):
        load_writers(download=False)


def test_another_file_is_refused(only_mnist):
    (only_mnist / "qmnist" / FILE).write_bytes(b"")
    with pytest.raises(ChecksumError, match="not the published file"):
        load_writers(download=False)


@pytest.mark.parametrize(
    "shape, first, message",
    [((2, 8), 5, r"holds int32 of shape \(2, 8\), not int32 of shape \(60000, 8\)"), ((60_000, 8), 4, "row 0 is a 4")],
    ids=["shape", "digit"],
)
def test_should_the_checksums_be_wrong_the_rows_still_tell(only_mnist, monkeypatch, shape, first, message):
    rows = np.zeros(shape, ">i4")
    rows[0, 0] = first
    content = bytes([0, 0, 0x0C, 2]) + struct.pack(">2I", *shape) + rows.tobytes()
    (only_mnist / "qmnist" / FILE).write_bytes(content)
    published = locate.Published("qmnist", {FILE: hashlib.sha256(content).hexdigest()})
    monkeypatch.setattr(module, "PUBLISHED", published)
    with pytest.raises(ValueError, match=message):
        load_writers(download=False)


def made_up(writer) -> Handwriting:
    n = len(writer)
    return Handwriting(np.zeros((n, 4), np.uint8), np.zeros(n, np.int32), np.int32(writer), (2, 2), 2, "made up")


def test_the_most_digits_first_and_of_equals_the_smaller_number():
    assert made_up([5, 5, 2, 9, 9, 9, 2]).most(3).tolist() == [9, 2, 5]


@pytest.mark.parametrize("count", [0, 4])
def test_fewer_writers_than_asked_are_refused(count):
    with pytest.raises(ValueError, match=f"most: {count} writers are asked for, of 3"):
        made_up([1, 2, 2, 3]).most(count)


def test_lengths_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="1 images, 1 digits and 2 writers"):
        Handwriting(np.zeros((1, 4), np.uint8), np.zeros(1, np.int32), np.zeros(2, np.int32), (2, 2), 2, "")
