"""Factor analysis: a few hidden coordinates, and noise that each coordinate has of its own.

    x = μ + W z + Ψ^½ ε,   z ~ N(0, I_k),  ε ~ N(0, I_d),  Ψ = diag(ψ²);     x ~ N(μ, W Wᵀ + Ψ)

The mean is that of the rows; W and Ψ climb by EM, on the rows' covariance alone, so that the rows are looked at once.
Rubin & Thayer (1982), Psychometrika 47, 69–76; each step also lets the covariance of z go free and takes it into W,
which is quicker: Liu, Rubin & Wu (1998), Biometrika 85, 755–770 (PX-EM).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from genjax_lab import low_rank, scatter, triangular
from genjax_lab.blocks import reduce_blocks, rows_of
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, smoothing_of
from genjax_lab.families.ppca import hidden_normal, require_fewer
from genjax_lab.groups import Groups
from genjax_lab.numerics import EXACT
from genjax_lab.scatter import Squares
from genjax_lab.statistic import per_row
from genjax_lab.types import Event, Params, Smoothing

LEAST_START = 0.05
"""Share of a coordinate's variance that is noise, at least, at the start."""


EDGE = 0.1
"""Of a coordinate whose noise has more than this share of its variance, none is not tried."""


class Rooted(NamedTuple):
    """A group's weight, mean, and a root R f[d, d] of its covariance: R Rᵀ = Σ w (x − mean)(x − mean)ᵀ / Σ w."""

    weight: jax.Array
    mean: jax.Array
    root: jax.Array


@factory
def factor_analysis(d: int, k: int) -> Density:
    """Normal density over vectors of `d` real numbers that k hidden coordinates and noise of each of them make up.

    Units do not matter: a coordinate times c has its rows of W and its scale times c. Only W Wᵀ counts, W may be
    turned, W R with R orthogonal, and so may the hidden coordinates; a fit gives a W that is zero above its diagonal.
    For (d − k)² < d + k there are more numbers than the covariance has, and a fit ends FLAT. A coordinate without noise
    (Heywood's case) ends at scale 0, status BOUNDARY, one that is constant DEGENERATE; smoothing {"scale": v} adds v to
    every variance, and prevents both.

    Args:
      d: length of an event.
      k: number of hidden coordinates, 1..d−1.

    Returns:
      A density with params {"loc": f[d], "cov_factor": W f[d, k], "scale": ψ f[d]}, in units of x. `gl.encode` gives
      the mean of the hidden coordinates of an event, `gl.decode` the mean of an event with some.

    Raises:
      ValueError: for a k that is not in 1..d−1.

    Example:
      >>> truth = {"loc": jnp.zeros(4), "cov_factor": jnp.ones((4, 1)), "scale": jnp.array([0.3, 0.6, 1.0, 1.5])}
      >>> x = gl.sample(gl.factor_analysis(4, 1), jax.random.key(0), truth, 20_000)
      >>> fit = gl.fit(gl.factor_analysis(4, 1), x, key=jax.random.key(1), method=gl.em(curvature=False))
      >>> np.asarray(fit.params["scale"]).round(1)
      array([0.3, 0.6, 1. , 1.5], dtype=float32)
    """
    require_fewer("factor_analysis", d, k)
    return hidden_normal(
        d, k, shared=False,
        estimator=Estimator(
            scatter.about_means,
            scatter.merge_squares,
            lambda stats, params, smoothing: _maximise(stats, params, k, smoothing),
            lambda stats, params: _log_likelihood(stats, params),
            exact=False,
            penalty=_penalty,
            smooths=frozenset({"scale"}),
            digest=_digest,
            retold=lambda told, params: told,
            scaled=lambda stats, c: stats._replace(weight=stats.weight * c, scatter=stats.scatter * c),
        ),
    )  # fmt: skip


def _digest(x: Event, weights: jax.Array | None) -> tuple[Rooted, jax.Array]:
    """All that EM looks at, and that it is all."""

    def block(rows: tuple[jax.Array, jax.Array | None]) -> Squares:
        stats = scatter.about_means(None, rows[0], None, Groups(weights=rows[1]))
        return jax.tree.map(lambda a: a[0], stats)

    return _rooted(reduce_blocks(block, scatter.merge_squares, (x, weights))), jnp.asarray(rows_of(x) > 0)


def _rooted(stats: Squares | Rooted) -> Rooted:
    """The root, from that of the correlations: no coordinate is lost beside another of larger numbers."""
    if isinstance(stats, Rooted):
        return stats
    variance = low_rank.covariance(stats, 0.0)
    unit = jnp.sqrt(jnp.diagonal(variance))
    over = 1 / jnp.where(unit > 0, unit, 1.0)
    values, vectors = low_rank.eigh(variance * over[:, None] * over[None])
    return Rooted(stats.weight, stats.mean, unit[:, None] * vectors * jnp.sqrt(values)[None])


def _maximise(stats: Squares | Rooted, params: Params, k: int, smoothing: Smoothing) -> Params:
    weight, mean, root = _rooted(stats)
    variance = smoothing_of(smoothing, "scale")
    if not (isinstance(variance, float) and variance == 0):
        root = jnp.concatenate([root, jnp.sqrt(variance) * jnp.eye(len(mean), dtype=root.dtype)], 1)
    if params is None:
        w, scale = _start(root, k)
    else:
        w, scale = _step(root, params["cov_factor"], params["scale"])
        scale = _at_edge(root, w, scale, params["scale"] == 0)
    some = weight > 0
    return {
        "loc": jnp.where(some, mean, 0.0),
        "cov_factor": jnp.where(some, low_rank.turned_down(w), 0.0),
        "scale": jnp.where(some, scale, 1.0),
    }


def _start(root: jax.Array, k: int) -> tuple[jax.Array, jax.Array]:
    """From the principal components of the correlations."""
    unit = jnp.sqrt((root**2).sum(-1))
    flat = root / jnp.where(unit > 0, unit, 1.0)[:, None]
    values, vectors = low_rank.eigh(jnp.matmul(flat, flat.T, precision=EXACT))
    w = vectors[:, -k:] * jnp.sqrt(jnp.maximum(values[-k:] - values[:-k].mean(), 0.0))[None]
    alone = jnp.maximum(1.0 - (w**2).sum(-1), LEAST_START)
    return unit[:, None] * w, unit * jnp.sqrt(alone)


def _step(root: jax.Array, w: jax.Array, scale: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One step of PX-EM: z given x, whose moments make W and the noise anew; all variances are sums of squares."""
    h = low_rank.hidden(w, scale)
    y = root / h.scale[:, None]
    z = low_rank.mean(h, y)
    spread = jnp.matmul(h.inverse.T, h.inverse, precision=EXACT)  # of z given x
    factor = triangular.cholesky(spread + jnp.matmul(z, z.T, precision=EXACT))
    back = triangular.inverse(factor)
    a = jnp.matmul(jnp.matmul(jnp.matmul(y, z.T, precision=EXACT), back.T, precision=EXACT), back, precision=EXACT)
    left = y - jnp.matmul(a, z, precision=EXACT)
    unsure = jnp.matmul(a, h.inverse.T, precision=EXACT)
    noise = h.scale * jnp.sqrt((left**2).sum(-1) + (unsure**2).sum(-1))
    return h.scale[:, None] * jnp.matmul(a, factor, precision=EXACT), noise


def _at_edge(root: jax.Array, w: jax.Array, scale: jax.Array, before: jax.Array) -> jax.Array:
    """The noise, 0 where it was so `before` and would be again, and in one coordinate more; EM alone comes no nearer.

    All else held, the likelihood of a variance t = ψ_j² has its maximum at t + (Q − P)/P², P = [Σ⁻¹]_jj and
    Q = [Σ⁻¹ S Σ⁻¹]_jj, if that is above 0, and else at 0.  Zhao, Yu & Jiang (2008), Stat. Comput. 18, 109–123, §3.
    """
    h = low_rank.hidden(w, scale)
    y = root / h.scale[:, None]
    left = y - jnp.matmul(h.loading, low_rank.mean(h, y), precision=EXACT)
    p = 1.0 - (jnp.matmul(h.inverse, h.loading.T, precision=EXACT) ** 2).sum(0)  # P and Q in units of 1/ψ²
    best = 1.0 + ((left**2).sum(-1) - p) / p**2
    falls = (best <= 0) & (scale**2 < EDGE * ((w**2).sum(-1) + scale**2))
    stays = before & falls
    nearest = jnp.arange(len(scale)) == jnp.argmin(jnp.where(falls & ~before, best, jnp.inf))
    joins = nearest & falls & (stays.sum() < w.shape[1])
    return jnp.where(stays | joins, 0.0, scale)


def _log_likelihood(stats: Squares | Rooted, params: Params) -> jax.Array:
    weight, mean, root = _rooted(stats)
    at = Squares(weight, mean, root)
    return low_rank.total(at, root, params["loc"], params["cov_factor"], params["scale"])


def _penalty(stats: Squares | Rooted, params: Params, smoothing: Smoothing) -> jax.Array:
    """What a variance v of every row's own adds: −½ v tr (W Wᵀ + Ψ)⁻¹ a row."""
    trace = low_rank.inverse_trace(low_rank.hidden(params["cov_factor"], params["scale"]))
    return per_row(stats.weight, smoothing_of(smoothing, "scale"), 0.5 * trace)
