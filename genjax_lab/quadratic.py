"""Squares of many normal models at once: matmuls with the products of coordinates, about a common centre.

With y = x − c and m = μ − c,  |L⁻¹ (x − μ)|² = Σ_ij P_ij y_i y_j − 2 (P m)·y + m·P m,  P = L⁻ᵀ L⁻¹: one matmul for all
models, and one for the scatter of all of them, where centring each row on each model takes one for each. What it costs
in digits is the distance of the models from each other, so it is for models that are `near`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from genjax_lab.blocks import BLOCK_ENTRIES
from genjax_lab.numerics import EXACT

NEAR = 24.0
"""Models up to so many of their standard deviations from the common centre: all but 576 ε of a variance is kept."""

SPREAD = 64.0
"""The mean square of that distance over coordinates: the log-density of a row is right to some 1e-4 nats in float32."""

WIDEST = 64
"""With more coordinates a matmul for each model is as fast, and their products do not fit the cache."""

MANY = 256
"""From so many means (models x coordinates) on; below, centring each row on each model is as fast, and exact."""

EDGE = 8
"""How many ε of m² a variance about the common centre may be off."""


def near(away: jax.Array) -> jax.Array:
    """Whether models lie so near their common centre, by their distance f[k, d] in standard deviations: bool[]."""
    return jnp.all(jnp.abs(away) <= NEAR) & jnp.all((away**2).mean(-1) <= SPREAD)


def pays(models: int, d: int) -> bool:
    """Whether there are so many models that matmuls about a common centre pay."""
    return models * d >= MANY


def distance(inverse: jax.Array, m: jax.Array, factor: jax.Array) -> jax.Array:
    """Distances f[k, d] in standard deviations, of the size of the terms whose rounding they hold.

    Those of the models' own rows are among them: a model that is thin is not near, wherever it lies.
    """
    size = m**2 + (factor**2).sum(-1)
    return jnp.sqrt(jnp.einsum("kij,kj->ki", inverse**2, size, precision=EXACT))


def rows_of_products(d: int) -> int:
    """Rows of a chunk whose products stay in the cache of a CPU."""
    return max(256, BLOCK_ENTRIES["cpu"] // (d * (d + 1)))


def products(y: jax.Array) -> jax.Array:
    """y_i y_j for i ≤ j of rows f[n, d]: f[d (d + 1) / 2, n]."""
    return jnp.concatenate([y[:, i:] * y[:, i : i + 1] for i in range(y.shape[1])], 1).T


def squares(inverse: jax.Array, m: jax.Array, y: jax.Array) -> jax.Array:
    """|L⁻¹ (y − m)|² of rows f[n, d] under models with factors L⁻¹ f[k, d, d] and means m f[k, d]: f[n, k]."""
    d = y.shape[1]
    precision = jnp.einsum("kai,kaj->kij", inverse, inverse, precision=EXACT)
    twice = precision * (2.0 - jnp.eye(d, dtype=y.dtype))[None]  # y_i y_j stands for y_j y_i too
    pull = jnp.einsum("kij,kj->ki", precision, m, precision=EXACT)
    square = jnp.matmul(twice[:, *jnp.triu_indices(d)], products(y), precision=EXACT)
    cross = jnp.matmul(pull, y.T, precision=EXACT)
    return jnp.maximum(square - 2 * cross + (pull * m).sum(-1)[:, None], 0.0).T


def sums(y: jax.Array, weights: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Σ w y and Σ w y yᵀ of rows f[n, d] for each column of weights f[n, k]: f[k, d], f[k, d, d]."""
    d = y.shape[1]
    first = jnp.matmul(weights.T, y, precision=EXACT)
    upper = jnp.matmul(weights.T, products(y).T, precision=EXACT)
    above = jnp.zeros((weights.shape[1], d, d), y.dtype).at[:, *jnp.triu_indices(d)].set(upper)
    return first, above + above.swapaxes(1, 2) * (1 - jnp.eye(d, dtype=y.dtype))[None]
