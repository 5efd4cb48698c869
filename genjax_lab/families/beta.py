"""Beta numbers between 0 and 1, independent, such as proportions.

    log p(x; a, b) = Σ_j (log Γ(a_j + b_j) − log Γ(a_j) − log Γ(b_j) + (a_j − 1) log x_j + (b_j − 1) log(1 − x_j))

for 0 < x_j < 1 and a_j, b_j > 0: the Dirichlet of (x, 1 − x), whose formula and maximiser serve.
Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 25.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from genjax_lab import log_moments
from genjax_lab.constraints import concentration
from genjax_lab.density import Density, factory
from genjax_lab.dirichlet_climb import climb
from genjax_lab.estimator import Estimator, Pool, merged_whole, smoothing_of
from genjax_lab.families import dirichlet
from genjax_lab.groups import Groups
from genjax_lab.log_moments import LogMoments
from genjax_lab.numerics import float_dtype, sum_logs
from genjax_lab.seen import independent
from genjax_lab.space import reals, whole_shape
from genjax_lab.statistic import per_row
from genjax_lab.types import Event, Key, Params, Shape, Smoothing


@factory
def beta(shape: Shape = ()) -> Density:
    """Beta density over numbers between 0 and 1 in an array of the given shape, coordinates independent.

    A coordinate whose rows are all equal has its likelihood rise for ever: the larger concentration stops at 1/ε² of
    the dtype, with the mean of the rows and status BOUNDARY. Smoothing {"concentration1": v} adds v to log(mean x) −
    mean(log x), and {"concentration0": v} the like for 1 − x, which keeps them finite; a scalar smoothing, a
    pseudo-count, leaves a beta as it is.

    Args:
      shape: shape of one event.

    Returns:
      A density with params {"concentration1": f[shape] for x, "concentration0": f[shape] for 1 − x}, without unit.

    Example:
      >>> fit = gl.fit(gl.beta(), jnp.array([0.2, 0.5, 0.6, 0.7]))
      >>> round(float(fit.params["concentration1"]), 3), round(float(fit.params["concentration0"]), 3)
      (3.212, 3.305)
    """
    shape = whole_shape(shape)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return sum_logs(dirichlet.log_density(_alpha(params), _both(x)).reshape(-1))

    def init(key: Key) -> Params:
        both = jnp.exp(0.5 * jax.random.normal(key, (*shape, 2))) + 0.5
        return _params(both)

    def sample(key: Key, params: Params) -> jax.Array:
        drawn = jax.random.beta(key, params["concentration1"], params["concentration0"], shape)
        info = jnp.finfo(drawn.dtype)
        return jnp.clip(drawn, info.tiny, 1 - info.epsneg)

    return Density(
        space=reals(shape, low=0.0, high=1.0),
        parameters={"concentration1": concentration(shape), "concentration0": concentration(shape)},
        init=init,
        log_prob=log_prob,
        sample=sample,
        estimator=Estimator(
            _statistics,
            log_moments.merge,
            lambda stats, params, smoothing: _maximise(stats, smoothing),
            lambda stats, params: dirichlet.log_likelihood(stats, _alpha(params)),
            penalty=_penalty,
            smooths=frozenset({"concentration1", "concentration0"}),
            pool=_pool,
        ),
        pairwise=_pairwise,
        **independent(beta, shape),
    )


def _pairwise(params: Params, x: jax.Array) -> jax.Array:
    alpha, both = _alpha(params), _both(x)
    return dirichlet.pairwise(alpha.reshape(alpha.shape[0], -1, 2), both.reshape(both.shape[0], -1, 2))


def _both(x: jax.Array) -> jax.Array:
    return jnp.stack([x, 1 - x], -1)


def _alpha(params: Params) -> jax.Array:
    return jnp.stack([params["concentration1"], params["concentration0"]], -1)


def _params(alpha: jax.Array) -> Params:
    return {"concentration1": alpha[..., 0], "concentration0": alpha[..., 1]}


def _statistics(params: Params, x: jax.Array, given: Event, groups: Groups) -> LogMoments:
    x = jnp.asarray(x, float_dtype(x))
    one, zero = log_moments.gather(x, groups), log_moments.gather(1 - x, groups)
    return LogMoments(one.weight, *(jnp.stack(pair, -1) for pair in zip(one[1:], zero[1:], strict=True)))


def _maximise(stats: LogMoments, smoothing: Smoothing) -> Params:
    own = [jnp.asarray(smoothing_of(smoothing, name)) for name in ("concentration1", "concentration0")]
    deficit = jnp.stack([stats.deficit[..., i] + v for i, v in enumerate(own)], -1)
    return _params(climb(stats.weight, stats.mean, deficit))


def _penalty(stats: LogMoments, params: Params, smoothing: Smoothing) -> jax.Array:
    """Means of log x and log(1 − x) that are less by v and w take va + wb from the log-likelihood of every row."""
    each = [
        per_row(stats.weight, smoothing_of(smoothing, name), concentration) for name, concentration in params.items()
    ]
    return sum(each[1:], each[0])


def _pool(names: frozenset[str]) -> Pool | None:
    return merged_whole(log_moments.merge)(names) if names == {"concentration1", "concentration0"} else None
