"""Tables of bits that densities are compared on: surveys, plants, songs, accidents, genes, mushrooms.

Lowd & Davis (2010), ICDM, 334–343; Van Haaren & Davis (2012), AAAI, 1148–1154; Larochelle & Murray (2011), AISTATS.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genjax_lab.data.locate import Published, locate

FILES = {
    "accidents.npz": "54b7e791bf449fed8bb3391b5bd6d711fb0bf06d8533f0fca277c0a289da9356",
    "baudio.npz": "47ee4f89787eb7ade11727a7e48edd026f8493cefdf2c286edcc69427fb37788",
    "dna.npz": "4d489daff920d0ba1a6faeaae3dabd519b65e4d80b84d74d166fefda18a71aee",
    "mushrooms.npz": "7ee2d546799e1e46703f2568da1214e0c3dc5f1bacbcd569202b3609855eafe2",
    "nltcs.npz": "e9093bc458dcb90834ee592fa6a3826aeb8c2fb6c8beb4eaae4fc69c9ac318d1",
    "plants.npz": "6084d64fd9727e50a72e3669773aea0656bb9e63c2c005b3e5ff7520e6db2ba4",
}
NAMES = tuple(sorted(name.removesuffix(".npz") for name in FILES))


class Bits(NamedTuple):
    """Rows of bits in three parts, (n, d) uint8 each, as published."""

    train: NDArray[np.uint8]
    valid: NDArray[np.uint8]
    test: NDArray[np.uint8]


def load_bits(name: str) -> Bits:
    """Load one of the tables of bits.

    Args:
      name: "accidents", "baudio", "dna", "mushrooms", "nltcs" or "plants".

    Returns:
      Its three parts.

    Raises:
      ValueError: the name is unknown, or the file is not the published one (`ChecksumError`).
      DataNotFoundError: the file is nowhere to be had.
    """
    if name not in NAMES:
        raise ValueError(f"load_bits: {name!r} is none of {', '.join(NAMES)}")
    file = f"{name}.npz"
    path = locate(Published("debd", {file: FILES[file]}), download=False)[file]
    with np.load(path, allow_pickle=False) as archive:
        wide = int(archive["n_vars"])
        parts = {part: np.unpackbits(archive[part], axis=1)[:, :wide] for part in Bits._fields}
        counts = {part: int(archive[f"n_{part}"]) for part in Bits._fields}
    _require(path, parts, counts)
    return Bits(**parts)


def _require(path: Path, parts: dict[str, NDArray[np.uint8]], counts: dict[str, int]) -> None:
    found = {part: len(rows) for part, rows in parts.items()}
    if found != counts:
        raise ValueError(f"{path}: it has {found} rows, not {counts}")
