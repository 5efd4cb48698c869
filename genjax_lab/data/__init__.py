"""Readers of data files, and the experiments' data sets, found or downloaded and checked.

>>> from genjax_lab.data import load
>>> load("digits")
digits: 1197 train, 300 valid, 300 test images of 8×8 pixels, 17 levels, 10 classes
"""

from genjax_lab.data.catalogue import first_available, load
from genjax_lab.data.dataset import Dataset, Split
from genjax_lab.data.idx import read_idx
from genjax_lab.data.locate import ChecksumError, DataNotFoundError, cache_folder
from genjax_lab.data.table import faithful, galaxies, read_table

__all__ = [
    "ChecksumError",
    "DataNotFoundError",
    "Dataset",
    "Split",
    "cache_folder",
    "faithful",
    "first_available",
    "galaxies",
    "load",
    "read_idx",
    "read_table",
]
