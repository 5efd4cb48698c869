"""Normal vectors with a full covariance, by its lower Cholesky factor.

    log p(x; μ, L) = −½ |L⁻¹ (x − μ)|² − Σ_j log L_jj − (d/2) log 2π      x ∈ ℝᵈ,  L lower triangular,  L_jj ≥ 0

Kept in location-scale form, each group centred on its own mean: clusters at ±1000 with a spread of 0.1 keep their
digits in float32. The maximum-likelihood mean and covariance L Lᵀ are those of the data.  Mardia, Kent & Bibby (1979),
Multivariate Analysis, §4.2.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import quadratic, scatter, triangular
from genjax_lab.blocks import map_blocks
from genjax_lab.constraints import real, scale_tril
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, smoothing_of
from genjax_lab.families.normal import factor_penalty
from genjax_lab.gamma_function import HALF_LOG_TWO_PI
from genjax_lab.numerics import EXACT
from genjax_lab.space import reals
from genjax_lab.types import Key, Params, Smoothing

ROUNDING = 32
"""How many ε of the numbers that cancel may be left where nothing is."""


@factory
def mvnormal(d: int) -> Density:
    """Normal density over vectors of `d` real numbers, correlated; `normal((d,))` is the one without correlation.

    Rows in a plane of fewer dimensions (no more rows than d, or columns that repeat each other, to some 4 ε of their
    size) give a factor with zeros on its diagonal and status BOUNDARY; log_prob is then +∞ on the plane, to rounding,
    and −∞ off it. Smoothing {"scale_tril": v} adds v to every variance, in squared units of x, and prevents it; a
    scalar smoothing is a pseudo-count and leaves a normal as it is. A mixture with a component that is 1/300 as wide in
    one direction as in another ends FLAT in float32: its curvature along that one is below rounding.

    Args:
      d: length of an event.

    Returns:
      A density with params {"loc": f[d], "scale_tril": f[d, d]}, in units of x; what is above the diagonal is not read.

    Raises:
      ValueError: for a `d` below 1.

    Example:
      >>> fit = gl.fit(gl.mvnormal(2), jnp.array([[0.0, 0.0], [2.0, 2.0], [0.0, 2.0], [2.0, 4.0]]))
      >>> fit.params["loc"].tolist(), fit.params["scale_tril"].tolist()
      ([1.0, 2.0], [[1.0, 0.0], [1.0, 1.0]])
    """
    if d < 1:
        raise ValueError(f"mvnormal: d = {d} must be at least 1")

    def init(key: Key) -> Params:
        loc, scale = jax.random.split(key)
        free = 0.3 * jax.random.normal(scale, (d * (d + 1) // 2,))
        return {"loc": jax.random.normal(loc, (d,)), "scale_tril": scale_tril(d).forward(free)}

    def sample(key: Key, params: Params) -> jax.Array:
        noise = jax.random.normal(key, (d,), params["loc"].dtype)
        return params["loc"] + jnp.matmul(jnp.tril(params["scale_tril"]), noise, precision=EXACT)

    return Density(
        space=reals((d,)),
        parameters={"loc": real((d,)), "scale_tril": scale_tril(d)},
        init=init,
        log_prob=lambda params, x: _log_prob(params["loc"], params["scale_tril"], x),
        sample=sample,
        estimator=Estimator(
            scatter.statistics,
            scatter.merge,
            lambda stats, params, smoothing: _maximise(stats, smoothing),
            _log_likelihood,
            penalty=lambda stats, params, v: factor_penalty(stats.weight, params["scale_tril"], v),
            smooths=frozenset({"scale_tril"}),
            pool=scatter.pool,
        ),
        pairwise=lambda params, x: _pairwise(params["loc"], params["scale_tril"], x),
        mean=lambda params: params["loc"],
        log_prob_masked=_log_prob_masked,
        complete=lambda key, params, x, seen: _completed(sample(key, params), params, x, seen),
    )


def _log_prob(loc: jax.Array, scale: jax.Array, x: jax.Array) -> jax.Array:
    size = jnp.abs(x) + jnp.abs(loc)
    square, off_plane = _square(scale, (x - loc)[:, None], size[:, None])
    point = jnp.diagonal(scale) == 0
    value = -0.5 * square - _log_volume(scale)
    return jnp.where(point.any(), jnp.where(off_plane, -jnp.inf, jnp.inf), value)


def _seen_factor(params: Params, seen: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The covariance, and the lower factor of that of what is seen, the rest independent with variance 1."""
    scale = jnp.tril(params["scale_tril"])
    covariance = jnp.matmul(scale, scale.T, precision=EXACT)
    both = seen[:, None] & seen[None]
    return covariance, jnp.linalg.cholesky(jnp.where(both, covariance, jnp.eye(len(seen), dtype=scale.dtype)))


def _log_prob_masked(params: Params, x: jax.Array, seen: jax.Array) -> jax.Array:
    """That of what is seen: normal too, with its rows and columns of the covariance."""
    factor = _seen_factor(params, seen)[1]
    centred = jnp.where(seen, x - params["loc"], 0.0)
    z = jax.scipy.linalg.solve_triangular(factor, centred, lower=True)
    return -0.5 * (z**2).sum() - jnp.where(seen, jnp.log(jnp.diagonal(factor)) + HALF_LOG_TWO_PI, 0.0).sum()


def _completed(drawn: jax.Array, params: Params, x: jax.Array, seen: jax.Array) -> jax.Array:
    """A draw of all, moved by what is seen of x (Matheron's rule: Journel & Huijbregts 1978, Mining Geostatistics)."""
    covariance, factor = _seen_factor(params, seen)
    off = jnp.where(seen, x - drawn, 0.0)
    weights = jnp.where(seen, jax.scipy.linalg.cho_solve((factor, True), off), 0.0)
    return jnp.where(seen, x, drawn + jnp.matmul(covariance, weights, precision=EXACT))


def _square(scale: jax.Array, v: jax.Array, size: jax.Array) -> tuple[jax.Array, jax.Array]:
    """|L⁻¹ v|² summed over columns, 0 along directions without spread; and whether v reaches out of the plane of L.

    `size` bounds the numbers of which v is the difference: what it leaves out of the plane may be their rounding.
    """
    point = jnp.diagonal(scale) == 0
    inverse = triangular.inverse(scale + jnp.diag(point.astype(scale.dtype)))
    z = jnp.matmul(inverse, v, precision=EXACT)
    spread = jnp.sqrt((jnp.tril(scale) ** 2).sum(-1))[:, None]
    rounding = ROUNDING * jnp.finfo(scale.dtype).eps * jnp.matmul(jnp.abs(inverse), size + spread, precision=EXACT)
    outside = jnp.any(point[:, None] & (jnp.abs(z) > rounding))
    return jnp.where(point[:, None], 0.0, z**2).sum(), outside


def _pairwise(loc: jax.Array, scale: jax.Array, x: jax.Array) -> jax.Array:
    """All models by one matmul where they are near each other, or one for each after centring: f[rows, models]."""
    x = x.astype(jnp.result_type(loc, x))

    def with_planes() -> jax.Array:
        return lax.map(lambda model: jax.vmap(lambda row: _log_prob(model[0], model[1], row))(x), (loc, scale)).T

    def usual() -> jax.Array:
        inverse, volume = jax.vmap(triangular.inverse)(scale), jax.vmap(_log_volume)(scale)
        return -0.5 * _squares(loc, scale, inverse, x) - volume[None]

    singular = jnp.any(jnp.diagonal(scale, axis1=-2, axis2=-1) == 0)
    return lax.cond(singular, with_planes, usual)


def _squares(loc: jax.Array, scale: jax.Array, inverse: jax.Array, x: jax.Array) -> jax.Array:
    (models, d), centre = loc.shape, loc.mean(0, keepdims=True)

    def apart() -> jax.Array:
        def of_model(model: tuple[jax.Array, jax.Array]) -> jax.Array:
            mu, own = model
            return (jnp.matmul(x - mu[None], own.T, precision=EXACT) ** 2).sum(-1)

        return lax.map(of_model, (loc, inverse)).T

    def together() -> jax.Array:
        rows = quadratic.rows_of_products(d)
        return map_blocks(lambda rows: quadratic.squares(inverse, loc - centre, rows - centre), x, rows)

    if not quadratic.pays(models, d) or d > quadratic.WIDEST:
        return apart()
    return lax.cond(quadratic.near(quadratic.distance(inverse, loc - centre, scale)), together, apart)


def _log_volume(scale: jax.Array) -> jax.Array:
    diagonal = jnp.diagonal(scale)
    return (jnp.log(jnp.where(diagonal == 0, 1.0, diagonal)) + HALF_LOG_TWO_PI).sum()


def _maximise(stats: scatter.Scatter, smoothing: Smoothing) -> Params:
    some, eye = stats.weight > 0, jnp.eye(stats.mean.shape[-1], dtype=stats.mean.dtype)
    factor = stats.factor(smoothing_of(smoothing, "scale_tril"))
    return {"loc": jnp.where(some, stats.mean, 0.0), "scale_tril": jnp.where(some, factor, eye)}


def _log_likelihood(stats: scatter.Scatter, params: Params) -> jax.Array:
    loc, scale, some = params["loc"], params["scale_tril"], stats.weight > 0
    # The columns of the covariance's root are deviations: the trace of L⁻¹ S L⁻ᵀ is a sum of squares.
    spread = stats.factor(0.0)
    within, out_within = _square(scale, spread, jnp.zeros_like(spread))
    away, out_away = _square(scale, (stats.mean - loc)[:, None], (jnp.abs(stats.mean) + jnp.abs(loc))[:, None])
    value = stats.weight * (-0.5 * (within + away) - _log_volume(scale))
    in_plane = jnp.where(out_within | out_away, -jnp.inf, jnp.inf)
    value = jnp.where(jnp.any(jnp.diagonal(scale) == 0), in_plane, value)
    return jnp.where(some, value, 0.0)
