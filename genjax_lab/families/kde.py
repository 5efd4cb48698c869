"""Kernel density estimates: a normal bump on every row that was seen, all of one width.

    log p(x; X, w, h) = log Σ_i w_i Π_j N(x_j; X_ij, h_j)      Σ_i w_i = 1,  h_j ≥ 0

The parameters are the rows: a fit keeps them, and chooses the bandwidth h. By plain maximum likelihood it would be 0, a
spike on every row and a likelihood without bound; so each row is scored by the others alone. With h_j = b s_j, s_j the
spread of the data,

    L(b) = Σ_i w_i log Σ_{l≠i} w_l / (1 − w_i) Π_j N(X_ij; X_lj, b s_j)

is the leave-one-out likelihood, whose maximum is found by Newton's method in log b, uphill from Silverman's rule
(`leave_one_out`).  Duin (1976), IEEE Trans. Comput. 25, 1175–1179; Silverman (1986), Density Estimation, §3.4 and
§4.3.2; Scott (1992), Multivariate Density Estimation, §6.3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import sequential_vmap

from genjax_lab import constraints
from genjax_lab.density import Density, factory, one_after_another
from genjax_lab.distances import over_blocks
from genjax_lab.families.normal import normal
from genjax_lab.gamma_function import HALF_LOG_TWO_PI
from genjax_lab.kept import Kept, keeping
from genjax_lab.leave_one_out import best_factor
from genjax_lab.numerics import add_logs, contenders, log, log_normalise, logsumexp
from genjax_lab.refusal import whole_number
from genjax_lab.seen import completed, masked
from genjax_lab.space import reals, whole_shape
from genjax_lab.types import Event, Key, Params, Shape

RULES = ("likelihood", "scott", "silverman")


@factory
def kde(n: int, shape: Shape = (), bandwidth: str = "likelihood") -> Density:
    """Kernel density estimate with a normal kernel, from at most n rows.

    It is the mixture of n normals whose means are the rows, which share their scale. A fit keeps rows of positive
    weight and sets the scale; it is no maximum of the likelihood in all parameters, which has none. Where every row has
    an equal one beside it, as in data written down twice, the leave-one-out likelihood has none either: the scale is 0
    and the fit ends BOUNDARY. A row that weighs 2 is left out as a whole, unlike two rows that weigh 1.

    Args:
      n: rows that can be kept; in `per_class` as many as the largest class has.
      shape: shape of one event.
      bandwidth: how a fit chooses h: "likelihood" (leave-one-out), or the rules s_j (4 / ((d + 2) m))^(1 / (d + 4)),
        "silverman", and s_j m^(−1 / (d + 4)), "scott", m the number of rows; for weights, (Σ w)² / Σ w².

    Returns:
      A density with params {"points": f[n, *shape], "logits": f[n], "scale": f[*shape]}, points and scale in units of
      x; a place without a row has logit −∞.

    Raises:
      TypeError, ValueError: for an n that is no whole number or below 1, or an unknown rule.

    Example:
      >>> x = jnp.array([0.0, 1.0, 2.0, 10.0])
      >>> fit = gl.fit(gl.kde(4), x)
      >>> round(float(fit.params["scale"]), 2)
      5.19
      >>> labels, classes = jnp.array([0, 0, 1, 1]), gl.per_class(gl.kde(2, bandwidth="scott"), 2)
      >>> gl.fit(gl.joint(gl.categorical(2), classes), (labels, x)).params["conditional"]["points"].tolist()
      [[0.0, 1.0], [2.0, 10.0]]
    """
    n, shape = whole_number("kde", "n", n), whole_shape(shape)
    if bandwidth not in RULES:
        raise ValueError(f"kde: bandwidth = {bandwidth!r} must be one of {', '.join(map(repr, RULES))}")
    bump = normal(shape)

    def each(params: Params, log_prob: Any, *event: Any) -> jax.Array:
        """log w_i plus the log-density of an event, or of what is seen of it, under the bump of each row."""
        own = jax.vmap(lambda loc: log_prob({"loc": loc, "scale": params["scale"]}, *event))(params["points"])
        return add_logs(log_normalise(params["logits"]), own)

    def log_prob(params: Params, x: Event) -> jax.Array:
        return logsumexp(each(params, bump.log_prob, x))

    def of_row(params: Params, row: jax.Array) -> Params:
        return {"loc": params["points"][row], "scale": params["scale"]}

    def sample(key: Key, params: Params) -> Event:
        first, second = jax.random.split(key)
        return bump.sample(second, of_row(params, jax.random.categorical(first, params["logits"])))

    def complete(key: Key, params: Params, x: Event, seen: Event) -> Event:
        first, second = jax.random.split(key)
        shares = contenders(each(params, masked(bump), x, seen), log_normalise(params["logits"]))
        return completed(bump)(second, of_row(params, jax.random.categorical(first, shares)), x, seen)

    def init(key: Key) -> Params:
        return {"points": jax.random.normal(key, (n, *shape)), "logits": jnp.zeros(n), "scale": jnp.ones(shape)}

    def of_rows(params: Params, x: jax.Array) -> jax.Array:
        def at_points() -> jax.Array:  # seldom, so slow and short
            return lax.map(lambda x: log_prob(params, x), x)

        return lax.cond(jnp.any(params["scale"] == 0), at_points, lambda: _log_probs(params, x))

    @sequential_vmap  # as in `leave_one_out`
    def total(kept: Kept, params: Params) -> jax.Array:
        some = kept.weights > 0
        rows = jnp.where(some, _log_probs(params, params["points"]), 0.0)
        value = jnp.where(some, kept.weights * rows, 0.0).sum()
        return jnp.where(some.any() & jnp.any(params["scale"] == 0), jnp.inf, value)

    return Density(
        space=reals(shape),
        parameters={
            "points": constraints.real((n, *shape)),
            "logits": _log_weights(n),
            "scale": constraints.positive(shape),
        },
        init=init,
        log_prob=log_prob,
        sample=sample,
        estimator=keeping(
            "kde", n, lambda kept: _fitted(kept, bandwidth, shape), lambda kept, params: total(kept, params)
        ),
        pairwise=one_after_another(of_rows),
        log_prob_masked=lambda params, x, seen: logsumexp(each(params, masked(bump), x, seen)),
        complete=complete,
    )


def _log_weights(n: int) -> constraints.Constraint:
    """Logits of which −∞, a place without a row, is no boundary."""
    rule = constraints.logits(n)
    return replace(rule, name=f"log-weights of 1 to {n} rows", interior=rule.contains)


def _log_probs(params: Params, x: jax.Array) -> jax.Array:
    """Log-densities of rows, where no scale is 0."""
    points, scale = _flat(params["points"]), params["scale"].reshape(-1)
    log_weights = log_normalise(params["logits"]) - (jnp.log(scale) + HALF_LOG_TWO_PI).sum()

    def block(squares: jax.Array, _: Any) -> jax.Array:
        each = log_weights[None] - 0.5 * squares
        top = lax.stop_gradient(each.max(-1))
        shift = jnp.where(jnp.isfinite(top), top, 0.0)
        return log(jnp.exp(each - shift[:, None]).sum(-1)) + shift  # twice over a block in the cache, and no more

    return over_blocks(block, _flat(x), points, 1 / scale)


def _flat(rows: jax.Array) -> jax.Array:
    return rows.reshape(len(rows), -1)


def _fitted(kept: Kept, bandwidth: str, shape: Shape) -> Params:
    """The parameters from the rows of one group."""
    n, some = len(kept.weights), kept.number > 0
    points = _flat(kept.rows).astype(kept.weights.dtype)
    points = jnp.where((jnp.arange(n, dtype=kept.number.dtype) < kept.number)[:, None], points, points[:1])
    share = kept.weights / jnp.where(some, kept.weights.sum(), 1.0)
    logits = jnp.where(some, log(jnp.where(some, share, 1.0)), 0.0)
    about = points - points[:1]
    mean = share @ about
    spread = jnp.sqrt(share @ (about - mean[None]) ** 2)
    d = jnp.maximum((spread > 0).sum(), 1)
    m = 1 / jnp.where(some, (share**2).sum(), 1.0)
    factor = m ** (-1 / (d + 4.0)) * (1.0 if bandwidth == "scott" else (4 / (d + 2.0)) ** (1 / (d + 4.0)))
    if bandwidth == "likelihood":
        factor = best_factor(points, share, spread, factor)
    return {
        "points": points.reshape(n, *shape),
        "logits": jnp.where(kept.number > n, jnp.nan, logits),
        "scale": jnp.where(some, factor * spread, 1.0).reshape(shape),
    }
