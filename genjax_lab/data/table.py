"""Small tables of numbers: a CSV file with a heading and, in its first column, the names of the rows."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genjax_lab.data.locate import Published, locate

SHA256 = {
    "faithful": "5043db1e2c51c8e8fd67e0868c768ae589770cc76ad0ac0c5b7afd1fca31fc57",
    "galaxies": "5c094d8beb8ecc980493de62e9fd4d2cf7f891b07aed6b1c55a5b42879f498d0",
}


def read_table(path: str | os.PathLike[str]) -> dict[str, NDArray[np.float64]]:
    r"""Read a CSV file of numbers with a heading; the first column, names of rows, is left out.

    Args:
      path: the file.

    Returns:
      Heading → the column's numbers, in the order of the file.

    Raises:
      ValueError: the file is no such table; the message names the file, the line and the column.

    Example:
      >>> import pathlib, tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp(), "waits.csv")
      >>> path.write_text('rownames,minutes\n1,3.5\n2,4\n')
      27
      >>> read_table(path)["minutes"].tolist()
      [3.5, 4.0]
    """
    path = Path(path)
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    if len(lines) < 2 or len(lines[0]) < 2:
        raise ValueError(f"{path}: a heading of two or more columns and at least one row are due")
    heading = lines[0]
    if len(set(heading)) < len(heading):
        raise ValueError(f"{path}: line 1: a heading occurs twice in {heading}")
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(heading):
            raise ValueError(f"{path}: line {number} has {len(line)} cells, not {len(heading)}")
    return {
        name: np.array([_number(line[column], path, number, name) for number, line in enumerate(lines[1:], 2)])
        for column, name in enumerate(heading)
        if column
    }


def _number(cell: str, path: Path, line: int, column: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(f"{path}: line {line}, column {column}: {cell!r} is not a finite number")
    return value


def faithful() -> NDArray[np.float64]:
    """Old Faithful, a geyser: minutes that each of 272 eruptions lasted, and minutes until the next; (272, 2).

    Härdle (1991), Smoothing Techniques with Implementation in S; the copy of R's `datasets`.

    Raises:
      DataNotFoundError, ChecksumError, ImportError: as `locate`.
    """
    table = _load("faithful")
    return np.stack([table["eruptions"], table["waiting"]], 1)


def galaxies() -> NDArray[np.float64]:
    """Velocities of 82 galaxies in the region of Corona Borealis, in 1000 km/s; (82,).

    Roeder (1990), J. Am. Stat. Assoc. 85, 617–624; the copy of R's `MASS`, with its known slip in one velocity: 26.69
    for 26.96.

    Raises:
      DataNotFoundError, ChecksumError, ImportError: as `locate`.
    """
    return _load("galaxies")["dat"] / 1000


def _load(name: str) -> dict[str, NDArray[np.float64]]:
    (path,) = locate(Published("small", {f"{name}.csv": SHA256[name]}), download=False).values()
    return read_table(path)
