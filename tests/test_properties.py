"""The properties that every density keeps, over the table of `cases`; each against what is not the library."""

from __future__ import annotations

import json
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import genjax_lab as gl
from genjax_lab import blocks, constraints, spec
from genjax_lab.density import over_events, over_given, pairwise, pairwise_given
from tests import oracles as o
from tests.cases import ALL, CONDITIONALS, DENSITIES, FAMILIES, Case, over

every_case = over(ALL)
every_density = over(DENSITIES)
every_conditional = over(CONDITIONALS)


@every_case
def test_log_prob_matches_oracle_in_float64(case, x64):
    got = gl.log_prob(case.density, case.jax_params(), *case.rows())
    assert got.dtype == jnp.float64
    np.testing.assert_allclose(got, case.oracle(case.params, *case.rows()), rtol=1e-11, atol=1e-11)


def oracle_slopes(case: Case, rows, weights) -> list[np.ndarray]:
    """Central differences of Σ w log p by the oracle, one array for each parameter array."""
    flat, tree = jax.tree.flatten(case.params)

    def total(leaf, entry, step):
        moved = [np.array(a) for a in flat]
        moved[leaf][entry] += step
        return weights @ case.oracle(tree.unflatten(moved), *rows)

    def slope(leaf, entry):
        return (total(leaf, entry, 1e-5) - total(leaf, entry, -1e-5)) / 2e-5

    return [np.reshape([slope(i, e) for e in np.ndindex(a.shape)], a.shape) for i, a in enumerate(flat)]


@every_case
def test_score_matches_finite_differences_of_oracle(case, x64):
    rows, weights = case.rows(), np.arange(1.0, 8.0)
    got = jax.tree.leaves(gl.score(case.density, case.jax_params(), *rows, weights=weights))
    for slope, wanted in zip(got, oracle_slopes(case, rows, weights), strict=True):
        np.testing.assert_allclose(slope, wanted, rtol=3e-6, atol=3e-6)


@pytest.mark.slow
@over(FAMILIES + CONDITIONALS[:2])
def test_per_example_scores_match_finite_differences_of_oracle(case, x64):
    got = jax.tree.leaves(gl.per_example_scores(case.density, case.jax_params(), *case.rows()))
    for i in range(7):
        for slope, wanted in zip(got, oracle_slopes(case, case.rows(), np.arange(7) == i), strict=True):
            np.testing.assert_allclose(slope[i], wanted, rtol=3e-6, atol=3e-6)


@every_density
def test_sums_or_integrates_to_one(case):
    if case.support is None:
        assert gl.check_normalised(case.density, case.jax_params(), tol=1e-4) == pytest.approx(1, abs=1e-4)
    else:
        total = np.exp(np.asarray(gl.log_prob(case.density, case.jax_params(), case.support), float)).sum()
        assert total == pytest.approx(1, abs=1e-5)


def fine_grid(dimensions: int) -> tuple[np.ndarray, float]:
    """Points of a grid over [-15, 15] to a power, and the volume of a cell."""
    axis = np.linspace(-15, 15, 601, dtype=np.float32)
    mesh = np.stack(np.meshgrid(*[axis] * dimensions, indexing="ij"), -1)
    return (mesh.reshape(-1, dimensions) if dimensions > 1 else axis), float(axis[1] - axis[0]) ** dimensions


@every_conditional
def test_conditional_sums_or_integrates_to_one_for_each_given(case):
    points, volume = (case.support, 1.0) if case.support is not None else fine_grid(max(1, len(case.x.shape)))
    for i in range(o.num_rows(case.given)):
        given = o.repeat(o.row(case.given, i), o.num_rows(points))
        log_p = np.asarray(gl.log_prob(case.density, case.jax_params(), points, given), float)
        assert np.exp(log_p).sum() * volume == pytest.approx(1, abs=1e-4)


def cell_counts(case: Case, x) -> tuple[np.ndarray, np.ndarray]:
    """How many samples fall into each cell, and the probability of each cell by the oracle."""
    x = jax.tree.map(np.asarray, x)
    if case.cells:
        index, probs = case.cells(case.params, x)
        return np.bincount(index, minlength=len(probs)), probs
    given = () if case.given is None else (o.repeat(o.row(case.given, 0), o.num_rows(case.support)),)
    known, drawn = (
        np.concatenate([np.reshape(a, (len(a), -1)) for a in jax.tree.leaves(s)], 1) for s in (case.support, x)
    )
    place = {tuple(event): i for i, event in enumerate(known.tolist())}
    index = [place[tuple(event)] for event in drawn.tolist()]  # a KeyError is a sample outside the support
    return np.bincount(index, minlength=len(known)), np.exp(case.oracle(case.params, case.support, *given))


@over([case for case in ALL if case.name != "multinomial_any_total"])
def test_samples_follow_the_density(case):
    """Chi-square over cells of known probability; 20,000 samples are more than one block."""
    n, key = 20_000, jax.random.key(7)
    if case.is_conditional:
        x = gl.sample(case.density, key, case.jax_params(), given=o.repeat(o.row(case.given, 0), n))
    else:
        x = gl.sample(case.density, key, case.jax_params(), n)
    assert bool(jax.jit(jax.vmap(case.density.space.contains))(x).all())
    counts, probs = cell_counts(case, x)
    assert probs.sum() == pytest.approx(1, abs=1e-6)
    common = probs * n >= 5
    assert counts[~common].sum() <= 10 + 2 * n * probs[~common].sum()
    expected = probs[common] * counts[common].sum() / probs[common].sum()
    assert stats.chisquare(counts[common], expected).pvalue > 1e-4


def one_by_one(density, params, rows) -> np.ndarray:
    """log_prob of one event after another, no vmap."""
    log_prob = jax.jit(density.log_prob)
    return np.array([log_prob(params, *jax.tree.map(lambda a, i=i: a[i], rows)) for i in range(o.num_rows(rows))])


@every_case
def test_pairwise_is_the_oracle_under_each_model_and_so_is_a_loop(case):
    """Traps 2 and 18: the fast form of n events under k parameter sets is what each alone has, one row at a time."""
    rows, scales = case.rows(), np.array([1.0, 0.8, np.nan], np.float32)
    params = jax.tree.map(lambda a: jnp.asarray(np.multiply.outer(scales, a), jnp.float32), case.params)
    fast = jax.jit(pairwise_given if case.is_conditional else pairwise, static_argnums=0)(case.density, params, *rows)
    assert fast.shape == (7, 3)
    for m in range(2):
        own = jax.tree.map(lambda a, m=m: np.asarray(a[m], float), params)
        np.testing.assert_allclose(fast[:, m], case.oracle(own, *rows), rtol=3e-5, atol=3e-5)
    assert np.isnan(fast[:, 2]).all()  # a bad start must be seen, not read as an impossible event (trap 7)
    np.testing.assert_allclose(one_by_one(case.density, case.jax_params(), rows), fast[:, 0], rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@every_case
def test_double_vmap_equals_pairwise(case):
    rows, scales = case.rows(), np.array([1.0, 0.8, np.nan], np.float32)
    params = jax.tree.map(lambda a: jnp.asarray(np.multiply.outer(scales, a), jnp.float32), case.params)
    each = jax.vmap(case.density.log_prob, (0, *(None for _ in rows)))
    slow = jax.jit(jax.vmap(each, (None, *(0 for _ in rows))))(params, *rows)
    fast = jax.jit(pairwise_given if case.is_conditional else pairwise, static_argnums=0)(case.density, params, *rows)
    assert slow.shape == fast.shape == (7, 3)
    np.testing.assert_allclose(fast, slow, rtol=1e-5, atol=1e-5)


BLOCKS = ("bernoulli", "normal", "mvnormal", "naive_bayes", "mixture_normals", "per_class_bits", "posterior_bits")


@over(ALL, soon=BLOCKS)
def test_blocks_equal_the_whole(case, monkeypatch):
    rows = case.rows(5)
    monkeypatch.setattr(blocks, "block_rows", lambda x: 2)
    got = gl.log_prob(case.density, case.jax_params(), *rows)
    np.testing.assert_allclose(got, case.oracle(case.params, *rows), rtol=3e-5, atol=3e-5)


@over([c for c in CONDITIONALS if c.density.given_space.size])
def test_over_given_equals_double_vmap(case):
    x, _ = case.rows()
    params, points = case.jax_params(), case.density.given_space.enumerate()
    each = jax.vmap(case.density.log_prob, (None, None, 0))
    slow = jax.jit(jax.vmap(each, (None, 0, None)))(params, x, points)
    assert slow.shape == (7, case.density.given_space.size)
    fast = jax.jit(over_given, static_argnums=0)(case.density, params, x)
    np.testing.assert_allclose(fast, slow, rtol=1e-5, atol=1e-5)


@over([c for c in CONDITIONALS if c.density.space.size])
def test_over_events_equals_double_vmap(case):
    _, given = case.rows()
    params, events = case.jax_params(), case.density.space.enumerate()
    each = jax.vmap(case.density.log_prob, (None, 0, None))
    slow = jax.jit(jax.vmap(each, (None, None, 0)))(params, events, given)
    fast = jax.jit(over_events, static_argnums=0)(case.density, params, given)
    np.testing.assert_allclose(fast, slow, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gl.predict_log_prob(case.density, params, given), slow, rtol=1e-5, atol=1e-5)


COMPILED = []
jax.monitoring.register_event_duration_secs_listener(lambda name, seconds, **about: COMPILED.append(name))


def num_compiles() -> int:
    return COMPILED.count("/jax/core/compile/backend_compile_duration")


@every_case
def test_log_prob_matches_oracle_in_float32_and_compiles_once(case):
    """Trap 10: a density made again, other parameters and other data of the same shape compile nothing."""
    params, rows = case.jax_params(), case.rows(11)
    other_params, other_rows = jax.tree.map(lambda p: jnp.asarray(0.9 * p), case.params), case.rows(22)
    before = num_compiles()
    got = gl.log_prob(case.density, params, *rows)
    first = num_compiles()
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, case.oracle(case.params, *rows), rtol=3e-5, atol=3e-5)
    again = eval(repr(case.density), vars(gl))
    gl.log_prob(again, other_params, *jax.tree.map(lambda a: a[11:], other_rows))
    assert before < first == num_compiles()


@over(ALL, short=True)
def test_spec_prints_pickles_and_is_json(case):
    assert eval(repr(case.density), vars(gl)) is case.density
    assert pickle.loads(pickle.dumps(case.density)) is case.density
    assert spec.from_json(json.loads(json.dumps(spec.to_json(case.density)))) is case.density


def started(density, key):
    params = density.init(key)
    return params, constraints.is_interior(density.parameters, params)


@every_case
def test_init_is_inside_the_parameter_space(case):
    params, inside = jax.jit(started, static_argnums=0)(case.density, jax.random.key(11))
    assert bool(inside)
    assert jax.tree.map(jnp.shape, params) == jax.tree.map(np.shape, case.params)


@every_case
def test_unconstrained_coordinates_round_trip(case, x64):
    """There and back is the same density; and the coordinates are as many as the degrees of freedom."""
    there = jax.jit(lambda p: constraints.unconstrain(case.density.parameters, p))(case.jax_params())
    back = jax.jit(lambda z: constraints.constrain(case.density.parameters, z))(there)
    assert sum(a.size for a in jax.tree.leaves(there)) == gl.degrees_of_freedom(case.density)
    got = gl.log_prob(case.density, back, *case.rows())
    np.testing.assert_allclose(got, case.oracle(case.params, *case.rows()), rtol=1e-10, atol=1e-10)


def boundary_rows(case: Case):
    """One batch of (params, event) pairs: rows of every edge, and impossible events; with log p of each."""
    batches = [(e.params, e.x, e.expected) for e in case.edges]
    if case.impossible is not None:
        batches.append((case.params, case.impossible, np.full(o.num_rows(case.impossible), -np.inf)))
    lengths = [o.num_rows(x) for _, x, _ in batches]
    params = [
        o.repeat(jax.tree.map(lambda a: np.asarray(a, np.float32)[None], p, is_leaf=is_list), n)
        for (p, _, _), n in zip(batches, lengths, strict=True)
    ]
    join = lambda *parts: np.concatenate(parts)  # noqa: E731
    x = jax.tree.map(join, *(cast_all(x) for _, x, _ in batches))
    given = (case.given_rows(sum(lengths)),) if case.is_conditional else ()
    return jax.tree.map(join, *params), (x, *given), np.concatenate([w for _, _, w in batches])


def is_list(value) -> bool:
    return isinstance(value, list)


def cast_all(x):
    return jax.tree.map(lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a, x)


def all_finite(tree) -> bool:
    return all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(tree))


@over([c for c in ALL if c.edges or c.impossible is not None])
def test_boundary_is_exact_and_its_slope_finite(case):
    """Trap 4: an impossible event has log p = −∞, a point mass +∞; never NaN, never −87; slopes are finite or 0."""
    params, rows, expected = boundary_rows(case)
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(case.density.log_prob)))(params, *rows)
    np.testing.assert_allclose(values, expected, rtol=1e-6, atol=2e-6)
    assert all_finite(slopes)


@pytest.mark.slow
@over([c for c in ALL if c.edges])
def test_boundary_over_batches(case):
    """Trap 4, on the fast path: a whole batch under parameters on the boundary."""
    for edge in case.edges:
        params = jax.tree.map(jnp.asarray, edge.params, is_leaf=is_list)
        n = o.num_rows(edge.x)
        rows = cast_all(jax.tree.map(lambda a: np.resize(a, (7, *a.shape[1:])), edge.x))
        np.testing.assert_allclose(gl.log_prob(case.density, params, rows)[:n], edge.expected, rtol=1e-6, atol=2e-6)
        assert all_finite(gl.score(case.density, params, rows))
