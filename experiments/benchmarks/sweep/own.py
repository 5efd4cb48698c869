"""Two densities of a user's own, without an estimator."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

import genjax_lab as gl

Params = dict[str, Any]


@gl.factory
def gumbel() -> gl.Density:
    """Gumbel numbers, without an estimator: a user's own density."""

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        z = (x - params["loc"]) / params["scale"]
        return -z - jnp.exp(-z) - jnp.log(params["scale"])

    return gl.Density(
        space=gl.reals(),
        parameters={"loc": gl.constraints.real(()), "scale": gl.constraints.positive(())},
        init=lambda key: {"loc": jax.random.normal(key), "scale": jnp.ones(())},
        log_prob=log_prob,
        sample=lambda key, params: params["loc"] + params["scale"] * jax.random.gumbel(key),
    )


@gl.factory
def logistic() -> gl.Conditional:
    """p(y = 1 | x) = σ(wx + b): a user's own conditional."""

    def log_prob(params: Params, y: jax.Array, x: jax.Array) -> jax.Array:
        z = params["weight"] * x + params["bias"]
        return y * z - jax.nn.softplus(z)

    return gl.Conditional(
        space=gl.binary(),
        given_space=gl.reals(),
        parameters={"weight": gl.constraints.real(()), "bias": gl.constraints.real(())},
        init=lambda key: {"weight": 0.1 * jax.random.normal(key), "bias": jnp.zeros(())},
        log_prob=log_prob,
        sample=lambda key, params, x: jax.random.bernoulli(
            key, jax.nn.sigmoid(params["weight"] * x + params["bias"])
        ).astype(jnp.int32),
    )
