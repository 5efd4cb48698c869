"""CSV files as typed tables: lines split by Python's `csv`, types inferred by pandas."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from genjax_lab.data.cells import Place, read_text, require_columns, typed
from genjax_lab.data.table import Kind, Table


def read_csv(
    path: str | os.PathLike[str],
    *,
    header: bool | Sequence[str] = True,
    label: str | None = None,
    missing: Collection[str] = ("?", "NA", "NaN", "nan", ""),
    kinds: Mapping[str, Kind] | None = None,
    like: Table | None = None,
    delimiter: str = ",",
) -> Table:
    r"""Read a CSV file, plain or gzipped, in UTF-8.

    Blanks around a cell are no part of it; blank lines are passed over.

    A column all of whose cells that are there are numbers is "integer" or "real", any other "categorical"; so is one
    with no cell that is there. A missing cell is the category "?" or the number NaN.

    Args:
      path: the file.
      header: whether the first line holds the headings; or the headings, of a file that has none. Without either the
        columns are called "0", "1", ….
      label: heading of the column that is to be predicted.
      missing: what stands for a missing cell.
      kinds: heading → kind, of columns for which it is not to be inferred.
      like: an earlier table, whose kinds, categories and label this one is to have. A category that it has no name for
        is refused, or counts as "(other)" if it is `like.with_other()`.
      delimiter: what stands between cells.

    Returns:
      The table.

    Raises:
      ValueError: the file is no such table; the message names the file, and the line and column where there is one.
      OSError: it cannot be read.
      ImportError: pandas is not installed.

    Example:
      >>> import pathlib, tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp(), "hats.csv")
      >>> path.write_text('colour,size,price\nred,7,9.5\n?,8,\nblue,7,12\n')
      43
      >>> table = read_csv(path, label="colour")
      >>> table
      hats: 3 rows; features: 1 integer, 1 real; label 'colour' of 3 classes; 2 cells missing
      >>> table.classes, table.y.tolist(), table["price"].values.tolist()
      (('blue', 'red', '?'), [1, 2, 0], [9.5, nan, 12.0])
    """
    path = Path(path)
    rows, lines = _rows(path, delimiter)
    if header is True:
        first, names, rows, lines = f"{path}: line {lines[0]}", rows[0], rows[1:], lines[1:]
        if not rows:
            raise ValueError(f"{path}: no line follows the headings")
    else:
        counted = list(like.columns) if like else [str(i) for i in range(len(rows[0]))]
        first, names = str(path), counted if header is False else list(header)
        if len(names) != len(rows[0]):
            raise ValueError(f"{path}: line {lines[0]} has {len(rows[0])} cells, but there are {len(names)} headings")
    require_columns(first, names, like)
    unknown = sorted(set(kinds or {}) - set(names))
    if unknown:
        raise ValueError(f"{path}: kinds names {', '.join(unknown)}; the columns are {', '.join(names)}")
    odd = sorted(set((kinds or {}).values()) - set(get_args(Kind)))
    if odd:
        raise ValueError(f"kinds holds {', '.join(odd)}; a kind is one of {', '.join(get_args(Kind))}")
    place, absent = Place(path, np.array(lines, np.int64)), frozenset(missing)
    columns = {
        name: typed(name, cells, place, absent, (kinds or {}).get(name), like[name] if like else None)
        for name, cells in zip(names, zip(*rows, strict=True), strict=True)
    }
    own = like.label if like and label is None else label
    return Table(path.name.split(".")[0], columns, own, str(path), place.lines)


def _rows(path: Path, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The cells of every line that is not blank, equally many, and the numbers of the lines."""
    text = io.StringIO(read_text(path), newline="")
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
    rows, lines, line = [], [], 1
    try:
        for cells in reader:
            if len(cells) > 1 or "".join(cells).strip():
                rows.append([cell.strip() for cell in cells])
                lines.append(line)
                if len(cells) != len(rows[0]):
                    raise ValueError(f"{path}: line {line} has {len(cells)} cells, not {len(rows[0])}")
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}: line {line}: not a CSV file ({error})") from error
    if not rows:
        raise ValueError(f"{path}: the file is empty")
    return rows, lines
