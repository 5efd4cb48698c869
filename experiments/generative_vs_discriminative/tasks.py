"""What is to be labelled: rows to learn from, rows to test, and the pair of fits that compete on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.generative_vs_discriminative.pairs import Pair, lda, mixtures, naive_bayes
from experiments.mnist_density.principal import principal
from experiments.naive_bayes.folds import stratified_folds
from experiments.naive_bayes.tables import prepared
from genjax_lab.data import Dataset, Table, load, load_table

PARTS = 3
"""A table is cut into so many parts with the same shares of the classes; the first is tested."""


@dataclass(frozen=True, eq=False)
class Task:
    """Rows and a pair of fits.

    Attributes:
      name: of the rows.
      pair: the two fits.
      pool: (y, x) to learn from.
      test: (y, x), scored once for every fit that was chosen.
    """

    name: str
    pair: Pair
    pool: Any
    test: Any

    @property
    def title(self) -> str:
        """Rows and family."""
        return f"{self.name}, {self.pair.name}"

    @property
    def rows(self) -> int:
        """Rows to learn from."""
        return len(self.pool[0])


def tasks(
    families: Sequence[str], tables: Sequence[str], images: str, directions: int, components: int, seed: int
) -> Iterator[Task]:
    """Tables of categories and images by naive Bayes; numbers and images by LDA; images by mixtures."""
    data = load(images)
    bits = data.binarised()
    pixels, k = gl.bernoulli((data.pixels,)), data.num_classes
    if "naive Bayes" in families:
        for name in tables:
            yield categories(name, prepared(name)[0], seed)
        yield _of(images, naive_bayes(pixels, k), bits)
    if "LDA" in families:
        yield numbers("penguins", load_table("penguins"), seed)
        project = principal(data.train.x, directions)
        pool, test = ((jnp.asarray(part.y), project(part.x)) for part in (data.train, data.test))
        yield Task(f"{images}, {directions} directions", lda(directions, k), pool, test)
    if "mixtures" in families:
        yield _of(images, mixtures(pixels, k, components), bits)


def _of(name: str, pair: Pair, data: Dataset) -> Task:
    pool, test = ((jnp.asarray(part.y), jnp.asarray(part.x)) for part in (data.train, data.test))
    return Task(name, pair, pool, test)


def categories(name: str, table: Table, seed: int) -> Task:
    """The categorical columns of a table; those of as many categories are one field of the product."""
    counted = {n: c for n, c in table.features.items() if c.kind == "categorical"}
    sizes = sorted({len(column.categories) for column in counted.values()})
    x, fields = {}, {}
    for size in sizes:
        own = [column.values for column in counted.values() if len(column.categories) == size]
        x[f"of{size}"] = np.stack(own, 1)
        fields[f"of{size}"] = gl.categorical(size, (len(own),))
    return _cut(name, naive_bayes(gl.product(fields), len(table.classes)), table, x, seed)


def numbers(name: str, table: Table, seed: int) -> Task:
    """The columns of numbers, in standard deviations of all rows; rows in which one is missing are left out."""
    columns = [n for n, column in table.features.items() if column.kind != "categorical"]
    table = table.take(~np.any([table[n].missing for n in columns], 0))
    x = np.stack([table[n].values for n in columns], 1).astype(np.float64)
    x = ((x - x.mean(0)) / x.std(0)).astype(np.float32)
    return _cut(name, lda(len(columns), len(table.classes)), table, x, seed)


def _cut(name: str, pair: Pair, table: Table, x: Any, seed: int) -> Task:
    tested = stratified_folds(table, PARTS, seed) == 0

    def part(rows: np.ndarray) -> Any:
        taken = {n: jnp.asarray(a[rows]) for n, a in x.items()} if isinstance(x, dict) else jnp.asarray(x[rows])
        return jnp.asarray(table.y[rows]), taken

    return Task(name, pair, part(~tested), part(tested))
