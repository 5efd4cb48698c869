"""One joint p(y, x; θ), fitted two ways: to the pairs (y, x), and, as its posterior p(y | x; θ), to the labels alone.

    generative       θ̂ = argmax Σ_i log p(y_i) p(x_i | y_i; θ)
    discriminative   θ̂ = argmax Σ_i log p(y_i | x_i; θ) − ridge

Both say p(y | x) by the same family. Where the features are counted bits or categories, and where classes are normal
with one covariance, that family is logistic regression: log p(y | x) is linear in what is counted, or in x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

import genjax_lab as gl
from genjax_lab.fitting.run import Method

ALPHAS = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Pseudo-counts of each value to choose from."""

VARIANCES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Added to every variance to choose from, in squared standard deviations of the inputs."""

RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""λ to choose from: λ/2 ‖z‖² nats a row are taken off, z the free coordinates. The smallest is next to none."""


COUNTING, CLIMBING = gl.closed_form(), gl.lbfgs(max_steps=200, tol=1e-5)

FAMILIES = ("naive Bayes", "LDA", "mixtures")


@dataclass(frozen=True)
class Pair:
    """A model and its two fits.

    Attributes:
      name: of the family.
      joint: p(y, x).
      smoothed: what the joint's fit is given as smoothing, of one number.
      amounts: the numbers to choose from.
      ridges: of the discriminative fit, to choose from.
      method: of the generative fit.
      direct: p(y | x), where the posterior's family has simpler coordinates than those of the joint; or None.
      one_maximum: whether the likelihood of the labels has but one.
      climb: of the discriminative fit.
    """

    name: str
    joint: gl.Density
    smoothed: Callable[[Any], Any]
    amounts: tuple[float, ...]
    ridges: tuple[float, ...] = RIDGES
    method: Method = COUNTING
    direct: gl.Conditional | None = None
    one_maximum: bool = True
    climb: Method = CLIMBING

    @property
    def posterior(self) -> gl.Conditional:
        """The joint asked for its label."""
        return gl.posterior(self.joint)

    @property
    def conditional(self) -> gl.Conditional:
        """What is fitted to labels."""
        return self.direct or self.posterior

    def generative(self, data: gl.Data, amount: Any, key: jax.Array) -> Any:
        """Parameters of the joint."""
        begin = None if self.method is COUNTING else key  # what counts needs no start
        return gl.run(self.method, self.joint, data, key=begin, smoothing=self.smoothed(amount)).params

    def discriminative(self, data: gl.Data, ridge: Any, fitted: Any) -> Any:
        """Parameters of the conditional. Where its likelihood has one maximum the climb begins at 0, else as fitted."""
        y, x = data.x
        shapes = jax.eval_shape(self.conditional.init, jax.random.key(0))
        zero = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), shapes)
        start = zero if self.one_maximum else fitted
        return gl.run(self.climb, self.conditional, gl.Data(y, x, data.weights), start, penalty=ridge).params


def counted(amount: Any) -> Any:
    """Pseudo-counts of every value; each label counts as seen once more, so that none is impossible."""
    return {"prior": 1.0, "conditional": amount}


def widened(amount: Any) -> Any:
    """More variance."""
    return {"prior": 1.0, "conditional": {"scale_tril": amount}}


def in_components(amount: Any) -> Any:
    """Pseudo-counts of the values, and one of every component."""
    return {"prior": 1.0, "conditional": {"prior": 1.0, "conditional": amount}}


def naive_bayes(features: gl.Density, k: int) -> Pair:
    """Features that are independent within a class; the posterior is a logistic regression in the features' values."""
    joint = gl.joint(gl.categorical(k), gl.per_class(features, k))
    return Pair("naive Bayes", joint, counted, ALPHAS)


def lda(d: int, k: int) -> Pair:
    """Normal classes with one covariance; the posterior is a logistic regression in x, with parameters of its own."""
    joint = gl.joint(gl.categorical(k), gl.per_class(gl.mvnormal(d), k, shared="scale_tril"))
    return Pair("LDA", joint, widened, VARIANCES, direct=gl.logistic_regression(d, k))


def mixtures(features: gl.Density, k: int, components: int) -> Pair:
    """In every class some components, each of independent features: no posterior of this kind is linear."""
    joint = gl.joint(gl.categorical(k), gl.per_class(gl.mixture(features, components), k))
    method = gl.em(max_steps=30, tol=1e-3, curvature=False)
    return Pair("mixtures", joint, in_components, ALPHAS[1::2], RIDGES[:4], method, one_maximum=False)
