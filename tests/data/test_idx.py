"""Whatever the bytes, the reader returns the right array or a ValueError that names file and byte."""

from __future__ import annotations

import gzip
import re
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from genjax_lab.data import read_idx

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
Write = Callable[[bytes], Path]


def idx_bytes(array: np.ndarray) -> bytes:
    kind = array.dtype.str[1:]
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, CODES[kind], array.ndim]) + sizes + array.astype(f">{kind}").tobytes()


SMALL = idx_bytes(np.arange(6, dtype="i2").reshape(2, 3))


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    path = tmp_path_factory.mktemp("idx") / "array.idx"

    def write(data: bytes) -> Path:
        path.write_bytes(data)
        return path

    return write


def refused(path: Path) -> int:
    """The byte at which the file is refused, in a message that names the file."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        read_idx(path)
    place = re.search(r"byte (\d+)", str(caught.value))
    assert place, caught.value
    return int(place[1])


ARRAYS = st.sampled_from(sorted(CODES)).flatmap(
    lambda kind: npst.arrays(kind, npst.array_shapes(max_dims=4, max_side=4, min_side=0))
)


@given(array=ARRAYS, zipped=st.booleans())
def test_returns_what_was_written(write: Write, array: np.ndarray, zipped: bool) -> None:
    data = idx_bytes(array)
    read = read_idx(write(gzip.compress(data, mtime=0) if zipped else data))
    assert read.dtype == array.dtype and read.dtype.isnative and read.shape == array.shape
    np.testing.assert_array_equal(read, array)


HEADERS = st.builds(
    lambda zeros, code, sizes, dimensions: (
        zeros + bytes([code, len(sizes) if dimensions is None else dimensions]) + struct.pack(f">{len(sizes)}I", *sizes)
    ),
    st.sampled_from([b"\0\0", b"\0\1", b"\1\0"]) | st.binary(min_size=2, max_size=2),
    st.sampled_from(sorted(CODES.values())) | st.integers(0, 255),
    st.lists(st.sampled_from([0, 1, 2, 3, 2**16, 2**31, 2**32 - 1]), max_size=40),
    st.none() | st.integers(0, 255),
)


def oracle(data: bytes) -> np.ndarray | None:
    """The array by the definition of the format; None where the bytes are not exactly one array."""
    kinds = {code: kind for kind, code in CODES.items()}
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in kinds or not 1 <= data[3] <= 32:
        return None
    start = 4 + 4 * data[3]
    if len(data) < start:
        return None
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    count, kind = 1, kinds[data[2]]
    for size in shape:
        count *= size
    if len(data) - start != count * int(kind[1]):
        return None
    try:
        return np.frombuffer(data[start:], f">{kind}").reshape(shape)
    except ValueError:  # sizes that no array can have
        return None


@settings(max_examples=500)
@given(header=HEADERS, payload=st.binary(max_size=64), zipped=st.booleans())
@example(header=b"\0\0\x08\x05" + b"\0\0\0\0" + b"\xff" * 16, payload=b"", zipped=False)  # empty, and yet too large
@example(header=b"\x1f\x8b\x08\x00", payload=b"", zipped=False)
@example(header=b"", payload=b"", zipped=True)
def test_any_header_is_read_or_refused(write: Write, header: bytes, payload: bytes, zipped: bool) -> None:
    data = header + payload
    path = write(gzip.compress(data, mtime=0) if zipped else data)
    expected = oracle(data)
    if expected is None:
        assert 0 <= refused(path) <= len(data)
    else:
        np.testing.assert_array_equal(read_idx(path), expected)


@pytest.mark.parametrize("length", range(len(SMALL)))
def test_truncated_file_is_refused_at_its_end(write: Write, length: int) -> None:
    assert refused(write(SMALL[:length])) == length
    assert refused(write(gzip.compress(SMALL[:length], mtime=0))) == length


@pytest.mark.parametrize("length", range(len(gzip.compress(SMALL, mtime=0))))
def test_truncated_gzip_is_refused(write: Write, length: int) -> None:
    assert refused(write(gzip.compress(SMALL, mtime=0)[:length])) <= len(SMALL)


@pytest.mark.parametrize("position", range(len(gzip.compress(SMALL, mtime=0))))
def test_corrupt_gzip_is_refused_or_harmless(write: Write, position: int) -> None:
    data = bytearray(gzip.compress(SMALL, mtime=0))
    for mask in (0x01, 0x80, 0xFF):
        corrupt = data.copy()
        corrupt[position] ^= mask
        path = write(bytes(corrupt))
        try:
            array = read_idx(path)
        except ValueError:
            assert refused(path) <= len(SMALL)
        else:  # time, system, level and the flag that says "text" mean nothing
            assert 3 <= position <= 9
            assert idx_bytes(array) == SMALL


@pytest.mark.parametrize("tail", [b"\0", b"x" * 10])
def test_trailing_bytes_are_refused(write: Write, tail: bytes) -> None:
    assert refused(write(SMALL + tail)) == len(SMALL)
    assert refused(write(gzip.compress(SMALL + tail, mtime=0))) == len(SMALL)


@pytest.mark.parametrize(
    "tail", [b"x", b"\0", b"\0" * 512, gzip.compress(b"", mtime=0), b"\0" + gzip.compress(b"", mtime=0)], ids=repr
)
def test_bytes_behind_the_gzip_stream_are_refused(write: Write, tail: bytes) -> None:
    path = write(gzip.compress(SMALL, mtime=0) + tail)
    assert refused(path) == len(SMALL)
    with pytest.raises(ValueError, match="the gzip stream is truncated or corrupt"):
        read_idx(path)


def test_gzip_of_several_members_is_read(write: Write) -> None:
    data = gzip.compress(SMALL[:7], mtime=0) + gzip.compress(SMALL[7:], mtime=0)
    assert idx_bytes(read_idx(write(data))) == SMALL


@pytest.mark.parametrize(
    ("position", "value", "said"),
    [
        (0, 1, "not an IDX file"),
        (1, 8, "not an IDX file"),
        (2, 0x0A, "unknown type code 0a"),
        (3, 0, "0 dimensions"),
        (3, 33, "33 dimensions"),
    ],
)
def test_wrong_magic_is_refused_at_its_byte(write: Write, position: int, value: int, said: str) -> None:
    data = bytearray(SMALL)
    data[position] = value
    path = write(bytes(data))
    assert refused(path) == (0 if position < 2 else position)
    with pytest.raises(ValueError, match=said):
        read_idx(path)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("sizes", [(2**31,), (2**16, 2**16), (2**20, 2**20, 2**20)])
def test_absurd_sizes_allocate_nothing(write: Write, sizes: tuple[int, ...], zipped: bool) -> None:
    data = bytes([0, 0, 0x0E, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + bytes(100)
    path = write(gzip.compress(data, mtime=0) if zipped else data)
    tracemalloc.start()
    try:
        refused(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_name_does_not_matter_and_the_array_is_writable(tmp_path: Path) -> None:
    path = tmp_path / "plain.gz"
    path.write_bytes(SMALL)
    array = read_idx(str(path))
    array[0, 0] = 9
    assert array.tolist() == [[9, 1, 2], [3, 4, 5]]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "none")
