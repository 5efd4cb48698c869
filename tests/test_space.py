"""Sample spaces: what lies in them, how they are listed, and where an event stands in the list."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from genjax_lab.space import Space

FINITE = [
    (gl.binary((2,)), list(itertools.product([0, 1], repeat=2))),
    (gl.categories(3), [0, 1, 2]),
    (gl.categories(3, (2,)), list(itertools.product(range(3), repeat=2))),
    (gl.count_vectors(3, 2), [v for v in itertools.product(range(3), repeat=3) if sum(v) == 2]),
    (gl.categories(1), [0]),
]


@pytest.mark.parametrize(("space", "events"), FINITE, ids=lambda v: repr(v) if isinstance(v, Space) else "")
def test_finite_space_is_listed_once_each_in_the_order_of_index(space, events):
    listed = np.asarray(space.enumerate())
    assert space.size == len(events)
    assert sorted(map(str, listed.tolist())) == sorted(map(str, np.asarray(events).tolist()))
    np.testing.assert_array_equal(jax.vmap(space.index)(listed), np.arange(len(events)))
    assert bool(jax.vmap(space.contains)(listed).all())


@pytest.mark.parametrize(
    ("space", "outside"),
    [
        (gl.categories(3), [3, -1, 7]),
        (gl.categories(3, (2,)), [[0, 3], [-1, 2], [1, 6]]),
        (gl.count_vectors(3, 2), [[0, 0, 0], [2, 1, 0], [3, -1, 0]]),
    ],
    ids=repr,
)
def test_index_of_what_is_no_event_is_the_size(space, outside):
    """So that no event borrows the place of another: [0, 3] is not [1, 0]."""
    np.testing.assert_array_equal(jax.vmap(space.index)(np.asarray(outside)), space.size)
    assert not jax.vmap(space.contains)(np.asarray(outside)).any()


def test_product_is_listed_like_its_parts():
    space = gl.fields(v=gl.binary(), u=gl.categories(3))
    listed = space.enumerate()
    assert (space.size, list(listed)) == (6, ["u", "v"])
    assert listed["u"].tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_array_equal(jax.vmap(space.index)(listed), np.arange(6))
    assert int(space.index({"u": jnp.array(0), "v": jnp.array(2)})) == 6


def test_pair_and_stack():
    space = gl.pair(gl.categories(2), gl.binary((2,)))
    assert space.size == 8
    y, x = space.enumerate()
    assert (y.shape, x.shape) == ((8,), (8, 2))
    assert space.stack(3) is gl.pair(gl.categories(2, (3,)), gl.binary((3, 2)))


@pytest.mark.parametrize(
    ("space", "event", "inside"),
    [
        (gl.counts(), 0, True),
        (gl.counts(), -1, False),
        (gl.counts(), 1.5, False),
        (gl.counts(), np.inf, False),
        (gl.reals(), -3.0, True),
        (gl.reals(), np.nan, False),
        (gl.reals(), np.inf, False),
        (gl.reals(), 3, True),
        (gl.binary(), True, True),
        (gl.binary(), 1.0, True),
        (gl.binary(), 0.5, False),
        (gl.binary(), np.uint8(255), False),
        (gl.categories(256), np.uint8(255), True),
        (gl.categories(200), np.uint8(255), False),
        (gl.categories(1), True, False),
        (gl.count_vectors(2), [3, 4], True),
        (gl.count_vectors(2, 7), [3, 4], True),
        (gl.count_vectors(2, 6), [3, 4], False),
    ],
)
def test_contains(space, event, inside):
    assert bool(space.contains(jnp.asarray(event))) is inside


@pytest.mark.parametrize(
    ("density", "x", "wanted"),
    [
        (gl.bernoulli((2,)), [[0, 1], [0, 2], [-1, 0]], [True, False, False]),
        (gl.uniform(), [0.0, 100.0], [True, True]),
        (gl.multinomial(2, total=2), [[1, 1], [2, 1]], [True, False]),
    ],
    ids=repr,
)
def test_contains_over_a_batch(density, x, wanted):
    assert gl.contains(density, np.asarray(x)).tolist() == wanted


def test_a_hidden_label_is_in_its_space_and_in_no_list():
    space = gl.categories(3).or_hidden()
    assert repr(space) == "labels(3)" and repr(gl.binary().or_hidden()) == "labels(2)"
    for dtype in (np.int8, np.int32, np.float32):
        got = jax.vmap(space.contains)(np.array([-1, 0, 2, 3, -2], dtype))
        assert got.tolist() == [True, True, True, False, False]
    assert jax.vmap(space.contains)(np.array([0, 2, 255], np.uint8)).tolist() == [True, True, False]
    assert bool(space.stack(2).contains(np.array([-1, 2])))
    assert space.size is None
    with pytest.raises(ValueError, match="a hidden label, −1, stands for any"):
        space.enumerate()
    for other in (space, gl.counts(), gl.binary((2,)), gl.reals(), gl.fields(a=gl.binary())):
        with pytest.raises(ValueError, match="is not one whole number"):
            other.or_hidden()


def test_infinite_and_huge_spaces_are_not_listed():
    for space in (gl.counts(), gl.reals((2,)), gl.binary((30,)), gl.fields(a=gl.binary(), b=gl.reals())):
        with pytest.raises(ValueError, match="too many to list"):
            space.enumerate()


def test_measure_and_struct():
    space = gl.fields(a=gl.binary((2,)), b=gl.reals())
    assert (gl.binary().measure, gl.reals().measure, space.measure) == ("counting", "Lebesgue", "mixed")
    assert space.struct["a"].shape == (2,)
    assert space.struct["b"].dtype == jnp.float32
