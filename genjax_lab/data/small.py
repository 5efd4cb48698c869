"""Small tables of R: each a CSV file with headings and, in its first column, the names of the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genjax_lab.data.delimited import read_csv
from genjax_lab.data.locate import Published, locate
from genjax_lab.data.table import Table

SHA256 = {
    "HairEyeColor": "c371b0bb7955bad62da375330e626a5dcc7709ca7ec6ee08fb9e58ae4287ec94",
    "Titanic": "ca983380c99d10ece64011fef5e07150ce49949d52b517e3fc55c7715938d179",
    "UCBAdmissions": "92ae5a362fd3a09847ee388823286381b847b48fd1c9a1eca387c987a1b5eba3",
    "faithful": "5043db1e2c51c8e8fd67e0868c768ae589770cc76ad0ac0c5b7afd1fca31fc57",
    "galaxies": "5c094d8beb8ecc980493de62e9fd4d2cf7f891b07aed6b1c55a5b42879f498d0",
    "penguins": "3c4c14fd9d1b3466dff2e046627cc32814ab6226c0e228c55f24e896a93a89b1",
}


def faithful() -> NDArray[np.float64]:
    """Old Faithful, a geyser: minutes that each of 272 eruptions lasted, and minutes until the next; (272, 2).

    Härdle (1991), Smoothing Techniques with Implementation in S; the copy of R's `datasets`.

    Raises:
      DataNotFoundError, ChecksumError, ImportError: as `locate`.
    """
    table = _load("faithful")
    return np.stack([table["eruptions"].values, table["waiting"].values], 1).astype(float)


def galaxies() -> NDArray[np.float64]:
    """Velocities of 82 galaxies in the region of Corona Borealis, in 1000 km/s; (82,).

    Roeder (1990), J. Am. Stat. Assoc. 85, 617–624; the copy of R's `MASS`, with its known slip in one velocity: 26.69
    for 26.96.

    Raises:
      DataNotFoundError, ChecksumError, ImportError: as `locate`.
    """
    return _load("galaxies")["dat"].values / 1000


def penguins() -> Table:
    """344 penguins of three species, the label; sizes in mm and g, island, sex and year; 19 cells are missing.

    Gorman, Williams & Fraser (2014), PLoS ONE 9, e90081.
    """
    return _load("penguins", "species")


def titanic() -> Table:
    """How many of each class, sex and age survived, the label, of the 2,201 on the Titanic: `Freq` holds the counts.

    Dawson (1995), J. Stat. Educ. 3(3).
    """
    return _load("Titanic", "Survived")


def hair_eye_color() -> Table:
    """Hair and eye colour and sex of 592 students: `Freq` holds the counts.  Snee (1974), Am. Stat. 28, 9–12."""
    return _load("HairEyeColor")


def ucb_admissions() -> Table:
    """Applicants to Berkeley, 4,526, by sex and department, and who was admitted, the label: counts in `Freq`.

    Bickel, Hammel & O'Connell (1975), Science 187, 398–404.
    """
    return _load("UCBAdmissions", "Admit")


def _load(name: str, label: str | None = None) -> Table:
    (path,) = locate(Published("small", {f"{name}.csv": SHA256[name]})).values()
    return read_csv(path, label=label).without("rownames")
