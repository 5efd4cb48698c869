"""One blocked scan for everything that runs over many rows: it owns memory, so that no family sees more than a block.

uint8 data are never widened as a whole; temporaries are those of one block.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import lax

T = TypeVar("T")

BLOCK_ENTRIES = {"cpu": 3 << 19, "gpu": 1 << 26, "tpu": 1 << 25}
"""Entries of the data in one block: on a CPU the widened block stays in the cache, elsewhere it fills the chip."""


def rows_of(x: Any) -> int:
    """Number of rows of a batch: the length of every array's leading axis."""
    return int(jax.tree.leaves(x)[0].shape[0])


def block_rows(x: Any, made: int = 30) -> int:
    """Rows of a block for data of this width, of each of which `made` numbers are made, on the current backend."""
    width = sum(math.prod(a.shape[1:]) for a in jax.tree.leaves(x))
    return max(1, BLOCK_ENTRIES.get(jax.default_backend(), 1 << 24) // max(width, made))


def even_rows(n: int, rows: int) -> int:
    """Rows of a block, at most about `rows`, that cut n rows into blocks of one length or nearly so."""
    even = -(-n // -(-n // rows))
    return even if even < 64 else -(-even // 16) * 16  # products of an odd number of rows take a fifth longer


def map_blocks(f: Callable[[Any], T], x: Any, rows: int | None = None) -> T:
    """Apply `f`, from a block of rows to arrays with the same leading axis, to blocks; join the results.

    Args:
      f: row-wise function of a batch.
      x: a pytree of arrays with a leading row axis.
      rows: block length; None takes `block_rows`.

    Returns:
      What `f(x)` would be.
    """
    n = rows_of(x)
    rows = even_rows(n, rows or block_rows(x))
    if n <= rows:
        return f(x)
    whole = n // rows
    body = lax.map(lambda i: f(_block(x, i * rows, rows)), jnp.arange(whole, dtype=jnp.int32))
    joined = jax.tree.map(lambda a: a.reshape(whole * rows, *a.shape[2:]), body)
    if n == whole * rows:
        return joined
    tail = f(_block(x, whole * rows, n - whole * rows))
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b]), joined, tail)


def reduce_blocks(f: Callable[[Any], T], merge: Callable[[T, T], T], x: Any, rows: int | None = None) -> T:
    """Apply `f`, from a block of rows to something that merges, to blocks; merge the results.

    Args:
      f: function of a batch.
      merge: joins two results.
      x: a pytree of arrays with a leading row axis.
      rows: block length; None takes `block_rows`.

    Returns:
      The merged result; equal to `f(x)` where f and merge are a monoid homomorphism.
    """
    n = rows_of(x)
    rows = even_rows(n, rows or block_rows(x))
    if n <= rows:
        return f(x)
    whole = n // rows
    first = _fold(f, merge, x, rows, whole)
    if n == whole * rows:
        return first
    return merge(first, f(_block(x, whole * rows, n - whole * rows)))


def _fold(f: Callable[[Any], T], merge: Callable[[T, T], T], x: Any, rows: int, blocks: int) -> T:
    """Merge whole blocks in runs, and the runs: a rounding error for each of √blocks merges, not for each of blocks."""
    run = max(1, math.isqrt(blocks))
    runs = blocks // run

    def one(i: Any) -> T:
        return f(_block(x, i * rows, rows))

    def add(i: Any, total: T) -> T:
        return merge(total, one(i))

    def add_run(r: Any, total: T) -> T:
        of_run = lax.fori_loop(1, run, lambda i, t: add(r * run + i, t), one(r * run))  # static bounds: differentiable
        return merge(total, of_run)

    start = lax.fori_loop(runs * run, blocks - 1, add, one(blocks - 1)) if blocks > runs * run else None
    if start is None:
        return lax.fori_loop(1, runs, add_run, lax.fori_loop(1, run, add, one(0)))
    return lax.fori_loop(0, runs, add_run, start)


def _block(x: Any, start: Any, rows: int) -> Any:
    return jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, start, rows), x)
