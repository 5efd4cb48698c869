"""Rows whose label is hidden: of use to a joint alone.

    Σ_labelled log p(y, x; θ) + λ Σ_hidden log Σ_y p(y, x; θ)

p(y | x) says nothing of the x of a row without y. λ, what a hidden row counts, is chosen like all else by
cross-validation on the labelled rows; λ = 0 is among the choices.  Nigam, McCallum, Thrun & Mitchell (2000), Mach.
Learn. 39, 103–134, §5.3.2.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

import genjax_lab as gl
from experiments.generative_vs_discriminative.learn import Scores, folds_of, scores
from experiments.generative_vs_discriminative.pairs import Pair
from genjax_lab.space import HIDDEN

COUNTS = (0.0, 0.1, 1.0)
"""λ to choose from; the last is a row like any other."""


@functools.partial(jax.jit, static_argnames=("pair", "folds", "capacity"))
def learn_hidden(
    pair: Pair,
    pool: Any,
    test: Any,
    rows: jax.Array,
    size: jax.Array,
    amounts: jax.Array,
    keys: jax.Array,
    folds: int,
    capacity: int,
) -> tuple[Scores, Scores]:
    """Fit the joint to `size` labelled rows and to others whose labels are hidden, of every seed.

    Args:
      pair: the model (static).
      pool: (y, x), all the rows to draw from.
      test: (y, x), the rows to be scored.
      rows: i32[seeds, capacity + hidden] places in the pool.
      size: how many of the first `capacity` are there, labelled.
      amounts: of smoothing, one a seed, as chosen without the hidden rows.
      keys: one a seed.
      folds: of the cross-validation (static).
      capacity: places of labelled rows (static).

    Returns:
      The scores where a hidden row counts in full, and where λ is chosen, each f[seeds].
    """
    weights, there = folds_of(capacity, size, folds)
    model = gl.partly_labelled(pair.joint)
    method = gl.em(max_steps=20, tol=1e-3, curvature=False)

    def one(seed: Any) -> tuple[Scores, Scores]:
        order, amount, key = seed
        y, x = jax.tree.map(lambda a: a[order], pool)
        labelled_y, labelled_x = jax.tree.map(lambda a: a[:capacity], (y, x))
        seen = jnp.where(jnp.arange(len(order)) < capacity, y, HIDDEN)

        def with_count(trial: Any) -> tuple[Any, jax.Array]:
            count, keys = trial

            def of_fold(fold: Any) -> tuple[Any, jax.Array]:
                w, key = fold
                start = pair.generative(gl.Data((labelled_y, labelled_x), weights=w), amount, key)
                every = jnp.concatenate([w, jnp.full(len(order) - capacity, count)])
                smoothing = pair.smoothed(amount)
                data = gl.Data((seen, x), weights=every)
                params = gl.run(method, model, data, start, smoothing=smoothing).params
                each = gl.log_prob(pair.posterior, params, labelled_y, given=labelled_x)
                return params, jnp.where(w < there, -each, 0.0).sum()

            params, nats = jax.lax.map(of_fold, (weights, keys))
            return jax.tree.map(lambda a: a[-1], params), nats.sum()

        starts = jax.random.split(key, (len(COUNTS), len(weights)))
        params, nats = jax.lax.map(with_count, (jnp.asarray(COUNTS), starts))
        best = jnp.argmin(nats)
        full, chosen = (jax.tree.map(lambda a, i=i: a[i], params) for i in (-1, best))
        return (
            scores(pair.posterior, full, test, jnp.asarray(COUNTS[-1])),
            scores(pair.posterior, chosen, test, jnp.asarray(COUNTS)[best]),
        )

    return jax.lax.map(one, (rows, amounts, keys))
