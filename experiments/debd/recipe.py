"""The recipe: a mixture of trees by EM, each given some average rows; how many of both is chosen by validation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

import genjax_lab as gl
from genjax_lab.data.debd import Bits


@dataclass(frozen=True)
class Trial:
    """One fit: how many trees, average rows of each, mean log p of the training and validation rows, passes, status."""

    trees: int
    rows: float
    train: float
    valid: float
    steps: int
    status: str


@dataclass(frozen=True)
class Outcome:
    """What a table came to, in mean log p of a row.

    Attributes:
      sizes: rows of the three parts, and bits of a row.
      independent, tree: test rows, of independent bits and of one tree.
      trials: every mixture.
      best: the one that is kept, by validation.
      test: test rows, of that one.
    """

    sizes: tuple[int, int, int, int]
    independent: float
    tree: float
    trials: tuple[Trial, ...]
    best: Trial
    test: float


def average_rows(tree: gl.Density, x: jax.Array, rows: float, even: float) -> jax.Array:
    """Pseudo-counts of a tree that has seen so many average rows: their pairs, and a share spread evenly."""
    pairs = gl.statistics(tree, x).values
    d, k, _ = jax.eval_shape(tree.init, jax.random.key(0))["logits"].shape
    shares = pairs.tables(d).astype(jnp.float32) / len(x)
    return rows * ((1 - even) * shares + even / k**2)


def learn(
    bits: Bits, trees: Sequence[int], rows: Sequence[float], passes: int, starts: int, tol: float, seed: int
) -> Outcome:
    """Fit mixtures to a table; keep the best on its validation rows, and score its test rows with that one only."""
    train, valid, test = (jnp.asarray(part) for part in bits)
    wide = train.shape[1:]
    kept: list[tuple[Trial, gl.Density, Any]] = []
    for k in trees:
        model = gl.mixture(gl.chow_liu(wide), k)
        for number in rows:
            pairs = average_rows(gl.chow_liu(wide), train, number, even=2 / (len(train) + 2))
            found = _fit(
                model,
                train,
                smoothing={"prior": number, "conditional": {"logits": pairs}},
                key=jax.random.key(seed),
                restarts=starts,
                method=gl.em(max_steps=passes, tol=tol, curvature=False, short=8),
            )
            status = gl.Status(int(found.status)).name
            values = (float(found.log_likelihood) / len(train), -float(gl.nll(model, found.params, valid)))
            kept.append((Trial(k, number, *values, int(found.steps), status), model, found.params))
    best, model, params = max(kept, key=lambda each: each[0].valid)
    return Outcome(
        sizes=(len(train), len(valid), len(test), wide[0]),
        independent=_simple(gl.bernoulli(wide), train, test),
        tree=_simple(gl.chow_liu(wide), train, test),
        trials=tuple(trial for trial, _, _ in kept),
        best=best,
        test=-float(gl.nll(model, params, test)),
    )


def _fit(model: gl.Density, x: jax.Array, **how: Any) -> gl.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gl.FitWarning)  # the status is in the trial
        return gl.fit(model, x, **how)


def _simple(model: gl.Density, train: jax.Array, test: jax.Array) -> float:
    return -float(gl.nll(model, _fit(model, train, smoothing=0.1).params, test))
