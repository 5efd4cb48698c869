"""Discretised logistic levels: grey pixels, whose neighbouring levels are alike.

    p(x; μ, s) = σ(a) − σ(b),   a = (v + h − μ)/s,  b = (v − h − μ)/s,   v = 2x/(k − 1) − 1,  h = 1/(k − 1)

x ∈ {0, …, k−1}; the first level has all that lies below it and the last all above, a = ∞ and b = −∞ there. It is
taken as σ(a) σ(−b) (1 − exp(b − a)), which is exact however far in a tail.
Salimans et al. (2017), arXiv:1701.05517 (PixelCNN++).
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp

from genjax_lab.constraints import positive, real
from genjax_lab.density import Density, factory
from genjax_lab.numerics import float_dtype
from genjax_lab.seen import independent
from genjax_lab.space import categories
from genjax_lab.types import Event, Key, Params, Shape


@factory
def discretised_logistic(k: int = 256, shape: Shape = ()) -> Density:
    """Logistic density rounded to k levels, coordinate by coordinate.

    Args:
      k: number of levels.
      shape: shape of one event; each coordinate has its own parameters.

    Returns:
      A density with params {"loc": f[shape], "scale": f[shape]}, where the levels lie from −1 to 1.

    Raises:
      ValueError: for fewer than 2 levels.

    Example:
      >>> round(gl.check_normalised(gl.discretised_logistic(256), {"loc": 0.9, "scale": 0.05}), 5)
      1.0
    """
    if k < 2:
        raise ValueError(f"discretised_logistic: k = {k} must be at least 2")
    space, half = categories(k, shape), 1 / (k - 1)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        loc, scale = params["loc"], params["scale"]
        centred = _placed(x, k).astype(loc.dtype) - loc
        below = jnp.where(x == k - 1, 0.0, jax.nn.log_sigmoid((centred + half) / scale))
        above = jnp.where(x == 0, 0.0, jax.nn.log_sigmoid((half - centred) / scale))
        inner = jnp.where((x == 0) | (x == k - 1), 0.0, jnp.log(-jnp.expm1(-2 * half / scale)))
        return jnp.where(space.contains(x), (below + above + inner).sum(), -jnp.inf)

    def init(key: Key) -> Params:
        loc, scale = jax.random.split(key)
        return {
            "loc": 0.5 * jax.random.normal(loc, shape),
            "scale": jnp.exp(0.3 * jax.random.normal(scale, shape) - 2),
        }

    def sample(key: Key, params: Params) -> jax.Array:
        noise = jax.random.logistic(key, shape, params["loc"].dtype)
        level = jnp.round((params["loc"] + params["scale"] * noise + 1) / 2 * (k - 1))
        return jnp.clip(level, 0, k - 1).astype(jnp.int32)

    return Density(
        space=space,
        parameters={"loc": real(tuple(shape)), "scale": positive(tuple(shape))},
        init=init,
        log_prob=log_prob,
        sample=sample,
        start=functools.partial(_start, k),
        **independent(functools.partial(discretised_logistic, k), shape),
    )


def _placed(x: jax.Array, k: int) -> jax.Array:
    """Levels as numbers from −1 to 1."""
    return 2 * x.astype(float_dtype(x)) / (k - 1) - 1


def _start(k: int, x: Event) -> Params:
    """By the moments, no narrower than a level."""
    placed = _placed(x, k)
    return {"loc": placed.mean(0), "scale": jnp.maximum(placed.std(0) * math.sqrt(3) / math.pi, 1 / (k - 1))}
