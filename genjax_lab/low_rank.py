"""Normal vectors whose covariance is that of a few hidden coordinates, and noise: all by matrices of k × k.

    x = μ + W z + Ψ^½ ε,   z ~ N(0, I_k),  ε ~ N(0, I_d),  Ψ = diag(ψ²);     cov x = W Wᵀ + Ψ

With A = Ψ^−½ W, y = Ψ^−½ (x − μ) and M = I + AᵀA, the hidden coordinates given x are normal with mean m = M⁻¹Aᵀy and
covariance M⁻¹, and

    (x − μ)ᵀ (W Wᵀ + Ψ)⁻¹ (x − μ) = |y − A m|² + |m|²,   log |W Wᵀ + Ψ| = log |M| + 2 Σ_j log ψ_j

The square is the least value over all m: a rounding error of m counts by its square.
Woodbury (1950); Tipping & Bishop (1999), J. R. Stat. Soc. B 61, 611–622, §3.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import triangular
from genjax_lab.constraints import Constraint
from genjax_lab.gamma_function import HALF_LOG_TWO_PI
from genjax_lab.numerics import EXACT
from genjax_lab.scatter import Squares
from genjax_lab.types import Key

ROUNDING = 256
"""How many ε of the numbers that cancel may be left where nothing is; hidden coordinates of a plane are no nearer."""

FLAT = 4
"""How many ε of the largest variance may be rounding."""


class Hidden(NamedTuple):
    """What x tells of the hidden coordinates, and what is left of it, in units of the noise.

    Attributes:
      scale: ψ, f[d]; a stand-in where it is 0.
      loading: A, f[d, k].
      inverse: of the lower factor of M, f[k, k].
      log_volume: ½ log |W Wᵀ + Ψ| + (d/2) log 2π, f[].
      point: where the density has no width, bool[d].
    """

    scale: jax.Array
    loading: jax.Array
    inverse: jax.Array
    log_volume: jax.Array
    point: jax.Array


def loading(d: int, k: int) -> Constraint:
    """Matrices W f[d, k] of which only W Wᵀ counts: turned so that W is zero above its diagonal.

    That leaves d k − k (k − 1)/2 degrees of freedom; the coordinates are the entries of W that are left, by rows.
    """
    at = [(i, j) for i in range(d) for j in range(min(i + 1, k))]
    rows, columns = (tuple(one) for one in zip(*at, strict=True))

    def forward(z: jax.Array) -> jax.Array:
        return jnp.zeros((d, k), z.dtype).at[jnp.asarray(rows), jnp.asarray(columns)].set(z)

    def finite(p: jax.Array) -> jax.Array:
        return jnp.isfinite(p).all()

    def inverse(p: jax.Array) -> jax.Array:
        return turned_down(p)[jnp.asarray(rows), jnp.asarray(columns)]

    return Constraint("loading", (d, k), len(rows), forward, inverse, finite, finite)


def turned_down(w: jax.Array) -> jax.Array:
    """W by Householder reflections of its columns: zero above the diagonal, and nowhere negative on it."""
    k = w.shape[1]

    def reflect(w: jax.Array, j: jax.Array) -> tuple[jax.Array, None]:
        rest = jnp.arange(k) >= j
        row = jnp.where(rest, w[j], 0.0)
        length = jnp.sqrt((row**2).sum())
        sign = jnp.where(row[j] > 0, -1.0, 1.0)
        v = row - jnp.where(jnp.arange(k) == j, sign * length, 0.0)
        size = (v**2).sum()
        along = 2 * jnp.matmul(w, v, precision=EXACT) / jnp.where(size > 0, size, 1.0)
        w = w - along[:, None] * v[None]
        return jnp.where((jnp.arange(k) == j)[None], sign * w, w), None

    return lax.scan(reflect, w, jnp.arange(k))[0]


def upright(w: jax.Array) -> jax.Array:
    """W with the sign of each column chosen so that its largest entry is positive."""
    peak = jnp.take_along_axis(w, jnp.argmax(jnp.abs(w), 0)[None], 0)
    return w * jnp.where(peak < 0, -1.0, 1.0)


def hidden(w: jax.Array, scale: jax.Array, seen: jax.Array | None = None) -> Hidden:
    """The matrices above, of the coordinates that are seen, bool[d], or of all.

    A coordinate without noise, ψ = 0, is told by the hidden ones; up to k of them leave the density a width, and their
    ψ is taken as √ε of their own size. More, or one that does not depend on the hidden ones, leave it none.
    """
    d, k = w.shape
    size = jnp.sqrt((lax.stop_gradient(w) ** 2).sum(-1))  # a stand-in has no slope
    there = jnp.ones(d, bool) if seen is None else seen
    zero = (scale == 0) & there
    point = zero & ((zero.sum() > k) | (size == 0))
    least = jnp.sqrt(8 * jnp.finfo(w.dtype).eps) * size
    scale = jnp.where(zero, jnp.where(size > 0, least, 1.0), scale)
    a = jnp.where(there[:, None], w / jnp.where(there, scale, 1.0)[:, None], 0.0)
    m = jnp.eye(k, dtype=w.dtype) + jnp.matmul(a.T, a, precision=EXACT)
    factor = lax.linalg.cholesky(m)
    logs = jnp.where(there, jnp.log(jnp.where(there, scale, 1.0)) + HALF_LOG_TWO_PI, 0.0)
    return Hidden(scale, a, triangular.inverse(factor), logs.sum() + jnp.log(jnp.diagonal(factor)).sum(), point)


def mean(h: Hidden, y: jax.Array) -> jax.Array:
    """m of y f[d], or of the columns of f[d, n]."""
    first = jnp.matmul(h.inverse, jnp.matmul(h.loading.T, y, precision=EXACT), precision=EXACT)
    return jnp.matmul(h.inverse.T, first, precision=EXACT)


def square(h: Hidden, v: jax.Array, size: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The square above summed over columns v f[d, n], without what has no width; and whether v reaches out of that.

    `size` bounds the numbers of which v is the difference: what it leaves may be their rounding.
    """
    y = v / h.scale[:, None]
    m = mean(h, y)
    left = y - jnp.matmul(h.loading, m, precision=EXACT)
    told = jnp.matmul(jnp.abs(h.loading), jnp.abs(m), precision=EXACT) * h.scale[:, None]
    rounding = ROUNDING * jnp.finfo(y.dtype).eps * (size + told)
    outside = jnp.any(h.point[:, None] & (jnp.abs(left) * h.scale[:, None] > rounding))
    return jnp.where(h.point[:, None], 0.0, left**2).sum() + (m**2).sum(), outside


def log_prob(loc: jax.Array, w: jax.Array, scale: jax.Array, x: jax.Array, seen: jax.Array | None = None) -> jax.Array:
    """log p of an event f[d], or of what is seen of it."""
    h = hidden(w, scale, seen)
    v, size = x - loc, jnp.abs(x) + jnp.abs(loc)
    if seen is not None:
        v, size = jnp.where(seen, v, 0.0), jnp.where(seen, size, 0.0)
    total, outside = square(h, v[:, None], size[:, None])
    value = -0.5 * total - h.log_volume
    return jnp.where(h.point.any(), jnp.where(outside, -jnp.inf, jnp.inf), value)


def posterior(
    loc: jax.Array, w: jax.Array, scale: jax.Array, x: jax.Array, seen: jax.Array | None = None
) -> tuple[jax.Array, jax.Array]:
    """Mean f[k] and covariance f[k, k] of the hidden coordinates given what is seen of an event."""
    h = hidden(w, scale, seen)
    v = x - loc if seen is None else jnp.where(seen, x - loc, 0.0)
    return mean(h, v / h.scale), jnp.matmul(h.inverse.T, h.inverse, precision=EXACT)


def sample(key: Key, loc: jax.Array, w: jax.Array, scale: jax.Array) -> jax.Array:
    """One event f[d]."""
    inside, noise = jax.random.split(key)
    z = jax.random.normal(inside, w.shape[1:], w.dtype)
    return loc + jnp.matmul(w, z, precision=EXACT) + scale * jax.random.normal(noise, loc.shape, w.dtype)


def complete(key: Key, loc: jax.Array, w: jax.Array, scale: jax.Array, x: jax.Array, seen: jax.Array) -> jax.Array:
    """x where it is seen; elsewhere a draw: hidden coordinates given what is seen, then noise."""
    inside, noise = jax.random.split(key)
    h = hidden(w, scale, seen)
    drawn = jax.random.normal(inside, w.shape[1:], w.dtype)
    z = mean(h, jnp.where(seen, x - loc, 0.0) / h.scale) + jnp.matmul(h.inverse.T, drawn, precision=EXACT)
    new = loc + jnp.matmul(w, z, precision=EXACT) + scale * jax.random.normal(noise, loc.shape, w.dtype)
    return jnp.where(seen, x, new)


def inverse_trace(h: Hidden) -> jax.Array:
    """tr (W Wᵀ + Ψ)⁻¹."""
    told = jnp.matmul(h.inverse, (h.loading / h.scale[:, None]).T, precision=EXACT)
    return (1 / h.scale**2).sum() - (told**2).sum()


def covariance(stats: Squares, variance: Any) -> jax.Array:
    """That of the rows of a group, with `variance` added to that of each coordinate; 0 where there are none."""
    own = stats.scatter / jnp.where(stats.weight > 0, stats.weight, 1)
    return (
        own
        if isinstance(variance, float) and variance == 0
        else own + variance * jnp.eye(own.shape[-1], dtype=own.dtype)
    )


def total(stats: Squares, root: jax.Array, loc: jax.Array, w: jax.Array, scale: jax.Array) -> jax.Array:
    """Σ log p of the rows of a group, whose covariance has the root f[d, n]."""
    h = hidden(w, scale)
    away = (stats.mean - loc)[:, None]
    within, out_within = square(h, root, jnp.abs(root))
    beside, out_beside = square(h, away, (jnp.abs(stats.mean) + jnp.abs(loc))[:, None])
    value = stats.weight * (-0.5 * (within + beside) - h.log_volume)
    value = jnp.where(h.point.any(), jnp.where(out_within | out_beside, -jnp.inf, jnp.inf), value)
    return jnp.where(stats.weight > 0, value, 0.0)


@jax.custom_batching.custom_vmap
def eigh(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Eigenvalues f[d], from the least, none below 0, and eigenvectors in columns f[d, d] of a symmetric matrix."""
    vectors, values = lax.linalg.eigh(a)
    return jnp.maximum(values, 0.0), vectors


@eigh.def_vmap
def _one_after_another(size: int, batched: Any, a: jax.Array) -> Any:
    return lax.map(eigh, a), (True, True)
