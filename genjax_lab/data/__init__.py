"""Readers of data files, and the experiments' data sets, found or downloaded and checked.

>>> from genjax_lab.data import load
>>> load("digits")
digits: 1197 train, 300 valid, 300 test images of 8×8 pixels, 17 levels, 10 classes
"""

from genjax_lab.data.arff import read_arff
from genjax_lab.data.catalogue import first_available, load, load_table
from genjax_lab.data.dataset import Dataset, Split
from genjax_lab.data.debd import Bits, load_bits
from genjax_lab.data.delimited import read_csv
from genjax_lab.data.idx import read_idx
from genjax_lab.data.locate import ChecksumError, DataNotFoundError, cache_folder
from genjax_lab.data.qmnist import Handwriting, load_writers
from genjax_lab.data.small import faithful, galaxies
from genjax_lab.data.table import MISSING, OTHER, Column, Table

__all__ = [
    "MISSING",
    "OTHER",
    "Bits",
    "ChecksumError",
    "Column",
    "DataNotFoundError",
    "Dataset",
    "Handwriting",
    "Split",
    "Table",
    "cache_folder",
    "faithful",
    "first_available",
    "galaxies",
    "load",
    "load_bits",
    "load_table",
    "load_writers",
    "read_arff",
    "read_csv",
    "read_idx",
]
