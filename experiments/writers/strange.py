"""Images that no writer wrote so, and who notices.

A label is asked of each; p(y | x) must give one, for its probabilities add up to 1 over the writers, whatever x is. The
joint also knows p(x), here of an image's place along the directions and of what it has beside them:

    p(z, r) = p(r) Σ_writer p(writer) p(z | writer),      r the mean square of the rest, a gamma density

An image is called never seen where fewer than `RARE` of the real images that were not learnt from have so small a p.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import genjax_lab as gl
from experiments.writers.hands import DISCRIMINATIVE, Contest, hidden
from experiments.writers.rows import Directions, Rows

RARE = 0.01
"""The share of real images below which one is called never seen."""


@dataclass(frozen=True, eq=False)
class Strange:
    """What is said of some images.

    Attributes:
      names: of the images; the first is real.
      images: (n, pixels) grey levels.
      sure: (n,) the largest p(y | x) of the fit to labels.
      generative_sure: (n,) the same of the hands, by Bayes' rule.
      log_prob: (n,) log p(z, r), nats.
      rank: (n,) share of real test images that are less probable.
      real_sure: the mean of `sure` over the real test images.
    """

    names: tuple[str, ...]
    images: NDArray[np.float32]
    sure: NDArray[np.float64]
    generative_sure: NDArray[np.float64]
    log_prob: NDArray[np.float64]
    rank: NDArray[np.float64]
    real_sure: float

    @property
    def noticed(self) -> NDArray[np.bool_]:
        """Which images p(x) calls never seen."""
        return self.rank < RARE


def ask(contest: Contest, onto: Directions, stranger: NDArray[np.uint8], side: int, seed: int) -> Strange:
    """Ask both of a real image, of seven that are made of it or drawn, and of one by a stranger."""
    test = contest.question.test
    pictures = made(test.x[0], stranger, side, seed)
    images = np.stack(list(pictures.values()))
    rival = contest.of("LDA", DISCRIMINATIVE)
    d, k = onto.vectors.shape[1], len(contest.question.answers)
    conditional = gl.logistic_regression(d, k)

    def confidence(ask: gl.Conditional, params: Any, x: Any) -> NDArray[np.float64]:
        log_probs = gl.predict_log_prob(ask, params, jnp.asarray(onto.project(x)))
        return np.exp(np.asarray(log_probs, np.float64).max(1))

    log_prob = _density(contest.question.known, onto, contest.hands, d, k)
    real, strange = log_prob(test.x), log_prob(images)
    return Strange(
        names=tuple(pictures),
        images=images,
        sure=confidence(conditional, rival.params, images),
        generative_sure=confidence(gl.posterior(hidden(d, k)), contest.hands, images),
        log_prob=strange,
        rank=(real[None] < strange[:, None]).mean(1),
        real_sure=float(confidence(conditional, rival.params, test.x).mean()),
    )


def _density(known: Rows, onto: Directions, hands: Any, d: int, k: int) -> Any:
    """Images -> log p(z, r)."""
    rest = gl.gamma()
    fitted = gl.fit(rest, jnp.asarray(onto.rest(known.x)))
    model = gl.marginal(hidden(d, k))

    def log_prob(x: Any) -> NDArray[np.float64]:
        beside = np.maximum(onto.rest(x), np.finfo(np.float32).tiny)
        along = gl.log_prob(model, hands, jnp.asarray(onto.project(x)))
        return np.asarray(along + gl.log_prob(rest, fitted.params, jnp.asarray(beside)), np.float64)

    return log_prob


def made(real: NDArray[np.uint8], stranger: NDArray[np.uint8], side: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """A real image, and eight others by name: each (pixels,) grey levels 0..255."""
    image = real.reshape(side, side).astype(np.float32)
    noise = np.random.default_rng(seed).uniform(0, 255, (side, side))
    pictures = {
        "real": image,
        "by a\nstranger": stranger.reshape(side, side),
        "turned\nby 90°": np.rot90(image),
        "mirrored": image[:, ::-1],
        "negative": 255 - image,
        "blank": np.zeros_like(image),
        "noise": noise,
        "letter\nA": letter(side),
        "two\nat once": np.maximum(image, stranger.reshape(side, side)),
    }
    return {name: np.asarray(picture, np.float32).reshape(-1) for name, picture in pictures.items()}


def letter(side: int) -> NDArray[np.float32]:
    """A capital A in strokes of a digit's breadth."""
    up, across = np.mgrid[:side, :side] / (side - 1)
    strokes = [((0.8, 0.25), (0.2, 0.5)), ((0.8, 0.75), (0.2, 0.5)), ((0.58, 0.34), (0.58, 0.66))]
    nearest = np.full((side, side), np.inf)
    for (y0, x0), (y1, x1) in strokes:
        length = (y1 - y0) ** 2 + (x1 - x0) ** 2
        along = np.clip(((up - y0) * (y1 - y0) + (across - x0) * (x1 - x0)) / length, 0, 1)
        nearest = np.minimum(nearest, np.hypot(up - y0 - along * (y1 - y0), across - x0 - along * (x1 - x0)))
    return (255 * np.clip(1.6 - nearest * (side - 1) / 1.3, 0, 1)).astype(np.float32)
