"""A network of an image in several orders: one of its own for each way to turn and mirror the image.

    p(x) = 1/M Σ_m p_m(g_m x),   g_m: mirrored left to right, upside down, along the diagonal, or some of these

What is near by lies before a pixel in one order and after it in another, so that the densities err in different
images. Averages over orders: Uria, Murray & Larochelle (2014), arXiv:1310.1757; of images: Jain, Abbeel & Pathak
(2020), arXiv:2006.12486.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.nets.net import Causal, Net, raster
from genjax_lab.spec import factory
from genjax_lab.types import Params, Shape


class Turned(Causal):
    """See the module.

    Attributes:
      one: what looks at the image, turned.
      orderings: how many copies of it there are, each with weights of its own.
    """

    one: Causal
    orderings: int

    def setup(self) -> None:
        """Make the weights of all copies: those of one, stacked."""
        blank = jnp.zeros((1, math.prod(self.shape), self.channels))
        self.copies = self.param(
            "copies",
            lambda key: jax.vmap(lambda k: dict(self._alone.init(k, blank)["params"]))(
                jax.random.split(key, self.orderings)
            ),
        )

    @property
    def _alone(self) -> Causal:
        """One copy, whose weights are given from outside."""
        return self.one.clone(parent=None)

    def _own(self, ordering: Any) -> dict[str, Params]:
        return {"params": jax.tree.map(lambda leaf: leaf[ordering], self.copies)}

    def __call__(self, x: jax.Array, ordering: int = 0) -> jax.Array:
        """All positions at once: to the order, through its copy, and back."""
        orders = np.stack([turn(self.shape, m) for m in range(self.orderings)])
        there, back = (jnp.asarray(a)[ordering] for a in (orders, np.argsort(orders, 1)))
        out: Any = self._alone.apply(self._own(ordering), x[:, there])
        return out[:, back]

    def cache(self, ordering: int = 0) -> Any:
        """That of the copy."""
        return self._alone.apply(self._own(ordering), method="cache")

    def next(self, cache: Any, t: jax.Array, last: jax.Array, ordering: int = 0) -> tuple[Any, jax.Array]:
        """One position of the turned image."""
        found: Any = self._alone.apply(self._own(ordering), cache, t, last, method="next")
        return found


def turn(shape: Shape, ordering: int) -> np.ndarray:
    """The pixels in the order in which a turned image has them: int[d]; the first is C order."""
    places = raster(shape).reshape(shape)
    places = places.T if ordering & 4 else places
    return places[:: -1 if ordering & 2 else 1, :: -1 if ordering & 1 else 1].reshape(-1)


@factory
def turned(net: Net, orderings: int = 8) -> Net:
    """One network for each way to turn and mirror an image, and the average of their densities.

    Its weights are those of the network, `orderings` of each, stacked: copies that were fitted alone, each to images
    that `turn` has turned, can be stacked as well.

    Args:
      net: a network of images that knows one order.
      orderings: the first so many of: as it is; mirrored left to right, upside down, both; and these four of the
        transposed image, which must be as high as it is wide.

    Returns:
      A network for `gl.autoregressive` over images.

    Raises:
      ValueError: for more than 8 orders or none, a network of more than one, or an image that has no such turn.

    Example:
      >>> image = gl.autoregressive((3, 3), gl.nets.turned(gl.nets.windows(1, 1, width=4, memory=2), orderings=5))
      >>> round(gl.check_normalised(image, image.init(jax.random.key(0))), 4)
      1.0
    """
    if not 1 <= orderings <= 8 or net.orderings > 1:
        raise ValueError(f"turned: orderings = {orderings} must be 1 to 8, of a network of one order, not {net!r}")

    def build(shape: Shape, channels: int, outputs: int) -> Turned:
        if orderings > 4 and shape[0] != shape[1]:
            raise ValueError(f"turned: an image of shape {shape} has 4 turns, not {orderings}")
        one = net.build(shape, channels, outputs)
        return Turned(shape, channels, outputs, one.half, one, orderings)

    return Net(build, turn, orderings, net.floats, axes=2)
