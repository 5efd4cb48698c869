"""Naive Bayes on one table: cross-validated, beside scikit-learn, and on rows that are as independent as it says."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.naive_bayes import rivals
from experiments.naive_bayes.columns import information, unseen
from experiments.naive_bayes.features import Choice, Feature, categories, choose, model_of
from experiments.naive_bayes.folds import held_out, stratified_folds
from experiments.naive_bayes.scores import Scores, scores
from genjax_lab.data import Table, load_table

LEFT_OUT = {"nursery": "recommend"}
"""A class of 2 rows in 12,960: too few to be in every fold."""

REPEATS = {"adult": ("education-num", "relationship")}
"""Features that say once more what `education` and `marital-status` say, as their mutual information shows."""


@dataclass(frozen=True)
class Variant:
    """One model of a table.

    Attributes:
      name: what it is made of.
      ours: scores of this library.
      theirs: scores of scikit-learn's model; None where it has none.
      difference: the largest difference of p(y | x) between the two.
    """

    name: str
    ours: Scores
    theirs: Scores | None = None
    difference: float | None = None


@dataclass(frozen=True)
class Studied:
    """A table and what was measured of it.

    Attributes:
      table: its rows, with a place for categories that it has no name for.
      left_out: rows of a class that is too small.
      free: free parameters of the last variant.
      variants: the models; the last one is looked into.
      fewer: scores of the last variant without the features that mostly repeat others, where some are known.
      choices: densities of the columns of numbers.
      unseen: held-out cells whose category no training row has.
      impossible: held-out rows whose true class is called impossible without smoothing.
      independent: scores of the last variant on rows drawn from it, in which features are independent given the class.
      information: (d, d) nats between features given the class; entropies on the diagonal.
      by_chance: the same in the rows drawn.
    """

    table: Table
    left_out: int
    free: int
    variants: tuple[Variant, ...]
    fewer: Scores | None
    choices: Mapping[str, Choice]
    unseen: int
    impossible: int
    independent: Scores
    information: np.ndarray
    by_chance: np.ndarray

    @property
    def last(self) -> Variant:
        """The model that is looked into."""
        return self.variants[-1]


def study(name: str, folds: int, smoothing: float, bins: int, seed: int) -> Studied:
    """Cross-validate the models of a table, and look into the last of them."""
    table, left_out = prepared(name)
    fold = stratified_folds(table, folds, seed)
    counted = {name: categories(c) for name, c in table.features.items() if c.kind == "categorical"}
    choices = choose(table, fold, smoothing)
    variants = [
        _beside_scikit_learn(title, table.without(*absent), features, fold, smoothing, bins)
        for title, features, absent in _comparable(counted, choices)
    ]
    if choices:
        variants.append(
            Variant("all, densities chosen", scores(_chosen(table, counted, choices, fold, smoothing), table.y, bins))
        )
    features = _usual(table, counted, choices)
    model, x = model_of(features, len(table.classes)), values(features)
    strict = predictions(table, features, fold, 0.0)[np.arange(len(table)), table.y]
    drawn = _draw(model, jax.random.key(seed), jnp.asarray(table.y), x, jnp.asarray(smoothing))
    of_drawn = held_out(
        model, jnp.asarray(table.y), drawn, jnp.asarray(fold), jnp.arange(folds), jnp.asarray(smoothing)
    )
    return Studied(
        table=table,
        left_out=left_out,
        free=gl.degrees_of_freedom(model),
        variants=tuple(variants),
        fewer=_fewer(table, features, fold, smoothing, bins),
        choices=choices,
        unseen=unseen(table, fold),
        impossible=int(np.isneginf(strict).sum()),
        independent=scores(np.asarray(of_drawn), table.y, bins),
        information=information(table, x, x),
        by_chance=information(table, drawn, x),
    )


def prepared(name: str) -> tuple[Table, int]:
    """A table with a place for unseen categories and without a class that is too small, and the rows it lost."""
    table = load_table(name).with_other()
    if name not in LEFT_OUT:
        return table, 0
    assert table.label is not None
    gone = table.classes.index(LEFT_OUT[name])
    kept = table.take(table.y != gone)
    others = tuple(c for c in table.classes if c != LEFT_OUT[name])
    label = replace(kept[table.label], values=kept.y - (kept.y > gone).astype(np.int32), categories=others)
    return replace(kept, columns={**kept.columns, table.label: label}), len(table) - len(kept)


def _comparable(
    counted: Mapping[str, Feature], choices: Mapping[str, Choice]
) -> Iterator[tuple[str, Mapping[str, Feature], list[str]]]:
    """The models that scikit-learn has too: what they are made of, and the columns that they leave out."""
    if not choices:
        yield "all features, counted", counted, []
        return
    normal = {name: choice.features[0] for name, choice in choices.items()}
    yield "categories alone", counted, list(normal)
    yield "numbers alone, normal", normal, list(counted)
    yield "all, numbers normal", {**counted, **normal}, []


def _beside_scikit_learn(
    name: str, table: Table, features: Mapping[str, Feature], fold: np.ndarray, smoothing: float, bins: int
) -> Variant:
    ours, theirs = predictions(table, features, fold, smoothing), rivals.held_out(table, fold, smoothing)
    difference = float(np.abs(np.exp(ours) - np.exp(theirs)).max())
    return Variant(name, scores(ours, table.y, bins), scores(theirs, table.y, bins), difference)


def values(features: Mapping[str, Feature]) -> dict[str, jax.Array]:
    """The events of a product of features."""
    return {name: jnp.asarray(feature.z) for name, feature in features.items()}


def predictions(
    table: Table, features: Mapping[str, Feature], fold: np.ndarray, smoothing: float, asked: Sequence[int] = ()
) -> np.ndarray:
    """Held-out log p(y | x) of the rows of some folds, or of all: (n, k)."""
    which = jnp.asarray(asked or range(int(fold.max()) + 1))
    model, y = model_of(features, len(table.classes)), jnp.asarray(table.y)
    return np.asarray(held_out(model, y, values(features), jnp.asarray(fold), which, jnp.asarray(smoothing)))


def _with(table: Table, counted: Mapping[str, Feature], choices: Mapping[str, Choice], best: Any) -> dict[str, Feature]:
    """The features in the order of the table, numbers by the places of their densities."""
    numbers = {name: choices[name].features[place] for name, place in zip(choices, best, strict=True)}
    return {name: counted[name] if name in counted else numbers[name] for name in table.features}


def _chosen(
    table: Table, counted: Mapping[str, Feature], choices: Mapping[str, Choice], fold: np.ndarray, smoothing: float
) -> np.ndarray:
    """Held-out log p(y | x) with the densities that each fold's training rows choose: a call for each set of them."""
    sets: dict[tuple[int, ...], list[int]] = {}
    for number, best in enumerate(zip(*(choice.best.tolist() for choice in choices.values()), strict=True)):
        sets.setdefault(best, []).append(number)
    found = np.empty((len(table), len(table.classes)), np.float32)
    for best, folds in sets.items():
        rows = np.isin(fold, folds)
        found[rows] = predictions(table, _with(table, counted, choices, best), fold, smoothing, folds)[rows]
    return found


def _fewer(
    table: Table, features: Mapping[str, Feature], fold: np.ndarray, smoothing: float, bins: int
) -> Scores | None:
    gone = REPEATS.get(table.name)
    if gone is None:
        return None
    rest = {name: feature for name, feature in features.items() if name not in gone}
    return scores(predictions(table, rest, fold, smoothing), table.y, bins)


def _usual(table: Table, counted: Mapping[str, Feature], choices: Mapping[str, Choice]) -> dict[str, Feature]:
    """The features with the densities that most folds choose."""
    best = [Counter(choice.best.tolist()).most_common(1)[0][0] for choice in choices.values()]
    return _with(table, counted, choices, best)


@functools.partial(jax.jit, static_argnames="model")
def _draw(model: gl.Density, key: jax.Array, y: jax.Array, x: Any, smoothing: jax.Array) -> Any:
    """Rows of the same classes from the fitted model."""
    fit = gl.run(gl.closed_form(), model, gl.Data((y, x)), smoothing=smoothing)
    assert model.factors is not None
    return gl.sample(model.factors[1], key, fit.params["conditional"], given=y)
