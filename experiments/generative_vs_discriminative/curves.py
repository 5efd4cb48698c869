"""The learning curves of a task: of every size the scores of every seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.generative_vs_discriminative.hidden import learn_hidden
from experiments.generative_vs_discriminative.learn import Scores, learn
from experiments.generative_vs_discriminative.tasks import Task
from experiments.result import Refused

SCORES = ("accuracy", "log_loss", "ece")
TOGETHER = 3  # sizes that one compiled call serves, the rows of the smaller ones filled up with weight 0
SURE = 2.0  # standard errors of the mean difference over seeds, from which one side is said to be better


@dataclass(frozen=True, eq=False)
class Curves:
    """What was measured of a task.

    Attributes:
      name: rows and family.
      sizes: of the training rows.
      generative, discriminative: scores, each (sizes, seeds).
      hidden_sizes: of the labelled rows where more are hidden.
      counted_fully, counted_as_chosen: scores with the hidden rows, each (hidden_sizes, seeds).
    """

    name: str
    sizes: tuple[int, ...]
    generative: Scores
    discriminative: Scores
    hidden_sizes: tuple[int, ...] = ()
    counted_fully: Scores | None = None
    counted_as_chosen: Scores | None = None

    def gain(self, score: str) -> tuple[np.ndarray, np.ndarray]:
        """How much better the discriminative fit is than the generative one: mean over seeds, and standard error."""
        sign = 1 if score == "accuracy" else -1
        each = sign * (getattr(self.discriminative, score) - getattr(self.generative, score))
        return each.mean(1), each.std(1, ddof=1) / each.shape[1] ** 0.5

    def verdict(self, score: str) -> tuple[str, int | None]:
        """Which side is ahead at which sizes, in words; and the size from which the lead has changed, if it has."""
        mean, error = self.gain(score)
        ahead = np.where(mean > SURE * error, 1, np.where(mean < -SURE * error, -1, 0))
        told = [(n, int(a)) for n, a in zip(self.sizes, ahead, strict=True) if a]
        if not told:
            return "no difference", None
        sides = {1: "discriminative", -1: "generative"}
        if len({a for _, a in told}) == 1:
            n, side = told[0]
            return f"none: {sides[side]} ahead from {n}", None
        changes = [n for (_, before), (n, a) in pairwise(told) if a != before]
        if len(changes) > 1:
            return f"{len(changes)} changes, the last at {changes[-1]}", changes[-1]
        return f"{sides[told[-1][1]]} ahead from {changes[0]}", changes[0]


def kept(found: dict[str, Any]) -> Curves:
    """From what a finished stage keeps."""

    def scores(lists: Any) -> Scores:
        return Scores(*(np.asarray(each, np.float64) for each in lists))

    both = scores(found["generative"]), scores(found["discriminative"])
    if found["counted_fully"] is None:
        return Curves(found["name"], tuple(found["sizes"]), *both)
    more = scores(found["counted_fully"]), scores(found["counted_as_chosen"])
    return Curves(found["name"], tuple(found["sizes"]), *both, tuple(found["hidden_sizes"]), *more)


def measure(task: Task, sizes: Sequence[int], seeds: int, folds: int, hidden: int, seed: int) -> Curves:
    """Fit and score a task at every size it has rows for, from as many seeds.

    Raises:
      Refused: for a task with fewer rows than the smallest size.
    """
    sizes = tuple(size for size in sorted(sizes) if size <= task.rows)
    if not sizes:
        raise Refused(f"{task.title}: {task.rows} rows to learn from, fewer than the smallest of the sizes")
    rng = np.random.default_rng(seed)
    order = np.stack([rng.permutation(task.rows) for _ in range(seeds)])
    found = []
    for size, capacity in _capacities(sizes):
        rows, keys = jnp.asarray(order[:, :capacity]), _keys(seed, size, seeds)
        found.append(learn(task.pair, task.pool, task.test, rows, jnp.asarray(size), keys, folds))
    generative, discriminative = (_stacked([pair[side] for pair in found]) for side in (0, 1))
    few = tuple(size for size in sizes[1::2] if size + hidden <= task.rows) if hidden else ()
    if not few:
        return Curves(task.title, sizes, generative, discriminative)
    more = []
    for size in few:
        places = np.concatenate([order[:, : few[-1]], order[:, task.rows - hidden :]], 1)
        amounts = jnp.asarray(generative.chosen[sizes.index(size)], float)
        every = jnp.asarray(places), jnp.asarray(size), amounts, _keys(seed, -size, seeds)
        more.append(learn_hidden(task.pair, task.pool, task.test, *every, folds, few[-1]))
    fully, chosen = (_stacked([pair[side] for pair in more]) for side in (0, 1))
    return Curves(task.title, sizes, generative, discriminative, few, fully, chosen)


def _keys(seed: int, which: int, seeds: int) -> jax.Array:
    """A key for each seed of a size, negative with hidden labels."""
    return jax.random.split(jax.random.fold_in(jax.random.key(seed), which % 2**32), seeds)


def _capacities(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each size, and the largest of those that are compiled together with it."""
    for start in range(len(sizes) % TOGETHER - TOGETHER, len(sizes), TOGETHER):
        some = sizes[max(start, 0) : start + TOGETHER]
        yield from ((size, some[-1]) for size in some)


def _stacked(scores: Sequence[Scores]) -> Scores:
    return Scores(*(np.stack([np.asarray(a, np.float64) for a in each]) for each in zip(*scores, strict=True)))
