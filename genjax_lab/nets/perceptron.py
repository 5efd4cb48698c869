"""A multilayer perceptron of one vector: hidden layers of rectified units, and a last layer that starts at zero."""

from __future__ import annotations

import jax
from flax import linen as nn


class Perceptron(nn.Module):
    """See the module.

    Attributes:
      hidden: units of each hidden layer.
      outputs: numbers that it gives.
    """

    hidden: tuple[int, ...]
    outputs: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """f[inputs] -> f[outputs]."""
        for i, units in enumerate(self.hidden):
            x = nn.relu(nn.Dense(units, name=f"hidden_{i}")(x))
        return nn.Dense(self.outputs, kernel_init=nn.initializers.zeros, name="last")(x)
