"""Rungs with hidden coordinates: principal components and factor analysis of what bits are seen of, an autoencoder."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import optax

import genjax_lab as gl
from experiments import in_sight
from experiments.mnist_density.effort import Effort
from experiments.mnist_density.fits import Fitted, fitted
from experiments.mnist_density.rate import up_and_down
from experiments.mnist_density.upright import shifted
from experiments.stages import inside
from genjax_lab.data import Dataset

PATIENCE = 0.2
"""Share of the epochs without a better one on validation images after which an autoencoder stops."""

BLOCKS, PATCH = 2, 2
"""Of a deep autoencoder: residual convolutions a level, and the side of what is taken as one pixel."""

STEPS = 50
"""Of an epoch, at least: batches of few images are smaller."""


@dataclass(frozen=True)
class Coder:
    """An autoencoder.

    Attributes:
      code: hidden coordinates.
      units: of each hidden layer of the encoder, and in the other order of the decoder.
      couplings: that bend the prior; 0: none, a standard normal.
      features: of a pixel, a level each, where convolutions take the place of the layers.
      image: its height and width.
      half: whether the convolutions multiply bfloat16 numbers.
    """

    code: int
    units: tuple[int, ...]
    couplings: int = 0
    features: tuple[int, ...] = ()
    image: tuple[int, ...] = ()
    half: bool = False

    def density(self, pixels: int, draws: int) -> gl.Density:
        """p(z) p(x | z), and q(z | x)."""
        seen, hidden = gl.bernoulli((pixels,)), gl.normal((self.code,))
        prior = gl.affine_coupling(hidden, self.couplings, self.units[-1:]) if self.couplings else hidden
        given = gl.reals((self.code,)), gl.binary((pixels,))
        if self.features:
            kinds = gl.nets.contracting, gl.nets.expanding
            down, up = (net(self.image, self.features, BLOCKS, PATCH, self.half) for net in kinds)
            return gl.latent(prior, gl.network(seen, given[0], up), gl.network(hidden, given[1], down), draws)
        decoder, encoder = gl.perceptron(seen, given[0], self.units[::-1]), gl.perceptron(hidden, given[1], self.units)
        return gl.latent(prior, decoder, encoder, draws)

    @property
    def words(self) -> str:
        """What it is."""
        bent = f", prior bent by {self.couplings} couplings" if self.couplings else ""
        inside = f"features {self.features}" if self.features else f"units {self.units}"
        return f"{self.code} hidden coordinates, {inside}{bent}"

    def start(self, x: Any, key: jax.Array) -> Any:
        """Each pixel as often on as in the images, whatever z; and a q(z | x) that tells images apart, at random.

        One that told nothing would leave nothing for the decoder to learn from: with many coordinates it stays so.
        """
        begin, turn = jax.random.split(key)
        params = self.density(x.shape[1], 1).init(begin)
        often = gl.fit(gl.bernoulli((x.shape[1],)), x, smoothing=1.0).params["logits"]
        standard = {"loc": jnp.zeros(self.code), "scale": jnp.ones(self.code)}
        params["prior"] = {**params["prior"], "base": standard} if self.couplings else standard
        encoder, decoder = params["encoder"], params["decoder"]
        last = (encoder["net"] if self.features else encoder)["last"]
        last["kernel"] = told_apart(last["kernel"], turn)
        (decoder if self.features else decoder["last"])["bias"] = often
        (encoder if self.features else last)["bias"] = jnp.zeros(2 * self.code)
        return params

    def held(self, params: Any) -> Any:
        """What stays as it is: the standard normal density of the prior."""
        free = jax.tree.map(lambda leaf: None, params)
        standard = params["prior"]["base"] if self.couplings else params["prior"]
        return {**free, "prior": {**free["prior"], "base": standard} if self.couplings else standard}


def told_apart(kernel: jax.Array, key: jax.Array) -> jax.Array:
    """The weights of the last layer of an encoder: means at random, of some size, and standard deviations of 1."""
    units, numbers = kernel.shape
    turn = jax.random.normal(key, (units, numbers // 2)) / units**0.5
    return jnp.concatenate([turn, jnp.zeros_like(turn)], 1)


def learn(
    coder: Coder, data: Dataset, epochs: int, seed: int, draws: int, rate: float = 2e-3,
    checkpoint: str | None = None, batch: int = 200, start: Any = None,
) -> Fitted:  # fmt: skip
    """Climb the bound of one draw by Adam; the best epoch on validation images is kept, scored by more draws."""
    x, valid = jnp.asarray(data.train.x), jnp.asarray(data.valid.x)
    batch = min(batch, max(1, len(x) // STEPS))
    schedule = up_and_down(rate, epochs * math.ceil(len(x) / batch))
    method = gl.gradient(
        optax.adam, learning_rate=schedule, batch_size=batch, epochs=epochs, average=0.999,
        validation=gl.Data(valid[:2000]), patience=max(1, int(PATIENCE * epochs)),
    )  # fmt: skip
    begin, climb = jax.random.split(jax.random.key(seed))
    start = coder.start(x, begin) if start is None else start
    how: dict[str, Any] = {"method": method, "key": climb, "start": start, "fixed": coder.held(start)}
    found = in_sight.fit(coder.density(data.pixels, 1), x, "autoencoder", checkpoint, **how)
    name = f"{coder.words}; a bound of {draws} draws"
    scored = coder.density(data.pixels, draws)
    return Fitted(name, scored, found.params, int(found.steps), gl.Status(int(found.status)).name, draws=draws)


def deep(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """Convolutions and a bent prior; first of images moved by a pixel, then of the images as they are."""
    coder = Coder(effort.code, effort.units, 6, effort.features, data.image_shape, effort.half)
    first, then = effort.deep_epochs

    def part(name: str, images: Dataset, epochs: int, rate: float, start: Any = None) -> Fitted:
        place = inside(effort.checkpoint, name)
        return learn(coder, images, epochs, effort.seed, effort.draws, rate, place, effort.batch, start)

    def fit() -> Fitted:
        return part("as_they_are", data, then, 5e-4, part("moved", shifted(data), first, 2e-3).params)

    return [fit]


def autoencoder(bent: bool) -> Callable[[Dataset, Effort], list[Callable[[], Fitted]]]:
    """A normal prior, or one bent by couplings."""

    def fits(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
        coder = Coder(effort.code, effort.units, 6 if bent else 0)
        how = data, effort.coder_epochs, effort.seed, effort.draws
        return [lambda: learn(coder, *how, checkpoint=effort.checkpoint)]

    return fits


def components(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """Probabilistic principal components."""
    return _linear(lambda k: gl.ppca(data.pixels, k), data, effort)


def factors(data: Dataset, effort: Effort) -> list[Callable[[], Fitted]]:
    """Factor analysis, by EM on the covariance."""
    method = gl.em(max_steps=100, tol=1e-3, curvature=False)
    return _linear(lambda k: gl.factor_analysis(data.pixels, k), data, effort, method=method)


def _linear(make: Callable[[int], gl.Density], data: Dataset, effort: Effort, **how: Any) -> list[Callable[[], Fitted]]:
    """Fitted to one draw of what the bits are seen of; scored by more."""

    def fit(k: int) -> Fitted:
        key = jax.random.fold_in(jax.random.key(effort.seed), k)
        found = fitted(
            f"{k} hidden coordinates", gl.dequantised(make(k), 2), jnp.asarray(data.train.x), effort, key=key, **how
        )
        scored = gl.dequantised(make(k), 2, effort.draws)
        setting = f"{found.setting}; a bound of {effort.draws} draws"
        return replace(found, density=scored, setting=setting, draws=effort.draws)

    return [lambda k=k: fit(k) for k in effort.factors if k < data.pixels]  # type: ignore[misc]
