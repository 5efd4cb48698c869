"""Dirichlet vectors: k positive numbers that add up to 1, such as shares of a whole.

    log p(x; α) = log Γ(n) − Σ_j log Γ(α_j) + Σ_j (α_j − 1) log x_j      x_j > 0,  Σ_j x_j = 1,  α_j > 0,  n = Σ_j α_j

against Lebesgue measure on the first k − 1 numbers. Computed as −Σ_j α_j D(n x_j, α_j) + ½ Σ_j log α_j − ½ log n − …,
with D the Itakura–Saito distance, nothing of which cancels at large α; x is taken to add up to 1 exactly.
T(x) = log x, and the likelihood is concave in α.  Minka (2000), Estimating a Dirichlet distribution.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from genjax_lab import linear, log_moments
from genjax_lab.constraints import concentration
from genjax_lab.density import Density, factory
from genjax_lab.dirichlet_climb import climb, height, kernel
from genjax_lab.estimator import Estimator, merged_whole, smoothing_of
from genjax_lab.gamma_function import HALF_LOG_TWO_PI
from genjax_lab.groups import Groups
from genjax_lab.log_moments import LogMoments
from genjax_lab.numerics import sum_logs
from genjax_lab.space import simplex
from genjax_lab.statistic import per_row
from genjax_lab.types import Event, Key, Params, Smoothing


@factory
def dirichlet(k: int) -> Density:
    """Dirichlet density over vectors of `k` positive numbers that add up to 1.

    Rows that are all equal have their likelihood rise for ever: the greatest concentration stops at 1/ε² of the dtype,
    with status BOUNDARY. Smoothing {"concentration": v} adds v to each log(mean x_j) − mean(log x_j) and so keeps
    concentrations finite; a scalar smoothing, a pseudo-count, leaves a Dirichlet as it is.

    Args:
      k: length of an event, at least 2.

    Returns:
      A density with params {"concentration": f[k]}, without unit.

    Example:
      >>> fit = gl.fit(gl.dirichlet(3), jnp.array([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4]]))
      >>> np.asarray(fit.params["concentration"]).round(2)
      array([4.14, 8.08, 8.35], dtype=float32)
    """
    space = simplex(k)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return jnp.where(space.contains(x), log_density(params["concentration"], x), -jnp.inf)

    def sample(key: Key, params: Params) -> jax.Array:
        drawn = jax.random.dirichlet(key, params["concentration"])
        return jnp.maximum(drawn, jnp.finfo(drawn.dtype).tiny)

    return Density(
        space=space,
        parameters={"concentration": concentration((k,))},
        init=lambda key: {"concentration": jnp.exp(0.5 * jax.random.normal(key, (k,))) + 0.5},
        log_prob=log_prob,
        sample=sample,
        estimator=Estimator(
            _statistics,
            log_moments.merge,
            lambda stats, params, smoothing: _maximise(stats, smoothing),
            lambda stats, params: log_likelihood(stats, params["concentration"]),
            penalty=_penalty,
            smooths=frozenset({"concentration"}),
            pool=merged_whole(log_moments.merge),
        ),
        pairwise=lambda params, x: pairwise(params["concentration"][:, None], x[:, None]),
    )


def log_density(alpha: jax.Array, x: jax.Array) -> jax.Array:
    """log p of vectors along the last axis; −∞ outside x > 0 and for concentrations of 0."""
    outside = jnp.any((x <= 0) | (alpha <= 0), -1)
    alpha, x = (jnp.where(outside[..., None], 1.0, a) for a in (alpha, x))
    value = kernel(alpha, x) + height(alpha) - jnp.log(x).sum(-1) - (x.shape[-1] - 1) * HALF_LOG_TWO_PI
    return jnp.where(outside, -jnp.inf, value)


def pairwise(alpha: jax.Array, x: jax.Array) -> jax.Array:
    """log p of n rows of d vectors, f[n, d, k], under m models, f[m, d, k], summed over the vectors: f[n, m]."""
    x = x.astype(jnp.result_type(alpha, x))

    def one_by_one() -> jax.Array:
        each = jax.vmap(lambda a, row: sum_logs(log_density(a, row)), (0, None))
        return jax.vmap(each, (None, 0))(alpha, x)

    fits = linear.small(alpha) & linear.small(alpha.sum(-1))
    a, y = jnp.where(fits, alpha, 1.0), jnp.where(x <= 0, 1.0, x)  # finite slopes; NaN stays
    normaliser = (linear.log_gamma(a).sum(-1) - linear.log_gamma(a.sum(-1))).sum(-1)
    t, eta = jnp.log(y).reshape(y.shape[0], -1), (a - 1).reshape(a.shape[0], -1)
    return linear.matmul_or(one_by_one, fits, t, eta, normaliser)


def log_likelihood(stats: LogMoments, alpha: jax.Array) -> jax.Array:
    """Σ w log p of the rows with these statistics, summed over all leading axes."""
    some = stats.weight > 0
    # log p is linear in log x: the mean of log p is log p at the mean, and what the means of log x fall short.
    short = ((alpha - 1) * stats.deficit).sum(-1)
    mean = (log_density(alpha, jnp.where(some, stats.mean, 1.0)) - short).sum()
    return jnp.where(some, stats.weight * mean, 0.0)


def _statistics(params: Params, x: jax.Array, given: Event, groups: Groups) -> LogMoments:
    return log_moments.gather(x, groups)


def _penalty(stats: LogMoments, params: Params, smoothing: Smoothing) -> jax.Array:
    """Means of log x_j that are less by v take v Σ_j α_j from the log-likelihood of every row."""
    return per_row(stats.weight, smoothing_of(smoothing, "concentration"), params["concentration"])


def _maximise(stats: LogMoments, smoothing: Smoothing) -> Params:
    deficit = stats.deficit + smoothing_of(smoothing, "concentration")
    return {"concentration": climb(stats.weight, stats.mean, deficit)}
