"""The mean and the root of the scatter matrix of each of many groups, gathered in chunks of rows and merged.

Each group is centred on its own mean; soft groups that lie near each other are gathered by one matmul, about a common
centre. The root keeps the digits of directions in which rows spread little.  Chan, Golub & LeVeque (1983), Am. Stat.
37, 242–247, for the merged scatter.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import quadratic, root, triangular
from genjax_lab.blocks import reduce_blocks
from genjax_lab.estimator import Pool, merge_all
from genjax_lab.groups import Groups
from genjax_lab.numerics import EXACT, float_dtype
from genjax_lab.statistic import ratio
from genjax_lab.types import Event, Params

CHUNK = 2048
"""Rows of one matmul: 50,000 at once lose 70 ε of a scatter where 2,000 lose 4, and leave the cache."""


class Scatter(NamedTuple):
    """A group's weight, mean, and the lower root L of its scatter matrix: L Lᵀ = Σ w (x − mean)(x − mean)ᵀ."""

    weight: jax.Array
    mean: jax.Array
    root: jax.Array

    def factor(self, variance: jax.Array | float) -> jax.Array:
        """The lower root of the covariance, with `variance` added to that of each coordinate."""
        factor = self.root / jnp.sqrt(jnp.where(self.weight > 0, self.weight, 1))
        if isinstance(variance, float):  # not smoothed
            return factor
        extra = jnp.sqrt(variance) * jnp.eye(factor.shape[-1], dtype=factor.dtype)
        return root.of_rows(jnp.concatenate([factor.T, extra]), self.mean**2)


class Squares(NamedTuple):
    """A group's weight, mean, and scatter matrix Σ w (x − mean)(x − mean)ᵀ."""

    weight: jax.Array
    mean: jax.Array
    scatter: jax.Array


def statistics(params: Params, x: jax.Array, given: Event, groups: Groups) -> Scatter:
    """The statistics of rows f[n, d] in each group, at params["loc"], params["scale_tril"] or None where not fitted."""
    x = jnp.asarray(x, float_dtype(x))
    n = x.shape[0]
    rows = (x, groups.matrix(n, x.dtype))

    squares = _squares(params, *rows, soft=groups.soft is not None)

    def in_frame(inverse: jax.Array, thin: jax.Array) -> jax.Array:
        return _in_frame(*rows, squares.mean, inverse, thin)

    size = jnp.diagonal(squares.scatter, axis1=1, axis2=2) + squares.weight[:, None] * squares.mean**2
    return Scatter(groups.totals(n), squares.mean, root.of_scatter(squares.scatter, size, in_frame))


def about_means(params: Params, x: jax.Array, given: Event, groups: Groups) -> Squares:
    """The weight, mean and scatter matrix of rows f[n, d] in each group, without the root; params are not looked at."""
    x = jnp.asarray(x, float_dtype(x))
    n = x.shape[0]
    return _squares(None, x, groups.matrix(n, x.dtype), soft=False)._replace(weight=groups.totals(n))


def _squares(params: Params, x: jax.Array, weights: jax.Array, soft: bool) -> Squares:
    d, rows = x.shape[1], (x, weights)

    def apart() -> Squares:
        return reduce_blocks(_of_chunk, merge_squares, rows, CHUNK)

    if not soft or params is None or d > quadratic.WIDEST or not quadratic.pays(weights.shape[1], d):
        return apart()
    centre, factor = x.mean(0, keepdims=True), params["scale_tril"]
    inverse, point = jax.vmap(triangular.inverse)(factor), jnp.diagonal(factor, axis1=-2, axis2=-1) == 0
    near = ~point.any() & quadratic.near(quadratic.distance(inverse, params["loc"] - centre, factor))

    def together() -> Squares:
        return reduce_blocks(
            lambda rows: _of_products(centre, rows), merge_squares, rows, quadratic.rows_of_products(d)
        )

    return lax.cond(near, together, apart)


def _in_frame(x: jax.Array, weights: jax.Array, mean: jax.Array, inverse: jax.Array, thin: jax.Array) -> jax.Array:
    """The scatter of F⁻¹ (x − mean) in each group that is thin; 0 in the others, which cost nothing."""

    def about(group: tuple[jax.Array, ...]) -> jax.Array:
        w, centre, own, is_thin = group

        def of_chunk(rows: tuple[jax.Array, jax.Array]) -> jax.Array:
            z = jnp.matmul(rows[0] - centre[None], own.T, precision=EXACT)
            return jnp.matmul((z * rows[1][:, None]).T, z, precision=EXACT)

        return lax.cond(is_thin, lambda: reduce_blocks(of_chunk, jnp.add, (x, w), CHUNK), lambda: jnp.zeros_like(own))

    return lax.map(about, (weights.T, mean, inverse, thin))


def _of_products(centre: jax.Array, rows: tuple[jax.Array, jax.Array]) -> Squares:
    """Each group's mean and scatter matrix, from those about a common centre."""
    x, weights = rows
    first, second = quadratic.sums(x - centre, weights)
    weight = weights.sum(0)
    step = ratio(first, weight)
    scatter = second - first[:, :, None] * step[:, None, :]
    least = quadratic.EDGE * jnp.finfo(x.dtype).eps * first * step  # a variance is never lost in the rounding
    short = jnp.maximum(least - jnp.diagonal(scatter, axis1=-2, axis2=-1), 0.0)
    return Squares(weight, centre + step, scatter + short[:, :, None] * jnp.eye(x.shape[1], dtype=x.dtype)[None])


def _of_chunk(rows: tuple[jax.Array, jax.Array]) -> Squares:
    """Each group's mean and scatter matrix about it; the second pass mends the rounding of the first mean."""
    x, weights = rows
    weight = weights.sum(0)
    mean = ratio(jnp.matmul(weights.T, x, precision=EXACT), weight)

    def about(group: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        w, centre = group
        centred = x - centre[None]
        weighted = centred * w[:, None]
        return weighted.sum(0), jnp.matmul(weighted.T, centred, precision=EXACT)

    slip, scatter = lax.map(about, (weights.T, mean))  # a matmul for each group
    step = ratio(slip, weight)
    return Squares(weight, mean + step, scatter - slip[:, :, None] * step[:, None, :])


def merge_squares(a: Squares, b: Squares) -> Squares:
    """Chan, Golub & LeVeque (1983), eq. 2.1, for matrices."""
    weight = a.weight + b.weight
    share, step = ratio(b.weight, weight)[..., None], b.mean - a.mean
    between = (a.weight[..., None] * share * step)[..., :, None] * step[..., None, :]
    return Squares(weight, a.mean + step * share, a.scatter + b.scatter + between)


def merge(a: Scatter, b: Scatter) -> Scatter:
    """The same by roots: the scatter of both is that of the columns of theirs, and of the step between the means."""
    weight = a.weight + b.weight
    share, step = ratio(b.weight, weight)[..., None], b.mean - a.mean
    mean, between = a.mean + step * share, jnp.sqrt(a.weight[..., None] * share) * step
    rows = jnp.concatenate([a.root.swapaxes(-1, -2), b.root.swapaxes(-1, -2), between[..., None, :]], -2)
    return Scatter(weight, mean, root.of_rows(rows, weight[..., None] * mean**2))


def pool(names: frozenset[str]) -> Pool | None:
    """The rule for groups with their own loc and one scale: the scatter within the groups, all together."""
    if names == {"loc", "scale_tril"}:
        return lambda stats: merge_all(merge, stats)
    return _within if names == {"scale_tril"} else None


def _within(stats: Scatter) -> Scatter:
    k, d = stats.mean.shape
    rows = stats.root.swapaxes(-1, -2).reshape(k * d, d)
    mean = jnp.zeros_like(stats.mean[0])
    return Scatter(stats.weight.sum(0), mean, root.of_rows(rows, mean))
