"""Hidden trees: against the sum over all states, with one state, as a Chow–Liu tree, and learnt by EM."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import genjax_lab as gl
from genjax_lab.families.hidden_tree import FEW, _counted, _shared_out


def brute(params, x):
    """log p(x) by the sum over every choice of states."""
    parent = np.asarray(params["parent"])
    tables = {n: special.softmax(np.asarray(params[n], np.float64), -1) for n in ("transition", "emission")}
    d, states = tables["emission"].shape[:2]
    total = 0.0
    for z in itertools.product(range(states), repeat=d):
        term = tables["transition"][0, 0, z[0]] * tables["emission"][0, z[0], x[0]]
        for j in range(1, d):
            term *= tables["transition"][j, z[parent[j]], z[j]] * tables["emission"][j, z[j], x[j]]
        total += term
    return np.log(total)


@pytest.mark.parametrize(("d", "states", "k"), [pytest.param(4, 2, 2, marks=pytest.mark.slow), (3, 3, 3)])
def test_it_is_the_sum_over_all_states(d, states, k):
    model = gl.hidden_tree((d,), states, k)
    params = model.init(jax.random.key(0))
    x = model.space.enumerate()[::3]
    found = gl.log_prob(model, params, x)
    np.testing.assert_allclose(found, [brute(params, row) for row in np.asarray(x)], rtol=1e-4)
    many = jax.tree.map(lambda a: jnp.stack([a, a]), params)
    np.testing.assert_allclose(model.pairwise(many, x), np.stack([found, found], 1), rtol=1e-5)
    assert gl.check_normalised(model, params) == pytest.approx(1, abs=1e-5)


def planted(n=800):
    """Bits along a hidden chain that a tree of the bits themselves tells badly: each is seen through noise."""
    rng = np.random.default_rng(0)
    z = np.zeros((n, 8), int)
    z[:, 0] = rng.integers(0, 2, n)
    for j in range(1, 8):
        z[:, j] = np.where(rng.random(n) < 0.97, z[:, j - 1], 1 - z[:, j - 1])
    return jnp.asarray(np.where(rng.random(z.shape) < 0.85, z, 1 - z), jnp.uint8)


@pytest.mark.slow
def test_em_never_falls_and_learns_more_than_a_tree_of_what_is_seen():
    x, model = planted(), gl.hidden_tree((8,), 2)
    rising = []
    fit = gl.fit(
        model, x, key=jax.random.key(0), smoothing=0.1, method=gl.em(max_steps=400, curvature=False),
        progress=lambda now: rising.append(now["value"]),
    )  # fmt: skip
    assert all(b >= a - 1e-5 for a, b in itertools.pairwise(rising))
    new = planted(3000)[800:]
    tree = gl.fit(gl.chow_liu((8,)), x, smoothing=0.1).params
    assert float(gl.nll(model, fit.params, new)) < float(gl.nll(gl.chow_liu((8,)), tree, new)) - 0.15


@pytest.mark.slow
def test_expected_counts_are_slopes_of_the_likelihood():
    model = gl.hidden_tree((4,), 3)
    params, x = model.init(jax.random.key(1)), model.space.enumerate()[3:9]
    weights = jnp.arange(6.0)
    stats = model.estimator.statistics(
        jax.tree.map(lambda p: p[None], params), x, None, gl.Groups(weights=weights)
    )  # fmt: skip
    assert float(stats.emission.sum()) == pytest.approx(4 * 15, rel=1e-5)
    assert float(stats.transition[0, 1:].sum()) == pytest.approx(3 * 15, rel=1e-5)
    np.testing.assert_allclose(stats.emission[0].sum((1, 2)), 15, rtol=1e-5)

    def moved(step):
        emission = params["emission"].at[2, 1, 0].add(step)
        return float((weights * gl.log_prob(model, params | {"emission": emission}, x)).sum())

    share = jax.nn.softmax(params["emission"][2, 1])
    slope = float(stats.emission[0, 2, 1, 0] - share[0] * stats.emission[0, 2, 1].sum())
    assert (moved(0.05) - moved(-0.05)) / 0.1 == pytest.approx(slope, rel=2e-2, abs=1e-3)


@pytest.mark.slow
def test_one_state_is_independent_coordinates():
    x = planted(200)
    fit = gl.fit(gl.hidden_tree((8,), 1), x, key=jax.random.key(0), method=gl.em(curvature=False))
    alone = gl.fit(gl.bernoulli((8,)), x)
    assert float(fit.log_likelihood) == pytest.approx(float(alone.log_likelihood), rel=1e-5)


def test_what_is_seen_has_a_probability_and_the_rest_is_drawn():
    model = gl.hidden_tree((4,), 2)
    params, events = model.init(jax.random.key(0)), np.asarray(model.space.enumerate())
    share = np.exp(np.asarray(gl.log_prob(model, params, jnp.asarray(events)), np.float64))
    seen = jnp.array([True, False, False, True])
    agree = (events[:, [0, 3]] == [1, 0]).all(1)
    x = jnp.array([[1, 9, 9, 0]])
    assert np.exp(gl.log_prob_masked(model, params, x, seen)[0]) == pytest.approx(share[agree].sum(), rel=1e-4)
    drawn = np.asarray(gl.complete(model, jax.random.key(1), params, jnp.repeat(x, 4000, 0), seen))
    codes = drawn[:, 1] * 2 + drawn[:, 2]
    np.testing.assert_allclose(np.bincount(codes, minlength=4) / 4000, share[agree] / share[agree].sum(), atol=0.04)


@pytest.mark.slow
def test_it_mixes_saves_and_samples(tmp_path):
    model = gl.mixture(gl.hidden_tree((8,), 2), 2)
    x = planted(300)
    method = gl.em(max_steps=5, curvature=False)
    with pytest.warns(gl.FitWarning, match="MAX_STEPS"):
        fit = gl.fit(model, x, key=jax.random.key(0), smoothing=0.1, method=method)
    gl.save(tmp_path / "it.npz", model, fit.params)
    again, params = gl.load(tmp_path / "it.npz")
    np.testing.assert_array_equal(gl.log_prob(again, params, x), gl.log_prob(model, fit.params, x))
    assert gl.contains(model, gl.sample(model, jax.random.key(1), fit.params, 20)).all()


def test_an_impossible_event_has_no_probability_and_finite_slopes():
    model = gl.hidden_tree((3,), 2)
    params = model.init(jax.random.key(0))
    never = params["emission"].at[1, :, 1].set(-jnp.inf)
    x = jnp.array([[0, 1, 0], [0, 0, 1]])
    found = gl.log_prob(model, params | {"emission": never}, x)
    assert found[0] == -jnp.inf and np.isfinite(found[1])
    slopes = gl.score(model, params | {"emission": never}, x)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slopes))


@pytest.mark.parametrize("bad", [{"shape": (0,), "states": 2}, {"shape": (3,), "states": 0}])
def test_impossible_sizes_are_refused(bad):
    with pytest.raises(ValueError, match="at least"):
        gl.hidden_tree(**bad)


@pytest.mark.parametrize("states", [2.5, True, "3"])
def test_states_that_are_no_whole_number_are_refused(states):
    with pytest.raises(TypeError, match="states = "):
        gl.hidden_tree((2,), states)


def test_states_are_shared_out_one_each_and_then_by_weight():
    own = np.asarray(_shared_out(jnp.array([[0.6, 0.1, 0.3], [0.1, 0.1, 0.8]]), 6))
    assert np.bincount(own[0]).tolist() == [3, 1, 2]
    assert np.bincount(own[1]).tolist() == [1, 1, 4]
    assert set(np.asarray(_shared_out(jnp.array([[0.2, 0.1, 0.7]]), 2))[0]) == {0, 2}  # the most frequent


def test_counts_are_added_by_code_one_way_or_the_other():
    rng = np.random.default_rng(0)
    shares = rng.random((3, 50, 2)).astype(np.float32)
    for k in (FEW, FEW + 1):  # a product, and row by row
        codes = rng.integers(0, k, (3, 50))
        found = np.zeros((3, 2, k))
        for j, i in itertools.product(range(3), range(50)):
            found[j, :, codes[j, i]] += shares[j, i]
        np.testing.assert_allclose(_counted(jnp.asarray(shares), jnp.asarray(codes), k), found, rtol=1e-5)


def test_of_many_categories_the_start_finds_the_tree_and_a_fit_learns_more():
    """Codes of 40, of which the second follows the first and the third the second."""
    rng = np.random.default_rng(0)
    first = rng.geometric(0.1, 2000) % 40
    follow = lambda x: np.where(rng.random(2000) < 0.1, rng.integers(0, 40, 2000), x)  # noqa: E731
    second = follow(first)
    x = jnp.asarray(np.stack([first, second, follow(second)], 1))
    model = gl.hidden_tree((3,), 40, 40)
    fit = gl.fit(model, x, key=jax.random.key(0), method=gl.online_em(3, 200), smoothing=0.01)
    assert fit.params["parent"].tolist() == [0, 0, 1]
    alone = gl.categorical(40, (3,))
    apart = float(gl.nll(alone, gl.fit(alone, x, smoothing=0.01).params, x))
    assert -float(fit.log_likelihood) / 2000 < apart - 3
    assert model.log_prob(fit.params, jnp.array([40, 0, 0])) == -jnp.inf
