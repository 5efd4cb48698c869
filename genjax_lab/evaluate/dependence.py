"""How coordinates depend on each other: what a model of independent coordinates leaves out.

    ρ_jl = Σ_i (x_ij − x̄_j)(x_il − x̄_l) / √(Σ_i (x_ij − x̄_j)² Σ_i (x_il − x̄_l)²)

For bits this is the phi coefficient. Naive Bayes claims ρ_jl = 0 for j ≠ l *within* every class: give
`correlation` the rows of one class to test the claim; over all rows together two coordinates correlate
through the label. Between categories there is no correlation but mutual information, which is 0 where and only where
two coordinates are independent within every class:

    I(x_j; x_l | y) = Σ_{y, a, b} p(y, a, b) log p(a, b | y) / (p(a | y) p(b | y))      in nats, p the shares of rows
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from genjax_lab.blocks import reduce_blocks
from genjax_lab.evaluate.check import checked_labels, require_in_range


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


def mutual_information(
    x: ArrayLike, num_values: int, labels: ArrayLike | None = None, num_classes: int | None = None
) -> jax.Array:
    """Mutual information of every pair of categorical coordinates, within classes if there are labels.

    Shares of n rows are not probabilities: of independent coordinates of a and b values that are all possible, within
    each of k classes, about k (a − 1)(b − 1) / 2n nats are measured (Miller 1955).

    Args:
      x: (n, d) values 0..num_values−1.
      num_values: number of values of every coordinate; some may have fewer.
      labels: (n,) integer labels to look within; None for one class.
      num_classes: k, where there are labels.

    Returns:
      (d, d) nats; on the diagonal the entropy of each coordinate within the classes.

    Raises:
      ValueError: `x` is not such a table, labels do not match it, or a value or label is outside its range.

    Example:
      >>> x = jnp.array([[0, 0, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]])
      >>> mutual_information(x, 2).round(3)[0].tolist()
      [0.693..., 0.693..., 0.0]
    """
    x = jnp.asarray(x)
    if x.ndim != 2 or 0 in x.shape or not jnp.issubdtype(x.dtype, jnp.integer):
        raise ValueError(f"mutual_information: x must be whole numbers (n, d), n ≥ 1; got {x.dtype}{x.shape}.")
    if (labels is None) != (num_classes is None):
        raise ValueError("mutual_information: labels and num_classes go together.")
    if not isinstance(x, jax.core.Tracer):
        wrong = np.argwhere(np.asarray((x < 0) | (x >= num_values)))
        if len(wrong):
            row, column = wrong[0]
            found = int(x[row, column])
            raise ValueError(f"mutual_information: x[{row}, {column}] = {found} is outside 0..{num_values - 1}.")
    (y,) = checked_labels("mutual_information", labels=jnp.zeros(len(x), jnp.int32) if labels is None else labels)
    if len(y) != len(x):
        raise ValueError(f"mutual_information: {len(y)} labels for {len(x)} rows.")
    require_in_range("mutual_information", "labels", y, num_classes or 1)
    return _mutual_information(x.astype(jnp.int32), y, num_values, num_classes or 1)


@functools.partial(jax.jit, static_argnames=("k", "classes"))
def _mutual_information(x: jax.Array, y: jax.Array, k: int, classes: int) -> jax.Array:
    n, d = x.shape

    def counts(rows: tuple[jax.Array, jax.Array], label: jax.Array) -> jax.Array:
        values, labels = rows
        cells = jax.nn.one_hot(values, k).reshape(-1, d * k)
        kept = cells * (labels == label)[:, None]
        return jnp.matmul(kept.T, cells, precision="highest").astype(jnp.int32)

    def of_class(label: jax.Array) -> jax.Array:
        together = reduce_blocks(lambda rows: counts(rows, label), jnp.add, (x, y), rows=4096)
        each = jnp.diagonal(together)
        log_ratio = (_log(together) - _log(each)[None]) - (_log(each)[:, None] - _log(each.reshape(d, k)[0].sum()))
        return (together * jnp.where(together > 0, log_ratio, 0.0)).reshape(d, k, d, k).sum((1, 3))

    return jax.lax.map(of_class, jnp.arange(classes)).sum(0) / n


def _log(counts: jax.Array) -> jax.Array:
    return jnp.log(jnp.maximum(counts, 1).astype(jnp.result_type(float)))
