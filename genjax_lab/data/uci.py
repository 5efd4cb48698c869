"""Tables of the UCI repository for classification, each its published rows.  Licence: CC BY 4.0, https://archive.ics.uci.edu."""

from __future__ import annotations

from pathlib import Path

from genjax_lab.data.arff import read_arff
from genjax_lab.data.delimited import read_csv
from genjax_lab.data.locate import Published, locate
from genjax_lab.data.table import Table

SHA256 = {
    "adult.data.gz": "c7a2b4716a97f930123e0baf879188d701e798172631a654fc703d4b082907f3",
    "agaricus-lepiota.data.gz": "bf2157cb0f7aca0b2ce5537471c6b9636380b20e322a5aa97af985ba45affffa",
    "car.arff.gz": "85051140547784ef40c894bb548db867f59e59cd5ae51ca581da14830ffd4941",
    "nursery.arff.gz": "cbf23e54754dbc80e37910a3ebf3513a71f2f274ad359e4589baca8e48880ad6",
    "vote.arff.gz": "d0915f783eecb83f73b577ba243c8090e21bc2c6ee6bad6d331a233bc38ff618",
}

_ADULT = (
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race",
    "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
)  # fmt: skip
_MUSHROOM = (
    "class", "cap-shape", "cap-surface", "cap-color", "bruises?", "odor", "gill-attachment", "gill-spacing",
    "gill-size", "gill-color", "stalk-shape", "stalk-root", "stalk-surface-above-ring", "stalk-surface-below-ring",
    "stalk-color-above-ring", "stalk-color-below-ring", "veil-type", "veil-color", "ring-number", "ring-type",
    "spore-print-color", "population", "habitat",
)  # fmt: skip


def adult() -> Table:
    """Adults of the census of 1994 and whether they earn over 50,000 dollars a year: the 32,561 rows of adult.data.

    8 categorical and 6 integer features; `workclass`, `occupation` and `native-country` are sometimes missing.
    Kohavi (1996), KDD, 202–207, https://doi.org/10.24432/C5XW20.
    """
    return read_csv(_path("adult.data.gz"), header=_ADULT, label="income")


def mushroom() -> Table:
    """8,124 described mushrooms of 23 species, e(dible) or p(oisonous): 22 categorical features, by their letters.

    `stalk-root` is missing in 2,480 rows; `veil-type` is p everywhere. Schlimmer (1987), https://doi.org/10.24432/C5959T.
    """
    return read_csv(_path("agaricus-lepiota.data.gz"), header=_MUSHROOM, label="class")


def car() -> Table:
    """All 1,728 combinations of 6 categorical features of a car, judged in 4 classes.

    Bohanec & Rajkovič (1988), https://doi.org/10.24432/C5JP48.
    """
    return read_arff(_path("car.arff.gz"), label="class")


def nursery() -> Table:
    """All 12,960 combinations of 8 categorical features of a family that applies to a nursery school, in 5 classes.

    Olave, Rajkovič & Bohanec (1989), https://doi.org/10.24432/C5P88W.
    """
    return read_arff(_path("nursery.arff.gz"), label="class")


def vote() -> Table:
    """Votes of 435 members of the US House of Representatives of 1984 on 16 questions, and their party.

    A missing cell is any position but yes and no. https://doi.org/10.24432/C5C01P.
    """
    return read_arff(_path("vote.arff.gz"), label="Class")


def _path(name: str) -> Path:
    return locate(Published("uci", {name: SHA256[name]}))[name]
