"""Text of a table made typed columns, of kinds that pandas infers or an earlier table has; refusals name the line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from genjax_lab.data.table import MISSING, OTHER, Column, Kind, Table

_GZIP_MAGIC = b"\x1f\x8b"


class Place(NamedTuple):
    """A file, and the line of it on which each row begins."""

    path: Path
    lines: NDArray[np.int64]

    def refuse(self, row: int, column: str, message: str) -> NoReturn:
        """Raise a ValueError that names the file, the line and the column."""
        raise ValueError(f"{self.path}: line {self.lines[row]}, column {column}: {message}")


def read_text(path: Path) -> str:
    """Text of a file in UTF-8, plain or gzipped (its first bytes tell, not its name).

    Raises:
      ValueError: the file is neither; the message names it, and the line.
      OSError: it cannot be read.
    """
    content = path.read_bytes()
    if content.startswith(_GZIP_MAGIC):
        try:
            content = gzip.decompress(content)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: a broken gzip file ({error})") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}: line {line}: not text in UTF-8 ({error.reason})") from error


def typed(
    name: str, cells: Sequence[str], place: Place, missing: frozenset[str], kind: Kind | None, like: Column | None
) -> Column:
    """Make a column of its cells.

    Args:
      name: its heading.
      cells: the text of each row.
      place: where they stand.
      missing: what stands for a missing cell.
      kind: the kind that is wanted; None infers it: numbers where every cell that is there is one.
      like: a column whose kind and categories are to be kept, or None.

    Raises:
      ValueError: for a cell that is not of the kind, or of none of the categories.
    """
    wanted = like.kind if like else kind
    text = np.array(cells, object)
    absent = np.array([cell in missing for cell in cells], bool)
    empty = np.zeros(0) if wanted else None  # of no number one cannot tell the kind
    numbers = None if wanted == "categorical" else empty if absent.all() else _numbers(text[~absent])
    if wanted == "categorical" or (wanted is None and numbers is None):
        categories = like.categories if like else _names(text, absent)
        return coded(name, text, absent, categories, place)
    if numbers is None:
        known = np.asarray(_pandas().to_numeric(_pandas().Series(text), errors="coerce"), float)
        row = int(np.argmax(np.isnan(known) & ~absent))
        place.refuse(row, name, f"{cells[row]!r} is no number. Is it a missing one? Name it in missing=")
    values = np.full(len(cells), np.nan)
    values[~absent] = numbers
    return numeric(name, values, place, wanted or ("integer" if numbers.dtype.kind == "i" else "real"), numbers)


def _names(text: NDArray[Any], absent: NDArray[np.bool_]) -> tuple[str, ...]:
    return with_missing(tuple(sorted(set(text[~absent].tolist()))), absent)


def with_missing(categories: tuple[str, ...], absent: NDArray[np.bool_]) -> tuple[str, ...]:
    """The categories, and `MISSING` last where a cell is missing and it is not one of them."""
    return (*categories, MISSING) if absent.any() and MISSING not in categories else categories


def coded(
    name: str, text: NDArray[Any], absent: NDArray[np.bool_], categories: tuple[str, ...], place: Place
) -> Column:
    """A categorical column of given categories; others go to `OTHER` if that is one of them.

    Raises:
      ValueError: for a cell of none of the categories.
    """
    code = {category: i for i, category in enumerate(categories)}
    seen = np.where(absent, MISSING, text)
    codes = np.array([code.get(cell, -1) for cell in seen], np.int32)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        if OTHER not in code:
            known = f"none of the {len(categories)} known categories {', '.join(categories)}"
            hint = "Of a feature, Table.with_other() of the first table makes room for it"
            place.refuse(row, name, f"{seen[row]!r} is {known}. {hint}")
        codes[codes < 0] = code[OTHER]
    return Column(name, "categorical", codes, categories)


def numeric(
    name: str, values: NDArray[np.float64], place: Place, kind: Kind, exact: NDArray[Any] | None = None
) -> Column:
    """A column of numbers, NaN where one is missing; `exact` are the same numbers as they were read, if none is.

    Raises:
      ValueError: for an infinite number, or a fraction among whole numbers.
    """
    if np.isinf(values).any():
        place.refuse(int(np.argmax(np.isinf(values))), name, "an infinite number")
    if kind == "real":
        return Column(name, kind, values)
    fraction = ~np.isnan(values) & (values != np.floor(values))
    if fraction.any():
        row = int(np.argmax(fraction))
        place.refuse(row, name, f"{values[row]} is no whole number")
    if np.isnan(values).any():
        return Column(name, kind, values)
    return Column(name, kind, (values if exact is None else exact).astype(np.int64))


def _numbers(text: NDArray[Any]) -> NDArray[Any] | None:
    """The numbers that all of the cells are, whole ones as int64, by pandas; None if one is none."""
    pandas = _pandas()
    try:
        found = pandas.to_numeric(pandas.Series(text)).to_numpy()
    except ValueError:
        return None
    return found if found.dtype.kind == "i" else found.astype(float) if found.dtype.kind in "uf" else None


def require_columns(place: str, names: Sequence[str], like: Table | None) -> None:
    """Refuse headings that are not those of an earlier table, or that occur twice.

    Raises:
      ValueError: naming them.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{place}: the heading {', '.join(twice)} occurs twice")
    if like is not None and list(names) != list(like.columns):
        raise ValueError(f"{place}: the columns are {list(names)}, not {list(like.columns)} as of {like.name}")


def _pandas() -> ModuleType:
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "the types of a table's columns are found with pandas, which the extra genjax_lab[experiments] brings: "
            "pip install pandas"
        ) from error
    return pandas
