"""What the columns of a table hold: values that training rows lack, and what one column knows of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genjax_lab.data import Table
from genjax_lab.evaluate import mutual_information

QUANTILES = 10
"""Cells of about equally many rows into which numbers are cut to measure mutual information."""


def unseen(table: Table, fold: np.ndarray) -> int:
    """Held-out cells whose category no row of the other folds has."""
    found = 0
    for column in table.features.values():
        if column.kind == "categorical":
            counts = np.zeros((len(column.categories), int(fold.max()) + 1), int)
            np.add.at(counts, (column.values, fold), 1)
            found += int(counts[counts == counts.sum(1, keepdims=True)].sum())
    return found


def information(table: Table, x: Mapping[str, Any], original: Mapping[str, Any]) -> np.ndarray:
    """Mutual information within classes, numbers cut at quantiles of the original rows."""
    codes = []
    for name, column in table.features.items():
        cells = np.asarray(x[name])
        if column.kind != "categorical":
            edges = np.unique(np.quantile(np.asarray(original[name]), np.arange(1, QUANTILES) / QUANTILES))
            cells = np.searchsorted(edges, cells)
        codes.append(cells)
    table_of_codes = np.stack(codes, 1)
    return np.asarray(mutual_information(table_of_codes, int(table_of_codes.max()) + 1, table.y, len(table.classes)))
