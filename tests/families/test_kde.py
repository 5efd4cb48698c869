"""Kernel density estimates: SciPy's and scikit-learn's values, and bandwidths by brute force in float64."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special, stats
from sklearn.neighbors import KernelDensity

import genjax_lab as gl
from genjax_lab.distances import over_blocks
from genjax_lab.leave_one_out import best_factor, log_likelihood
from genjax_lab.quadratic import near

RNG = np.random.default_rng(0)
RULES = {"scott": "scott", "silverman": "silverman"}


def loo(x, weights, scale) -> float:
    """Mean leave-one-out log-likelihood, a loop over the rows."""
    x, share = np.reshape(x, (len(x), -1)).astype(float), np.asarray(weights, float) / np.sum(weights)
    total = 0.0
    for i in np.flatnonzero(share):
        others = np.delete(np.arange(len(x)), i)
        each = stats.norm.logpdf(x[others], x[i], scale).sum(1)
        total += share[i] * special.logsumexp(each, b=share[others] / (1 - share[i]))
    return total


def best_scale(x, weights) -> np.ndarray:
    """The bandwidths of greatest leave-one-out likelihood, a multiple of each coordinate's spread."""
    flat = np.reshape(x, (len(x), -1)).astype(float)
    spread = np.sqrt(np.cov(flat, rowvar=False, aweights=weights, ddof=0).reshape(flat.shape[1], -1).diagonal())

    def worse(t: float) -> float:
        return -loo(flat, weights, np.exp(t) * spread)

    grid = np.linspace(-4, 1, 21)
    t = grid[np.argmin([worse(t) for t in grid])]
    found = optimize.minimize_scalar(worse, bounds=(t - 0.3, t + 0.3), method="bounded", options={"xatol": 1e-7})
    return np.exp(found.x) * spread


@pytest.mark.parametrize("d", [1, 2, 7])
def test_leave_one_out_bandwidth_is_that_of_brute_force(d):
    x = (RNG.normal(size=(120, d)) * np.arange(1, d + 1)).astype(np.float32)
    x[60:] += 4
    weights = RNG.choice([0.0, 1.0, 2.5], 120)
    fit = gl.fit(gl.kde(120, (d,)), x, weights=weights)
    assert fit.status == gl.Status.CONVERGED
    wanted = best_scale(x, weights)
    np.testing.assert_allclose(fit.params["scale"], wanted, rtol=2e-3)
    kept = int((weights > 0).sum())
    points, share = fit.params["points"], jnp.exp(fit.params["logits"])
    np.testing.assert_array_equal(points[:kept], x[weights > 0])
    assert float(log_likelihood(points, share, fit.params["scale"])) == pytest.approx(loo(x, weights, wanted), rel=1e-5)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("weighted", [False, True])
def test_rules_are_those_of_scipy(rule, weighted):
    x = RNG.gamma(2.0, size=50).astype(np.float32)
    weights = RNG.uniform(0.5, 2, 50) if weighted else np.ones(50)
    rival = stats.gaussian_kde(x.astype(float), bw_method=RULES[rule], weights=weights)
    deviation = np.sqrt(np.cov(x, aweights=weights, ddof=0))  # SciPy's own is that of an unbiased variance
    fit = gl.fit(gl.kde(50, bandwidth=rule), x, weights=weights)
    assert float(fit.params["scale"]) == pytest.approx(rival.factor * deviation, rel=1e-5)
    rival.set_bandwidth(rival.factor * deviation / np.sqrt(rival._data_covariance[0, 0]))
    places = np.linspace(-1, 8, 40).astype(np.float32)
    np.testing.assert_allclose(gl.log_prob(gl.kde(50), fit.params, places), rival.logpdf(places), rtol=1e-4)
    assert float(fit.log_likelihood) == pytest.approx(weights @ rival.logpdf(x), rel=1e-5)


@pytest.mark.parametrize("d", [2, 10, 50])
def test_log_prob_is_that_of_scikit_learn(d):
    points, x = RNG.normal(size=(700, d)).astype(np.float32), RNG.normal(size=(900, d)).astype(np.float32) * 2
    rival = KernelDensity(bandwidth=0.7, leaf_size=700, atol=0, rtol=0).fit(points)  # small leaves lose digits
    params = {"points": points, "logits": np.zeros(700), "scale": np.full(d, 0.7)}
    np.testing.assert_allclose(gl.log_prob(gl.kde(700, (d,)), params, x), rival.score_samples(x), rtol=3e-6)


@pytest.mark.parametrize(("apart", "width", "is_near"), [(0.0, 1.0, True), (1e4, 0.1, False)])
def test_digits_are_kept_far_from_the_origin_and_between_clusters_far_apart(apart, width, is_near):
    """Trap 3 and 17: squares by a matmul would be off by hundreds where clusters are 1e4 apart, 0.1 wide."""
    points = (RNG.normal(0, width, (200, 6)) + 1e4).astype(np.float32)
    points[100:] += np.float32(apart)
    scale = np.full(6, 0.5 * width, np.float32)
    assert bool(near((points - points.mean(0)) / scale[None])) is is_near
    x = points + RNG.normal(0, width, points.shape).astype(np.float32)
    wanted = [special.logsumexp(stats.norm.logpdf(row, points.astype(float), scale).sum(1)) for row in x.astype(float)]
    params = {"points": points, "logits": np.zeros(200), "scale": scale}
    np.testing.assert_allclose(gl.log_prob(gl.kde(200, (6,)), params, x), wanted - np.log(200), rtol=2e-4, atol=2e-4)
    assert gl.fit(gl.kde(200, (6,)), points).status == gl.Status.CONVERGED


@pytest.mark.parametrize("d", [3, 5, 40])
def test_squares_are_those_of_a_loop_in_both_ways_of_taking_them(d):
    points, x, inverse = RNG.normal(size=(30, d)), RNG.normal(size=(77, d)), RNG.uniform(0.5, 2, d)
    wanted = (((x[:, None] - points) * inverse) ** 2).sum(-1)
    for spread in (1.0, 1e5):  # far apart, the rows are subtracted
        own = (jnp.asarray(a * spread, jnp.float32) for a in (x, points))
        got = over_blocks(lambda squares, _: squares, *own, jnp.asarray(inverse, jnp.float32))
        np.testing.assert_allclose(got, spread**2 * wanted, rtol=1e-5)


def classes():
    """Three classes of different sizes, and their rows."""
    y = np.repeat([0, 1, 2], [40, 25, 10])
    x = (RNG.normal(size=(75, 2)) + np.array([[0, 0], [4, 0], [0, 5]])[y]).astype(np.float32)
    order = RNG.permutation(75)
    return y[order].astype(np.int32), x[order]


def test_a_class_is_what_it_is_alone_and_bayes_rule_labels():
    y, x = classes()
    model = gl.joint(gl.categorical(3), gl.per_class(gl.kde(40, (2,)), 3))
    fit = gl.fit(model, (y, x))
    assert fit.status == gl.Status.CONVERGED
    places = (RNG.normal(size=(30, 2)) * 3).astype(np.float32)
    own = []
    for label in range(3):
        rows = x[y == label]
        alone = gl.fit(gl.kde(len(rows), (2,)), rows)
        np.testing.assert_allclose(fit.params["conditional"]["scale"][label], alone.params["scale"], rtol=2e-4)
        scale = np.asarray(alone.params["scale"])
        rival = KernelDensity(bandwidth=1.0).fit(rows / scale)
        own.append(rival.score_samples(places / scale) - np.log(scale).sum() + np.log(len(rows) / 75))
    posterior = special.log_softmax(np.stack(own, 1), 1)
    np.testing.assert_allclose(
        gl.predict_log_prob(gl.posterior(model), fit.params, places), posterior, rtol=1e-3, atol=1e-4
    )
    drawn, _ = gl.sample(model, jax.random.key(0), fit.params, 300)
    assert np.bincount(drawn, minlength=3).argmax() == 0


def test_pieces_merge_into_the_fit_of_all():
    y, x = classes()
    model = gl.joint(gl.categorical(3), gl.per_class(gl.kde(40, (2,), "scott"), 3))
    parts = [gl.statistics(model, (y[part], x[part])) for part in (slice(0, 1), slice(1, 50), slice(50, 75))]
    fit = gl.fit_statistics(model, gl.merge(model, *parts))
    whole = gl.fit(model, (y, x))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), fit.params, whole.params)
    assert float(fit.log_likelihood) == pytest.approx(float(whole.log_likelihood), rel=1e-5)


def test_it_is_the_mixture_of_normals_on_its_rows_and_completes_like_one():
    model, fit = gl.kde(20, (2,)), gl.fit(gl.kde(20, (2,)), RNG.normal(size=(20, 2)).astype(np.float32))
    mixture = gl.marginal(gl.joint(gl.categorical(20), gl.per_class(gl.normal((2,)), 20, shared="scale")))
    params = {
        "prior": {"logits": fit.params["logits"]},
        "conditional": {"loc": fit.params["points"], "scale": fit.params["scale"]},
    }
    x, seen = RNG.normal(size=(9, 2)).astype(np.float32), np.array([[True, False]] * 9)
    np.testing.assert_allclose(gl.log_prob(model, fit.params, x), gl.log_prob(mixture, params, x), rtol=1e-5)
    one = stats.norm.logpdf(x[:, :1], fit.params["points"][:, 0], fit.params["scale"][0])
    wanted = special.logsumexp(one, 1) - np.log(20)
    np.testing.assert_allclose(gl.log_prob_masked(model, fit.params, x, seen), wanted, rtol=1e-5)
    whole = gl.complete(model, jax.random.key(0), fit.params, x, seen)
    np.testing.assert_array_equal(whole[:, 0], x[:, 0])
    assert (np.abs(whole[:, 1] - x[:, 1]) > 1e-3).all()


@pytest.mark.parametrize("x", [[0.0, 1.0, 5.0, 0.0, 1.0, 5.0], [3.0, 3.0, 3.0], [7.0]], ids=["twice", "equal", "one"])
def test_a_bandwidth_of_nothing_is_said(x):
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(gl.kde(6), np.array(x, np.float32))
    assert float(fit.params["scale"]) == 0
    p = gl.log_prob(gl.kde(6), fit.params, np.array([x[0], 0.5], np.float32))
    np.testing.assert_array_equal(p, [np.inf, -np.inf])


def test_some_rows_twice_still_have_a_bandwidth():
    x = RNG.normal(size=40).astype(np.float32)
    x[:15] = x[15:30]
    fit = gl.fit(gl.kde(40), x)
    assert float(fit.params["scale"]) == pytest.approx(best_scale(x, np.ones(40))[0], rel=2e-3)


def test_more_rows_than_places_are_refused_and_the_class_is_shown():
    y, x = classes()
    with pytest.raises(gl.FitError, match="log-weights of 1 to 30 rows"):
        gl.fit(gl.joint(gl.categorical(3), gl.per_class(gl.kde(30, (2,)), 3)), (y, x))
    with pytest.raises(gl.FitError, match="log-weights of 1 to 74 rows"):
        gl.fit(gl.kde(74, (2,)), x)


def test_a_class_without_rows_is_neutral_and_on_the_boundary():
    y, x = classes()
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(gl.joint(gl.categorical(4), gl.per_class(gl.kde(40, (2,)), 4)), (y, x))
    assert all(np.isfinite(leaf[3]).all() for leaf in jax.tree.leaves(fit.params["conditional"]))


def test_hidden_labels_are_refused():
    with pytest.raises(ValueError, match="kde: its parameters are the rows"):
        gl.fit(gl.mixture(gl.kde(9), 2), np.arange(9.0), key=jax.random.key(0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "n = 0 must be at least 1"),
        ((2.0,), "n = 2.0 must be a whole number"),
        ((2, (), "isj"), "bandwidth = 'isj' must be one of 'likelihood'"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_are_refused(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        gl.kde(*arguments)


def test_a_step_below_what_the_dtype_resolves_is_the_last():
    """A bracket that such a step does not fall into may have no end: half of it would be infinite."""
    rows = np.random.default_rng(0).normal(size=(400, 28, 3)).astype(np.float32)[:60]  # two have such steps
    found = jax.vmap(best_factor, (0, None, None, None))(rows, jnp.full(28, 1 / 28), jnp.ones(3), jnp.asarray(0.6))
    assert float(found.min()) > 0.2
    assert float(found.max()) < 2
