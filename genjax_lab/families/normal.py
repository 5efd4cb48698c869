"""Normal numbers, independent, one mean and one standard deviation a coordinate.

    log p(x; μ, σ) = −Σ_j (½ ((x_j − μ_j) / σ_j)² + log σ_j + ½ log 2π)      x_j ∈ ℝ,  σ_j ≥ 0

Kept in location-scale form: in float32 the natural form of N(1000, 0.1²) is wrong in the first digit. The maximum-
likelihood mean and variance are those of the data.  Casella & Berger (2002), §7.2.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import triangular
from genjax_lab.constraints import positive, real
from genjax_lab.density import Density, factory
from genjax_lab.estimator import smoothing_of
from genjax_lab.gamma_function import HALF_LOG_TWO_PI
from genjax_lab.numerics import EXACT
from genjax_lab.quadratic import near, pays
from genjax_lab.seen import independent
from genjax_lab.space import reals, whole_shape
from genjax_lab.statistic import Moments, from_moments, per_row
from genjax_lab.types import Params, Shape, Smoothing

UNROLLED = 512
"""Terms of one row (models x coordinates) that are written out in one loop over the rows."""


@factory
def normal(shape: Shape = ()) -> Density:
    """Normal density over real numbers in an array of the given shape, coordinates independent.

    A scale of 0 is a point: log_prob is +∞ there and −∞ elsewhere. Smoothing {"scale": v} adds v to each fitted
    variance, in squared units of x; a scalar smoothing is a pseudo-count and leaves a normal as it is.

    Args:
      shape: shape of one event.

    Returns:
      A density with params {"loc": f[shape], "scale": f[shape]}, in units of x.

    Example:
      >>> fit = gl.fit(gl.normal(), jnp.array([1.0, 3.0]))
      >>> float(fit.params["loc"]), float(fit.params["scale"])
      (2.0, 1.0)
    """
    shape = whole_shape(shape)

    def init(key: jax.Array) -> Params:
        loc, scale = jax.random.split(key)
        return {"loc": jax.random.normal(loc, shape), "scale": jnp.exp(0.5 * jax.random.normal(scale, shape))}

    return Density(
        space=reals(shape),
        parameters={"loc": real(shape), "scale": positive(shape)},
        init=init,
        log_prob=lambda params, x: _log_prob(params["loc"], params["scale"], x),
        sample=lambda key, params: params["loc"] + params["scale"] * jax.random.normal(key, shape, params["loc"].dtype),
        estimator=from_moments(_maximise, _log_likelihood, _penalty),
        pairwise=lambda params, x: _pairwise(params["loc"], params["scale"], x),
        mean=lambda params: params["loc"],
        **independent(normal, shape),
    )


def _log_prob(loc: jax.Array, scale: jax.Array, x: jax.Array) -> jax.Array:
    point = scale == 0
    sigma = jnp.where(point, 1.0, scale)
    z = jnp.where(point, 0.0, (x - loc) / sigma)
    value = -(0.5 * z**2 + jnp.log(sigma) + HALF_LOG_TWO_PI).sum()
    value = jnp.where(point.any(), jnp.inf, value)
    return jnp.where((point & (x != loc)).any(), -jnp.inf, value)


def _pairwise(loc: jax.Array, scale: jax.Array, x: jax.Array) -> jax.Array:
    models, rows = loc.shape[0], x.shape[0]
    loc, scale, x = loc.reshape(models, -1), scale.reshape(models, -1), x.reshape(rows, -1)
    x = x.astype(jnp.result_type(loc, x))

    def with_points() -> jax.Array:
        return jax.vmap(jax.vmap(_log_prob, (0, 0, None)), (None, None, 0))(loc, scale, x)

    def usual() -> jax.Array:
        constant = (jnp.log(scale) + HALF_LOG_TWO_PI).sum(-1)
        return -0.5 * _squares(x, loc, 1 / scale) - constant[None]

    return with_points() if models > UNROLLED else lax.cond(jnp.any(scale == 0), with_points, usual)


def _squares(x: jax.Array, loc: jax.Array, inverse: jax.Array) -> jax.Array:
    """Σ_j ((x_ij − μ_cj) / σ_cj)²: f[rows, models]; two matmuls where the models lie near each other.

    About a common centre, y = x − c and m = μ − c, the square is y²/σ² − 2 y m/σ² + m²/σ², whose rounding is some
    ε Σ m²/σ² beside that of the square itself: clusters at 1000 with a spread of 0.1 are no case for it, nor is one of
    several that is so far from the others.
    """
    if not pays(*loc.shape):
        return _squares_apart(x, loc, inverse)
    centre = loc.mean(0, keepdims=True)
    away = (loc - centre) * inverse

    def together() -> jax.Array:
        y = x - centre
        square = jnp.matmul(inverse**2, (y**2).T, precision=EXACT)
        cross = jnp.matmul(away * inverse, y.T, precision=EXACT)
        return jnp.maximum(square - 2 * cross + (away**2).sum(-1)[:, None], 0.0).T

    return lax.cond(near(away), together, lambda: _squares_apart(x, loc, inverse))


def _squares_apart(x: jax.Array, loc: jax.Array, inverse: jax.Array) -> jax.Array:
    """The same, each row centred on each model, a few coordinates at a time: no array [rows, models, d]."""
    (models, d), rows = loc.shape, x.shape[0]
    steps = -(-models * d // UNROLLED)
    width = -(-d // steps)

    def chunks(a: jax.Array) -> jax.Array:
        padded = jnp.pad(a, ((0, 0), (0, steps * width - d)))  # a padded coordinate has σ⁻¹ = 0 and adds nothing
        return padded.reshape(-1, steps, width).swapaxes(0, 1)

    def add(total: jax.Array, part: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        x, mu, inv = part
        each = [sum(((x[:, j] - mu[c, j]) * inv[c, j]) ** 2 for j in range(width)) for c in range(models)]
        return total + jnp.stack([jnp.asarray(one) for one in each], 1), None

    return lax.scan(add, jnp.zeros((rows, models), x.dtype), (chunks(x), chunks(loc), chunks(inverse)))[0]


def _maximise(stats: Moments, smoothing: Smoothing) -> Params:
    some = stats.weight > 0
    variance = stats.variance + smoothing_of(smoothing, "scale")
    return {"loc": jnp.where(some, stats.mean, 0.0), "scale": jnp.where(some, jnp.sqrt(variance), 1.0)}


def _penalty(stats: Moments, params: Params, smoothing: Smoothing) -> jax.Array:
    """What a variance v of every row's own, beside that of the rows, adds: −v/2σ² a row."""
    return per_row(stats.weight, smoothing_of(smoothing, "scale"), 0.5 / params["scale"] ** 2)


def factor_penalty(weight: jax.Array, scale: jax.Array, smoothing: Smoothing) -> jax.Array:
    """The same with a full covariance, by its factor: −½ v tr Σ⁻¹ a row."""
    return per_row(weight, smoothing_of(smoothing, "scale_tril"), 0.5 * (triangular.inverse(scale) ** 2).sum())


def _log_likelihood(stats: Moments, params: Params) -> jax.Array:
    loc, scale = params["loc"], params["scale"]
    point = scale == 0
    sigma = jnp.where(point, 1.0, scale)
    spread = stats.scatter + stats.weight * (stats.mean - loc) ** 2
    log_p = -(0.5 * spread / sigma**2 + stats.weight * (jnp.log(sigma) + HALF_LOG_TWO_PI)).sum()
    at_points = jnp.where((point & (spread > 0)).any(), -jnp.inf, jnp.inf)
    return jnp.where(stats.weight > 0, jnp.where(point.any(), at_points, log_p), 0.0)
