"""Groups of rows: hard labels or soft responsibilities, with weights; one place that makes sums of them.

Nesting multiplies: splitting g groups by k labels gives g·k groups. A whole batch is one group.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import block_rows, reduce_blocks
from genjax_lab.numerics import EXACT, count_dtype, float_dtype

CACHED_BINS = 35_000
"""Counters that stay in a CPU's cache while rows are scattered into them."""

FEW = 32
"""Up to this many groups, byte accumulators of all parts of the rows together stay small beside the rows."""

MANY = 64
"""From this many hard groups on, a segment sum beats the one-hot matmul."""


@dataclass(frozen=True)
class Groups:
    """How the rows of a block fall into `k` groups.

    Attributes:
      k: number of groups.
      labels: int[n], the group of each row; None for one group, or where `soft` is given. Outside 0..k−1: no group.
      weights: f[n], or None for all one.
      soft: f[n, k], responsibilities with the weights in them, or None.
    """

    k: int = 1
    labels: jax.Array | None = None
    weights: jax.Array | None = None
    soft: jax.Array | None = None

    def split(self, labels: jax.Array, k: int) -> Groups:
        """Split every group by hard labels: group g, label y becomes group g·k + y."""
        if self.soft is not None:
            return self.share(jax.nn.one_hot(labels, k, dtype=self.soft.dtype))
        inside = (labels >= 0) & (labels < k)
        first = 0 if self.labels is None else self.labels * k
        return Groups(self.k * k, jnp.where(inside, first + labels, self.k * k), self.weights)

    def share(self, responsibilities: jax.Array) -> Groups:
        """Split every group softly by responsibilities f[n, k]; f[n, groups, k] where each group has its own."""
        n, k = responsibilities.shape[0], responsibilities.shape[-1]
        own = self.matrix(n, responsibilities.dtype)[:, :, None] * responsibilities.reshape(n, -1, k)
        return Groups(self.k * k, soft=own.reshape(n, self.k * k))

    def repeat(self, m: int) -> Groups:
        """The groups of n·m rows, each row's group m times over."""
        parts = [None if a is None else jnp.repeat(a, m, 0) for a in (self.labels, self.weights, self.soft)]
        return Groups(self.k, *parts)

    def matrix(self, n: int, dtype: jax.typing.DTypeLike) -> jax.Array:
        """The weight of each row in each group: f[n, k]."""
        if self.soft is not None:
            return self.soft.astype(dtype)
        weights = jnp.ones(n, dtype) if self.weights is None else self.weights.astype(dtype)
        if self.labels is None:
            return weights[:, None]
        return jax.nn.one_hot(self.labels, self.k, dtype=dtype) * weights[:, None]

    def column(self, group: jax.Array, n: int, dtype: jax.typing.DTypeLike) -> jax.Array:
        """The weight of each row in one group: f[n], a column of `matrix` without the others."""
        if self.soft is not None:
            return lax.dynamic_index_in_dim(self.soft, group, 1, keepdims=False).astype(dtype)
        weights = jnp.ones(n, dtype) if self.weights is None else self.weights.astype(dtype)
        return weights if self.labels is None else jnp.where(self.labels == group, weights, 0.0)

    @property
    def exact(self) -> bool:
        """Whether rows are counted, not weighed."""
        return self.weights is None and self.soft is None

    def totals(self, n: int) -> jax.Array:
        """Weight of each group, [k]; whole numbers where rows are counted, so that counts do not stop at 2²⁴."""
        if not self.exact:
            return self.matrix(n, float_dtype(self.weights if self.soft is None else self.soft)).sum(0)
        if self.labels is None:
            return jnp.full(1, n, count_dtype())
        return jnp.zeros(self.k, count_dtype()).at[self.labels].add(1, mode="drop")

    def sum(self, values: jax.Array) -> jax.Array:
        """Weighted sum of float rows f[n, ...] in each group: f[k, ...]."""
        n, shape = values.shape[0], values.shape[1:]
        rows = values.reshape(n, -1)
        if self.labels is None and self.exact:
            total = rows.sum(0, keepdims=True)
        elif self._scatters:
            weighted = rows if self.weights is None else rows * self.weights.astype(rows.dtype)[:, None]
            total = jnp.zeros((self.k, rows.shape[1]), rows.dtype).at[self.labels].add(weighted, mode="drop")
        else:
            total = jnp.matmul(self.matrix(n, rows.dtype).T, rows, precision=EXACT)
        return total.reshape(self.k, *shape)

    @property
    def _scatters(self) -> bool:
        """Hard labels: a CPU scatters rows faster than it multiplies one-hot rows; an accelerator, many groups."""
        return self.labels is not None and (jax.default_backend() == "cpu" or self.k >= MANY)

    def total_of(self, values: jax.Array) -> jax.Array:
        """Σ w of f[n, k], a column for each group; a row of weight 0 adds nothing, even −∞."""
        weights = self.matrix(values.shape[0], values.dtype)
        return jnp.where(weights > 0, weights * jnp.where(weights > 0, values, 0.0), 0.0).sum(0)

    def sums_about(self, values: jax.Array, centres: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Σ w (x − c) and Σ w (x − c)² of float rows f[n, ...] about each group's own centre f[k, ...]."""
        return self.sums_of(lambda x, c: (x - c, (x - c) ** 2), values, centres)

    def sums_of(self, f: Callable[[jax.Array, jax.Array], Any], values: jax.Array, centres: jax.Array) -> Any:
        """Σ w f(x, c) of float rows f[n, ...], c each group's own centre, f[k, ...]; f is taken entry by entry.

        Centres, also of groups without rows, must be such that f is finite.
        """
        if self.soft is None:
            own = centres if self.labels is None else jnp.take(centres, self.labels, 0, mode="clip")
            return jax.tree.map(self.sum, f(values, own))

        def one(group: tuple[jax.Array, jax.Array]) -> Any:  # one after another: no array [n, k, ...]
            centre, weights = group
            return jax.tree.map(lambda v: jnp.tensordot(weights, v, 1, precision=EXACT), f(values, centre[None]))

        return lax.map(one, (centres, self.soft.T.astype(values.dtype)))

    def count(self, values: jax.Array, bound: int) -> jax.Array:
        """Sum whole numbers 0..bound, [n, ...], in each group: exact whole numbers where rows are counted.

        A float32 sum of one block of rows is exact; merged, the counts are whole numbers and do not stop at 2²⁴.
        """
        if self.exact and takes_bytes(values):
            if self.k <= FEW:
                return self._count_bytes(values, 255 // bound)
            return reduce_blocks(self._count_block, jnp.add, (values, self.labels), block_rows(values))
        total = self.sum(values.astype(float_dtype(values)))
        return total.astype(count_dtype()) if self.exact else total

    def _count_block(self, block: tuple[jax.Array, jax.Array]) -> jax.Array:
        values, labels = block
        total = jnp.zeros((self.k, *values.shape[1:]), count_dtype())
        return total.at[labels].add(values.astype(count_dtype()), mode="drop")

    def _count_bytes(self, values: jax.Array, rows: int) -> jax.Array:
        # Rows are added as bytes, a fresh accumulator every 255 / bound rows so that none overflows: no row is widened.
        n, shape = values.shape[0], values.shape[1:]
        parts = -(-n // rows)
        part = jnp.arange(n, dtype=jnp.int32) // rows
        labels = jnp.zeros(n, jnp.int32) if self.labels is None else self.labels
        flat = values.astype(jnp.uint8).reshape(n, -1)
        sums = jnp.zeros((parts, self.k, flat.shape[1]), jnp.uint8).at[part, labels].add(flat, mode="drop")
        total = jnp.zeros(sums.shape[1:], count_dtype())
        total = lax.fori_loop(0, parts, lambda i, t: t + sums[i].astype(count_dtype()), total)
        return total.reshape(self.k, *shape)

    def histogram(self, values: jax.Array, k: int) -> jax.Array:
        """Weight of each category 0..k−1 of each column of whole numbers [n, d], in each group: [groups, d, k]."""
        n, d = values.shape
        packed = max((m for m in (1, 2, 3) if m <= d and -(-d // m) * self.k * k**m <= CACHED_BINS), default=1)
        if self.soft is None and packed > 1:
            return self._packed_histogram(values, k, packed)

        def column(j: jax.Array) -> jax.Array:
            one = values[:, j].astype(jnp.int32)
            return self.split(one, k).totals(n).reshape(self.k, k)

        return jnp.moveaxis(lax.map(column, jnp.arange(d, dtype=jnp.int32)), 0, 1)

    def _packed_histogram(self, values: jax.Array, k: int, m: int) -> jax.Array:
        # m columns make one code in base k: a third of the scatters, then the codes are summed out.
        n, d = values.shape
        chunks = -(-d // m)
        digits = jnp.pad(values, ((0, 0), (0, chunks * m - d))).astype(jnp.int32).reshape(n, chunks, m)
        code = digits[:, :, 0]
        for i in range(1, m):
            code = code * k + digits[:, :, i]
        labels = jnp.zeros(n, jnp.int32) if self.labels is None else self.labels.astype(jnp.int32)
        place = (jnp.arange(chunks, dtype=jnp.int32)[None] * self.k + labels[:, None]) * k**m + code
        size = chunks * self.k * k**m
        place = jnp.where(labels[:, None] < self.k, place, size).reshape(-1)
        ones = 1 if self.weights is None else jnp.repeat(self.weights, chunks)
        dtype = count_dtype() if self.weights is None else self.weights.dtype
        table = jnp.zeros(size, dtype).at[place].add(ones, mode="drop").reshape(chunks, self.k, *(k,) * m)
        sums = [table.sum([2 + other for other in range(m) if other != i]) for i in range(m)]
        return jnp.stack(sums, 1).reshape(chunks * m, self.k, k)[:d].transpose(1, 0, 2)

    def extremes(self, values: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Least and greatest value of rows with positive weight in each group, (f[k, ...], f[k, ...]); ±∞ for none."""
        n, shape = values.shape[0], (self.k, *values.shape[1:])
        if self.soft is not None:
            weights = self.soft.T.reshape(self.k, n, *(1,) * (values.ndim - 1)) > 0
            return lax.map(lambda w: _bounds(values, w), weights)
        labels = jnp.zeros(n, jnp.int32) if self.labels is None else self.labels
        if self.weights is not None:
            labels = jnp.where(self.weights > 0, labels, self.k)
        low = jnp.full(shape, jnp.inf, values.dtype).at[labels].min(values, mode="drop")
        return low, jnp.full(shape, -jnp.inf, values.dtype).at[labels].max(values, mode="drop")


def _bounds(values: jax.Array, inside: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.where(inside, values, jnp.inf).min(0), jnp.where(inside, values, -jnp.inf).max(0)


def takes_bytes(values: jax.Array) -> bool:
    """Whether `Groups.count` adds these rows as bytes: on a CPU, where that runs at the speed of reading them."""
    return values.dtype in (jnp.uint8, jnp.bool_) and jax.default_backend() == "cpu"
