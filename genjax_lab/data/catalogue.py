"""The data sets by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from genjax_lab.data.binarized_mnist import binarized_mnist
from genjax_lab.data.dataset import Dataset
from genjax_lab.data.digits import digits
from genjax_lab.data.locate import ChecksumError, DataNotFoundError
from genjax_lab.data.mnist import mnist

_LOADERS: dict[str, Callable[[bool], Dataset]] = {
    "binarized_mnist": binarized_mnist,
    "digits": lambda download: digits(),
    "mnist": mnist,
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
        raise ValueError(f"load: unknown data set {name!r}; the known ones are {', '.join(_LOADERS)}")
    return _LOADERS[name](download)


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
