"""Parameter spaces: there and back, the boundary, and the degrees of freedom."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from genjax_lab import constraints as c

INF = np.inf
TABLE = [
    # constraint, interior, boundary, outside
    (c.real((2,)), [[0.0, -3.0]], [], [[0.0, INF], [np.nan, 0.0]]),
    (c.log_odds(()), [0.5, -30.0], [INF, -INF], [np.nan]),
    (c.positive(()), [1e-6, 3.0], [0.0], [-1.0, INF, np.nan]),
    (c.logits(3), [[0.0, 1.0, -2.0]], [[-INF, 0.0, 0.0]], [[-INF, -INF, -INF], [INF, 0.0, 0.0], [np.nan, 0.0, 0.0]]),
    (c.logits(2, (2,)), [[[0.0, 1.0], [2.0, 3.0]]], [[[0.0, -INF], [0.0, 0.0]]], [[[0.0, 0.0], [-INF, -INF]]]),
    (
        c.ordered_pair(()),
        [{"low": -1.0, "high": 2.0}],
        [{"low": 1.0, "high": 1.0}],
        [{"low": 2.0, "high": 1.0}, {"low": -INF, "high": 0.0}],
    ),
    (c.stack(c.positive(()), 2), [[1.0, 2.0]], [[1.0, 0.0]], [[1.0, -1.0]]),
    (c.stack(c.logits(2), 2), [[[0.0, 1.0], [1.0, 0.0]]], [[[0.0, -INF], [1.0, 0.0]]], [[[0.0, 1.0], [-INF, -INF]]]),
]


def value_of(p):
    return jax.tree.map(jnp.asarray, p, is_leaf=lambda v: isinstance(v, list))


@pytest.mark.parametrize(("constraint", "interior", "boundary", "outside"), TABLE, ids=lambda v: repr(v)[:24])
def test_interior_boundary_and_outside(constraint, interior, boundary, outside):
    for values, inside, within in ((interior, True, True), (boundary, True, False), (outside, False, False)):
        for p in values:
            assert bool(constraint.contains(value_of(p))) is inside, p
            assert bool(constraint.interior(value_of(p))) is within, p


@pytest.mark.parametrize(("constraint", "interior", "boundary", "outside"), TABLE, ids=lambda v: repr(v)[:24])
def test_there_and_back(constraint, interior, boundary, outside):
    for p in interior:
        free = constraint.inverse(value_of(p))
        again = constraint.inverse(constraint.forward(free))
        assert sum(a.size for a in jax.tree.leaves(free)) == constraint.degrees_of_freedom
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), again, free)


def test_every_free_point_is_interior():
    for constraint, interior, _, _ in TABLE:
        free = constraint.inverse(value_of(interior[0]))
        drawn = jax.tree.map(lambda a: 3 * jax.random.normal(jax.random.key(0), a.shape), free)
        assert bool(constraint.interior(constraint.forward(drawn)))


def test_logits_that_differ_by_a_constant_are_one_point():
    logits = c.logits(3)
    np.testing.assert_allclose(
        logits.inverse(jnp.array([1.0, 2.0, 4.0])), logits.inverse(jnp.array([11.0, 12.0, 14.0]))
    )


def test_trees_of_constraints():
    tree = {"a": c.positive((2,)), "b": {"c": c.logits(3)}}
    inside = {"a": jnp.ones(2), "b": {"c": jnp.zeros(3)}}
    assert bool(c.is_interior(tree, inside))
    edge = {**inside, "a": jnp.array([1.0, 0.0])}
    assert not c.is_interior(tree, edge)
    assert bool(c.is_allowed(tree, edge))
    assert c.shapes(tree) == {"a": (2,), "b": {"c": (3,)}}
    assert bool(c.is_interior({}, {}))
