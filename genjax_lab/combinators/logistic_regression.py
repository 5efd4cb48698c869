"""Multinomial logistic regression: p(y | x) with log-odds linear in x.

    log p(y | x; W, b) = z_y − log Σ_c exp z_c,  z = W x + b      y ∈ {0, …, k − 1},  x ∈ ℝᵈ

The discriminative side of every naive Bayes or LDA whose log-odds are linear. A constant added to every row of W and to
every entry of b changes nothing: they are held to add up to 0 over the classes, k − 1 degrees of freedom each.
Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, §4.4.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from genjax_lab import constraints, space, whitening
from genjax_lab.density import Conditional, factory
from genjax_lab.numerics import EXACT, log_normalise, select
from genjax_lab.types import Event, Key, Params


@factory
def logistic_regression(inputs: int, k: int) -> Conditional:
    """A label 0..k−1 given a vector of real numbers.

    Args:
      inputs: length d of a vector.
      k: number of labels.

    Returns:
      A conditional with params {"weight": f[k, d], in nats per unit of x; "bias": f[k], in nats}.

    Raises:
      ValueError: for fewer than one input or two labels.

    Example:
      >>> x, y = jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([0, 1, 0, 1])
      >>> fit = gl.fit(gl.logistic_regression(1, 2), y, given=x, key=jax.random.key(0))
      >>> np.asarray(gl.predict_log_prob(gl.logistic_regression(1, 2), fit.params, x[:1])).round(2)
      array([[-0.23, -1.59]], dtype=float32)
    """
    if inputs < 1 or k < 2:
        raise ValueError(f"logistic_regression: inputs = {inputs} must be at least 1, and k = {k} at least 2")

    def rows(params: Params, given: Event) -> jax.Array:
        x = jnp.asarray(given).astype(params["weight"].dtype)
        return log_normalise(jnp.matmul(x, params["weight"].T, precision=EXACT) + params["bias"])

    def log_prob(params: Params, x: Event, given: Event) -> jax.Array:
        return select(rows(params, given), x)

    def sample(key: Key, params: Params, given: Event) -> Event:
        return jax.random.categorical(key, rows(params, given)).astype(jnp.int32)

    def whiten(given: Event, weights: jax.Array | None, bend: Params) -> tuple[Partial, Partial]:
        matrix = whitening.factor(given, weights, (bend["weight"].mean(0), bend["bias"].mean()), 1 / k)
        return Partial(whitening.turned, matrix), Partial(whitening.turned_back, matrix)

    return Conditional(
        space=space.categories(k),
        given_space=space.reals((inputs,)),
        parameters={"weight": constraints.centred(k, (inputs,)), "bias": constraints.centred(k)},
        init=lambda key: {
            "weight": _centre(jax.random.normal(key, (k, inputs)) / inputs**0.5),
            "bias": jnp.zeros(k),
        },
        log_prob=log_prob,
        sample=sample,
        start=lambda x, given: {"weight": jnp.zeros((k, inputs)), "bias": jnp.zeros(k)},  # right in any unit
        over_events=lambda params, given: rows(_lift(params), given),
        whiten=whiten if inputs <= whitening.LARGEST else None,
    )


def _centre(a: jax.Array) -> jax.Array:
    return a - a.mean(0, keepdims=True)


def _lift(params: Params) -> Params:
    """The bias as a row, for a batch of rows."""
    return {"weight": params["weight"], "bias": params["bias"][None]}
