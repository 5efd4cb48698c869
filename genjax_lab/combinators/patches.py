"""Patches of an image of bits as categories of 2^{ab}: a density over codes becomes one over pixels.

    p(x; θ) = p(c(x); θ),   c_{ij} = Σ_{u<a, v<b} 2^{ub+v} x_{ai+u, bj+v}

c is one to one, so that p stays exact and needs no factor: what a density says of whole categories it now says of
patches, in which pixels depend on one another in whichever way they do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.density import Density, factory, require
from genjax_lab.estimator import Estimator, start_of
from genjax_lab.groups import Groups
from genjax_lab.seen import completed, masked
from genjax_lab.space import Integers, binary, whole_shape
from genjax_lab.types import Event, Key, Params, Shape, Smoothing, Stats


@factory
def patches(density: Density, shape: Shape = (2, 2)) -> Density:
    """A density over images of bits, from one over a grid of categories, each of which tells a patch.

    Args:
      density: p(c), over an array [m, n] of categories 0..2^{ab}−1.
      shape: a and b, rows and columns of a patch.

    Returns:
      A density over bits [a m, b n], with the parameters of `density`. It fits, mixes and is completed as that does. Of
      a patch a part may be seen where `density` is made of `chow_liu` or `hidden_tree`; else all or nothing.

    Raises:
      TypeError: for what is no density.
      ValueError: for patches of no pixel, or a density of other events.

    Example:
      >>> tree = gl.patches(gl.chow_liu((1, 2), 16))
      >>> x = jnp.array([[[1, 0, 1, 0], [0, 1, 0, 1]], [[0, 1, 0, 1], [0, 1, 0, 1]]])
      >>> gl.sample(tree, jax.random.key(0), gl.fit(tree, x, smoothing=0.1).params, 1).shape
      (1, 2, 4)
    """
    require("patches", Density, density)
    a, b = sides = _sides(shape)
    inner = density.space
    if not isinstance(inner, Integers) or len(inner.outer) != 2 or inner.k != 2 ** (a * b):
        raise ValueError(
            f"patches: a patch of {a} by {b} bits is one of {2 ** (a * b)} categories, and the events of {density!r} "
            "are not an array of two axes of so many"
        )
    space = binary((inner.outer[0] * a, inner.outer[1] * b))

    def code(x: jax.Array) -> jax.Array:
        each = cut(x, sides).astype(jnp.int32)
        return functools.reduce(jnp.bitwise_or, (each[..., i] << i for i in range(a * b)))

    def draw(codes: jax.Array) -> jax.Array:
        bits = jnp.stack([(codes >> i) & 1 for i in range(a * b)], -1)
        return paste(bits, sides)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return jnp.where(space.contains(x), density.log_prob(params, code(x)), -jnp.inf)

    def told(x: jax.Array, seen: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What is seen of the codes: which a patch may have, or which patches are seen; and whether that is all."""
        each, shown = cut(x, sides), cut(seen, sides)
        if density.tells_sets:
            bits = (np.arange(2 ** (a * b))[:, None] >> np.arange(a * b)[None]) & 1
            may = (each[..., None, :] == jnp.asarray(bits, each.dtype)[None, None]) | ~shown[..., None, :]
            return may.all(-1), jnp.asarray(True)
        return shown.all(-1), (shown.all(-1) == shown.any(-1)).all()

    def log_prob_masked(params: Params, x: jax.Array, seen: jax.Array) -> jax.Array:
        codes, known = told(x, seen)
        return jnp.where(known, masked(density)(params, code(x), codes), jnp.nan)

    def complete(key: Key, params: Params, x: jax.Array, seen: jax.Array) -> jax.Array:
        codes, known = told(x, seen)
        drawn = draw(completed(density)(key, params, code(x), codes))
        return jnp.where(known, jnp.where(seen, x.astype(drawn.dtype), drawn), -1)  # no event: it is not known

    pairs, start = density.pairwise, density.start
    return Density(
        space=space,
        parameters=density.parameters,
        init=density.init,
        log_prob=log_prob,
        sample=lambda key, params: draw(density.sample(key, params)),
        estimator=density.estimator and _estimator(density.estimator, code),
        start=start and (lambda x: start(code(x))),
        pairwise=pairs and (lambda params, x: pairs(params, code(x))),
        log_prob_masked=density.log_prob_masked and log_prob_masked,
        complete=density.complete and complete,
    )


def cut(x: jax.Array, sides: tuple[int, int]) -> jax.Array:
    """The patches of images [..., a m, b n], each in C order: [..., m, n, a b]."""
    a, b = sides
    *lead, height, width = x.shape
    each = x.reshape(*lead, height // a, a, width // b, b).swapaxes(-3, -2)
    return each.reshape(*lead, height // a, width // b, a * b)


def paste(each: jax.Array, sides: tuple[int, int]) -> jax.Array:
    """The images of patches: what `cut` undoes."""
    a, b = sides
    *lead, m, n, _ = each.shape
    return each.reshape(*lead, m, n, a, b).swapaxes(-3, -2).reshape(*lead, m * a, n * b)


def _sides(shape: Shape) -> tuple[int, int]:
    sides = whole_shape(shape)
    if len(sides) != 2 or min(sides) < 1 or sides[0] * sides[1] > 16:
        raise ValueError(f"patches: shape {shape} must be rows and columns of a patch, of 1 to 16 pixels in all")
    return sides[0], sides[1]


def _estimator(inner: Estimator, code: Callable[[jax.Array], jax.Array]) -> Estimator:
    """That of the codes."""

    def statistics(params: Params, x: Event, given: Event, groups: Groups) -> Stats:
        return inner.statistics(params, code(x), given, groups)

    def start(key: Key, x: Event, given: Event, groups: Groups, smoothing: Smoothing) -> Params:
        return start_of(inner, key, code(x), given, groups, smoothing)

    def rows(x: Event) -> int:
        assert inner.rows is not None
        return inner.rows(jax.eval_shape(code, x))

    def digest(x: Event, weights: jax.Array | None) -> Any:
        return inner.digest and inner.digest(code(x), weights)

    return replace(
        inner,
        statistics=statistics,
        start=start,
        rows=inner.rows and rows,
        digest=inner.digest and digest,
        telling=None,
    )
