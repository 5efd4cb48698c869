"""Learning curves: all seeds of a size fitted both ways, chosen by cross-validation, scored, in one compiled call."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import genjax_lab as gl
from experiments.generative_vs_discriminative.pairs import Pair
from genjax_lab.evaluate import accuracy, calibration, log_loss


class Scores(NamedTuple):
    """Of test labels: share right, mean −log p(y | x) in nats, expected calibration error; and what was chosen."""

    accuracy: Any
    log_loss: Any
    ece: Any
    chosen: Any


def scores(conditional: gl.Conditional, params: Any, test: Any, chosen: Any) -> Scores:
    """The scores of log p(y | x) of the test rows (y, x)."""
    y, x = test
    log_probs = gl.predict_log_prob(conditional, params, x)
    return Scores(accuracy(log_probs.argmax(1), y), log_loss(log_probs, y), calibration(log_probs, y).ece, chosen)


@functools.partial(jax.jit, static_argnames=("pair", "folds"))
def learn(
    pair: Pair, pool: Any, test: Any, rows: jax.Array, size: jax.Array, keys: jax.Array, folds: int
) -> tuple[Scores, Scores]:
    """Fit both ways to the first `size` rows of every seed, and score each choice once.

    How much to smooth, and how strong the ridge, is chosen by the log-loss of `folds`-fold cross-validation within
    these rows. A fold that is held out, and a row beyond `size`, has weight 0, so that one compiled call serves many
    sizes. Fits follow each other: side by side, on a CPU, the climbs are some six times slower.

    Args:
      pair: the model (static).
      pool: (y, x), all the rows to draw from.
      test: (y, x), the rows to be scored.
      rows: i32[seeds, capacity] places in the pool, in a random order.
      size: how many of them are there.
      keys: one a seed.
      folds: of the cross-validation (static).

    Returns:
      Of the generative and of the discriminative fit the scores, each f[seeds].
    """
    weights, there = folds_of(rows.shape[1], size, folds)

    def one(seed: Any) -> tuple[Scores, Scores]:
        order, key = seed
        y, x = jax.tree.map(lambda a: a[order], pool)

        def tried(fit: Any, conditional: gl.Conditional, grid: tuple[float, ...], starts: Any) -> Any:
            """Of each number of a grid the fits to every fold's training rows and to all; those of the best, and it."""

            def with_number(trial: Any) -> tuple[Any, jax.Array]:
                number, starts = trial

                def of_fold(fold: Any) -> tuple[Any, jax.Array]:
                    w, start = fold
                    params = fit(gl.Data((y, x), weights=w), number, start)
                    each = gl.log_prob(conditional, params, y, given=x)
                    return params, jnp.where(w < there, -each, 0.0).sum()

                params, nats = jax.lax.map(of_fold, (weights, starts))
                return params, nats.sum()

            params, nats = jax.lax.map(with_number, (jnp.asarray(grid), starts))
            best = jnp.argmin(nats)
            return jax.tree.map(lambda a: a[best], params), jnp.asarray(grid)[best]

        keys = jax.random.split(key, (len(pair.amounts), len(weights)))
        fits, amount = tried(pair.generative, pair.posterior, pair.amounts, keys)
        begins = jax.tree.map(lambda a: jnp.stack([a] * len(pair.ridges)), fits)
        rivals, ridge = tried(pair.discriminative, pair.conditional, pair.ridges, begins)
        own, rival = (jax.tree.map(lambda a: a[-1], params) for params in (fits, rivals))
        return scores(pair.posterior, own, test, amount), scores(pair.conditional, rival, test, ridge)

    return jax.lax.map(one, (rows, keys))


def folds_of(capacity: int, size: jax.Array, folds: int) -> tuple[jax.Array, jax.Array]:
    """Weights of the training rows of each fold, and in the last row of all; and of the rows that are there."""
    place = jnp.arange(capacity)
    there = (place < size).astype(float)
    kept = jnp.concatenate([place[None] % folds != jnp.arange(folds)[:, None], jnp.ones((1, capacity), bool)])
    return kept * there[None], there
