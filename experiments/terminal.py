"""A result on the terminal: its headline and its tables."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from experiments.result import Result, Table, cell_text, unmarked


def show(result: Result) -> None:
    """Print the headline and every table of the story."""
    console = Console(width=None if sys.stdout.isatty() else 110, highlight=False)
    console.print(f"\n[bold]{_text(result.title)}[/bold]\n{_text(result.summary)}\n")
    for table in result.tables:
        console.print(_grid(table))
        console.print()


def _grid(table: Table) -> Grid:
    grid = Grid(title=_text(table.title), title_justify="left", caption_justify="left")
    grid.caption = _text(table.note) or None
    for number, column in enumerate(table.columns):
        grid.add_column(_text(column), justify="right" if number else "left")
    for row in table.rows:
        grid.add_row(*(_text(cell_text(cell)) for cell in row))
    return grid


def _text(text: str) -> str:
    return escape(unmarked(text))
