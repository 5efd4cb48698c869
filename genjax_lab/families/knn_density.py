"""The k-nearest-neighbour density estimate: k rows in the smallest ball about x that holds so many.

    log p(x; X) = log k − log m − log V_d − d log r_k(x)      V_d = π^{d/2} / Γ(d/2 + 1),  r_k ≥ 0

r_k(x) is the Euclidean distance to the k-th nearest of the m rows. It does not integrate to 1: its tails fall like
|x|^{−d}, so that its integral has no bound. In the classes of a `joint` it is still of use: by Bayes' rule a class wins
whose k-th neighbour is near.  Loftsgaarden & Quesenberry (1965), Ann. Math. Stat. 36, 1049–1051.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import constraints
from genjax_lab.density import Density, factory
from genjax_lab.distances import nearest
from genjax_lab.kept import Kept, keeping, rows_between
from genjax_lab.numerics import log
from genjax_lab.refusal import whole_number
from genjax_lab.space import reals, whole_shape
from genjax_lab.types import Key, Params, Shape


@factory
def knn_density(n: int, shape: Shape = (), neighbours: int = 5) -> Density:
    """Nearest-neighbour density estimate, from at most n rows; it does **not** integrate to 1.

    A fit keeps rows of positive weight, whatever they weigh. It has no likelihood, its log_likelihood is NaN, and no
    sample can be drawn. A row that it was fitted to is its own neighbour, at distance 0. Distances are Euclidean: bring
    the coordinates to one scale first. log_prob is +∞ where k rows are equal to x.

    Args:
      n: rows that can be kept; in `per_class` as many as the largest class has.
      shape: shape of one event.
      neighbours: k, at most n.

    Returns:
      A density with params {"points": f[n, *shape], "rows": int[]}, in units of x, and how many of the n places from
      the first on hold a row: at least k. A fit to fewer ends NON_FINITE.

    Raises:
      TypeError, ValueError: for numbers that are not whole, below 1, or more neighbours than n.

    Example:
      >>> fit = gl.fit(gl.knn_density(4, (), 2), jnp.array([0.0, 1.0, 2.0, 4.0]))
      >>> p = jnp.exp(gl.log_prob(gl.knn_density(4, (), 2), fit.params, jnp.array([0.5, 3.0])))
      >>> p.tolist()  # 2 of 4 rows in an interval of length 2 × 0.5, and 2 × 1
      [0.5, 0.25]
    """
    n, shape = whole_number("knn_density", "n", n), whole_shape(shape)
    k = whole_number("knn_density", "neighbours", neighbours)
    if k > n:
        raise ValueError(f"knn_density: neighbours = {k} of at most n = {n} rows: take fewer neighbours or more rows")
    d = math.prod(shape)
    volume = 0.5 * d * math.log(math.pi) - math.lgamma(0.5 * d + 1)  # of the unit ball

    def of_rows(params: Params, x: jax.Array) -> jax.Array:
        points, rows = params["points"].reshape(n, d), params["rows"]
        square = nearest(x.reshape(len(x), d), points, rows, k)[0][:, -1]
        return math.log(k) - volume - jnp.log(rows.astype(square.dtype)) - 0.5 * d * log(square)

    def sample(key: Key, params: Params) -> Any:
        raise TypeError(f"knn_density({n}, {shape}, {k}) does not integrate to 1: no sample can be drawn. Use gl.kde")

    return Density(
        space=reals(shape),
        parameters={"points": constraints.real((n, *shape)), "rows": rows_between(k, n)},
        init=lambda key: {"points": jax.random.normal(key, (n, *shape)), "rows": jnp.asarray(n, jnp.int32)},
        log_prob=lambda params, x: of_rows(params, x[None])[0],
        sample=sample,
        estimator=keeping("knn_density", n, _fitted, lambda kept, params: jnp.full((), jnp.nan)),
        pairwise=lambda params, x: lax.map(lambda one: of_rows(one, x), params).T,
    )


def _fitted(kept: Kept) -> Params:
    return {"points": kept.rows.astype(kept.weights.dtype), "rows": kept.number}
