"""Causal attention: every entry looks back at all before it.

    h_t = E x_{t−1} + e_t,   h ← h + A(norm h),   h ← h + F(norm h),   outputs_t = V norm(h_t) + b_t

A is multi-head attention in which t looks at places up to t, each of which tells the value before it; F two layers with
a gelu between. Vaswani et al. (2017), arXiv:1706.03762; Chen et al. (2020), "Generative pretraining from pixels".
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from genjax_lab.nets.net import Causal, Net, add_to_rows, raster
from genjax_lab.spec import factory
from genjax_lab.types import Shape


class Block(nn.Module):
    """Attention, then two layers, each added to what comes in."""

    width: int
    heads: int
    dtype: Any

    def setup(self) -> None:
        """Make the layers."""
        zeros = nn.initializers.zeros
        self.norms = [nn.LayerNorm(use_bias=False) for _ in range(2)]
        self.look = nn.Dense(3 * self.width, use_bias=False, dtype=self.dtype)
        self.tell = nn.Dense(self.width, kernel_init=zeros, dtype=self.dtype)
        self.widen = nn.Dense(4 * self.width, dtype=self.dtype)
        self.narrow = nn.Dense(self.width, kernel_init=zeros, dtype=self.dtype)

    def __call__(self, h: jax.Array) -> jax.Array:
        """f[n, d, width] -> f[n, d, width]."""
        query, key, value = self._looks(h)
        seen = jax.nn.dot_product_attention(query, key, value, is_causal=True)
        return self._onward(h + self.tell(seen.reshape(h.shape)))

    def next(self, cache: tuple[jax.Array, jax.Array], t: jax.Array, h: jax.Array) -> tuple[Any, jax.Array]:
        """One place, f[width], that looks at the keys and values f[d, heads, width / heads] of those before it."""
        query, key, value = self._looks(h)
        keys, values = cache[0].at[t].set(key), cache[1].at[t].set(value)
        fit = jnp.einsum("hc,dhc->hd", query, keys) / math.sqrt(query.shape[-1])
        shares = nn.softmax(jnp.where(jnp.arange(len(keys))[None] <= t, fit, -jnp.inf))
        seen = jnp.einsum("hd,dhc->hc", shares, values)
        return (keys, values), self._onward(h + self.tell(seen.reshape(-1)))

    def _looks(self, h: jax.Array) -> list[jax.Array]:
        each = jnp.split(self.look(self.norms[0](h)), 3, -1)
        return [a.reshape(*h.shape[:-1], self.heads, -1) for a in each]

    def _onward(self, h: jax.Array) -> jax.Array:
        return h + self.narrow(nn.gelu(self.widen(self.norms[1](h))))


class Attention(Causal):
    """See the module.

    Attributes:
      width: features an entry.
      heads: of attention.
      depth: blocks.
    """

    width: int
    heads: int
    depth: int

    def setup(self) -> None:
        """Make the layers."""
        d, zeros = math.prod(self.shape), nn.initializers.zeros
        self.tell = nn.Dense(self.width, use_bias=False)
        self.place = self.param("place", nn.initializers.normal(0.02), (d, self.width))
        self.blocks = [Block(self.width, self.heads, self.dtype) for _ in range(self.depth)]
        self.norm = nn.LayerNorm(use_bias=False)
        self.out = nn.Dense(self.outputs, use_bias=False, kernel_init=zeros)
        self.base = self.param("base", zeros, (d, self.outputs))

    def __call__(self, x: jax.Array, ordering: int = 0) -> jax.Array:
        """All entries at once."""
        before = jnp.pad(x, ((0, 0), (1, 0), (0, 0)))[:, :-1]
        h = add_to_rows(self.tell(before), self.place)
        for block in self.blocks:
            h = block(h)
        return add_to_rows(self.out(self.norm(h)), self.base)

    def cache(self, ordering: int = 0) -> Any:
        """Keys and values of every block."""
        blank = jnp.zeros((math.prod(self.shape), self.heads, self.width // self.heads))
        return [(blank, blank) for _ in range(self.depth)]

    def next(self, cache: Any, t: jax.Array, last: jax.Array, ordering: int = 0) -> tuple[Any, jax.Array]:
        """One entry, which looks at the keys and values so far."""
        h, kept = self.tell(last) + self.place[t], []
        for block, own in zip(self.blocks, cache, strict=True):
            own, h = block.next(own, t, h)
            kept.append(own)
        return kept, self.out(self.norm(h)) + self.base[t]


@factory
def attention(width: int = 64, heads: int = 4, depth: int = 4, half: bool = False) -> Net:
    """Causal attention over the entries of any array, in C order.

    Args:
      width: features an entry, a multiple of `heads`.
      heads: of attention.
      depth: blocks.
      half: whether products are of bfloat16 numbers, where a device has hardware for them.

    Returns:
      A network for `gl.autoregressive`; it makes a table of all pairs of entries in every head and block.

    Raises:
      ValueError: for a number below 1, or a width that the heads do not divide.

    Example:
      >>> bits = gl.autoregressive((5,), gl.nets.attention(width=8, heads=2, depth=1))
      >>> round(gl.check_normalised(bits, bits.init(jax.random.key(0))), 4)
      1.0
    """
    if min(width, heads, depth) < 1 or width % heads:
        raise ValueError(f"attention: width = {width} must be a multiple of heads = {heads}, and depth = {depth} ≥ 1")

    def build(shape: Shape, channels: int, outputs: int) -> Attention:
        return Attention(shape, channels, outputs, half, width, heads, depth)

    def floats(shape: Shape, channels: int) -> int:
        return depth * (2 * heads * math.prod(shape) + 16 * width)

    return Net(build, raster, 1, floats)
