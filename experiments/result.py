"""What an experiment returns: numbers for machines, and a story for people.

The story holds its own tables and figures where they are told, so nothing can be announced and missing.
Figures are drawn only when the frame saves them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

# `code`, *stress* and $formula$; an asterisk inside a word or a product, and a lone dollar, stay what they are.
MARKED = re.compile(
    r"`(?P<code>[^`]+)`|(?<![\w*])\*(?P<stress>\S(?:[^*]*\S)?)\*(?![\w*])|\$(?P<formula>\S(?:[^$]*\S)?)\$"
)

Cell: TypeAlias = str | int | float | None


class Refused(ValueError):
    """What was asked for cannot be had; its message is all that a person needs to read."""


@dataclass(frozen=True)
class Table:
    """Titled rows.

    Attributes:
      title: what the rows are.
      columns: the headings.
      rows: one cell a column; numbers are shown with four significant digits, None as a dash.
      note: a sentence below the table.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(f"Table {self.title!r}: row {number} has {len(row)} cells, not {len(self.columns)}.")


@dataclass(frozen=True)
class Figure:
    """A drawing: `name` is its file name without ending, `draw` makes it when it is saved."""

    name: str
    caption: str
    draw: Callable[[], Canvas]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_]+", self.name):
            raise ValueError(f"Figure {self.name!r}: a name is made of a-z, 0-9 and _; it becomes a file name.")


@dataclass(frozen=True)
class Formula:
    """A displayed formula in plain text: `x_j`, `x_{jl}` give an index, `x^2`, `x^{2n}` an exponent."""

    text: str


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; strings are paragraphs, which may mark `code`, *stress* and $a_j$."""

    heading: str
    body: Sequence[str | Formula | Table | Figure]


@dataclass(frozen=True)
class Result:
    """What came out.

    Attributes:
      title: the headline of the report.
      summary: one or two sentences: what was done and found.
      metrics: nested mappings of names to numbers, strings, lists or None; the same for the same seed,
        device and versions, so without times.
      story: the report, section by section.
    """

    title: str
    summary: str
    metrics: Mapping[str, Any]
    story: Sequence[Section]

    def __post_init__(self) -> None:
        names = [figure.name for figure in self.figures]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"Result {self.title!r}: more than one figure is called {', '.join(twice)}.")

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables in the order of the story."""
        return tuple(item for section in self.story for item in section.body if isinstance(item, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures in the order of the story."""
        return tuple(item for section in self.story for item in section.body if isinstance(item, Figure))


def cell_text(cell: Cell) -> str:
    """A cell as it is shown: 50,000, 0.8432, 170.8, – for None, and a string as it stands."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.4g}"


def unmarked(text: str) -> str:
    """Text without the marks of `code`, *stress* and $formula$, whose braces go too."""
    return MARKED.sub(lambda m: m["code"] or m["stress"] or re.sub(r"([_^])\{([^}]+)\}", r"\1\2", m["formula"]), text)
