"""Student t numbers, independent: normal ones whose variance is itself uncertain, so that outliers are expected.

    log p(x; ν, μ, σ) = Σ_j (log Γ((ν_j + 1)/2) − log Γ(ν_j/2) − ½ log(ν_j π) − log σ_j − ½ (ν_j + 1) log(1 + z_j²/ν_j))

with z = (x − μ)/σ, x real, ν > 0 and σ ≥ 0.  `scale_mixture` has the arithmetic and the steps of a fit.
Lange, Little & Taylor (1989), Robust Statistical Modeling Using the t Distribution, J. Am. Stat. Assoc. 84, 881–896.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.constraints import concentration, positive, real
from genjax_lab.density import Density, factory
from genjax_lab.groups import Groups
from genjax_lab.iterated import centre_and_spread, centre_of, from_entries, gather
from genjax_lab.numerics import sum_logs
from genjax_lab.scale_mixture import FARTHEST, climb, height, row, tail
from genjax_lab.seen import independent
from genjax_lab.space import reals, whole_shape
from genjax_lab.statistic import Mean
from genjax_lab.types import Key, Params, Shape

PULLS = 4
EXCESS = 0.015
"""A start has df below about 14: farther out the likelihood is flat."""

FEW = 16
"""Rows of which a start is sought among several."""

ROUNDS = 20
"""Of each of those starts, before they are compared."""

TAME = 0.5
"""Below df = 1/(n − 1) the likelihood of n rows has a pole, scale 0 at one of them; no start is sought near there."""

NORMAL_TAIL = 0.948
"""E log(1 + z²) of normal numbers at the size where E 1/(1 + z²) = ½."""


def most_normal(dtype: jax.typing.DTypeLike) -> float:
    """1/ε: more degrees of freedom change no digit of the density."""
    return 1 / float(jnp.finfo(dtype).eps)


@factory
def student_t(shape: Shape = ()) -> Density:
    """Student t density over real numbers in an array of the given shape, coordinates independent.

    Rows with tails no heavier than a normal's have their likelihood rise for ever in df, which stops at 1/ε of the
    dtype (8e6 in float32), the boundary, where the density is normal. A scale of 0, which rows that are all equal fit,
    is a point: log_prob is +∞ there and −∞ elsewhere.

    Args:
      shape: shape of one event.

    Returns:
      A density with params {"df": f[shape], degrees of freedom; "loc", "scale": f[shape], in units of x}.

    Example:
      >>> params = {"df": jnp.array(1.0), "loc": jnp.array(0.0), "scale": jnp.array(1.0)}
      >>> round(float(gl.student_t().log_prob(params, jnp.array(1.0))), 4)  # Cauchy: 1/2π
      -1.8379
    """
    shape = whole_shape(shape)
    parameters = {"df": concentration(shape, most_normal), "loc": real(shape), "scale": positive(shape)}

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return sum_logs(_log_density(params["df"], params["loc"], params["scale"], x).reshape(-1))

    def init(key: Key) -> Params:
        df, loc, scale = jax.random.split(key, 3)
        return {
            "df": 2.0 + 4.0 * jax.random.exponential(df, shape),
            "loc": jax.random.normal(loc, shape),
            "scale": jnp.exp(0.5 * jax.random.normal(scale, shape)),
        }

    def sample(key: Key, params: Params) -> jax.Array:
        return params["loc"] + params["scale"] * jax.random.t(key, params["df"], shape, params["loc"].dtype)

    return Density(
        space=reals(shape),
        parameters=parameters,
        init=init,
        log_prob=log_prob,
        sample=sample,
        estimator=from_entries(_entry, _step, _log_likelihood, _start, frozenset(parameters)),
        **independent(student_t, shape),
    )


def _log_density(df: jax.Array, loc: jax.Array, scale: jax.Array, x: jax.Array) -> jax.Array:
    """log p of each coordinate; a scale of 0 is a point, and df = 0 nothing."""
    point, nothing = scale == 0, df <= 0
    kappa = 1 / jnp.where(nothing, 1.0, df)
    sigma, apart = jnp.where(point, 1.0, scale), jnp.where(point, 0.0, x - loc)
    value = height(kappa) - jnp.log(sigma) - tail(kappa, apart, sigma)
    value = jnp.where(point, jnp.where(x == loc, jnp.inf, -jnp.inf), value)
    return jnp.where(nothing, -jnp.inf, value)


def _kappa(df: jax.Array) -> jax.Array:
    return 1 / jnp.clip(df, 1 / most_normal(df.dtype), most_normal(df.dtype))


def _entry(params: Params, x: jax.Array) -> dict[str, jax.Array]:
    sigma = jnp.where(params["scale"] == 0, 1.0, params["scale"])
    return row(_kappa(params["df"]), (x - params["loc"]) / sigma)


def _step(stats: Mean, params: Params) -> Params:
    some, least = stats.weight > 0, 1 / most_normal(params["df"].dtype)
    sigma = jnp.where(params["scale"] == 0, 1.0, params["scale"])
    kappa, m, factor = climb(stats.mean, _kappa(params["df"]), least)
    loc = params["loc"] + sigma * m
    lost = 0.25 * jnp.finfo(loc.dtype).eps * jnp.abs(loc) + jnp.finfo(loc.dtype).tiny  # what rounding hides
    new = {
        "df": jnp.where(kappa <= least, 1 / least, 1 / kappa),
        "loc": loc,
        "scale": jnp.where(stats.mean["a"] == 0, 0.0, jnp.maximum(sigma * factor, lost)),
    }
    neutral = {"df": 1 / least, "loc": 0.0, "scale": 1.0}
    return {name: jnp.where(some, p, neutral[name]) for name, p in new.items()}


def _log_likelihood(stats: Mean, params: Params) -> jax.Array:
    return sum_logs(_heights(stats, params).reshape(-1))


def _heights(stats: Mean, params: Params) -> jax.Array:
    """The mean of log p of each coordinate."""
    point = params["scale"] == 0
    each = height(_kappa(params["df"])) - jnp.log(jnp.where(point, 1.0, params["scale"])) - stats.mean["tail"]
    return jnp.where(point, jnp.where(stats.mean["a"] > 0, -jnp.inf, jnp.inf), each)


def _start(x: jax.Array, groups: Groups) -> Params:
    """A robust start; of few rows, which have several maxima, the best of those that are reached from several."""
    first = _robust(x, groups)
    return _best_of_few(x, groups, first) if x.shape[0] <= FEW else first


def _best_of_few(x: jax.Array, groups: Groups, first: Params) -> Params:
    """The best end of climbs from a start, the normal density and each row, of those that keep away from a pole."""
    mean, variance, _ = centre_and_spread(x, groups)
    normal = {"df": jnp.full_like(mean, most_normal(x.dtype)), "loc": mean, "scale": jnp.sqrt(variance)}
    rows, scale = jnp.broadcast_to(x[:, None], (x.shape[0], *mean.shape)), 0.5 * first["scale"][None]
    near = {"df": jnp.full_like(rows, 2.0), "loc": rows, "scale": jnp.broadcast_to(scale, rows.shape)}
    starts = jax.tree.map(lambda a, b, c: jnp.concatenate([a[None], b[None], c]), first, normal, near)

    def climbed(params: Params) -> tuple[Params, jax.Array]:
        def round_(_: Any, params: Params) -> Params:
            return jax.vmap(_step)(gather(_entry, params, x, groups), params)

        end = lax.fori_loop(0, ROUNDS, round_, params)
        return end, jax.vmap(_heights)(gather(_entry, end, x, groups), end)

    ends, heights = jax.vmap(climbed)(starts)
    lowest = max(TAME, 1 / max(x.shape[0] - 1, 1))
    tame = (ends["df"] > lowest).at[0].set(True) & jnp.isfinite(heights)
    heights = jnp.where(tame, heights, -jnp.inf)
    best = jnp.where(heights.max(0) > heights[0] + 1e-4, heights.argmax(0), 0)[None]
    return jax.tree.map(lambda a, b: jnp.where(best[0] == 0, b, jnp.take_along_axis(a, best, 0)[0]), ends, first)


def _robust(x: jax.Array, groups: Groups) -> Params:
    """A robust centre; then df and scale from E log(1 + z²) at the size where E 1/(1 + z²) = ½, a Cauchy's quartile."""
    centre, info = centre_of(x, groups), jnp.finfo(x.dtype)
    size = gather(lambda own, x: jnp.abs(x - own), centre, x, groups).mean
    for pull in range(PULLS):
        size = jnp.maximum(size, 2 * info.eps * jnp.abs(centre) + info.tiny)
        entry = _pull if pull < PULLS - 1 else _last_pull
        mean = gather(entry, {"centre": centre, "size": size}, x, groups).mean
        centre = centre + size * mean["wz"] / jnp.where(mean["w"] > 0, mean["w"], 1.0)
        size = size * jnp.exp(mean["log"]) if pull < PULLS - 1 else size
    w, some = mean["w"], mean["w"] > 0
    spread = 2 * (w - mean["w2"])  # the slope of E w in log size
    step = jnp.clip((0.5 - w) / jnp.where(spread > 0, spread, 1.0), -1.0, 1.0)
    excess = jnp.maximum(mean["tail"] - 2 * (1 - w) * step - NORMAL_TAIL, EXCESS)
    kappa = 5 * excess / jnp.sqrt(1 + 10.6 * excess)  # to some per cent, as is the scale
    scale = size * jnp.exp(step + 0.491 * (1 - kappa))
    return {"df": 1 / kappa, "loc": centre, "scale": jnp.where(some, scale, 1.0)}


def _pull(own: Params, x: jax.Array) -> dict[str, jax.Array]:
    """Cauchy weights, and log |z| kept from −∞."""
    z = jnp.clip((x - own["centre"]) / own["size"], -FARTHEST, FARTHEST)
    w = 1 / (1 + z**2)
    return {"w": w, "wz": w * z, "log": jnp.log(jnp.maximum(jnp.abs(z), 1e-3))}


def _last_pull(own: Params, x: jax.Array) -> dict[str, jax.Array]:
    """Cauchy weights and their squares, and the tail −log w."""
    z = jnp.clip((x - own["centre"]) / own["size"], -FARTHEST, FARTHEST)
    w = 1 / (1 + z**2)
    return {"w": w, "wz": w * z, "w2": w**2, "tail": -jnp.log(w)}
