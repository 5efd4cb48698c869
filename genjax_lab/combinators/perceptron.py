"""p(x | given): the parameters of a density, by a perceptron of what is given.

    h_0 = given,   h_l = relu(V_l h_{l−1} + c_l),   z = V h_L + c,   x ~ p(·; θ(z))

z are the unconstrained coordinates of the density's parameters. V starts at zero and c as the density does, so that at
first what is given tells nothing.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab import coordinates
from genjax_lab.combinators.network import from_parameters
from genjax_lab.density import Conditional, Density, factory, require
from genjax_lab.nets.perceptron import Perceptron
from genjax_lab.refusal import whole_number
from genjax_lab.space import Leaf, Space
from genjax_lab.types import Event, Key, Params


@factory
def perceptron(density: Density, given: Space, hidden: tuple[int, ...] = (500,)) -> Conditional:
    """Conditional whose density has parameters that a perceptron finds from what is given.

    Args:
      density: of an event; the perceptron gives its parameters, in unconstrained coordinates.
      given: the space of what is given, one array; what is in it are the perceptron's inputs, as they are.
      hidden: units of each hidden layer.

    Returns:
      A conditional whose params are the perceptron's weights, real numbers in the tree that `flax.linen` gives them; it
      starts as the density does from a random start, whatever is given, and is fitted by `gl.gradient`.

    Raises:
      TypeError: for what is no density, no space, or no tuple of whole numbers.
      ValueError: for a given that is no array, or a layer without units.

    Example:
      >>> bent = gl.perceptron(gl.normal(), gl.reals((1,)), (16,))
      >>> t = jnp.linspace(-3, 3, 400)[:, None]
      >>> method = gl.gradient(optax.adam, learning_rate=0.02, batch_size=50, epochs=60)
      >>> fit = gl.fit(bent, jnp.sin(t[:, 0]), given=t, method=method, key=jax.random.key(0))
      >>> bool(-gl.nll(bent, fit.params, jnp.sin(t[:, 0]), t) > 0.5)
      True
    """
    require("perceptron", Density, density)
    require("perceptron", Space, given)
    if not isinstance(given, Leaf) or math.prod(given.shape) < 1:
        raise ValueError(f"perceptron: what is given, {given!r}, is no array of one entry or more")
    for units in hidden:
        whole_number("perceptron", "hidden", units)
    inputs = math.prod(given.shape)
    with jax.ensure_compile_time_eval():
        free, back = coordinates.free(density.parameters, density.init(jax.random.key(0)))
    module = Perceptron(tuple(hidden), free.size)
    begin = jax.jit(module.init)

    def init(key: Key) -> Params:
        own, weights = jax.random.split(key)
        params = dict(begin(weights, jnp.zeros(inputs))["params"])
        z, _ = coordinates.free(density.parameters, density.init(own))
        return {**params, "last": {**params["last"], "bias": z}}

    def at(params: Params, given: Event) -> Params:
        flat = given.reshape(-1)
        found: Any = module.apply({"params": params}, flat.astype(jnp.result_type(float, params["last"]["bias"])))
        return back(found)

    return from_parameters(density, given, at, init)
