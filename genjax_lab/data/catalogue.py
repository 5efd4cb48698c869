"""The data sets by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from genjax_lab.data.binarized_mnist import binarized_mnist
from genjax_lab.data.dataset import Dataset
from genjax_lab.data.digits import digits
from genjax_lab.data.locate import ChecksumError, DataNotFoundError
from genjax_lab.data.mnist import mnist
from genjax_lab.data.small import hair_eye_color, penguins, titanic, ucb_admissions
from genjax_lab.data.table import Table
from genjax_lab.data.uci import adult, car, mushroom, nursery, vote

_LOADERS: dict[str, Callable[[bool], Dataset]] = {
    "binarized_mnist": binarized_mnist,
    "digits": lambda download: digits(),
    "mnist": mnist,
}

_TABLES: dict[str, Callable[[], Table]] = {
    "adult": adult,
    "car": car,
    "hair_eye_color": hair_eye_color,
    "mushroom": mushroom,
    "nursery": nursery,
    "penguins": penguins,
    "titanic": titanic,
    "ucb_admissions": ucb_admissions,
    "vote": vote,
}


def load(name: str, download: bool = True) -> Dataset:
    """Load a data set: this one or none.

    Files are looked for below GENJAX_LAB_DATA, then in the user's cache, then downloaded; each is checked by
    its SHA-256.

    Args:
      name: "mnist", "binarized_mnist" or "digits".
      download: if False the network is never touched.

    Returns:
      The data set, in its published or stated split.

    Raises:
      ValueError: the name is unknown, or a file is not the published one (`ChecksumError`).
      DataNotFoundError: the files are nowhere to be had; the message says what would help.
      ImportError: an optional package is needed; the message names it and its extra.

    Example:
      >>> digits = load("digits")
      >>> digits.train.x.shape, int(digits.train.x.max()), digits.train.y[:4].tolist()
      ((1197, 64), 16, [0, 1, 2, 4])
    """
    if name not in _LOADERS:
        table = "; it is a table: use load_table" if name in _TABLES else ""
        raise ValueError(f"load: unknown data set {name!r}; the known ones are {', '.join(_LOADERS)}{table}")
    return _LOADERS[name](download)


def load_table(name: str) -> Table:
    """Load a table of columns of different kinds: this one or none.

    Its file is looked for below GENJAX_LAB_DATA, then in the user's cache, and checked by its SHA-256; no mirror that
    serves the same bytes is known.

    Args:
      name: "adult", "car", "mushroom", "nursery" or "vote" of UCI; "hair_eye_color", "penguins", "titanic" or
        "ucb_admissions" of R.

    Returns:
      The table, all of its rows.

    Raises:
      ValueError: the name is unknown, or a file is not the published one (`ChecksumError`).
      DataNotFoundError: the file is nowhere to be had; the message says what would help.
      ImportError: an optional package is needed; the message names it and its extra.

    Example:
      >>> load_table("iris")
      Traceback (most recent call last):
      ValueError: load_table: unknown table 'iris'; the known ones are adult, car, hair_eye_color, ...
    """
    if name not in _TABLES:
        raise ValueError(f"load_table: unknown table {name!r}; the known ones are {', '.join(_TABLES)}")
    return dataclasses.replace(_TABLES[name](), name=name)


def first_available(names: Sequence[str] = ("mnist", "digits"), download: bool = True) -> tuple[Dataset, str]:
    """Load the first of several data sets that can be had; for demonstrations, never for an experiment.

    Args:
      names: in order of preference.
      download: as for `load`.

    Returns:
      The data set, and in one line which it is and why not an earlier one.

    Raises:
      DataNotFoundError: none can be had.
      ValueError: a name is unknown.
    """
    missing = []
    for name in names:
        try:
            dataset = load(name, download)
        except (DataNotFoundError, ChecksumError, ImportError) as error:
            missing.append(f"{name} is not to be had ({getattr(error, 'reason', error)})")
        else:
            return dataset, "; ".join([f"{name} ({dataset.source})", *missing])
    raise DataNotFoundError("; ".join(missing) or "first_available: no names were given")
