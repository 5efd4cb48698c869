"""The recipe: a mixture of trees, each given some average rows; start, and how many of both, are chosen by validation.

Rows are sorted by a mixture of coins, and each tree is learnt from the rows of one coin; EM goes on from there. What is
best so far is learnt once more, by EM from rows far apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

import genjax_lab as gl
from experiments import in_sight
from experiments.mixtures.bits import SHORT, imaginary, likeliest
from genjax_lab.data.debd import Bits


@dataclass(frozen=True)
class Trial:
    """One fit: trees, average rows of each, how, mean log p of training and validation rows, passes, status."""

    trees: int
    rows: float
    way: str
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
    bits: Bits, trees: Sequence[int], rows: Sequence[float], passes: int, starts: int, tol: float, seed: int,
    folder: str | None = None,
) -> Outcome:  # fmt: skip
    """Fit mixtures to a table; keep the best on its validation rows, and score its test rows with that one only."""
    train, valid, test = (jnp.asarray(part) for part in bits)
    tree, coins = (family(train.shape[1:]) for family in (gl.chow_liu, gl.bernoulli))
    anew: dict[str, Any] = {"restarts": starts, "method": gl.em(passes, tol, curvature=False, short=SHORT)}
    average = average_rows(tree, train, 1.0, even=2 / (len(train) + 2))
    imagined = imaginary(bits.train, 1.0)
    kept: list[tuple[Trial, Any]] = []

    def keep(k: int, number: float, way: str, found: gl.Fit) -> None:
        seen, held_out = (-float(gl.nll(gl.mixture(tree, k), found.params, part)) for part in (train, valid))
        status = gl.Status(int(found.status)).name
        kept.append((Trial(k, number, way, seen, held_out, int(found.steps), status), found.params))

    def best() -> tuple[Trial, Any]:
        return max(kept, key=lambda each: each[0].valid)

    for k in trees:
        key = jax.random.fold_in(jax.random.key(seed), k)
        found = in_sight.fit(gl.mixture(coins, k), train, f"{k} coins", folder, key=key, smoothing=imagined, **anew)
        event = likeliest(found.params, train, k), train
        for number in rows:
            smoothing = _smoothing(average, number)
            model, named = gl.mixture(tree, k), f"{k} trees, {number:g} rows"
            first = in_sight.fit(gl.joint(gl.categorical(k), gl.per_class(tree, k)), event, named, smoothing=smoothing)
            keep(k, number, "sorted by coins", first)
            on: dict[str, Any] = {"start": first.params, "method": gl.em(passes, tol, curvature=False)}
            keep(k, number, "then EM", in_sight.fit(model, train, named, folder, smoothing=smoothing, **on))
    k, number = best()[0].trees, best()[0].rows
    smoothing, key = _smoothing(average, number), jax.random.key(seed)
    model, named = gl.mixture(tree, k), f"{k} trees from rows"
    keep(k, number, "EM from rows", in_sight.fit(model, train, named, folder, key=key, smoothing=smoothing, **anew))
    trial, params = best()
    return Outcome(
        sizes=(len(train), len(valid), len(test), train.shape[1]),
        independent=_simple(coins, train, test),
        tree=_simple(tree, train, test),
        trials=tuple(trial for trial, _ in kept),
        best=trial,
        test=-float(gl.nll(gl.mixture(tree, k), params, test)),
    )


def _smoothing(average: jax.Array, rows: float) -> dict[str, Any]:
    return {"prior": rows, "conditional": {"logits": rows * average}}


def _simple(model: gl.Density, train: jax.Array, test: jax.Array) -> float:
    return -float(gl.nll(model, gl.fit(model, train, smoothing=0.1).params, test))
