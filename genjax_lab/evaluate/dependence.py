"""How coordinates depend on each other: what a model of independent coordinates leaves out.

    ρ_jl = Σ_i (x_ij − x̄_j)(x_il − x̄_l) / √(Σ_i (x_ij − x̄_j)² Σ_i (x_il − x̄_l)²)

For bits this is the phi coefficient. Naive Bayes claims ρ_jl = 0 for j ≠ l *within* every class: give
`correlation` the rows of one class to test the claim; over all rows together two coordinates correlate
through the label.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from genjax_lab.blocks import reduce_blocks


def correlation(x: ArrayLike) -> jax.Array:
    """Correlation of every pair of coordinates.

    The data are centred before they are multiplied and pass in blocks of rows, so uint8 images stay uint8.

    Args:
      x: (n, d) rows, n ≥ 2; integers or floating point.

    Returns:
      (d, d) correlations; NaN for a coordinate that does not vary.

    Raises:
      ValueError: `x` is not a table or has fewer than two rows.

    Example:
      >>> correlation(jnp.array([[0, 1], [1, 0], [0, 1], [1, 0]], jnp.uint8)).round(3).tolist()
      [[1.0, -1.0], [-1.0, 1.0]]
    """
    x = jnp.asarray(x)
    if x.ndim != 2 or x.shape[0] < 2:
        raise ValueError(f"correlation: x must be (n, d) with n ≥ 2; got {x.shape}.")
    return _correlation(x)


@jax.jit
def _correlation(x: jax.Array) -> jax.Array:
    dtype = x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else jnp.result_type(float)
    mean = reduce_blocks(lambda rows: rows.astype(dtype).sum(axis=0), jnp.add, x) / x.shape[0]

    def scatter(rows: jax.Array) -> jax.Array:
        centred = rows.astype(dtype) - mean[None]
        return centred.T @ centred

    products = reduce_blocks(scatter, jnp.add, x)
    constant = jnp.all(x == x[:1], axis=0)  # exactly, whatever the rounding of the mean
    norm = jnp.where(constant, jnp.nan, jnp.sqrt(jnp.diagonal(products)))
    return jnp.clip(products / (norm[:, None] * norm[None, :]), -1.0, 1.0)
