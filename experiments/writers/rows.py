"""Which digits are asked about: those of the writers with the most, and as many of other writers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.result import Refused
from genjax_lab.data import Handwriting

PARTS = 5
"""Of each writer's digits one part is tested, one validates and three are learnt from."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Images, the answer to the question asked of them, and the digit that they show.

    Attributes:
      y: (n,) int32, the answer.
      digit: (n,) int32.
      x: (n, pixels) uint8.
    """

    y: NDArray[np.int32]
    digit: NDArray[np.int32]
    x: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.y)

    def and_also(self, other: Rows) -> Rows:
        """Both."""
        return Rows(*(np.concatenate([getattr(part, f.name) for part in (self, other)]) for f in fields(self)))


@dataclass(frozen=True, eq=False)
class Question:
    """A question about who wrote a digit.

    Attributes:
      name: in words.
      answers: what y stands for.
      train, valid, test: rows.
    """

    name: str
    answers: tuple[str, ...]
    train: Rows
    valid: Rows
    test: Rows

    @property
    def known(self) -> Rows:
        """What is learnt from once everything is chosen."""
        return self.train.and_also(self.valid)


def stratified(labels: NDArray[np.int32], parts: int, seed: int, what: str = "class") -> NDArray[np.int32]:
    """A part 0..parts − 1 for every row, each label spread evenly over them: i32[n].

    Raises:
      ValueError: for a label with fewer rows than parts, which could not be in each.
    """
    rng, part = np.random.default_rng(seed), np.empty(len(labels), np.int32)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        if len(rows) < parts:
            raise Refused(f"stratified: {what} {label} has {len(rows)} rows, fewer than the {parts} parts")
        part[rows] = (np.arange(len(rows)) + rng.integers(parts)) % parts
    return part


def which_of(data: Handwriting, count: int, seed: int) -> Question:
    """Which of the `count` writers with the most digits? Each one's digits are in all parts.

    Raises:
      ValueError: for fewer writers than that, or one with too few digits.
    """
    ours = data.most(count)
    rows = np.flatnonzero(np.isin(data.writer, ours))
    y = np.argmax(data.writer[rows, None] == ours[None], 1).astype(np.int32)
    part = stratified(y, PARTS, seed, "writer")
    return _question(f"which of the {count}", tuple(str(w) for w in ours), data, rows, y, part)


def one_of_us(data: Handwriting, count: int, seed: int) -> Question:
    """One of these writers, 1, or somebody else, 0? Of others there are as many rows, of different people in each part.

    Raises:
      ValueError: for no other writers, or as `which_of`.
    """
    rng, ours = np.random.default_rng(seed), data.most(count)
    own = np.flatnonzero(np.isin(data.writer, ours))
    own_part = stratified(data.writer[own], PARTS, seed, "writer")
    people = np.setdiff1d(data.writer, ours)
    if len(people) < PARTS:
        raise Refused(f"one_of_us: {len(people)} other writers, fewer than the {PARTS} parts")
    part_of = dict(zip(people.tolist(), rng.permutation(len(people)) % PARTS, strict=True))
    others = np.flatnonzero(~np.isin(data.writer, ours))
    other_part = np.array([part_of[writer] for writer in data.writer[others].tolist()], np.int32)
    drawn = []
    for number, wanted in enumerate(np.bincount(own_part, minlength=PARTS)):
        there = np.flatnonzero(other_part == number)
        drawn.append(rng.permutation(there)[:wanted])
    chosen = np.concatenate(drawn)
    rows, part = np.concatenate([own, others[chosen]]), np.concatenate([own_part, other_part[chosen]])
    y = np.repeat(np.array([1, 0], np.int32), [len(own), len(chosen)])
    return _question("one of us, or not", ("somebody else", "one of us"), data, rows, y, part)


def _question(
    name: str, answers: tuple[str, ...], data: Handwriting, rows: Any, y: NDArray[np.int32], part: NDArray[np.int32]
) -> Question:
    def those(chosen: NDArray[np.bool_]) -> Rows:
        return Rows(y[chosen], data.y[rows[chosen]], data.x[rows[chosen]])

    return Question(name, answers, those(part > 1), those(part == 1), those(part == 0))


@dataclass(frozen=True, eq=False)
class Directions:
    """The directions in which images differ most, and what an image has beside them.

    Attributes:
      mean: (pixels,) of the images they were taken from.
      vectors: (pixels, d), orthonormal.
      scale: (d,) the standard deviations along them, in grey levels.
    """

    mean: NDArray[np.float32]
    vectors: NDArray[np.float32]
    scale: NDArray[np.float32]

    def project(self, x: Any) -> NDArray[np.float32]:
        """Along each direction, in its standard deviations: (n, d)."""
        return (((np.asarray(x, np.float32) - self.mean) @ self.vectors) / self.scale).astype(np.float32)

    def rest(self, x: Any) -> NDArray[np.float32]:
        """The mean square, a pixel, of what lies along no direction, in squares of full ink: (n,)."""
        away = np.asarray(x, np.float32) - self.mean
        return (np.square(away - away @ self.vectors @ self.vectors.T).mean(1) / 255**2).astype(np.float32)

    def image(self, z: Any) -> NDArray[np.float32]:
        """The image with these coordinates and nothing beside them, cut to the grey levels: (n, pixels)."""
        return np.clip(self.mean + (np.asarray(z) * self.scale) @ self.vectors.T, 0, 255).astype(np.float32)


def directions(x: NDArray[np.uint8], d: int) -> Directions:
    """The d directions of most variance.

    Raises:
      ValueError: for more directions than rows or pixels can tell apart.
    """
    if not 1 <= d < min(x.shape):
        raise ValueError(f"directions: {d} of {x.shape[0]} images of {x.shape[1]} pixels")
    wide = x.astype(np.float64)
    values, vectors = np.linalg.eigh(np.cov(wide, rowvar=False))
    arrays = (wide.mean(0), vectors[:, -d:], np.sqrt(values[-d:]))
    return Directions(*(a.astype(np.float32) for a in arrays))
