"""A flow: a density pulled back through affine couplings, maps whose inverse and Jacobian are cheap.

    log p(x; θ) = log p₀(f(x)) + log |det ∂f/∂x|,   f = f_L ∘ … ∘ f_1

Dinh, Sohl-Dickstein & Bengio (2017), arXiv:1605.08803; the layers are those of `genjax_lab.nets.coupling`.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab import constraints
from genjax_lab.density import Density, factory, require
from genjax_lab.nets.coupling import Couplings
from genjax_lab.space import Reals
from genjax_lab.types import Key, Params


@factory
def affine_coupling(base: Density, layers: int = 6, hidden: tuple[int, ...] = (500,)) -> Density:
    """A density over arrays of real numbers, bent by affine couplings.

    Args:
      base: p₀, over an array of real numbers that may be any, two at least.
      layers: number of couplings; with two, every coordinate has been moved.
      hidden: units of each hidden layer of their perceptrons.

    Returns:
      A density on the space of `base`, with params {"base": those of base, "couplings": weights}. It starts as the
      base is and is fitted by `gl.gradient`.

    Raises:
      TypeError: for a base that is no density.
      ValueError: for a base over other events, or numbers below 1.

    Example:
      >>> bent = gl.affine_coupling(gl.normal((2,)), 2, (8,))
      >>> params = bent.init(jax.random.key(0))
      >>> bool(jnp.isclose(bent.log_prob(params, jnp.zeros(2)), gl.normal((2,)).log_prob(params["base"], jnp.zeros(2))))
      True
    """
    require("affine_coupling", Density, base)
    space = base.space
    if not isinstance(space, Reals) or (space.low, space.high) != (-math.inf, math.inf) or math.prod(space.shape) < 2:
        raise ValueError(f"affine_coupling: the events of {base!r} are not two or more real numbers that may be any")
    if layers < 1 or not hidden or min(hidden) < 1:
        raise ValueError(f"affine_coupling: layers = {layers} must be 1 or more, and so must hidden = {hidden}")
    shape, module = space.shape, Couplings(space.shape, layers, tuple(hidden))
    begin = jax.jit(module.init)

    def init(key: Key) -> Params:
        own, weights = jax.random.split(key)
        return {"base": base.init(own), "couplings": dict(begin(weights, jnp.zeros(math.prod(shape)))["params"])}

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        found: Any = module.apply({"params": params["couplings"]}, x.ravel())
        z, slope = found
        return base.log_prob(params["base"], z.reshape(shape)) + slope

    def sample(key: Key, params: Params) -> jax.Array:
        z = base.sample(key, params["base"])
        x = module.apply({"params": params["couplings"]}, z.ravel(), method="back")
        return jnp.asarray(x).reshape(shape)

    weights = jax.eval_shape(lambda: init(jax.random.key(0)))["couplings"]
    return Density(
        space=space,
        parameters={
            "base": base.parameters,
            "couplings": jax.tree.map(lambda leaf: constraints.real(leaf.shape), weights),
        },
        init=init,
        log_prob=log_prob,
        sample=sample,
    )
