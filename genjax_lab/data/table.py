"""What the readers of tables return: a `Table` of typed `Column`s, categories as codes with their names."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kind: TypeAlias = Literal["categorical", "integer", "real"]

MISSING = "?"
"""The category that stands for a missing cell."""

OTHER = "(other)"
"""The category that stands for those a table had no name for, see `Table.with_other`."""


@dataclass(frozen=True, eq=False, repr=False)
class Column:
    """One column of a table.

    Attributes:
      name: its heading.
      kind: "categorical", "integer" or "real".
      values: (n,); int32 codes 0, 1, … of categories, int64 whole numbers, or float64 numbers. A missing number is NaN,
        and whole numbers some of which are missing are float64.
      categories: the categories' names in the order of their codes, `MISSING` among them where cells are missing; none
        for numbers.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    categories: tuple[str, ...] = ()

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which cells are missing: bool[n]."""
        return self._is(MISSING) if self.kind == "categorical" else np.isnan(self.values)

    @property
    def other(self) -> NDArray[np.bool_]:
        """Which cells hold a category that the table of `like` had no name for: bool[n]."""
        return self._is(OTHER)

    def _is(self, category: str) -> NDArray[np.bool_]:
        if category not in self.categories:
            return np.zeros(len(self.values), bool)
        return np.asarray(self.values == self.categories.index(category))

    def __repr__(self) -> str:
        of = f" of {len(self.categories)}: {', '.join(self.categories)}" if self.kind == "categorical" else ""
        return f"{self.name}: {len(self.values)} {self.kind} cells{of}"


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Rows of columns of different kinds, one of which may be the label.

    Attributes:
      name: what it is called.
      columns: heading → column, in the order of the file.
      label: heading of the column that is to be predicted, a categorical one; None for none.
      source: one line: where the rows came from.
      lines: (n,) the line of the file on which each row begins.
    """

    name: str
    columns: Mapping[str, Column]
    label: str | None
    source: str
    lines: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.label is not None:
            if self.label not in self.columns:
                raise ValueError(f"{self.source}: no column is called {self.label!r}; there are {list(self.columns)}")
            if self[self.label].kind != "categorical":
                raise ValueError(f"{self.source}: the label {self.label!r} holds {self[self.label].kind} numbers; "
                                 f"kinds={{{self.label!r}: 'categorical'}} reads them as categories")  # fmt: skip

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, name: str) -> Column:
        if name not in self.columns:
            raise KeyError(f"no column is called {name!r}; there are {list(self.columns)}")
        return self.columns[name]

    @property
    def features(self) -> dict[str, Column]:
        """The columns without the label."""
        return {name: column for name, column in self.columns.items() if name != self.label}

    @property
    def x(self) -> dict[str, NDArray[Any]]:
        """Values of the features: a batch of events for a `product` of one density a feature."""
        return {name: column.values for name, column in self.features.items()}

    @property
    def y(self) -> NDArray[np.int32]:
        """Codes of the label: (n,) int32."""
        return self._label().values

    @property
    def classes(self) -> tuple[str, ...]:
        """The label's categories, in the order of their codes."""
        return self._label().categories

    def _label(self) -> Column:
        if self.label is None:
            raise ValueError(f"{self.name} has no label: say which column is with label=")
        return self.columns[self.label]

    def take(self, rows: ArrayLike) -> Table:
        """The table of some rows, by their places or by a bool[n]; categories keep their codes."""
        rows = np.asarray(rows)
        columns = {n: dataclasses.replace(c, values=c.values[rows]) for n, c in self.columns.items()}
        return dataclasses.replace(self, columns=columns, lines=self.lines[rows])

    def without(self, *names: str) -> Table:
        """The table without some columns."""
        gone = {self[name].name for name in names}
        columns = {name: column for name, column in self.columns.items() if name not in gone}
        return dataclasses.replace(self, columns=columns, label=None if self.label in gone else self.label)

    def with_other(self) -> Table:
        """The same rows, with a last category `OTHER` in every categorical feature: of it there are none.

        A table that is then read `like` this one puts there what this one has no name for, instead of being refused;
        smoothing gives such values a probability.
        """

        def widen(column: Column) -> Column:
            if column.kind != "categorical" or column.name == self.label or OTHER in column.categories:
                return column
            return dataclasses.replace(column, categories=(*column.categories, OTHER))

        return dataclasses.replace(self, columns={name: widen(column) for name, column in self.columns.items()})

    def __repr__(self) -> str:
        kinds = [column.kind for column in self.features.values()]
        words = [f"{kinds.count(kind)} {kind}" for kind in ("categorical", "integer", "real") if kind in kinds]
        label = "no label" if self.label is None else f"label {self.label!r} of {len(self.classes)} classes"
        missing, other = (
            sum(int(getattr(c, what).sum()) for c in self.columns.values()) for what in ("missing", "other")
        )
        unseen = f", {other} of unseen categories" if other else ""
        return f"{self.name}: {len(self)} rows; features: {', '.join(words)}; {label}; {missing} cells missing{unseen}"
