"""The family of boxes: likelihoods, the best box, and what it believes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import genjax_lab as gl
from experiments.world_map.world import HIGH, LOW, World

BOX = gl.uniform((2,))
"""Its `low` is (θ1, θ3), west and south; its `high` is (θ2, θ4), east and north."""

CAIRO = (31.23, 30.03)
OUTWARD = 81  # places of a side from the border of the map to the best one


@dataclass(frozen=True)
class Named:
    """A box, and what the observations and Cairo have under it.

    Attributes:
      name: as the report calls it.
      params: θ.
      integral: of the density over the plane.
      cairo: the density there, 1 / square degree.
      log_likelihood: of the observations, in nats.
    """

    name: str
    params: Any
    integral: float
    cairo: float
    log_likelihood: float


@dataclass(frozen=True)
class Surface:
    """The log-likelihood over two sides of a box, the other two at their best.

    Attributes:
      west: (m,) places of θ1.
      east: (n,) places of θ2.
      log_likelihood: (m, n), −∞ where an observation is left out.
    """

    west: NDArray[np.float64]
    east: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]


@dataclass(frozen=True)
class Boxes:
    """A few observations and the boxes around them.

    Attributes:
      x: (n, 2) the observations.
      named: boxes of which the last is the best.
      surface: around the best.
      new: (m, 2) points sampled from the best box.
      new_on_land: (m,) which of them p_data could have produced.
      sea: share of the best box's probability that lies in the sea.
    """

    x: NDArray[np.float32]
    named: tuple[Named, ...]
    surface: Surface
    new: NDArray[np.float32]
    new_on_land: NDArray[np.bool_]
    sea: float

    @property
    def best(self) -> Named:
        """The maximum-likelihood box."""
        return self.named[-1]

    @property
    def is_bounding_box(self) -> bool:
        """Whether the best box ends exactly where the observations end."""
        low, high = self.best.params["low"], self.best.params["high"]
        return bool((low == self.x.min(0)).all() and (high == self.x.max(0)).all())


def fit_boxes(world: World, observations: int, new: int, key: jax.Array) -> Boxes:
    """Observe a few points, fit a box to them, and sample from it."""
    observe, invent = jax.random.split(key)
    x = world.draw(observe, observations)
    best = gl.fit(BOX, x).params
    drawn = gl.sample(BOX, invent, best, new)
    return Boxes(
        x=np.asarray(x),
        named=tuple(_named(name, params, x) for name, params in _some_boxes(best).items()),
        surface=surface(best, x),
        new=np.asarray(drawn),
        new_on_land=world.is_land(drawn),
        sea=1 - on_land(world, best),
    )


def on_land(world: World, params: Any) -> float:
    """Share of a box's probability on land, exactly: its land over its area, both on the map."""
    low, high = np.asarray(params["low"], np.float64), np.asarray(params["high"], np.float64)
    land = world.integrals(world.land, (low[0], high[0]), (low[1], high[1])).sum()
    return float(land / (high - low).prod())


def surface(best: Any, x: jax.Array) -> Surface:
    """Sum the log-density of the observations for every pair of a western and an eastern side."""
    west, east = _places(LOW[0], best["low"][0]), jnp.flip(_places(HIGH[0], best["high"][0]))
    return Surface(*(np.asarray(a, np.float64) for a in (west, east, _surface(best, west, east, x))))


@jax.jit
def _surface(best: Any, west: jax.Array, east: jax.Array, x: jax.Array) -> jax.Array:
    def log_likelihood(theta1: jax.Array, theta2: jax.Array) -> jax.Array:
        params = {"low": best["low"].at[0].set(theta1), "high": best["high"].at[0].set(theta2)}
        return jax.vmap(lambda point: BOX.log_prob(params, point))(x).sum()

    return jax.vmap(jax.vmap(log_likelihood, (None, 0)), (0, None))(west, east)


def _places(border: float, best: Any) -> jax.Array:
    """Places from the border of the map to the best side, which is one of them, and half as far beyond."""
    outward = jnp.linspace(border, best, OUTWARD)
    return jnp.concatenate([outward, 1.5 * best - 0.5 * outward[-3::-2]])


def _some_boxes(best: Any) -> dict[str, Any]:
    low, high = jnp.array(LOW), jnp.array(HIGH)
    return {
        "the whole map": {"low": low, "high": high},
        "its left half": {"low": low, "high": high.at[0].set(0.0)},
        "between the map and the best": {"low": (low + best["low"]) / 2, "high": (high + best["high"]) / 2},
        "maximum likelihood": best,
    }


def _named(name: str, params: Any, x: jax.Array) -> Named:
    *log_probs, cairo = gl.log_prob(BOX, params, jnp.concatenate([x, jnp.array([CAIRO])])).tolist()
    return Named(
        name=name,
        params=params,
        integral=gl.check_normalised(BOX, params),
        cairo=math.exp(cairo),
        log_likelihood=math.fsum(log_probs),
    )
