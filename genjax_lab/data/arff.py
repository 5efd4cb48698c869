"""ARFF files, which declare the types of their columns, as typed tables: read by SciPy."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from genjax_lab.data.cells import Place, coded, numeric, read_text, require_columns, with_missing
from genjax_lab.data.table import MISSING, Column, Table

_ATTRIBUTE = re.compile(r"@attribute\s+(?P<name>'[^']*'|\"[^\"]*\"|\S+)\s+(?P<kind>\w+)", re.IGNORECASE)


def read_arff(path: str | os.PathLike[str], *, label: str | None = None, like: Table | None = None) -> Table:
    r"""Read an ARFF file, plain or gzipped, of nominal and numeric attributes.

    A nominal attribute is "categorical", its categories in the order in which they are declared, "?" last if a cell is
    missing; a numeric one is "integer" where every number that is there is whole, else "real".

    Args:
      path: the file.
      label: name of the attribute that is to be predicted.
      like: an earlier table, whose kinds, categories and label this one is to have. A category that it has no name for
        is refused, or counts as "(other)" if it is `like.with_other()`.

    Returns:
      The table.

    Raises:
      ValueError: the file is no such table; the message names the file and the line. SciPy takes no text, no dates,
        no sparse rows, ASCII only, and the quotes of the first row for those of all.
      OSError: it cannot be read.
      ImportError: SciPy is not installed.

    Example:
      >>> import pathlib, tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp(), "hats.arff")
      >>> path.write_text('@relation hats\n@attribute colour {red,blue}\n@attribute size real\n@data\nblue,7\n?,8.5\n')
      84
      >>> read_arff(path, label="colour")
      hats: 2 rows; features: 1 real; label 'colour' of 3 classes; 1 cells missing
    """
    path = Path(path)
    stream = _Lines(path, read_text(path))
    data, meta = stream.parsed(_loadarff())
    names = meta.names()
    require_columns(str(path), names, like)
    place = Place(path, np.array(stream.rows, np.int64))
    columns = {
        name: _column(name, data[name], meta[name], place, like, f"{path}: line {line}: {name}")
        for name, line in zip(names, stream.attributes, strict=True)
    }
    own = like.label if like and label is None else label
    return Table(path.name.split(".")[0], columns, own, str(path), place.lines)


class _Lines:
    """The lines of a text, counted as they are read: SciPy's errors do not say where it was."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, io.StringIO(text)
        self.line, self.attributes, self.rows, self.names = 0, list[int](), list[int](), set[str]()
        self.in_data = self.ahead = self.at_end = False

    def read(self) -> str:
        """All that follows: SciPy takes what can be read for a file, and reads it line by line."""
        return "".join(self)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.ahead:  # after an attribute SciPy reads one line more before it looks at it: an empty one
            self.ahead = False
            return "\n"
        text = self.text.readline()
        self.at_end = not text
        if self.at_end:
            raise StopIteration
        self.line += 1
        word = text.strip()
        if not word.isascii():
            raise ValueError("SciPy reads ASCII only")
        if self.in_data and word and not text.startswith("%"):
            self._check_width(word)
            self.rows.append(self.line)
        self.ahead = not self.in_data and word.lower().startswith("@attribute")
        if self.ahead:
            self.attributes.append(self.line)
            self._check_attribute(word)
        self.in_data = self.in_data or word.lower().startswith("@data")
        return text

    def _check_attribute(self, word: str) -> None:
        """SciPy refuses these only when it has read on, and does not say where it was."""
        found = _ATTRIBUTE.match(word)
        if found is None:
            return  # SciPy says what is wrong with it
        name, kind = found["name"].strip("'\""), found["kind"].lower()
        if name in self.names:
            raise ValueError(f"the attribute {name} occurs twice")
        if kind in ("string", "date", "relational"):
            raise ValueError(f"{name} is declared {kind}; an attribute must be nominal or numeric")
        self.names.add(name)

    def _check_width(self, word: str) -> None:
        """SciPy reads over cells that are too many."""
        cells = next(csv.reader([word], quotechar="'" if "'" in word else '"', skipinitialspace=True))
        if len(cells) != len(self.attributes):
            raise ValueError(f"{len(cells)} cells, not {len(self.attributes)}")

    def parsed(self, loadarff: Callable[[Any], Any]) -> Any:
        """What SciPy makes of it.

        Raises:
          ValueError: naming the file and the line.
        """
        try:
            data, meta = loadarff(self)
        except StopIteration:
            last = f"line {self.line} is the last, and there was no @data" if self.line else "the file is empty"
            raise ValueError(f"{self.path}: {last}") from None
        except (ValueError, IndexError, NotImplementedError, csv.Error, OSError) as error:
            where = "" if self.at_end else f"line {self.line}: "
            what = str(error).removeprefix("Error while parsing header, error was: ").strip()
            raise ValueError(f"{self.path}: {where}{what}") from error
        if not self.rows:
            raise ValueError(f"{self.path}: no row follows @data")
        return np.atleast_1d(data), meta


def _column(
    name: str, values: Any, about: tuple[str, Any], place: Place, like: Table | None, declaration: str
) -> Column:
    kind, declared = about
    wanted = like[name] if like else None
    if kind == "nominal":
        if wanted and wanted.kind != "categorical":
            raise ValueError(f"{declaration} is declared nominal; it is {wanted.kind} in {like!r}")
        twice = [category for category in declared if declared.count(category) > 1]
        if twice:
            raise ValueError(f"{declaration} declares the category {twice[0]} twice")
        text = np.array([cell.decode() for cell in values], object)
        absent = text == MISSING
        return coded(name, text, absent, wanted.categories if wanted else with_missing(declared, absent), place)
    if wanted and wanted.kind == "categorical":
        raise ValueError(f"{declaration} is declared {kind}; nominal is due")
    found = values[~np.isnan(values)]
    return numeric(
        name, values, place, wanted.kind if wanted else "integer" if (found == np.floor(found)).all() else "real"
    )


def _loadarff() -> Callable[[Any], Any]:
    try:
        from scipy.io.arff import loadarff
    except ImportError as error:
        raise ImportError(
            "ARFF files are read by SciPy, which the extra genjax_lab[experiments] brings: pip install scipy"
        ) from error
    return loadarff  # type: ignore[no-any-return]
