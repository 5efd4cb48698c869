"""IDX, the array format of MNIST, read without trust.

    00 00 | type code | number of dimensions d | d sizes, 4 bytes each | the values          (all big-endian)

LeCun, Cortes & Burges, "The MNIST database of handwritten digits", section "The IDX file format".
"""

from __future__ import annotations

import io
import math
import os
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_DIMENSIONS = 32  # NumPy 1 stops here; no data set comes near
_CHUNK = 1 << 20  # memory grows with the bytes that are there, not with those a header promises


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read an IDX file, plain or gzipped (its first bytes tell, not its name).

    Args:
      path: the file.

    Returns:
      The array, in the shape and type of the header and the machine's own byte order.

    Raises:
      ValueError: the file is not exactly one well-formed array; the message names the file and the byte.

    Example:
      >>> import pathlib, tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp(), "labels")
      >>> path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
      11
      >>> read_idx(path).tolist()
      [5, 0, 4]
    """
    path = Path(path)
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        if not zipped:
            return _parse(_Reader(path, file, "byte {}"))
        return _parse(_Reader(path, _Gunzip(file), "byte {} of the unzipped data"))


class _Gunzip:
    """The data of a gzip file; unlike Python's `gzip` it reads over no zero bytes and no empty member."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.file, self.rest = file, b""
        self.member: Any = None

    def read1(self, most: int) -> bytes:
        """Some of the next bytes; none at the end.

        Raises:
          zlib.error, EOFError: where the stream is corrupt or truncated.
        """
        data = b""
        while not data:
            if not self.rest:
                self.rest = self.file.read(_CHUNK)
            if self.member is None:
                if not self.rest:
                    return b""
                self.member, self.empty = zlib.decompressobj(wbits=31), True
            before = len(self.rest)
            data = self.member.decompress(self.rest, most)
            self.rest = self.member.unconsumed_tail
            self.empty = self.empty and not data
            if self.member.eof:
                if self.empty:
                    raise zlib.error("a member without data")
                self.rest, self.member = self.member.unused_data, None
            elif not data and not before:
                raise EOFError("it ends inside a member")
        return data


class _Reader:
    """A stream that counts its bytes; whatever it refuses, it names the file and the byte."""

    def __init__(self, path: Path, stream: io.BufferedReader | _Gunzip, place: str) -> None:
        self.path, self.stream, self.place = path, stream, place
        self.offset = 0

    def fail(self, what: str, offset: int | None = None) -> NoReturn:
        place = self.place.format(self.offset if offset is None else offset)
        raise ValueError(f"{self.path}: {place}: {what}")

    def take(self, count: int, what: str) -> bytearray:
        """The next `count` bytes."""
        data = bytearray()
        while len(data) < count:
            chunk = self.some(count - len(data))
            if not chunk:
                self.fail(f"the file ends inside {what}, after {len(data)} of {count} bytes")
            data += chunk
        return data

    def some(self, most: int) -> bytes:
        """Some of the next bytes; none at the end of the file."""
        try:
            chunk = self.stream.read1(min(most, _CHUNK))
        except (EOFError, zlib.error) as error:
            self.fail(f"the gzip stream is truncated or corrupt ({error})")
        self.offset += len(chunk)
        return chunk


def _parse(reader: _Reader) -> NDArray[Any]:
    dtype, dimensions = _magic(reader)
    shape = tuple(int.from_bytes(reader.take(4, f"the size of dimension {i}")) for i in range(dimensions))
    # A size of 0 makes the array empty, yet NumPy refuses the shape if the others alone overflow.
    if math.prod(max(size, 1) for size in shape) * dtype.itemsize >= 2**63:
        reader.fail(f"the sizes {shape} overflow: no file holds so many values", offset=4)
    data = reader.take(math.prod(shape) * dtype.itemsize, f"the values of an array of shape {shape}")
    end = reader.offset
    if reader.some(1):
        reader.fail(f"the array of shape {shape} ends here, yet more bytes follow", offset=end)
    return np.frombuffer(data, dtype).astype(dtype.newbyteorder("="), copy=False).reshape(shape)


def _magic(reader: _Reader) -> tuple[np.dtype[Any], int]:
    magic = reader.take(4, "the magic number")
    code, dimensions = magic[2], magic[3]
    if any(magic[:2]):
        reader.fail(f"not an IDX file: it starts with {magic.hex(' ')} where 00 00 is due", offset=0)
    if code not in _TYPES:
        known = ", ".join(f"{c:02x}" for c in _TYPES)
        reader.fail(f"unknown type code {code:02x}; the known ones are {known}", offset=2)
    if not 1 <= dimensions <= _MAX_DIMENSIONS:
        reader.fail(f"{dimensions} dimensions; 1 to {_MAX_DIMENSIONS} are sensible", offset=3)
    return np.dtype(_TYPES[code]), dimensions
