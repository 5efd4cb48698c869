"""Probabilistic principal components: a few hidden coordinates, and the same noise in every direction.

    x = μ + W z + σ ε,   z ~ N(0, I_k),  ε ~ N(0, I_d);     x ~ N(μ, W Wᵀ + σ² I)

The maximum: μ is the mean, σ² the mean of the d − k smaller eigenvalues λ of the covariance, and the columns of W are
the eigenvectors of the k larger ones, √(λ_i − σ²) long.  Tipping & Bishop (1999), J. R. Stat. Soc. B 61, 611–622, §3.2.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from genjax_lab import low_rank, scatter
from genjax_lab.constraints import positive, real
from genjax_lab.density import Density, factory, one_after_another
from genjax_lab.estimator import Estimator, Pool, merge_all, smoothing_of
from genjax_lab.numerics import EXACT
from genjax_lab.refusal import whole_number
from genjax_lab.scatter import Squares
from genjax_lab.space import reals
from genjax_lab.statistic import per_row
from genjax_lab.types import Key, Params, Smoothing


@factory
def ppca(d: int, k: int) -> Density:
    """Normal density over vectors of `d` real numbers that k hidden coordinates and noise make up.

    Only W Wᵀ counts: W may be turned, W R with R orthogonal, and so may the hidden coordinates. A fit gives the columns
    of W orthogonal, the longest first, the largest entry of each positive. Rows in a plane of k dimensions leave no
    noise: scale 0 and status BOUNDARY; log_prob is then +∞ on the plane, to rounding, and −∞ off it. Smoothing
    {"scale": v} adds v to the variance of every coordinate, which is the noise's.

    Args:
      d: length of an event.
      k: number of hidden coordinates, 1..d−1.

    Returns:
      A density with params {"loc": f[d], "cov_factor": W f[d, k], "scale": σ f[]}, in units of x. `gl.encode` gives
      the mean of the hidden coordinates of an event, `gl.decode` the mean of an event with some.

    Raises:
      ValueError: for a k that is not in 1..d−1.

    Example:
      >>> x = jnp.array([[3.0, 4.0], [-3.0, -4.0], [4.0, -3.0], [-4.0, 3.0], [6.0, 8.0], [-6.0, -8.0]])
      >>> fit = gl.fit(gl.ppca(2, 1), x)
      >>> np.asarray(fit.params["cov_factor"]).T.round(2), round(float(fit.params["scale"]), 2)
      (array([[3.46, 4.62]], dtype=float32), 2.89)
    """
    require_fewer("ppca", d, k)
    return hidden_normal(
        d, k, shared=True,
        estimator=Estimator(
            scatter.about_means,
            scatter.merge_squares,
            lambda stats, params, smoothing: _maximise(stats, k, smoothing),
            _log_likelihood,
            penalty=_penalty,
            smooths=frozenset({"scale"}),
            pool=_pool,
            scaled=lambda stats, c: stats._replace(weight=stats.weight * c, scatter=stats.scatter * c),
        ),
    )  # fmt: skip


def require_fewer(name: str, d: int, k: int) -> None:
    """Refuse what is no number of hidden coordinates.

    Raises:
      TypeError: for what is no whole number.
      ValueError: for a k that is not in 1..d−1.
    """
    if not 1 <= whole_number(name, "k", k, 0) < whole_number(name, "d", d):
        raise ValueError(f"{name}: k = {k} hidden coordinates must be at least 1 and fewer than d = {d}")


def hidden_normal(d: int, k: int, shared: bool, estimator: Estimator) -> Density:
    """The density of hidden coordinates and noise, of which one scale is shared or each coordinate has its own."""
    spread = () if shared else (d,)

    def parts(params: Params) -> tuple[jax.Array, jax.Array, jax.Array]:
        return params["loc"], params["cov_factor"], jnp.broadcast_to(params["scale"], params["loc"].shape)

    def init(key: Key) -> Params:
        loc, w, scale = jax.random.split(key, 3)
        return {
            "loc": jax.random.normal(loc, (d,)),
            "cov_factor": jax.random.normal(w, (d, k)),
            "scale": jnp.exp(0.5 * jax.random.normal(scale, spread)),
        }

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return low_rank.log_prob(*parts(params), x)

    return Density(
        space=reals((d,)),
        parameters={"loc": real((d,)), "cov_factor": low_rank.loading(d, k), "scale": positive(spread)},
        init=init,
        log_prob=log_prob,
        sample=lambda key, params: low_rank.sample(key, *parts(params)),
        estimator=estimator,
        pairwise=one_after_another(jax.vmap(log_prob, (None, 0))),
        log_prob_masked=lambda params, x, seen: low_rank.log_prob(*parts(params), x, seen),
        complete=lambda key, params, x, seen: low_rank.complete(key, *parts(params), x, seen),
        mean=lambda params: params["loc"],
        encode=lambda params, x: low_rank.posterior(*parts(params), x)[0],
        decode=lambda params, z: params["loc"] + jnp.matmul(params["cov_factor"], z, precision=EXACT),
    )


def _maximise(stats: Squares, k: int, smoothing: Smoothing) -> Params:
    values, vectors = low_rank.eigh(low_rank.covariance(stats, smoothing_of(smoothing, "scale")))
    large, rest = values[-k:][::-1], values[:-k].mean()
    noise = jnp.where(rest <= low_rank.FLAT * jnp.finfo(values.dtype).eps * large[0], 0.0, rest)
    w = low_rank.upright(vectors[:, -k:][:, ::-1] * jnp.sqrt(jnp.maximum(large - noise, 0.0))[None])
    some = stats.weight > 0
    return {
        "loc": jnp.where(some, stats.mean, 0.0),
        "cov_factor": jnp.where(some, w, 0.0),
        "scale": jnp.where(some, jnp.sqrt(noise), 1.0),
    }


def _log_likelihood(stats: Squares, params: Params) -> jax.Array:
    values, vectors = low_rank.eigh(low_rank.covariance(stats, 0.0))
    rounding = len(values) * low_rank.FLAT * jnp.finfo(values.dtype).eps * values[-1]
    values = jnp.where((params["scale"] == 0) & (values <= rounding), 0.0, values)  # in the plane, to rounding
    scale = jnp.broadcast_to(params["scale"], stats.mean.shape)
    return low_rank.total(stats, vectors * jnp.sqrt(values)[None], params["loc"], params["cov_factor"], scale)


def _penalty(stats: Squares, params: Params, smoothing: Smoothing) -> jax.Array:
    """What a variance v of every row's own adds: −½ v tr (W Wᵀ + σ² I)⁻¹ a row."""
    h = low_rank.hidden(params["cov_factor"], jnp.broadcast_to(params["scale"], params["loc"].shape))
    return per_row(stats.weight, smoothing_of(smoothing, "scale"), 0.5 * low_rank.inverse_trace(h))


def _pool(names: frozenset[str]) -> Pool | None:
    """Groups with their own loc and one covariance: the scatter within the groups, all together."""
    if names == {"loc", "cov_factor", "scale"}:
        return functools.partial(merge_all, scatter.merge_squares)
    if names == {"cov_factor", "scale"}:
        return lambda stats: Squares(stats.weight.sum(0), jnp.zeros_like(stats.mean[0]), stats.scatter.sum(0))
    return None
