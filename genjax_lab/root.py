"""Lower triangular roots of scatter matrices, with the digits of the rows and not of their squares.

The Cholesky factor of Σ w y yᵀ loses a direction in which rows spread less than √ε of the widest. Where one is thin,
the rows are taken once more in the frame F of a first factor: z = F⁻¹ y has a scatter near the unit matrix, whose
factor times F is the root.  Yamamoto, Nakatsukasa, Yanagisawa & Fukaya (2015), ETNA 44, 306–326 (CholeskyQR2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import triangular
from genjax_lab.numerics import EXACT

ROUNDING = 32
"""How many ε of a scatter may be rounding."""

THIN = 4096
"""A direction is thin that has fewer than so many ε of the scatter: rounding may have 1/1000 of what it has."""

FLAT = 4
"""How many ε of the rows themselves may be rounding: what spreads no more has no spread."""

FRAMES = 2
"""Passes after the first: each makes √(32 ε) of the former one's thinnest direction visible."""


class _Factor(NamedTuple):
    """A lower factor with zeros for flat directions, one that can be inverted in its place, and whether it is thin."""

    factor: jax.Array
    frame: jax.Array
    thin: jax.Array


def of_scatter(scatter: jax.Array, size: jax.Array, in_frame: Callable[[jax.Array, jax.Array], jax.Array]) -> jax.Array:
    """The lower root of each of many scatter matrices; a direction without spread has a column of zeros.

    Args:
      scatter: f[k, d, d], symmetric.
      size: f[k, d], Σ w x² of the numbers of which the rows are differences, their rounding's measure.
      in_frame: (F⁻¹ f[k, d, d], thin bool[k]) -> f[k, d, d], the scatter of F⁻¹ y; only of groups that are thin.

    Returns:
      f[k, d, d], L with L Lᵀ the scatter. No frame is taken where no group is thin.
    """
    constant = jnp.diagonal(scatter, axis1=1, axis2=2) <= (FLAT * jnp.finfo(scatter.dtype).eps) ** 2 * size
    eye = jnp.broadcast_to(jnp.eye(scatter.shape[-1], dtype=scatter.dtype), scatter.shape)
    each = jax.vmap(_factor_in_frame)

    def refine(state: Any) -> Any:
        i, frame, old, thin = state
        inverse = jax.vmap(triangular.inverse)(frame)
        found = each(in_frame(inverse, thin), inverse, size, constant)
        at = thin[:, None, None]
        root = jnp.where(at, jnp.matmul(frame, found.factor, precision=EXACT), old)
        return i + 1, jnp.where(at, jnp.matmul(frame, found.frame, precision=EXACT), frame), root, thin & found.thin

    first = each(scatter, eye, size, constant)
    state = (0, first.frame, first.factor, first.thin)
    return lax.while_loop(lambda state: (state[0] < FRAMES) & state[3].any(), refine, state)[2]


def of_rows(rows: jax.Array, size: jax.Array) -> jax.Array:
    """The lower root of Σ y yᵀ of rows f[..., n, d]: f[..., d, d]; `size` f[..., d] as in `of_scatter`."""
    *lead, n, d = rows.shape
    y = rows.reshape(-1, n, d)

    def in_frame(inverse: jax.Array, thin: jax.Array) -> jax.Array:
        z = jnp.einsum("kij,knj->kni", inverse, y, precision=EXACT)
        return jnp.einsum("kni,knj->kij", z, z, precision=EXACT)

    scatter = jnp.einsum("kni,knj->kij", y, y, precision=EXACT)
    size = jnp.maximum(size.reshape(-1, d), jnp.diagonal(scatter, axis1=1, axis2=2))
    return of_scatter(scatter, size, in_frame).reshape(*lead, d, d)


def _factor_in_frame(scatter: jax.Array, inverse: jax.Array, size: jax.Array, constant: jax.Array) -> _Factor:
    """The factor of the scatter of z = F⁻¹ y; LAPACK's where that works, else column by column.

    No column at a time is run where none is needed, also under vmap.
    """
    d, variance, eps = scatter.shape[-1], jnp.diagonal(scatter), jnp.finfo(scatter.dtype).eps

    def hidden(weights: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Of Σ_a weights_a z_a, the sum of the terms' squares, and the square that the rows' rounding may have made."""
        terms = jnp.matmul(weights**2, variance, precision=EXACT)
        in_rows = jnp.matmul(jnp.matmul(weights, inverse, precision=EXACT) ** 2, size, precision=EXACT)
        return terms, (FLAT * eps) ** 2 * in_rows

    def column(state: Any) -> Any:
        j, rest, filled, flat, thin, floor = state  # filled: columns from j on, and flat ones, are the unit matrix's
        terms, least = hidden(triangular.inverse(filled)[j])
        is_flat = rest[j, j] <= ROUNDING * eps * terms + least
        below = rest[:, j] / jnp.sqrt(jnp.where(is_flat, 1.0, rest[j, j]))
        below = jnp.where(is_flat | (jnp.arange(d) < j), 0.0, below)
        filled = filled.at[:, j].set(jnp.where(is_flat, eye[j], below))
        lost = jnp.maximum(ROUNDING * eps * terms, least)
        floor = floor.at[j].set(jnp.sqrt(jnp.where(lost > 0, lost, 1.0)))
        flat, thin = flat.at[j].set(is_flat), thin.at[j].set(rest[j, j] <= THIN * eps * terms)
        return j + 1, rest - jnp.outer(below, below), filled, flat, thin, floor

    eye = jnp.eye(d, dtype=scatter.dtype)
    usual = triangular.cholesky(scatter)
    own = jnp.diagonal(usual)
    terms, least = hidden(triangular.inverse(usual) * own[:, None])
    fine = jnp.all(own**2 > ROUNDING * eps * terms + least)  # NaN is not fine
    start = (jnp.where(fine, d, 0), scatter, eye, jnp.zeros(d, bool), own**2 <= THIN * eps * terms, jnp.ones_like(own))
    _, _, filled, flat, thin, floor = lax.while_loop(lambda state: state[0] < d, column, start)
    return _Factor(
        factor=jnp.where(fine, usual, filled - jnp.diag(flat.astype(filled.dtype))),
        # set, not added to: 1 + (floor − 1) would lose a floor below ε
        frame=jnp.where(fine, usual, jnp.where((eye > 0) & flat[None], floor[None], filled)),
        thin=jnp.any(thin & ~constant),
    )
