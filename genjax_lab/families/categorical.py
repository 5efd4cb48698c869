"""Categories, independent, one table of probabilities a coordinate.

    log p(x; ℓ) = Σ_j (ℓ_{j, x_j} − log Σ_c exp ℓ_{j, c})      x_j ∈ {0, …, k − 1},  ℓ_{j, c} ∈ [−∞, ∞)

T(x) = the counts of each category; the maximum-likelihood probability is the share of each; with α pseudo-counts a
category, (count + α) / (n + kα).  Casella & Berger (2002), §4.6.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import constraints
from genjax_lab.blocks import block_rows
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, merged_whole, smoothing_of
from genjax_lab.groups import Groups
from genjax_lab.numerics import float_dtype, log_normalise, times_log
from genjax_lab.seen import independent
from genjax_lab.space import categories
from genjax_lab.statistic import merge_sums, pseudo_likelihood, scale_sums
from genjax_lab.types import Params, Shape, Smoothing

UNROLLED = 512
"""Look-ups of one row (models x coordinates) that are compiled one by one; more are scanned over."""


@factory
def categorical(k: int, shape: Shape = ()) -> Density:
    """Categorical density over whole numbers 0..k−1 in an array of the given shape.

    Args:
      k: number of categories, the same for every coordinate.
      shape: shape of one event; each coordinate has its own probabilities.

    Returns:
      A density with params {"logits": f[*shape, k]}, equal up to a constant; −∞ is probability 0. A fit gives
      normalised log-probabilities.

    Example:
      >>> fit = gl.fit(gl.categorical(3), jnp.array([0, 0, 2, 1]))
      >>> np.asarray(jnp.exp(fit.params["logits"])).round(4)
      array([0.5 , 0.25, 0.25], dtype=float32)
    """
    space = categories(k, shape)
    shape = tuple(shape)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        # Selecting by comparison, not by gathering: a vmap over classes stays element-wise and cheap (k is small).
        chosen = x.astype(jnp.int32)[..., None] == jnp.arange(k, dtype=jnp.int32).reshape(*(1,) * x.ndim, k)
        value = jnp.where(chosen, log_normalise(params["logits"]), 0.0).sum()
        return jnp.where(space.contains(x), value, -jnp.inf)

    return Density(
        space=space,
        parameters={"logits": constraints.logits(k, shape)},
        init=lambda key: {"logits": log_normalise(jax.random.normal(key, (*shape, k)))},
        log_prob=log_prob,
        sample=lambda key, params: jax.random.categorical(key, params["logits"], -1).astype(jnp.int32),
        estimator=Estimator(
            lambda params, x, given, groups: _counts(x, groups, k),
            merge_sums,
            _maximise,
            _log_likelihood,
            rows=lambda x: x.shape[0] if x.ndim == 1 else max(10_000, block_rows(x)),
            penalty=_penalty,
            smooths=frozenset({"logits"}),
            tables={"logits": (*shape, k)},
            pool=merged_whole(merge_sums),
            scaled=scale_sums,
        ),
        pairwise=lambda params, x: _pairwise(params["logits"], x, k),
        **independent(functools.partial(categorical, k), shape),
    )


def _pairwise(logits: jax.Array, x: jax.Array, k: int) -> jax.Array:
    models, rows = logits.shape[0], x.shape[0]
    tables = log_normalise(logits).reshape(models, -1, k)
    x = x.reshape(rows, -1)
    d = x.shape[1]
    if models * d <= UNROLLED:  # every look-up in one loop over the rows
        columns = [x[:, j].astype(jnp.int32) for j in range(d)]
        each = [sum(jnp.take(tables[c, j], columns[j], mode="clip") for j in range(d)) for c in range(models)]
        return jnp.stack([jnp.asarray(one) for one in each], 1)

    def add_column(total: jax.Array, part: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        table, column = part  # [k, models], [rows]
        return total + jnp.take(table, column.astype(jnp.int32), 0, mode="clip"), None

    start = jnp.zeros((rows, models), tables.dtype)
    return lax.scan(add_column, start, (tables.transpose(1, 2, 0), x.T), unroll=16)[0]


def _counts(x: jax.Array, groups: Groups, k: int) -> jax.Array:
    """Count each category of each coordinate in each group: [groups, *shape, k]."""
    counted = groups.histogram(x.reshape(x.shape[0], -1), k)
    return counted.reshape(groups.k, *x.shape[1:], k)


def _maximise(counts: jax.Array, params: Params, smoothing: Smoothing) -> Params:
    smoothed = counts.astype(float_dtype(counts)) + smoothing_of(smoothing, "logits", count=True)
    total = smoothed.sum(-1, keepdims=True)
    return {"logits": jnp.where(total > 0, jnp.log(smoothed) - jnp.log(total), -math.log(counts.shape[-1]))}


def _penalty(counts: jax.Array, params: Params, smoothing: Smoothing) -> jax.Array:
    """Log-likelihood of α of each category in every coordinate."""
    return pseudo_likelihood(smoothing, log_normalise(params["logits"]))


def _log_likelihood(counts: jax.Array, params: Params) -> jax.Array:
    return times_log(counts, log_normalise(params["logits"])).sum()
