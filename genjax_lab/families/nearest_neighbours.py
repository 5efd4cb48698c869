"""Labels by the k nearest rows: p(y | x) is the share of them that have label y.

    p(y | x; X, Y) = (1 / k) Σ_{i ∈ N_k(x)} [Y_i = y]

N_k(x) are the k rows nearest to x by Euclidean distance.  Fix & Hodges (1951); Cover & Hart (1967), IEEE Trans. Inf.
Theory 13, 21–27.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import constraints
from genjax_lab.density import Conditional, factory
from genjax_lab.distances import nearest
from genjax_lab.kept import Kept, keeping, rows_between
from genjax_lab.numerics import log, select
from genjax_lab.refusal import whole_number
from genjax_lab.space import categories, reals, whole_shape
from genjax_lab.types import Key, Params, Shape


@factory
def nearest_neighbours(n: int, shape: Shape, neighbours: int, k: int) -> Conditional:
    """The k-nearest-neighbours classifier as a conditional p(y | x), from at most n rows.

    A fit keeps rows of positive weight, whatever they weigh; its log_likelihood is NaN, because each row is among its
    own neighbours. A label that none of the neighbours has is impossible, log-probability −∞. Bring the coordinates of
    x to one scale first.

    Args:
      n: rows that can be kept.
      shape: shape of what is given.
      neighbours: how many of them vote, at most n; of several at one distance any may be left out.
      k: number of classes, labels 0..k−1.

    Returns:
      A conditional with params {"points": f[n, *shape], "labels": int[n], "rows": int[]}: how many of the n places from
      the first on hold a row, at least as many as neighbours. A fit to fewer ends NON_FINITE.

    Raises:
      TypeError, ValueError: for numbers that are not whole, below 1, or more neighbours than n.

    Example:
      >>> model, x = gl.nearest_neighbours(4, (), 3, 2), jnp.array([0.0, 1.0, 2.0, 9.0])
      >>> fit = gl.fit(model, jnp.array([0, 1, 1, 0]), given=x)
      >>> np.asarray(jnp.exp(gl.predict_log_prob(model, fit.params, jnp.array([0.4])))).round(3)
      array([[0.333, 0.667]], dtype=float32)
    """
    n, shape = whole_number("nearest_neighbours", "n", n), whole_shape(shape)
    m, k = whole_number("nearest_neighbours", "neighbours", neighbours), whole_number("nearest_neighbours", "k", k)
    if m > n:
        raise ValueError(f"nearest_neighbours: neighbours = {m} of at most n = {n} rows: take fewer, or more rows")
    d = math.prod(shape)

    def shares(params: Params, given: jax.Array) -> jax.Array:
        place = nearest(given.reshape(len(given), d), params["points"].reshape(n, d), params["rows"], m)[1]
        votes = jax.nn.one_hot(params["labels"][place], k, dtype=params["points"].dtype)
        return log(votes.sum(1) / m)

    def all_pairs(params: Params, y: jax.Array, given: jax.Array) -> jax.Array:
        return lax.map(lambda one: jax.vmap(select)(shares(one, given), y), params).T

    def sample(key: Key, params: Params, given: jax.Array) -> jax.Array:
        return jax.random.categorical(key, shares(params, given[None])[0])

    def init(key: Key) -> Params:
        first, second = jax.random.split(key)
        points, labels = jax.random.normal(first, (n, *shape)), jax.random.randint(second, (n,), 0, k, jnp.int32)
        return {"points": points, "labels": labels, "rows": jnp.asarray(n, jnp.int32)}

    return Conditional(
        space=categories(k),
        given_space=reals(shape),
        parameters={
            "points": constraints.real((n, *shape)),
            "labels": constraints.discrete(k, (n,)),
            "rows": rows_between(m, n),
        },
        init=init,
        log_prob=lambda params, y, given: select(shares(params, given[None])[0], y),
        sample=sample,
        estimator=keeping("nearest_neighbours", n, _fitted, lambda kept, params: jnp.full((), jnp.nan)),
        pairwise=all_pairs,
        over_events=shares,
    )


def _fitted(kept: Kept) -> Params:
    given, y = kept.rows
    return {"points": given.astype(kept.weights.dtype), "labels": y.astype(jnp.int32), "rows": kept.number}
