"""Marginals and completions of what is seen of an event, against sums over all events, SciPy and counting."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import genjax_lab as gl
from tests.case import rest_slow

BITS = gl.bernoulli((3,))
TREE = gl.chow_liu((4,))
FINITE = {
    "bernoulli": BITS,
    "categorical": gl.categorical(3, (2,)),
    "chow_liu": TREE,
    "chow_liu of 3 categories": gl.chow_liu((3,), 3),
    "iid": gl.iid(gl.chow_liu((2,)), 2),
    "product": gl.product(a=gl.categorical(3), b=gl.bernoulli((2,))),
    "joint": gl.joint(gl.categorical(2), gl.per_class(BITS, 2)),
    "mixture of trees": gl.mixture(TREE, 3),
    "mixture of mixtures": gl.mixture(gl.mixture(BITS, 2), 2),
    "patches": gl.patches(gl.chow_liu((1, 2), 4), (2, 1)),
    "patches of a mixture": gl.patches(gl.mixture(gl.chow_liu((2, 1), 4), 2), (1, 2)),
    "patches of a hidden tree": gl.patches(gl.hidden_tree((1, 2), 3, 4), (2, 1)),
    "joint of mixtures": gl.joint(gl.categorical(2), gl.per_class(gl.mixture(gl.chow_liu((3,)), 2), 2)),
}
SCALARS = [
    gl.normal((2,)), gl.gamma((2,)), gl.weibull((2,)), gl.beta((2,)), gl.student_t((2,)), gl.uniform((2,)),
    gl.poisson((2,)), gl.negative_binomial((2,)),
]  # fmt: skip
finite = pytest.mark.parametrize(
    "name", rest_slow(FINITE, "bernoulli", "categorical", "product", "mixture of trees", "patches")
)


def masks(density):
    """All ways to see a part of an event of few entries, or some of them."""
    one = jax.tree.map(lambda a: np.zeros(a.shape, bool), density.space.struct)
    leaves, tree = jax.tree.flatten(one)
    size = sum(leaf.size for leaf in leaves)
    every = list(itertools.product([False, True], repeat=size))
    chosen = every if size <= 4 else [every[i] for i in np.random.default_rng(0).choice(len(every), 12, replace=False)]
    for bits in [*chosen, every[0], every[-1]]:
        cuts = np.split(np.asarray(bits), np.cumsum([leaf.size for leaf in leaves])[:-1])
        yield tree.unflatten([jnp.asarray(c.reshape(leaf.shape)) for c, leaf in zip(cuts, leaves, strict=True)])


def agree(events, x, seen):
    """Which of all events are as x where it is seen: bool[m]."""
    m = jax.tree.leaves(events)[0].shape[0]
    same = [
        ((np.asarray(e) == np.asarray(a)[None]) | ~np.asarray(s)[None]).reshape(m, -1).all(1)
        for e, a, s in zip(*map(jax.tree.leaves, (events, x, seen)), strict=True)
    ]
    return np.stack(same).all(0)


def spoilt(x, seen):
    """Garbage where nothing is seen."""
    return jax.tree.map(lambda a, s: jnp.where(s, a, -77), x, seen)


@finite
def test_a_marginal_is_the_sum_over_what_is_not_seen(name):
    density = FINITE[name]
    params, events = density.init(jax.random.key(0)), density.space.enumerate()
    share = np.exp(np.asarray(gl.log_prob(density, params, events), np.float64))
    x = jax.tree.map(lambda a: a[len(share) // 3], events)
    for seen in masks(density):
        rows = jax.tree.map(lambda a: a[None], spoilt(x, seen))
        found = gl.log_prob_masked(density, params, rows, seen)
        assert float(jnp.exp(found[0])) == pytest.approx(share[agree(events, x, seen)].sum(), rel=1e-4)


@finite
def test_what_is_not_seen_is_drawn_as_often_as_it_should(name):
    density, n = FINITE[name], 3000
    params, events = density.init(jax.random.key(0)), density.space.enumerate()
    share = np.exp(np.asarray(gl.log_prob(density, params, events), np.float64))
    x = jax.tree.map(lambda a: a[len(share) // 3], events)
    seen = list(masks(density))[5]
    rows = jax.tree.map(lambda a: jnp.repeat(a[None], n, 0), spoilt(x, seen))
    drawn = gl.complete(density, jax.random.key(1), params, rows, seen)
    place = np.asarray(jax.vmap(density.space.index)(drawn))
    inside = agree(events, x, seen)
    assert inside[place].all()
    expected = n * share[inside] / share[inside].sum()
    count = np.bincount(place, minlength=len(share))[inside]
    often = expected > 5
    observed, expected = (
        np.append(count[often], count[~often].sum()),
        np.append(expected[often], expected[~often].sum()),
    )
    some = expected > 0
    assert some.sum() < 2 or stats.chisquare(observed[some], expected[some] * n / expected[some].sum()).pvalue > 1e-4


@pytest.mark.parametrize(
    "density",
    rest_slow(SCALARS, gl.normal((2,)), gl.uniform((2,))),
    ids=str,
)
def test_independent_coordinates_are_seen_one_by_one(density):
    params = density.init(jax.random.key(0))
    x = gl.sample(density, jax.random.key(1), params, 5)
    unit = density.spec.factory()
    alone = gl.log_prob(unit, jax.tree.map(lambda p: p[0], params), x[:, 0])
    spoil = x.astype(jnp.float32).at[:, 1].set(jnp.nan) if jnp.issubdtype(x.dtype, jnp.floating) else x.at[:, 1].set(-5)
    seen = jnp.array([True, False])
    np.testing.assert_allclose(gl.log_prob_masked(density, params, spoil, seen), alone, rtol=1e-5)
    whole = gl.complete(density, jax.random.key(2), params, spoil, seen)
    np.testing.assert_array_equal(whole[:, 0], x[:, 0])
    assert gl.contains(density, whole).all() and len(np.unique(whole[:, 1])) > 1


def correlated():
    rng = np.random.default_rng(0)
    scale = np.tril(rng.normal(size=(4, 4))) + 2 * np.eye(4)
    return {"loc": jnp.asarray(rng.normal(size=4)), "scale_tril": jnp.asarray(scale)}, scale @ scale.T


def test_a_part_of_a_normal_vector_is_what_scipy_says():
    params, covariance = correlated()
    x = np.random.default_rng(1).normal(size=(6, 4))
    for seen in itertools.product([False, True], repeat=4):
        part = np.flatnonzero(seen)
        rows = jnp.where(jnp.asarray(seen), jnp.asarray(x), jnp.nan)
        found = gl.log_prob_masked(gl.mvnormal(4), params, rows, jnp.asarray(seen))
        if len(part):
            of = stats.multivariate_normal(np.asarray(params["loc"])[part], covariance[np.ix_(part, part)])
            np.testing.assert_allclose(found, of.logpdf(x[:, part]), rtol=1e-4)
        else:
            np.testing.assert_allclose(found, 0, atol=1e-6)


def test_the_rest_of_a_normal_vector_has_the_conditional_mean_and_covariance():
    params, covariance = correlated()
    seen, n = np.array([True, False, True, False]), 20_000
    x = np.broadcast_to(np.array([0.5, np.nan, -1.0, np.nan]), (n, 4))
    drawn = np.asarray(gl.complete(gl.mvnormal(4), jax.random.key(0), params, jnp.asarray(x), jnp.asarray(seen)))
    loc, a, b = np.asarray(params["loc"]), covariance[np.ix_(~seen, seen)], covariance[np.ix_(seen, seen)]
    mean = loc[~seen] + a @ np.linalg.solve(b, np.array([0.5, -1.0]) - loc[seen])
    rest = covariance[np.ix_(~seen, ~seen)] - a @ np.linalg.solve(b, a.T)
    np.testing.assert_allclose(drawn[:, seen], x[:, seen], rtol=1e-6)
    np.testing.assert_allclose(drawn[:, ~seen].mean(0), mean, atol=5 * np.sqrt(rest.max() / n))
    np.testing.assert_allclose(np.cov(drawn[:, ~seen].T), rest, atol=0.05 * rest.max())


@finite
def test_slopes_are_finite(name):
    density = FINITE[name]
    params = density.init(jax.random.key(0))
    x = jax.tree.map(lambda a: a[1], density.space.enumerate())
    slope_of = jax.jit(jax.grad(lambda p, seen: density.log_prob_masked(p, x, seen), allow_int=True))
    for seen in list(masks(density))[2:4]:
        for slope in jax.tree.leaves(slope_of(params, seen)):
            assert slope.dtype == jax.dtypes.float0 or np.isfinite(slope).all()


def test_what_is_impossible_where_it_is_seen_has_no_probability_and_a_completion():
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(TREE, jnp.array([[0, 0, 1, 1]] * 3 + [[1, 1, 1, 1]]))
    x, seen = jnp.array([[0, 1, 9, 9]]), jnp.array([True, True, False, False])
    assert gl.log_prob_masked(TREE, fit.params, x, seen)[0] == -jnp.inf
    assert gl.complete(TREE, jax.random.key(0), fit.params, x, seen)[0, :2].tolist() == [0, 1]


def test_one_bool_stands_for_a_field_and_rows_may_differ_in_what_is_seen():
    model = FINITE["joint"]
    params = model.init(jax.random.key(0))
    y, x = jnp.array([0, 1]), jnp.array([[0, 1, 1], [1, 0, 0]])
    hidden = gl.log_prob_masked(model, params, (y, x), (False, True))
    np.testing.assert_allclose(hidden, gl.log_prob(gl.marginal(model), params, x), rtol=1e-5)
    rows = jnp.array([[True, True, True], [False, True, False]])
    each = gl.log_prob_masked(BITS, {"logits": jnp.arange(3.0)}, x, rows)
    logs = gl.log_prob_masked(BITS, {"logits": jnp.arange(3.0)}, x[1:], rows[1])
    assert each[1] == logs[0] and each[0] == gl.log_prob(BITS, {"logits": jnp.arange(3.0)}, x[:1])[0]


@pytest.mark.slow
def test_a_given_label_chooses_the_tree():
    model = gl.per_class(TREE, 2)
    params = model.init(jax.random.key(0))
    x, seen = jnp.array([[0, 1, 1, 0]]), jnp.array([True, False, True, False])
    own = jax.tree.map(lambda p: p[1], params)
    found = gl.log_prob_masked(model, params, x, seen, given=jnp.array([1]))
    np.testing.assert_allclose(found, gl.log_prob_masked(TREE, own, x, seen), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda p, x: gl.log_prob_masked(BITS, p, x, jnp.array([1, 0, 1])), TypeError, "seen must hold bools"),
        (lambda p, x: gl.log_prob_masked(BITS, p, x, jnp.array([True, False])), ValueError, "seen must have the shape"),
        (lambda p, x: gl.log_prob_masked(BITS, p, x.at[1, 0].set(2), jnp.array([True] * 3)), ValueError, r"x\[1, 0\]"),
        (lambda p, x: gl.log_prob_masked(gl.simplex(3), p, x, True), TypeError, "is not a density"),
        (
            lambda p, x: gl.complete(gl.dirichlet(3), jax.random.key(0), {"concentration": jnp.ones(3)}, x / 3.0, True),
            TypeError,
            "no exact marginals",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, error, words):
    with pytest.raises(error, match=words):
        call({"logits": jnp.zeros(3)}, jnp.ones((2, 3), jnp.int32))


def test_what_a_network_cannot_tell_is_refused():
    chain = gl.autoregressive((3,), gl.nets.made((4,)))
    params, x = chain.init(jax.random.key(0)), jnp.zeros((2, 3), jnp.int32)
    first, last = jnp.array([True, False, False]), jnp.array([[True, False, False], [False, False, True]])
    assert gl.complete(chain, jax.random.key(0), params, x, first).shape == (2, 3)
    with pytest.raises(ValueError, match="does not know the marginal of what is seen in row 1"):
        gl.log_prob_masked(chain, params, x, last)
    with pytest.raises(ValueError, match="cannot complete what is seen in row 1"):
        gl.complete(chain, jax.random.key(0), params, x, last)
