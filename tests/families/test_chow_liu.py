"""Chow–Liu trees against plain sums: every tree of four coordinates, every event of the sample space."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import genjax_lab as gl
from genjax_lab.density import pairwise
from genjax_lab.trees import depths, parents_first, spanning_tree
from tests.case import rest_slow

PARENT = np.array([0, 2, 0, 2], np.int32)


def model(k: int, seed: int = 0) -> dict[str, np.ndarray]:
    logits = np.random.default_rng(seed).normal(size=(4, k, k))
    logits[0] = logits[0, :1]
    return {"parent": PARENT, "logits": logits}


def events(k: int) -> np.ndarray:
    return np.array(list(itertools.product(range(k), repeat=4)))


def log_prob(params, x) -> np.ndarray:
    """Row by row, coordinate by coordinate."""
    tables = special.log_softmax(np.asarray(params["logits"], float), -1)
    parent = np.asarray(params["parent"])
    return np.array([sum(tables[j, row[parent[j]], row[j]] for j in range(len(row))) for row in np.asarray(x)])


@pytest.mark.parametrize("k", [2, 3])
def test_log_prob_is_the_plain_sum_and_adds_up_to_one(k):
    density, params, x = gl.chow_liu((2, 2), k), model(k), events(k)
    got = gl.log_prob(density, params, x.reshape(-1, 2, 2))
    np.testing.assert_allclose(got, log_prob(params, x), rtol=1e-5, atol=1e-5)
    assert np.exp(np.asarray(got, float)).sum() == pytest.approx(1, abs=1e-5)
    one = [density.log_prob(jax.tree.map(jnp.asarray, params), row.reshape(2, 2)) for row in x[:5]]
    np.testing.assert_allclose(one, got[:5], rtol=1e-5)
    assert gl.log_prob(density, params, np.zeros((1, 2, 2), int))[0] == pytest.approx(log_prob(params, x[:1])[0], 1e-5)


@pytest.mark.parametrize("k", [2, 3])
def test_pairwise_is_the_double_vmap(k):
    density, x = gl.chow_liu((4,), k), jnp.asarray(events(k))
    stacked = jax.tree.map(lambda *a: jnp.stack([jnp.asarray(b) for b in a]), model(k), model(k, 1))
    each = jax.vmap(density.log_prob, (0, None))
    slow = jax.jit(jax.vmap(each, (None, 0)))(stacked, x)
    np.testing.assert_allclose(jax.jit(pairwise, static_argnums=0)(density, stacked, x), slow, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("k", [2, 3])
def test_an_impossible_pair_is_minus_infinity(k):
    params = model(k)
    params["logits"][3, 1, 0] = -np.inf
    x = events(k)
    with np.errstate(invalid="ignore"):
        never = (x[:, 2] == 1) & (x[:, 3] == 0)
    got = np.asarray(gl.log_prob(gl.chow_liu((4,), k), params, x))
    assert np.array_equal(np.isneginf(got), never)
    np.testing.assert_allclose(got[~never], log_prob(params, x)[~never], rtol=1e-5)
    score = gl.score(gl.chow_liu((4,), k), params, x)
    assert all(np.isfinite(a).all() for a in jax.tree.leaves(score))
    assert not np.any(score["parent"])


def trees() -> list[list[int]]:
    """The parents of all 16 trees of four coordinates with root 0."""
    found = []
    for rest in itertools.product(range(4), repeat=3):
        parent = [0, *rest]
        ends = set()
        for j in range(4):
            at = j
            for _ in range(4):
                at = parent[at]
            ends.add(at)
        if ends == {0} and all(parent[j] != j for j in (1, 2, 3)):
            found.append(parent)
    assert len(found) == 16
    return found


def fitted(parent, x, k, weights, alpha) -> dict[str, np.ndarray]:
    """Tables by counting, with alpha rows a cell of every pair's table."""
    logits = np.zeros((4, k, k))
    for j in range(4):
        counts = np.full((k, k), float(alpha))
        for row, w in zip(x, weights, strict=True):
            counts[row[parent[j]], row[j]] += w
        if j == 0:
            counts = np.tile(np.diag(counts) + (k - 1) * alpha, (k, 1))
        with np.errstate(divide="ignore"):
            logits[j] = np.log(counts) - np.log(counts.sum(1, keepdims=True))
    return {"parent": np.array(parent), "logits": logits}


@pytest.mark.filterwarnings("ignore::genjax_lab.FitWarning")
@pytest.mark.parametrize("k", rest_slow((2, 3), 3))
@pytest.mark.parametrize("weighted", rest_slow((False, True), True))
@pytest.mark.parametrize("alpha", rest_slow((0.0, 0.7), 0.7))
def test_the_fit_is_the_best_of_all_trees(k, weighted, alpha):
    rng = np.random.default_rng(k)
    x = np.asarray(gl.sample(gl.chow_liu((4,), k), jax.random.key(3), model(k, 5), 200))
    weights = rng.uniform(0.5, 2, 200) if weighted else np.ones(200)
    fit = gl.fit(gl.chow_liu((4,), k), x, weights=weights if weighted else None, smoothing=alpha or None)
    best = -np.inf
    for parent in trees():
        own = fitted(parent, x, k, weights, alpha)
        value = weights @ log_prob(own, x)
        if alpha:
            value += k**2 * alpha * log_prob(own, events(k)).mean()  # k²α rows spread over every event
        if value > best:
            best, tree, plain = value, own, weights @ log_prob(own, x)
    assert fit.params["parent"].tolist() == tree["parent"].tolist()
    assert float(fit.log_likelihood) == pytest.approx(plain, rel=1e-5)
    np.testing.assert_allclose(np.exp(fit.params["logits"]), np.exp(tree["logits"]), atol=1e-5)
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED


@pytest.mark.slow
def test_pieces_merge_and_classes_are_apart():
    density, rng = gl.chow_liu((4,)), np.random.default_rng(1)
    x, y = rng.integers(0, 2, (90, 4)), rng.integers(0, 3, 90)
    pieces = [gl.statistics(density, x[part]) for part in (slice(0, 31), slice(31, 32), slice(32, 90))]
    merged = gl.fit_statistics(density, gl.merge(density, *pieces), smoothing=0.5)
    whole = gl.fit(density, x, smoothing=0.5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), merged.params, whole.params)
    each = gl.fit(gl.per_class(density, 3), x, given=y, smoothing=0.5)
    for label in range(3):
        own = gl.fit(density, x[y == label], smoothing=0.5).params
        jax.tree.map(lambda a, b, i=label: np.testing.assert_allclose(a[i], b, rtol=1e-5, atol=1e-6), each.params, own)


def test_an_empty_class_and_bits_that_never_change():
    density = gl.per_class(gl.chow_liu((4,)), 2)
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(density, np.array([[1, 0, 1, 1], [1, 0, 0, 1]]), given=np.zeros(2, int))
    np.testing.assert_allclose(np.exp(fit.params["logits"][1]), 0.5)
    got = gl.log_prob(gl.chow_liu((4,)), jax.tree.map(lambda a: a[0], fit.params), events(2))
    seen = (events(2)[:, [0, 1, 3]] == [1, 0, 1]).all(1)
    np.testing.assert_allclose(got[seen], np.log(0.5), rtol=1e-6)
    assert np.all(np.isneginf(got[~seen]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::genjax_lab.FitWarning")
def test_a_mixture_of_trees_never_falls_and_finds_what_it_came_from():
    """Components that differ in their bits and in how these hang together."""
    density, chain = gl.mixture(gl.chow_liu((6,)), 2), np.array([0, 0, 1, 2, 3, 4], np.int32)
    first = np.log([[[0.8, 0.2]] * 2] + [[[0.95, 0.05], [0.4, 0.6]]] * 5)
    second = np.log([[[0.2, 0.8]] * 2] + [[[0.6, 0.4], [0.1, 0.9]]] * 5)
    parts = {"parent": np.stack([chain, np.zeros(6, np.int32)]), "logits": np.stack([first, second])}
    true = {"conditional": parts, "prior": {"logits": np.zeros(2)}}
    x = gl.sample(density, jax.random.key(0), true, 4000)
    apart = gl.fit(gl.per_class(gl.chow_liu((6,)), 2), x, given=np.asarray(x[:, 0]), smoothing=1.0)
    start, values = {"conditional": apart.params, "prior": {"logits": jnp.zeros(2)}}, []
    for steps in (1, 2, 4, 8, 16, 200):
        method = gl.em(steps, curvature=False)
        values.append(float(gl.fit(density, x, method=method, start=start, smoothing=1.0).log_likelihood))
    assert all(b >= a - 1.0 for a, b in itertools.pairwise(values)), values
    best = gl.fit(density, x, key=jax.random.key(1), restarts=4, smoothing=1.0, method=gl.em(curvature=False))
    assert float(best.log_likelihood) >= float(gl.log_prob(density, true, x).sum())


def test_samples_are_of_the_density():
    density, params = gl.chow_liu((4,)), model(2)
    x = np.asarray(gl.sample(density, jax.random.key(0), params, 20_000))
    counts = np.bincount(x @ [8, 4, 2, 1], minlength=16)
    expected = 20_000 * np.exp(log_prob(params, events(2)))
    assert ((counts - expected) ** 2 / expected).sum() < 37.7  # χ² of 15 degrees, 0.1 %


@pytest.mark.slow
def test_a_tree_is_saved_and_gradients_leave_it_as_it_is(tmp_path):
    density = gl.chow_liu((4,))
    x = np.random.default_rng(2).integers(0, 2, (500, 4))
    fit = gl.fit(density, x)
    gl.save(tmp_path / "tree", density, fit.params)
    again, params = gl.load(tmp_path / "tree")
    assert again is density
    jax.tree.map(np.testing.assert_array_equal, params, fit.params)
    assert params["parent"].dtype == jnp.int32
    start = {"parent": fit.params["parent"], "logits": jnp.zeros((4, 2, 2))}
    for method in (gl.newton(), gl.lbfgs()):
        climbed = gl.fit(density, x, method=method, start=start)
        assert climbed.params["parent"].tolist() == fit.params["parent"].tolist()
        assert float(climbed.log_likelihood) == pytest.approx(float(fit.log_likelihood), rel=1e-6)
    assert gl.degrees_of_freedom(density) == 1 + 3 * 2


@pytest.mark.parametrize("parent, fault", [([0, 4, 0, 0], "outside"), ([0, 0.5, 0, 0], "outside"), ([0, 0], "shape")])
def test_parents_that_are_none_are_refused(parent, fault):
    with pytest.raises(ValueError, match=fault):
        gl.log_prob(gl.chow_liu((4,)), {**model(2), "parent": np.array(parent)}, events(2))


def test_bad_shapes_are_refused():
    for shape, k in (((0,), 2), ((3,), 1)):
        with pytest.raises(ValueError, match="chow_liu"):
            gl.chow_liu(shape, k)
    with pytest.raises(TypeError, match=r"k = 2\.0"):
        gl.chow_liu((2,), 2.0)
    with pytest.raises(ValueError, match="one finite number"):
        gl.fit(gl.chow_liu((3,)), np.zeros((4, 3), int), smoothing={"logits": np.ones((3, 2, 2))})


def test_spanning_tree_is_scipys():
    from scipy.sparse.csgraph import minimum_spanning_tree

    weights = np.random.default_rng(0).random((30, 30))
    weights = weights + weights.T
    parent = np.asarray(spanning_tree(jnp.asarray(weights)))
    own = weights[np.arange(1, 30), parent[1:]].sum()
    assert own == pytest.approx(-minimum_spanning_tree(-weights).sum(), rel=1e-6)
    depth, order = np.asarray(depths(jnp.asarray(parent))), np.asarray(parents_first(jnp.asarray(parent)))
    assert np.array_equal(depth[1:], depth[parent[1:]] + 1)
    seen = set()
    for j in order:
        assert j == 0 or parent[j] in seen
        seen.add(j)


@pytest.mark.slow
def test_pseudo_counts_of_pairs_are_rows_that_were_not_seen():
    rng = np.random.default_rng(3)
    x, more = (rng.integers(0, 3, (n, 4)) for n in (30, 50))
    one = np.eye(3)[more]
    table = np.einsum("nia,njb->ijab", one, one)
    model = gl.chow_liu((4,), 3)
    smoothed = gl.fit(model, jnp.asarray(x), smoothing={"logits": table}, strict=False).params
    together = gl.fit(model, jnp.asarray(np.concatenate([x, more])), smoothing={"logits": 0.0}, strict=False).params
    np.testing.assert_array_equal(smoothed["parent"], together["parent"])
    every = model.space.enumerate()
    np.testing.assert_allclose(
        np.exp(gl.log_prob(model, smoothed, every)), np.exp(gl.log_prob(model, together, every)), atol=1e-6
    )
    stats = gl.statistics(model, jnp.asarray(x)).values
    gained = model.estimator.penalty(stats, smoothed, {"logits": jnp.asarray(table)})
    assert float(gained) == pytest.approx(float(gl.log_prob(model, smoothed, jnp.asarray(more)).sum()), rel=1e-4)
