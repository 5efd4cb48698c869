"""Triangular factors of many small matrices at once, without LAPACK's batched kernels.

Two of those that run side by side may wait for each other for ever where the processor has two cores: each holds a
thread of XLA's pool and waits for the other to free one (jaxlib 0.10.2:
`trsm` of 50 matrices of 20, `potrf` of 64 of 100).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.numerics import EXACT


def inverse(factor: jax.Array) -> jax.Array:
    """The inverse of a lower triangular matrix f[d, d] from those of halves: [A 0; B C]⁻¹ = [A⁻¹ 0; −C⁻¹ B A⁻¹ C⁻¹].

    What is above the diagonal is not read.
    """
    d = factor.shape[-1]
    size = 1 << (d - 1).bit_length()
    whole = jnp.eye(size, dtype=factor.dtype).at[:d, :d].set(factor)
    result = jnp.diag(1 / jnp.diagonal(whole))
    half = 1
    while half < size:
        result = _join(whole, result, half)
        half *= 2
    return result[:d, :d]


def _join(whole: jax.Array, inverses: jax.Array, half: int) -> jax.Array:
    """From inverses of the blocks of length `half` on the diagonal, those of blocks twice as long."""
    pairs = whole.shape[0] // (2 * half)
    at = jnp.arange(pairs)

    def blocks(a: jax.Array) -> jax.Array:
        return a.reshape(pairs, 2 * half, pairs, 2 * half)[at, :, at]

    below = blocks(whole)[:, half:, :half]
    first, second = blocks(inverses)[:, :half, :half], blocks(inverses)[:, half:, half:]
    corner = -jnp.matmul(second, jnp.matmul(below, first, precision=EXACT), precision=EXACT)
    joined = blocks(inverses).at[:, half:, :half].set(corner)
    result = jnp.zeros((pairs, 2 * half, pairs, 2 * half), whole.dtype).at[at, :, at].set(joined)
    return result.reshape(whole.shape)


@jax.custom_batching.custom_vmap
def cholesky(a: jax.Array) -> jax.Array:
    """The lower factor of a symmetric matrix f[d, d], NaN where it is not positive definite."""
    return lax.linalg.cholesky(a)


@cholesky.def_vmap
def _one_after_another(size: int, batched: Any, a: jax.Array) -> tuple[jax.Array, bool]:
    return (lax.map(cholesky, a) if jax.default_backend() == "cpu" else lax.linalg.cholesky(a)), True
