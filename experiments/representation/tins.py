"""Tins of biscuits: images that two numbers make, and whether hidden coordinates find the two.

A tin seen from the side is a dark rectangle, so many pixels high and wide, with soft edges, and a little noise. The
numbers are drawn uniformly; no fit is told of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

import genjax_lab as gl
from experiments.mnist_density.hidden import told_apart
from experiments.stages import Stages, inside

SIDE = 20
"""Pixels of an image's side."""

LEAST, MOST = 5.0, 16.0
"""Pixels of a tin's height, and of its width."""

SOFT, NOISE = 0.8, 0.05
"""Pixels over which an edge fades, and the standard deviation of each pixel's noise."""

Array = NDArray[np.float64]


def pictures(factors: Array) -> Array:
    """Noiseless tins of heights and widths f[n, 2], in pixels: f[n, SIDE, SIDE] from 0, the wall, to 1, tin."""
    place = np.arange(SIDE) - (SIDE - 1) / 2
    inside = 1 / (1 + np.exp((np.abs(place) - factors[..., None] / 2) / SOFT))  # f[n, 2, SIDE]
    return inside[:, 0, :, None] * inside[:, 1, None, :]


def drawn(n: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.float32]]:
    """Heights and widths of n tins, and their images as rows."""
    factors = rng.uniform(LEAST, MOST, (n, 2))
    x = pictures(factors) + NOISE * rng.normal(size=(n, SIDE, SIDE))
    return factors, x.reshape(n, -1).astype(np.float32)


@dataclass(frozen=True)
class Learnt:
    """A density of tins with two hidden coordinates.

    Attributes:
      name: in words.
      density, params: what was fitted; a bound says how many draws.
      nats: −log p(x) of a new tin, the mean, a density in grey levels; or a bound on it.
      codes: hidden coordinates of the new tins, f[n, 2].
      aligned: the same as heights and widths, by the best linear map of the training tins, in pixels.
      correlation: of these with the true heights and widths.
      bent: the same by the best map with squares, which follows a bent plane.
      weight, offset: the map, f[2, 2] and f[2].
    """

    name: str
    density: gl.Density
    params: Any
    nats: float
    codes: Array
    aligned: Array
    correlation: tuple[float, float]
    bent: tuple[float, float]
    weight: Array
    offset: Array

    def moved(self, x: NDArray[np.float32], factors: Array) -> Array:
        """From the code of one tin on to where heights and widths f[n, 2] should lie, and back to images."""
        here = np.asarray(gl.encode(self.density, self.params, x[None]), float)[0]
        steps = np.linalg.solve(self.weight, (factors - (self.weight @ here + self.offset)).T).T
        return np.asarray(gl.decode(self.density, self.params, here + steps), float).reshape(-1, SIDE, SIDE)


@dataclass(frozen=True)
class Tins:
    """What was found: the new tins, and each density."""

    factors: Array
    x: NDArray[np.float32]
    learnt: tuple[Learnt, ...]

    @property
    def middle(self) -> int:
        """The new tin nearest to the middle of all sizes."""
        return int(np.argmin(((self.factors - (LEAST + MOST) / 2) ** 2).sum(1)))


def learn(rows: int, epochs: int, draws: int, seed: int, checkpoint: str | None = None) -> Tins:
    """Fit three densities to `rows` tins, and ask each of as many new ones; those that iterate may be kept."""
    rng = np.random.default_rng(seed)
    known, x = drawn(rows, rng)
    held, new = drawn(rows, rng)
    d = SIDE * SIDE
    climb, code = jax.random.split(jax.random.key(seed))
    places = [inside(checkpoint, f"tins_{name}") for name in ("factors", "autoencoder")]
    linear: dict[str, Callable[[], tuple[gl.Density, Any]]] = {
        "principal components": lambda: (gl.ppca(d, 2), gl.fit(gl.ppca(d, 2), x).params),
        "factor analysis": lambda: (gl.factor_analysis(d, 2), _climbed(gl.factor_analysis(d, 2), x, climb, places[0])),
        f"autoencoder, {draws} draws": lambda: _coded(x, epochs, draws, code, places[1]),
    }
    learnt, stages = [], Stages(len(linear))
    for name, fit in linear.items():
        density, params = stages(f"tins, {name}", fit)
        codes, new_codes = (np.asarray(gl.encode(density, params, a), float) for a in (x, new))
        best = _map(codes, known)
        aligned = new_codes @ best[:2] + best[2]
        bent = _squares(new_codes) @ _map(_squares(codes), known)[:-1]  # what is added changes no correlation
        nats = float(gl.nll(density, params, new))
        told = _correlations(aligned, held), _correlations(bent, held)
        learnt.append(Learnt(name, density, params, nats, new_codes, aligned, *told, best[:2].T, best[2]))
    return Tins(held, new, tuple(learnt))


def _map(codes: Array, known: Array) -> Array:
    """The best linear map from codes to heights and widths: a row for each code, and the last to be added."""
    return np.asarray(np.linalg.lstsq(np.column_stack([codes, np.ones(len(codes))]), known, rcond=None)[0], float)


def _squares(codes: Array) -> Array:
    return np.column_stack([codes, codes**2, codes[:, 0] * codes[:, 1]])


def _correlations(found: Array, true: Array) -> tuple[float, float]:
    high, wide = (float(np.corrcoef(found[:, i], true[:, i])[0, 1]) for i in (0, 1))
    return high, wide


def _climbed(density: gl.Density, x: NDArray[np.float32], key: jax.Array, place: str | None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gl.FitWarning)
        return gl.fit(density, x, key=key, method=gl.em(200, tol=1e-4, curvature=False), checkpoint=place).params


def _coded(
    x: NDArray[np.float32], epochs: int, draws: int, key: jax.Array, place: str | None
) -> tuple[gl.Density, Any]:
    """An autoencoder of two hidden coordinates, climbed by Adam; it starts from each pixel's mean and spread."""
    d, hidden = x.shape[1], gl.normal((2,))

    def coder(draws: int) -> gl.Density:
        decoder = gl.perceptron(gl.normal((d,)), gl.reals((2,)), (64, 64))
        return gl.latent(hidden, decoder, gl.perceptron(hidden, gl.reals((d,)), (64, 64)), draws)

    begin, turn, climb = jax.random.split(key, 3)
    params = coder(1).init(begin)
    standard = {"loc": jnp.zeros(2), "scale": jnp.ones(2)}
    params["prior"] = standard
    params["decoder"]["last"]["bias"] = jnp.concatenate([x.mean(0), np.log(x.std(0))])
    last = params["encoder"]["last"]
    params["encoder"]["last"] = {"kernel": told_apart(last["kernel"], turn), "bias": jnp.zeros_like(last["bias"])}
    steps = epochs * -(-len(x) // 50)
    rate = gl.schedule(optax.cosine_decay_schedule, init_value=3e-3, decay_steps=steps)
    method = gl.gradient(optax.adam, learning_rate=rate, batch_size=50, epochs=epochs)
    fixed = {**jax.tree.map(lambda leaf: None, params), "prior": standard}
    how: dict[str, Any] = {"method": method, "key": climb, "start": params, "fixed": fixed, "checkpoint": place}
    return coder(draws), gl.fit(coder(1), x, **how).params
