"""Negative binomial counts, independent: Poisson ones whose rate is itself gamma distributed, and so spreads them.

    log p(x; m, r) = Σ_j (log Γ(x_j + r_j) − log Γ(r_j) − log x_j! − r_j log(1 + m_j/r_j) − x_j log(1 + r_j/m_j))

for x_j ∈ {0, 1, 2, …} with mean m ≥ 0 and concentration r > 0; the variance is m + m²/r.  Computed in saddle-point
form, −x gap((m − x)r/(x(r + m))) − r gap((x − m)/(r + m)) and Stirling's rests, gap(d) = d − log(1 + d), nothing of
which cancels for large counts or a large r, where the density ends in a Poisson.  At the maximum m is the mean; what is
left is one equation in κ = 1/r, which has a root if and only if the variance exceeds the mean.
Loader (2000), Fast and Accurate Computation of Binomial Probabilities; Levin & Reeds (1977), Ann. Stat. 5, 79–87.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from genjax_lab.constraints import concentration, most_concentrated, positive
from genjax_lab.density import Density, factory
from genjax_lab.dispersion import MOST_DISPERSED, climb, log_some, of_tails, row
from genjax_lab.groups import Groups
from genjax_lab.iterated import centre_and_spread, from_entries
from genjax_lab.numerics import sum_logs
from genjax_lab.seen import independent
from genjax_lab.space import counts, whole_shape
from genjax_lab.statistic import Mean
from genjax_lab.stirling import rests
from genjax_lab.tail_counts import Tails, tails_of, worth_telling
from genjax_lab.types import Key, Params, Shape

MOST_START = 1e2
"""The largest κ of a start."""


@factory
def negative_binomial(shape: Shape = ()) -> Density:
    """Negative binomial density over counts in an array of the given shape, coordinates independent.

    Rows whose variance is not above their mean have their likelihood rise for ever in the concentration, which stops at
    1/ε² of the dtype (7e13 in float32), the boundary, where the density is Poisson.

    Args:
      shape: shape of one event.

    Returns:
      A density with params {"mean": f[shape], expected counts; "concentration": f[shape], counts too}.

    Example:
      >>> params = {"mean": jnp.array(3.0), "concentration": jnp.array(1.0)}
      >>> round(float(jnp.exp(gl.negative_binomial().log_prob(params, jnp.array(2)))), 4)  # geometric: ¼ (¾)²
      0.1406
    """
    shape = whole_shape(shape)
    space = counts(shape)
    parameters = {"mean": positive(shape), "concentration": concentration(shape)}

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        own = x.astype(params["mean"].dtype)
        value = sum_logs(_log_density(params["mean"], params["concentration"], own).reshape(-1))
        return jnp.where(space.contains(x), value, -jnp.inf)

    def init(key: Key) -> Params:
        mean, r = jax.random.split(key)
        return {
            "mean": jax.random.exponential(mean, shape) + 0.5,
            "concentration": jnp.exp(jax.random.normal(r, shape)) + 0.5,
        }

    def sample(key: Key, params: Params) -> jax.Array:
        first, second = jax.random.split(key)
        r = params["concentration"]
        rate = params["mean"] * (jax.random.gamma(first, jnp.where(r > 0, r, 1.0), shape) / jnp.where(r > 0, r, 1.0))
        return jax.random.poisson(second, jnp.where(r > 0, rate, 0.0), shape).astype(jnp.int32)

    return Density(
        space=space,
        parameters=parameters,
        init=init,
        log_prob=log_prob,
        sample=sample,
        estimator=from_entries(_entry, _step, _log_likelihood, _start, frozenset(parameters), _digest, _retold),
        **independent(negative_binomial, shape),
    )


def _log_density(mean: jax.Array, r: jax.Array, x: jax.Array) -> jax.Array:
    """log p of each coordinate; a mean or an r of 0 leaves the count 0 only."""
    some = (x > 0) & (x < jnp.inf)
    none = (mean <= 0) | (r <= 0)
    mean, r, count = jnp.where(none, 1.0, mean), jnp.where(none, 1.0, r), jnp.where(some, x, 1.0)
    value = log_some(mean, r, count, rests(r), rests(r + count))
    value = jnp.where(some, value, -r * jnp.log1p(mean / r))
    return jnp.where(none, jnp.where(some, -jnp.inf, 0.0), value)


def _mean(params: Params) -> jax.Array:
    return jnp.maximum(params["mean"], jnp.finfo(params["mean"].dtype).tiny)


def _concentration(params: Params) -> jax.Array:
    r = params["concentration"]
    return jnp.clip(r, 1 / MOST_DISPERSED, most_concentrated(r.dtype))


def _entry(params: Params, x: jax.Array) -> dict[str, jax.Array]:
    return row(_mean(params), _concentration(params), x)


def _step(stats: Mean, params: Params) -> Params:
    some = stats.weight > 0
    mean, r = climb(stats.mean, _mean(params), _concentration(params))
    return {"mean": jnp.where(some, mean, 1.0), "concentration": jnp.where(some, r, 1.0)}


def _digest(x: jax.Array, weights: jax.Array | None) -> tuple[Tails, jax.Array] | None:
    return tails_of(x, weights) if worth_telling(x) else None


def _retold(tails: Tails, params: Params) -> Mean:
    return Mean(tails.weight, of_tails(_mean(params), _concentration(params), tails))


def _log_likelihood(stats: Mean, params: Params) -> jax.Array:
    return sum_logs(stats.mean["log_prob"].reshape(-1))


def _start(x: jax.Array, groups: Groups) -> Params:
    """From the mean and the variance."""
    mean, variance, some = centre_and_spread(x, groups)
    most = most_concentrated(x.dtype)
    excess = (variance - mean) / jnp.where(mean > 0, mean, 1.0) ** 2
    r = 1 / jnp.clip(excess, 1 / most, MOST_START)
    return {"mean": jnp.where(some, mean, 1.0), "concentration": jnp.where(some, r, 1.0)}
