"""A joint some of whose labels are hidden: between naive Bayes, where all are seen, and a mixture, where none is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab import space
from genjax_lab.combinators.marginal import expected, factors, log_joint, log_joint_of_one, possible
from genjax_lab.density import Conditional, Density, factory
from genjax_lab.numerics import logsumexp
from genjax_lab.types import Event, Params


@factory
def partly_labelled(joint: Density) -> Density:
    """p(y, x; θ) where the label is seen, Σ_y p(y, x; θ) where it is −1: hidden.

    The likelihood of labels that are missing at random, as missing data have it: it is a density for each pattern of
    hiding, over the labels that are seen and the x of all rows; a hidden label is no further event, and which labels
    are hidden is not modelled. `gl.fit` makes this of a joint whose labels hold −1. It is fitted by EM: where all are
    seen, one step is the closed form; where none is, it is the mixture's.  Nigam et al. (2000), Mach. Learn. 39, 103.

    Args:
      joint: a density made by `gl.joint`, whose prior is of one whole number: `categorical(k)` or `bernoulli()`.

    Returns:
      A density with the params of the joint, over events (y, x) with y in {−1, 0, …, k − 1}; samples have a label.

    Raises:
      ValueError: where the density is no joint, or its label is not one whole number below some k.

    Example:
      >>> model = gl.joint(gl.categorical(2), gl.per_class(gl.poisson(), 2))
      >>> y, x = jnp.array([0, 1, -1, -1, -1]), jnp.array([1, 9, 1, 8, 10])
      >>> fit = gl.fit(model, (y, x), key=jax.random.key(0))
      >>> np.asarray(fit.params["conditional"]["rate"]).round(1)
      array([1., 9.], dtype=float32)
      >>> params = {"prior": {"logits": jnp.zeros(2)}, "conditional": {"rate": jnp.array([1.0, 9.0])}}
      >>> np.asarray(gl.log_prob(gl.partly_labelled(model), params, (jnp.array([0, -1]), jnp.array([1, 1])))).round(3)
      array([-1.693, -1.69 ], dtype=float32)
    """
    prior, conditional = factors(joint, "partly_labelled")
    try:
        labels = prior.space.or_hidden()
    except ValueError as error:
        raise ValueError(f"partly_labelled: the prior {prior!r}: {error}") from None
    of_label = expected(joint, lambda event: event, unsmoothed="prior")

    def log_prob(params: Params, event: Event) -> jax.Array:
        y, x = event
        return logsumexp(possible(log_joint_of_one(joint, params, x), y))

    def all_pairs(params: Params, event: Event) -> jax.Array:
        y, x = event
        return jax.lax.map(lambda one: logsumexp(possible(log_joint(joint, one, x), y)), params).T

    return Density(
        space=space.pair(labels, conditional.space),
        parameters=joint.parameters,
        init=joint.init,
        log_prob=log_prob,
        sample=joint.sample,
        estimator=of_label and replace(of_label, telling=lambda event: event[0] != space.HIDDEN),
        pairwise=all_pairs,
    )


def with_hidden_labels(density: Density | Conditional, x: Any) -> Density | Conditional:
    """`partly_labelled(density)` where it is a joint and the labels of its rows `x` hold −1; else the density."""
    if not isinstance(density, Density) or density.factors is None or not isinstance(x, tuple | list) or len(x) != 2:
        return density
    label = density.factors[0].space
    if not isinstance(label, space.Integers) or label.k is None or label.outer:
        return density
    try:
        y = x[0] if isinstance(x[0], jax.Array) else np.asarray(x[0])
    except ValueError:  # no array: the check says so
        return density
    hidden = jnp.issubdtype(y.dtype, jnp.signedinteger) and bool((y == space.HIDDEN).any())
    return partly_labelled(density) if hidden else density
