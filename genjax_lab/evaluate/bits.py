"""From nats to bits per dimension.

    bits = −log p(x) / (d ln 2) + log2(levels per unit)

An image of d grey levels in {0, …, 255} can be scored in three ways, and only one scale makes them
comparable: the number of bits a code spends on one integer grey level. The second term brings each of them to
that scale.

| what was scored | `levels_per_unit` | the term |
|---|---|---|
| a probability of the integers themselves | 1 | 0 |
| a density of x + u on [0, 256)^d, u uniform on [0, 1)^d | 1 | 0 |
| a density of (x + u) / 256 on [0, 1)^d | 256 | + 8 |

With dequantised data, x + u, the mean of −log p(x + u) over u is an *upper bound* on −log ∫ p(x + u) du,
the probability that the density gives the integer x (Jensen); without the noise u a density can be driven
to infinity on integers. Theis, van den Oord & Bethge (2016), "A note on the evaluation of generative
models", §3.1.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def bits_per_dim(nats: ArrayLike, dims: int, *, levels_per_unit: float = 1.0) -> jax.Array:
    """Bits per dimension of a negative log-likelihood.

    Args:
      nats: −log p of an event (or its mean over events), in nats; any shape.
      dims: number of coordinates d of the event: 784 for an MNIST image.
      levels_per_unit: how many grey levels one unit of the scored variable holds: 1 for a probability of the
        integers or a density on [0, 256)^d, 256 for a density on [0, 1)^d.

    Returns:
      Bits per dimension, in the shape of `nats`.

    Raises:
      ValueError: `dims` is not a positive whole number or `levels_per_unit` is not positive.

    Example:
      A uniform density over 256 levels costs 8 bits a pixel, on either scale.

      >>> float(bits_per_dim(784 * math.log(256), 784))
      8.0
      >>> float(bits_per_dim(0.0, 784, levels_per_unit=256))
      8.0
    """
    if dims != int(dims) or dims < 1:
        raise ValueError(f"bits_per_dim: dims = {dims} is not a positive whole number.")
    if not levels_per_unit > 0:
        raise ValueError(f"bits_per_dim: levels_per_unit = {levels_per_unit} is not positive.")
    return jnp.asarray(nats) / (dims * math.log(2)) + math.log2(levels_per_unit)
