"""Parameter spaces: what values a parameter may take, and the coordinates in which it is free.

`parameters` of a density is a pytree of constraints; a constraint is a leaf of it and may cover a subtree of the
parameters. Methods work in the unconstrained coordinates; users never see them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.types import Params


@dataclass(frozen=True)
class Constraint:
    """One parameter's space.

    Attributes:
      name: for print and errors.
      shapes: the shape of the parameter's array, or a dict of shapes where the constraint covers a subtree.
      degrees_of_freedom: how many numbers it really holds; a quotient has fewer than entries.
      forward: unconstrained -> parameter.
      inverse: parameter -> unconstrained, of interior parameters.
      contains: parameter -> bool[]: allowed, the boundary included.
      interior: parameter -> bool[]: allowed and off the boundary.
      discrete: whether it is whole numbers, which only an estimator sets: it has no free coordinates.
    """

    name: str
    shapes: Any
    degrees_of_freedom: int
    forward: Callable[[Any], Any]
    inverse: Callable[[Any], Any]
    contains: Callable[[Any], jax.Array]
    interior: Callable[[Any], jax.Array]
    discrete: bool = False

    def __repr__(self) -> str:
        return f"{self.name}{self.shapes}"


def real(shape: tuple[int, ...]) -> Constraint:
    """Real numbers."""
    finite = _all(jnp.isfinite)
    return Constraint("real", shape, math.prod(shape), lambda z: z, lambda p: p, finite, finite)


def log_odds(shape: tuple[int, ...]) -> Constraint:
    """Log-odds of probabilities: real numbers; ±∞, which are probabilities 0 and 1, are the boundary."""
    known = _all(lambda p: ~jnp.isnan(p))
    return Constraint("log_odds", shape, math.prod(shape), lambda z: z, lambda p: p, known, _all(jnp.isfinite))


def discrete(k: int, shape: tuple[int, ...]) -> Constraint:
    """Whole numbers 0..k−1, such as the parents in a tree: chosen by an estimator, held by every other method."""
    inside = _all(lambda p: (p >= 0) & (p < k) & (p == jnp.floor(p)))
    return Constraint("discrete", shape, 0, lambda p: p, lambda p: p, inside, inside, discrete=True)


def positive(shape: tuple[int, ...]) -> Constraint:
    """Positive numbers, by their logarithm; 0 is the boundary."""
    return Constraint(
        "positive", shape, math.prod(shape), jnp.exp, jnp.log,
        contains=_all(lambda p: (p >= 0) & jnp.isfinite(p)),
        interior=_all(lambda p: (p > 0) & jnp.isfinite(p)),
    )  # fmt: skip


def concentration(shape: tuple[int, ...], most: Callable[[jax.typing.DTypeLike], float] | None = None) -> Constraint:
    """Positive numbers, by their logarithm; the boundary is 0, and at the other end `most(dtype)`.

    Args:
      shape: the shape of the parameter.
      most: (dtype) -> the largest value, which stands for all beyond it; None takes `most_concentrated`.
    """
    end = most or most_concentrated
    return Constraint(
        "concentration", shape, math.prod(shape), jnp.exp, jnp.log,
        contains=_all(lambda p: (p >= 0) & jnp.isfinite(p)),
        interior=_all(lambda p: (p > 0) & (p < 0.999 * end(p.dtype))),  # a step may end a rounding short of it
    )  # fmt: skip


def most_concentrated(dtype: jax.typing.DTypeLike) -> float:
    """1/ε²: the spread that a concentration of this size leaves is lost in the rounding of the mean."""
    return float(jnp.finfo(dtype).eps) ** -2


def scale_tril(d: int) -> Constraint:
    """Lower Cholesky factors of d × d covariances, by rows, with the logarithm of the diagonal.

    A 0 on the diagonal, where the covariance is singular, is the boundary.
    """
    rows, columns = np.tril_indices(d)
    diagonal = rows == columns

    def take(p: jax.Array) -> jax.Array:
        return p[jnp.asarray(rows), jnp.asarray(columns)]  # of the present integer dtype: x64 may come and go

    def lower(p: jax.Array, positive: Callable[[jax.Array], jax.Array]) -> jax.Array:
        return jnp.all(jnp.isfinite(p)) & jnp.all(jnp.triu(p, 1) == 0) & jnp.all(positive(jnp.diagonal(p)))

    return Constraint(
        "scale_tril", (d, d), len(rows),
        forward=lambda z: jnp.zeros((d, d), z.dtype)
        .at[jnp.asarray(rows), jnp.asarray(columns)]
        .set(jnp.where(diagonal, jnp.exp(z), z)),
        inverse=lambda p: jnp.where(diagonal, jnp.log(jnp.where(diagonal, take(p), 1)), take(p)),
        contains=lambda p: lower(p, lambda diagonal: diagonal >= 0),
        interior=lambda p: lower(p, lambda diagonal: diagonal > 0),
    )  # fmt: skip


def logits(k: int, shape: tuple[int, ...] = ()) -> Constraint:
    """Logits of k categories, shape (*shape, k), equal up to a constant: k − 1 degrees of freedom each.

    −∞ (a category of probability 0) is the boundary; all −∞ is nothing.
    """
    return Constraint(
        "logits", (*shape, k), math.prod(shape) * (k - 1),
        forward=lambda z: jnp.concatenate([jnp.zeros_like(z, shape=(*z.shape[:-1], 1)), z], -1),
        inverse=lambda p: p[..., 1:] - p[..., :1],
        contains=lambda p: jnp.all(p < jnp.inf) & jnp.all(jnp.any(p > -jnp.inf, -1)),
        interior=_all(jnp.isfinite),
    )  # fmt: skip


def table(shape: tuple[int, ...]) -> Constraint:
    """Logits of the cells of one table of the given shape, equal up to a constant: one degree of freedom less."""
    flat = logits(math.prod(shape))
    return Constraint(
        "table", shape, flat.degrees_of_freedom,
        forward=lambda z: flat.forward(z).reshape(shape),
        inverse=lambda p: flat.inverse(p.reshape(-1)),
        contains=lambda p: flat.contains(p.reshape(-1)),
        interior=flat.interior,
    )  # fmt: skip


def centred(k: int, shape: tuple[int, ...] = ()) -> Constraint:
    """Arrays of shape (k, *shape) that add up to 0 along the first axis: (k − 1) degrees of freedom an entry.

    The coordinates are those in an orthonormal basis, so that a ridge on them is a ridge on the entries.
    """
    basis = np.linalg.qr(np.eye(k)[:, 1:] - 1 / k)[0]  # k × (k − 1), its columns orthogonal to (1, …, 1)

    def times(b: np.ndarray, a: jax.Array) -> jax.Array:
        return jnp.tensordot(jnp.asarray(b, a.dtype), a, 1, precision=jax.lax.Precision.HIGHEST)

    finite = _all(jnp.isfinite)
    return Constraint(
        "centred", (k, *shape), (k - 1) * math.prod(shape),
        forward=lambda z: times(basis, z),
        inverse=lambda p: times(basis.T, p),
        contains=finite,
        interior=finite,
    )  # fmt: skip


def ordered_pair(shape: tuple[int, ...], low: str = "low", high: str = "high") -> Constraint:
    """A subtree {low, high} with low < high, by the lower end and the log of the width; low = high is the edge."""
    finite = _all(jnp.isfinite)

    def both(p: Params, inside: Callable[[Any, Any], Any]) -> jax.Array:
        return finite(p[low]) & finite(p[high]) & jnp.all(inside(p[low], p[high]))

    return Constraint(
        "ordered_pair", {low: shape, high: shape}, 2 * math.prod(shape),
        forward=lambda z: {low: z[low], high: z[low] + jnp.exp(z[high])},
        inverse=lambda p: {low: p[low], high: jnp.log(p[high] - p[low])},
        contains=lambda p: both(p, jnp.less_equal),
        interior=lambda p: both(p, jnp.less),
    )  # fmt: skip


def stack(constraint: Constraint, k: int) -> Constraint:
    """`k` copies of a parameter along a new leading axis."""
    return Constraint(
        constraint.name,
        jax.tree.map(lambda shape: (k, *shape), constraint.shapes, is_leaf=is_shape),
        k * constraint.degrees_of_freedom,
        jax.vmap(constraint.forward),
        jax.vmap(constraint.inverse),
        contains=lambda p: jnp.all(jax.vmap(constraint.contains)(p)),
        interior=lambda p: jnp.all(jax.vmap(constraint.interior)(p)),
        discrete=constraint.discrete,
    )


def constrain(parameters: Any, unconstrained: Any) -> Params:
    """Map unconstrained coordinates to parameters."""
    return jax.tree.map(lambda c, z: c.forward(z), parameters, unconstrained)


def unconstrain(parameters: Any, params: Params) -> Any:
    """Map interior parameters to unconstrained coordinates."""
    return jax.tree.map(lambda c, p: c.inverse(p), parameters, params)


def is_interior(parameters: Any, params: Params) -> jax.Array:
    """Whether no parameter lies on its boundary: bool[]."""
    return _every(jax.tree.map(lambda c, p: c.interior(p), parameters, params))


def is_allowed(parameters: Any, params: Params) -> jax.Array:
    """Whether every parameter lies in its space, the boundary included: bool[]."""
    return _every(jax.tree.map(lambda c, p: c.contains(p), parameters, params))


def in_dtype(parameters: Any, params: Params) -> Params:
    """Parameters as arrays: of a float dtype, or of whole numbers where they are discrete."""

    def one(rule: Constraint, p: Any) -> jax.Array:
        return jnp.asarray(p, jnp.int32 if rule.discrete else jnp.result_type(float, p))

    return jax.tree.map(lambda c, own: jax.tree.map(functools.partial(one, c), own), parameters, params)


def shapes(parameters: Any) -> Any:
    """The parameters as a pytree of shapes; a shape, though a tuple, is a leaf: use `is_shape`."""
    return jax.tree.map(lambda c: c.shapes, parameters)


def _every(flags: Any) -> jax.Array:
    leaves = jax.tree.leaves(flags)
    return jnp.stack(leaves).all() if leaves else jnp.asarray(True)


def _all(test: Callable[[Any], Any]) -> Callable[[Any], jax.Array]:
    return lambda p: jnp.all(test(p))


def is_shape(value: Any) -> bool:
    """Whether a value is a shape: a tuple of whole numbers."""
    return isinstance(value, tuple) and all(isinstance(n, int) for n in value)
