"""Stratified cross-validation of naive Bayes, all folds in one compiled call: a fold is a weight of 0."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from genjax_lab.data import Table


def stratified_folds(table: Table, folds: int, seed: int) -> np.ndarray:
    """The fold in which each row is held out, every class spread evenly over them: i32[n].

    Raises:
      ValueError: for fewer than two folds, or a class with fewer rows than folds, which could not be in each.
    """
    if folds < 2:
        raise ValueError(f"{table.name}: {folds} folds; cross-validation needs at least 2")
    rows = np.bincount(table.y, minlength=len(table.classes))
    few = int(rows.argmin())
    if rows[few] < folds:
        raise ValueError(
            f"{table.name}: the class {table.classes[few]!r} has {rows[few]} rows, fewer than the {folds} folds; take "
            "fewer folds, or leave its rows out"
        )
    from sklearn.model_selection import StratifiedKFold

    fold = np.empty(len(table), np.int32)
    split = StratifiedKFold(folds, shuffle=True, random_state=seed).split(table.y, table.y)
    for number, (_, held_out) in enumerate(split):
        fold[held_out] = number
    return fold


@functools.partial(jax.jit, static_argnames="model")
def held_out(
    model: gl.Density, y: jax.Array, x: Any, fold: jax.Array, asked: jax.Array, smoothing: jax.Array
) -> jax.Array:
    """log p(y | x) of the rows of each fold that is asked for, by a fit to the rows of all the other folds.

    Args:
      model: naive Bayes, a joint.
      y: i32[n] labels.
      x: n events.
      fold: i32[n] the fold of each row.
      asked: i32[m] folds.
      smoothing: pseudo-counts of each value, f[].

    Returns:
      f[n, k] in nats; NaN in rows of folds that are not asked for.
    """

    def one(number: jax.Array) -> jax.Array:
        others = (fold != number).astype(smoothing.dtype)
        fit = gl.run(gl.closed_form(), model, gl.Data((y, x), weights=others), smoothing=smoothing)
        return gl.predict_log_prob(gl.posterior(model), fit.params, x)

    every = jax.lax.map(one, asked)
    place = jnp.argmax(fold[:, None] == asked[None], 1)
    chosen = jnp.take_along_axis(every, place[None, :, None], 0)[0]
    return jnp.where((fold == asked[place])[:, None], chosen, jnp.nan)


@functools.partial(jax.jit, static_argnames=("density", "folds"))
def inner_nats(
    density: gl.Conditional, y: jax.Array, x: Any, fold: jax.Array, folds: int, smoothing: jax.Array
) -> jax.Array:
    """−log p(x | y) of the training rows of each fold, each by a fit to the other training folds: f[folds] nats a row.

    The rows that the fold holds out are neither fitted nor scored.
    """

    def pair(numbers: tuple[jax.Array, jax.Array]) -> jax.Array:
        held_out, scored = (fold == number for number in numbers)
        others = (~held_out & ~scored).astype(smoothing.dtype)
        fit = gl.run(gl.closed_form(), density, gl.Data(x, given=y, weights=others), smoothing=smoothing)
        return jnp.where(scored & ~held_out, -gl.log_prob(density, fit.params, x, given=y), 0.0).sum()

    ordered = jnp.arange(folds * folds)
    sums = jax.lax.map(pair, (ordered // folds, ordered % folds)).reshape(folds, folds).sum(1)
    return sums / (len(fold) - jnp.bincount(fold, length=folds))
