"""p(x | given): the parameters of a density, by any network of what is given.

    x ~ p(·; θ(z)),   z = f(given) + c

z are the unconstrained coordinates of the density's parameters. f starts at zero and c as the density does, so that at
first what is given tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab import constraints, coordinates
from genjax_lab.density import Conditional, Density, factory, one_after_another, require
from genjax_lab.nets.images import Body
from genjax_lab.space import Leaf, Space
from genjax_lab.types import Event, Key, Params


@factory
def network(density: Density, given: Space, net: Body) -> Conditional:
    """Conditional whose density has parameters that a network finds from what is given.

    Args:
      density: of an event; the network gives its parameters, in unconstrained coordinates.
      given: the space of what is given, one array; what is in it goes into the network, as it is.
      net: such as `gl.nets.contracting(...)`, of an image, or `gl.nets.expanding(...)`, for one.

    Returns:
      A conditional with params {"net": the network's weights, "bias": c}, fitted by `gl.gradient`.

    Raises:
      TypeError: for what is no density, no space or no network.
      ValueError: for a given that is no array, or one that the network does not take.

    Example:
      >>> label = gl.network(gl.categorical(3), gl.reals((4, 4)), gl.nets.contracting((4, 4), (4, 8)))
      >>> params = label.init(jax.random.key(0))
      >>> gl.log_prob(label, params, jnp.array([0, 1]), jnp.zeros((2, 4, 4))).shape
      (2,)
    """
    require("network", Density, density)
    require("network", Space, given)
    require("network", Body, net)
    if not isinstance(given, Leaf):
        raise ValueError(f"network: what is given, {given!r}, is no array")
    with jax.ensure_compile_time_eval():
        free, back = coordinates.free(density.parameters, density.init(jax.random.key(0)))
    module = net.build(free.size)
    begin = jax.jit(module.init)

    def init(key: Key) -> Params:
        own, weights = jax.random.split(key)
        z, _ = coordinates.free(density.parameters, density.init(own))
        return {"net": dict(begin(weights, jnp.zeros(given.shape))["params"]), "bias": z}

    def at(params: Params, given: Event) -> Params:
        inputs = given.astype(jnp.result_type(float, params["bias"]))
        found: Any = module.apply({"params": params["net"]}, inputs)
        return back(found + params["bias"])

    return from_parameters(density, given, at, init)


def from_parameters(
    density: Density, given: Space, at: Callable[[Params, Event], Params], init: Callable[[Key], Params]
) -> Conditional:
    """The conditional whose density has the parameters `at(params, given)`; all its own parameters are real."""

    def log_prob(params: Params, x: Event, given: Event) -> jax.Array:
        return density.log_prob(at(params, given), x)

    middle = density.mean
    weights = jax.eval_shape(lambda: init(jax.random.key(0)))
    return Conditional(
        space=density.space,
        given_space=given,
        parameters=jax.tree.map(lambda leaf: constraints.real(leaf.shape), weights),
        init=init,
        log_prob=log_prob,
        sample=lambda key, params, given: density.sample(key, at(params, given)),
        pairwise=one_after_another(jax.vmap(log_prob, (None, 0, 0))),
        mean=None if middle is None else lambda params, given: middle(at(params, given)),
    )
