"""Squared distances of rows from many points, a block of rows at a time; and the nearest points, exactly.

|x − p|² = |x|² − 2 x·p + |p|² is one matmul, whose rounding is some ε |p|² about the common centre. Where that may be
seen, each row is subtracted from each point instead, coordinate by coordinate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import block_rows, even_rows
from genjax_lab.numerics import EXACT
from genjax_lab.quadratic import near

FEW = 4
"""Up to so many coordinates, subtracting each row from each point takes no longer than the matmul."""

UNROLLED = 16
"""Coordinates that are written out in one loop over the points."""

LANES = 32
"""Points of which only the nearest is looked at first, when the nearest of all are sought."""

SPARE = 12
"""More candidates than neighbours that the matmul's distances name, before exact ones choose among them."""


def over_blocks(
    f: Callable[..., Any],
    x: jax.Array,
    points: jax.Array,
    inverse: jax.Array,
    more: Any = None,
) -> Any:
    """Apply `f` to blocks of squared distances Σ_j ((x_ij − p_lj) / h_j)²; join the results.

    Args:
      f: (squares f[r, n], more[r]) -> arrays of r rows.
      x: rows f[m, d].
      points: f[n, d].
      inverse: f[d], 1 / h.
      more: what else a block is to have of its rows.

    Returns:
      What `f` of all squares would be, without an array [m, n] or [m, n, d].
    """
    x = x.astype(jnp.result_type(points, x))

    def apart() -> Any:
        return _over(lambda x, more: f(_apart(x, points, inverse), more), len(points), x, more)

    if points.shape[1] <= FEW:
        return apart()
    centre = points.mean(0, keepdims=True)
    away = (points - centre) * inverse[None]
    size = (away**2).sum(-1)

    def together() -> Any:
        def block(x: jax.Array, more: Any) -> Any:
            y = (x - centre) * inverse[None]
            cross = jnp.matmul(y, away.T, precision=EXACT)
            return f(jnp.maximum((y**2).sum(-1)[:, None] + size[None] - 2 * cross, 0.0), more)

        return _over(block, len(points), x, more)

    return lax.cond(near(away), together, apart)


def nearest(x: jax.Array, points: jax.Array, count: jax.Array, k: int) -> tuple[jax.Array, jax.Array]:
    """Squared Euclidean distances of the k nearest of the first `count` points, in their order, and which they are.

    The matmul names candidates; distances without its rounding choose among them. Where that rounding could hide a
    neighbour, a block is done again without it.

    Args:
      x: rows f[m, d].
      points: f[n, d].
      count: int[], at most n.
      k: neighbours, at most n.

    Returns:
      f[m, k], +∞ where there are fewer than k points; int[m, k].
    """
    (n, d), wide = points.shape, 2 * k + SPARE
    x = x.astype(jnp.result_type(points, x))
    present = jnp.arange(n, dtype=count.dtype) < count
    unit = jnp.ones(d, points.dtype)

    def exactly(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        return _smallest(jnp.where(present[None], _apart(x, points, unit), jnp.inf), k)

    if d <= FEW or wide >= n:
        return _over(lambda x, _: exactly(x), n, x, None)
    centre = jnp.where(present[:, None], points, 0.0).sum(0, keepdims=True) / jnp.maximum(count, 1)
    away = jnp.where(present[:, None], points - centre, 0.0)
    size = (away**2).sum(-1)
    furthest = jnp.sqrt(size.max())

    def block(x: jax.Array, _: Any) -> tuple[jax.Array, jax.Array]:
        y = x - centre
        own = (y**2).sum(-1)[:, None]
        rough = own + size[None] - 2 * jnp.matmul(y, away.T, precision=EXACT)
        bound, place = _smallest(jnp.where(present[None], rough, jnp.inf), wide)
        each = ((x[:, None] - points[place]) ** 2).sum(-1)
        negative, best = lax.top_k(-jnp.where(present[place], each, jnp.inf), k)
        rounding = (d + 4) * jnp.finfo(points.dtype).eps * (jnp.sqrt(own[:, 0]) + furthest) ** 2
        sure = jnp.all(-negative[:, -1] <= bound[:, -1] - rounding)
        found = -negative, jnp.take_along_axis(place, best, 1)
        return lax.cond(sure, lambda: found, lambda: exactly(x))

    return _over(block, n, x, None)


def _over(f: Callable[[jax.Array, Any], Any], n: int, *rows: Any) -> Any:
    """Apply `f` to blocks of rows so few that their distances from n points stay in the cache.

    The last block is filled up with the last row, so that there is one length, compiled once.
    """
    m = len(rows[0])
    length = even_rows(m, block_rows(rows[0], n))
    blocks = -(-m // length)

    def cut(a: jax.Array) -> jax.Array:
        pad = [(0, blocks * length - m)] + [(0, 0)] * (a.ndim - 1)
        return jnp.pad(a, pad, mode="edge").reshape(blocks, length, *a.shape[1:])

    found = lax.map(lambda part: f(*part), tuple(jax.tree.map(cut, each) for each in rows))
    return jax.tree.map(lambda a: a.reshape(blocks * length, *a.shape[2:])[:m], found)


def _apart(x: jax.Array, points: jax.Array, inverse: jax.Array) -> jax.Array:
    """Σ_j ((x_ij − p_lj) / h_j)², f[r, n], each row subtracted from each point: no array [r, n, d]."""
    d = points.shape[1]

    def some(x: jax.Array, points: jax.Array, inverse: jax.Array) -> jax.Array:
        each = [((x[:, j, None] - points[None, :, j]) * inverse[j]) ** 2 for j in range(x.shape[1])]
        return sum(each[1:], each[0])

    if d <= UNROLLED:
        return some(x, points, inverse)
    steps = -(-d // UNROLLED)
    pad = steps * UNROLLED - d  # a padded coordinate has 1 / h = 0 and adds nothing

    def chunks(a: jax.Array) -> jax.Array:
        return jnp.moveaxis(jnp.pad(a, ((0, 0), (0, pad))).reshape(len(a), steps, UNROLLED), 1, 0)

    def add(total: jax.Array, part: Any) -> tuple[jax.Array, None]:
        x, points, inverse = part
        return total + some(x, points, inverse[0]), None

    start = jnp.zeros((len(x), len(points)), points.dtype)
    return lax.scan(add, start, (chunks(x), chunks(points), chunks(inverse[None])))[0]


def _smallest(values: jax.Array, k: int) -> tuple[jax.Array, jax.Array]:
    """The k smallest of each row f[r, n], in order, and their places.

    The k smallest lie in the k groups of the smallest least values, so that few are sorted: on a CPU little more than
    the time of finding the least, where `lax.top_k` over all takes three times that.
    """
    r, n = values.shape
    if n <= 2 * k * LANES:
        negative, place = lax.top_k(-values, k)
        return -negative, place
    groups = -(-n // LANES)
    padded = jnp.pad(values, ((0, 0), (0, groups * LANES - n)), constant_values=jnp.inf).reshape(r, LANES, groups)
    _, chosen = lax.top_k(-padded.min(1), k)
    candidates = jnp.take_along_axis(padded, chosen[:, None], 2).reshape(r, LANES * k)
    place = chosen[:, None] + groups * jnp.arange(LANES, dtype=chosen.dtype)[None, :, None]
    negative, best = lax.top_k(-candidates, k)
    return -negative, jnp.minimum(jnp.take_along_axis(place.reshape(r, LANES * k), best, 1), n - 1)
