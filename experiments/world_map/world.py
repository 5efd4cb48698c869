"""The map as a sample space, and p_data on it: uniform by area of the globe over land, zero in the sea.

    p(x) = cos x₂ / A   on land,        A = ∫_land cos x₂ dx, the area of land on the globe in square degrees

At the latitude x₂ a degree of longitude is cos x₂ times as long as at the equator. In a cell of the map the cosine is
replaced by its mean, (sin top − sin bottom) / height: a cell's probability is exact, and the density constant inside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

import genjax_lab as gl
from experiments.world_map.outline import OUTLINE
from genjax_lab.data import DataNotFoundError
from genjax_lab.data.locate import Published, locate

LOW, HIGH = (-180.0, -90.0), (180.0, 90.0)
"""South-west and north-east corner of the map: longitude and latitude in degrees."""

MAP = math.prod(b - a for a, b in zip(LOW, HIGH, strict=True))
"""Area of the whole map in square degrees."""

GLOBE = 4 * 180**2 / math.pi
"""Area of the globe in square degrees: less than the map's, which draws the north and the south too wide."""

PUBLISHED = Published("world", {"land_masks.npz": "2126b204ea290cb816fe79d2ea5529aa9da151dc6f45232b6f6b49e2629432dc"})
_ROWS, _COLUMNS = 360, 720


@dataclass(frozen=True)
class World:
    """Which cells of the map are land.

    Attributes:
      land: (columns from west to east, rows from south to north).
      source: where the coast comes from.
      stands_in: whether it is the outline in this folder, because the data are absent.
    """

    land: NDArray[np.bool_]
    source: str
    stands_in: bool = False

    @property
    def density(self) -> gl.Density:
        """The family that p_data belongs to: one number for each cell of the map."""
        return gl.histogram(self.land.shape, LOW, HIGH)

    @property
    def params(self) -> Any:
        """Its parameters: log-probabilities of the cells up to a constant, −∞ in the sea."""
        return {"logits": jnp.asarray(np.where(self.land, np.log(self.cosines), -np.inf), float)}

    @property
    def cosines(self) -> NDArray[np.float64]:
        """Mean cosine of the latitude in each row of cells, from south to north."""
        edges = np.radians(np.linspace(LOW[1], HIGH[1], self.land.shape[1] + 1))
        means: NDArray[np.float64] = np.diff(np.sin(edges)) / np.diff(edges)
        return means

    @property
    def p_data(self) -> NDArray[np.float64]:
        """Its density in the cells, 1 / square degree of the map."""
        return self.land * self.cosines / self.area

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell, in degrees."""
        m, n = self.land.shape
        return (HIGH[0] - LOW[0]) / m, (HIGH[1] - LOW[1]) / n

    @property
    def area(self) -> float:
        """Land on the globe, in square degrees; 1 over it is the density of p_data on land at the equator."""
        return float((self.land * self.cosines).sum()) * math.prod(self.cell)

    @property
    def entropy(self) -> float:
        """−∫ p log p of p_data in nats. No density scores better on average."""
        density = self.p_data[self.land]
        return -float((density * np.log(density)).sum()) * math.prod(self.cell)

    def draw(self, key: jax.Array, n: int) -> jax.Array:
        """Points of p_data, (n, 2): a row of cells, a cell of land in it, each as likely as the next, a place in it."""
        corners = np.argwhere(self.land.T)[:, ::-1] * np.array([self.cell]) + np.array([LOW])
        counts = self.land.sum(0)
        last = jnp.asarray(counts.cumsum(), jnp.int32)
        areas = jnp.asarray(counts * self.cosines, float)
        return _draw(key, areas, last, jnp.asarray(corners, float), jnp.array([self.cell]), n)

    def is_land(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Whether p_data is positive at points (n, 2)."""
        return np.isfinite(np.asarray(gl.log_prob(self.density, self.params, jnp.asarray(x))))

    def integrals(self, values: NDArray[Any], across: ArrayLike, up: ArrayLike) -> NDArray[np.float64]:
        """Integrals over the rectangles between edges (m + 1,) and (n + 1,) of what is constant in every cell.

        Args:
          values: one of each cell: `land` gives the land of the map in square degrees, `p_data` its probability.
          across: longitudes of the edges.
          up: their latitudes.

        Returns:
          (m, n), exactly: every cell is clipped.
        """
        m, n = values.shape
        lengths = [
            _overlap(np.asarray(edges, np.float64), np.linspace(a, b, count + 1))
            for edges, a, b, count in zip((across, up), LOW, HIGH, (m, n), strict=True)
        ]
        found: NDArray[np.float64] = lengths[0] @ values @ lengths[1].T
        return found

    def midpoints(self, step: float) -> tuple[NDArray[np.float32], NDArray[np.float64], float]:
        """Middles of the cells, cut into pieces no wider than `step` degrees: (n, 2); p_data there; area of one."""
        parts = [math.ceil(width / step) for width in self.cell]
        p_data = self.p_data.repeat(parts[0], 0).repeat(parts[1], 1)
        axes = [a + (np.arange(n) + 0.5) * (b - a) / n for a, b, n in zip(LOW, HIGH, p_data.shape, strict=True)]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
        return points.astype(np.float32), p_data.ravel(), MAP / p_data.size


def load_world() -> World:
    """The world in cells of half a degree, or where the data are absent the coarse outline in this folder.

    Raises:
      ChecksumError: the file is there, but it is not the published one.
    """
    try:
        path = locate(PUBLISHED)["land_masks.npz"]
    except DataNotFoundError as error:
        return outline(error.reason)
    with np.load(path, allow_pickle=False) as archive:
        rows = np.unpackbits(archive["land_halfdeg"], axis=1, count=_COLUMNS)
    if rows.shape != (_ROWS, _COLUMNS):
        raise ValueError(f"{path}: land_halfdeg has {rows.shape} cells, not {(_ROWS, _COLUMNS)}")
    return World(rows[::-1].T.astype(bool), "Natural Earth, 1:50 million, in cells of half a degree, SHA-256 checked")


def outline(reason: str) -> World:
    """The outline in this folder, and why it stands in."""
    rows = np.array([[mark == "#" for mark in line] for line in OUTLINE.split()])
    source = f"an outline in cells of 3 degrees that comes with the experiment, because {reason}"
    return World(rows[::-1].T.copy(), source, stands_in=True)


@partial(jax.jit, static_argnames="n")
def _draw(key: jax.Array, areas: jax.Array, last: jax.Array, corners: jax.Array, cell: jax.Array, n: int) -> jax.Array:
    """`last` [rows] counts the corners, which are ordered by rows, to the end of each."""
    choose_row, choose, place = jax.random.split(key, 3)
    row = jax.random.categorical(choose_row, jnp.log(areas), shape=(n,))
    first = jnp.take(jnp.roll(last, 1).at[0].set(0), row)
    low = jnp.take(corners, jax.random.randint(choose, (n,), first, jnp.take(last, row)), 0)
    high = low + cell
    x = low + jax.random.uniform(place, (n, 2)) * (high - low)
    return jnp.minimum(x, jnp.nextafter(high, low))  # rounding puts no point in the next cell


def _overlap(edges: NDArray[np.float64], cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each cell lies between two edges that follow each other: (edges − 1, cells − 1)."""
    low = np.maximum(edges[:-1, None], cells[None, :-1])
    high = np.minimum(edges[1:, None], cells[None, 1:])
    return np.maximum(high - low, 0.0)
