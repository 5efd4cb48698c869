"""Gamma numbers, independent, one shape and one rate a coordinate.

    log p(x; α, β) = Σ_j (α_j log β_j + (α_j − 1) log x_j − β_j x_j − log Γ(α_j))      x_j > 0,  α_j, β_j > 0

Computed as −α D(βx, α) + ½ log(α/2π) − rest(α) − log x, with D the Itakura–Saito distance, nothing of which cancels at
large α.  T(x) = (x, log x), and the maximum has α/β = mean x and log α − ψ(α) = log(mean x) − mean(log x).
Minka (2002), Estimating a Gamma distribution.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import linear, log_moments
from genjax_lab.constraints import concentration, most_concentrated, positive
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, Pool, merged_whole, smoothing_of
from genjax_lab.gamma_function import (
    HALF_LOG_TWO_PI,
    itakura_saito,
    log_less_digamma,
    stirling_rest,
    trigamma_less_inverse,
)
from genjax_lab.groups import Groups
from genjax_lab.log_moments import LogMoments
from genjax_lab.numerics import sum_logs
from genjax_lab.seen import independent
from genjax_lab.space import reals, whole_shape
from genjax_lab.statistic import per_row
from genjax_lab.types import Event, Key, Params, Shape, Smoothing

STEPS = {32: 4, 64: 6}
"""Newton steps in 1/α, where the equation is almost straight, one more than Minka's start needs: bits -> steps."""


@factory
def gamma(shape: Shape = ()) -> Density:
    """Gamma density over positive numbers in an array of the given shape, coordinates independent.

    A coordinate whose rows are all equal has its likelihood rise for ever: its concentration stops at 1/ε² of the
    dtype, with the mean of the rows and status BOUNDARY. Smoothing {"concentration": v} adds v to log(mean x) −
    mean(log x) and so keeps a fitted concentration near or below 1/(2v); a scalar smoothing, a pseudo-count, leaves a
    gamma as it is.

    Args:
      shape: shape of one event.

    Returns:
      A density with params {"concentration": f[shape], without unit, "rate": f[shape], in 1/units of x}.

    Example:
      >>> fit = gl.fit(gl.gamma(), jnp.array([1.0, 2.0, 6.0]))
      >>> round(float(fit.params["concentration"]), 3), round(float(fit.params["rate"]), 3)
      (2.0, 0.667)
    """
    shape = whole_shape(shape)
    space = reals(shape, low=0.0)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return sum_logs(_log_density(params["concentration"], params["rate"], x).reshape(-1))

    def init(key: Key) -> Params:
        first, second = jax.random.split(key)
        return {
            "concentration": jnp.exp(0.5 * jax.random.normal(first, shape)) + 0.5,
            "rate": jnp.exp(0.5 * jax.random.normal(second, shape)),
        }

    def sample(key: Key, params: Params) -> jax.Array:
        standard = jax.random.gamma(key, params["concentration"], shape)
        return jnp.maximum(standard / params["rate"], jnp.finfo(standard.dtype).tiny)

    return Density(
        space=space,
        parameters={"concentration": concentration(shape), "rate": positive(shape)},
        init=init,
        log_prob=log_prob,
        sample=sample,
        estimator=Estimator(
            _statistics,
            log_moments.merge,
            lambda stats, params, smoothing: _maximise(stats, smoothing),
            _log_likelihood,
            penalty=_penalty,
            smooths=frozenset({"concentration"}),
            pool=_pool,
        ),
        pairwise=lambda params, x: _pairwise(params["concentration"], params["rate"], x),
        **independent(gamma, shape),
    )


def _log_density(alpha: jax.Array, beta: jax.Array, x: jax.Array) -> jax.Array:
    """log p of each coordinate; −∞ outside x > 0 and for parameters on the boundary."""
    outside = (x <= 0) | (x == jnp.inf) | (alpha <= 0) | (beta <= 0)
    alpha, beta, x = (jnp.where(outside, 1.0, a) for a in (alpha, beta, x))
    height = 0.5 * jnp.log(alpha) - HALF_LOG_TWO_PI - stirling_rest(alpha)
    return jnp.where(outside, -jnp.inf, height - alpha * itakura_saito(beta * x, alpha) - jnp.log(x))


def _pairwise(alpha: jax.Array, beta: jax.Array, x: jax.Array) -> jax.Array:
    models, rows = alpha.shape[0], x.shape[0]
    alpha, beta, x = alpha.reshape(models, -1), beta.reshape(models, -1), x.reshape(rows, -1)
    x = x.astype(jnp.result_type(alpha, x))

    def one_by_one() -> jax.Array:
        each = jax.vmap(lambda a, b, row: sum_logs(_log_density(a, b, row)), (0, 0, None))
        return jax.vmap(each, (None, None, 0))(alpha, beta, x)

    fits = linear.small(alpha) & jnp.all((beta > 0) & (beta < jnp.inf))
    a, b, y = (
        jnp.where(fits, alpha, 1.0),
        jnp.where(fits, beta, 1.0),
        jnp.where(x <= 0, 1.0, x),
    )  # finite slopes; NaN stays
    normaliser = (linear.log_gamma(a) - a * jnp.log(b)).sum(-1)
    t, eta = jnp.concatenate([jnp.log(y), y], 1), jnp.concatenate([a - 1, -b], 1)
    return linear.matmul_or(one_by_one, fits, t, eta, normaliser)


def _statistics(params: Params, x: jax.Array, given: Event, groups: Groups) -> LogMoments:
    return log_moments.gather(x, groups)


def _maximise(stats: LogMoments, smoothing: Smoothing) -> Params:
    some = stats.weight > 0
    deficit = stats.deficit + smoothing_of(smoothing, "concentration")
    alpha = jnp.where(some, _solve(jnp.where(some, deficit, 1.0)), 1.0)
    return {"concentration": alpha, "rate": alpha / jnp.where(some, stats.mean, 1.0)}


def _penalty(stats: LogMoments, params: Params, smoothing: Smoothing) -> jax.Array:
    """A mean of log x that is less by v takes vα from the log-likelihood of every row."""
    return per_row(stats.weight, smoothing_of(smoothing, "concentration"), params["concentration"])


def _solve(deficit: jax.Array) -> jax.Array:
    """The α > 0 with log α − ψ(α) = deficit, by Newton in 1/α, no step over a factor of 4; at most 1/ε²."""
    most = most_concentrated(deficit.dtype)
    s = jnp.maximum(deficit, 0.5 / most)
    alpha = (3 - s + jnp.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)

    def stepped(_: int, alpha: jax.Array) -> jax.Array:
        step = (log_less_digamma(alpha) - s) / (alpha * trigamma_less_inverse(alpha))
        return alpha / jnp.clip(1 - step, 0.25, 4.0)

    alpha = lax.fori_loop(0, STEPS[jnp.finfo(s.dtype).bits], stepped, alpha)
    return jnp.where(deficit <= 0.5 / most, most, jnp.minimum(alpha, most))


def _log_likelihood(stats: LogMoments, params: Params) -> jax.Array:
    some = stats.weight > 0
    at_mean = _log_density(params["concentration"], params["rate"], jnp.where(some, stats.mean, 1.0))
    # log p is linear in (x, log x): the mean of log p is log p at the mean, and what the mean of log x falls short.
    mean = (at_mean - (params["concentration"] - 1) * stats.deficit).sum()
    return jnp.where(some, stats.weight * mean, 0.0)


def _pool(names: frozenset[str]) -> Pool | None:
    return merged_whole(log_moments.merge)(names) if names == {"concentration", "rate"} else None
