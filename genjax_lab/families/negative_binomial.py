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
from genjax_lab.gamma_function import DIGAMMA, HALF_LOG_TWO_PI
from genjax_lab.groups import Groups
from genjax_lab.inverse import log_gap, newton_inverse, series
from genjax_lab.iterated import centre_and_spread, from_entries
from genjax_lab.numerics import sum_logs
from genjax_lab.space import counts, whole_shape
from genjax_lab.statistic import Mean
from genjax_lab.stirling import Rests, enough, of_counts, reach, rests
from genjax_lab.types import Key, Params, Shape

MOST_DISPERSED = 1e6
"""The largest κ, a concentration of 1e-6, that a fit takes."""

THIRD = (1 / 3, -1 / 4, 1 / 5, -1 / 6, 1 / 7)
"""(d²/2 − gap(d)) / d³, gap(d) = d − log(1 + d)."""

MOST_START = 1e2
"""The largest κ of a start."""

STRAIGHT = 0.5
"""Below this κ times the mean a step is taken in κ, above in log κ."""


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
        estimator=from_entries(_entry, _step, _log_likelihood, _start, frozenset(parameters)),
    )


def _log_density(mean: jax.Array, r: jax.Array, x: jax.Array) -> jax.Array:
    """log p of each coordinate; a mean or an r of 0 leaves the count 0 only."""
    some = (x > 0) & (x < jnp.inf)
    none = (mean <= 0) | (r <= 0)
    mean, r, count = jnp.where(none, 1.0, mean), jnp.where(none, 1.0, r), jnp.where(some, x, 1.0)
    value = _of_some(mean, r, count, rests(r), rests(r + count))
    value = jnp.where(some, value, -r * jnp.log1p(mean / r))
    return jnp.where(none, jnp.where(some, -jnp.inf, 0.0), value)


def _of_some(mean: jax.Array, r: jax.Array, x: jax.Array, below: Rests, above: Rests) -> jax.Array:
    """log p of counts x ≥ 1, from the rests at r and at r + x."""
    log_x, log_rise = jnp.log(x), jnp.log((r + x) / (r + mean))
    from_x = log_gap((mean - x) / x * (r / (r + mean)), log_rise + jnp.log(mean) - log_x)
    from_r = log_gap((x - mean) / (r + mean), log_rise)
    height = above.value - below.value - of_counts(x) - 0.5 * (log_x + log_rise + jnp.log1p(mean / r))
    return height - HALF_LOG_TWO_PI - x * from_x - r * from_r


def _concentration(params: Params) -> jax.Array:
    r = params["concentration"]
    return jnp.clip(r, 1 / MOST_DISPERSED, most_concentrated(r.dtype))


def _entry(params: Params, x: jax.Array) -> dict[str, jax.Array]:
    """The row's log p, distance from the mean, and the two parts of the slope in κ with their derivatives."""
    mean, r = jnp.maximum(params["mean"], jnp.finfo(x.dtype).tiny), _concentration(params)
    some = x > 0
    below, above = rests(r), rests(r + x)
    gap, gap_change = _gap_terms(mean, r, x)
    rest, rest_change = _rest_terms(r, x, below, above)
    zero = -r * jnp.log1p(mean / r)
    log_p = jnp.where(some, _of_some(mean, r, jnp.where(some, x, 1.0), below, above), zero)
    return {
        "x": x - mean,
        "log_prob": log_p,
        "gap": gap,
        "gap_change": gap_change,
        "rest": rest,
        "rest_change": rest_change,
    }


def _gap_terms(mean: jax.Array, r: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """r² gap(d), d = (x − m)/(r + m), and its derivative in κ = 1/r."""
    d, shrunk = (x - mean) / (r + mean), (x - mean) * (r / (r + mean))
    gap = log_gap(d, jnp.log((r + x) / (r + mean)))
    small = jnp.abs(d) < 0.1
    other = jnp.where(small, 1.0, d)
    third = jnp.where(small, series(THIRD, jnp.where(small, d, 0.0)), (0.5 * d**2 - gap) / other**3)
    return r * (r * gap), shrunk**2 * (2 * shrunk * third - x * (r / (r + x)))


def _rest_terms(r: jax.Array, x: jax.Array, below: Rests, above: Rests) -> tuple[jax.Array, jax.Array]:
    """r² times the gain of ψ(a) − log a from r to r + x, and its derivative in κ = 1/r."""
    v = r / (r + x)
    near = r < reach(r.dtype)
    slope, change = above.slope - below.slope, above.change - below.change
    terms, square = DIGAMMA[: enough(r.dtype)], jnp.where(near, 0.0, 1 / r) ** 2
    far = 0.5 * x * v + series(terms, square) - v**2 * series(terms, square * v**2)
    far_change = x * v**2 * (v / 6 - 0.5 * x)
    low = jnp.where(near, r, 0.0)
    return jnp.where(near, low**2 * slope, far), jnp.where(near, -(low**3) * (2 * slope + low * change), far_change)


def _step(stats: Mean, params: Params) -> Params:
    """The mean, and Newton for the profile likelihood in κ."""
    some, s = stats.weight > 0, stats.mean
    old, r = jnp.maximum(params["mean"], jnp.finfo(params["mean"].dtype).tiny), _concentration(params)
    mean = jnp.where(some, jnp.maximum(old + s["x"], 0.0), 1.0)
    gap, gap_change = _gap_terms(old, r, mean)
    slope, curvature = s["gap"] - gap - s["rest"], s["gap_change"] - gap_change - s["rest_change"]
    least, straight = 1 / most_concentrated(r.dtype), STRAIGHT / jnp.where(mean > 0, mean, 1.0)
    kappa = newton_inverse(1 / r, slope, curvature, least, MOST_DISPERSED, straight)
    new = jnp.where((kappa <= least) | (mean == 0), 1 / least, 1 / kappa)
    return {"mean": mean, "concentration": jnp.where(some, new, 1.0)}


def _log_likelihood(stats: Mean, params: Params) -> jax.Array:
    return sum_logs(stats.mean["log_prob"].reshape(-1))


def _start(x: jax.Array, groups: Groups) -> Params:
    """From the mean and the variance."""
    mean, variance, some = centre_and_spread(x, groups)
    most = most_concentrated(x.dtype)
    excess = (variance - mean) / jnp.where(mean > 0, mean, 1.0) ** 2
    r = 1 / jnp.clip(excess, 1 / most, MOST_START)
    return {"mean": jnp.where(some, mean, 1.0), "concentration": jnp.where(some, r, 1.0)}
