"""Nearest neighbours: distances by brute force, labels by scikit-learn, the density by its formula."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

import genjax_lab as gl
from genjax_lab.distances import nearest

RNG = np.random.default_rng(0)


def rows(n, d, centre=0.0):
    return (RNG.normal(size=(n, d)) + centre).astype(np.float32)


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize(("n", "d", "centre"), [(9, 2, 0.0), (700, 3, 0.0), (700, 8, 0.0), (900, 20, 1e4)])
def test_neighbours_are_those_of_brute_force(n, d, centre, k):
    points, x = rows(n, d, centre), rows(50, d, centre)
    square, place = jax.jit(nearest, static_argnums=3)(jnp.asarray(x), jnp.asarray(points), jnp.asarray(n), k)
    wanted = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points.astype(float)).kneighbors(x.astype(float))
    np.testing.assert_allclose(np.sqrt(square), wanted[0], rtol=1e-5)
    np.testing.assert_array_equal(place, wanted[1])


def test_rounding_hides_no_neighbour():
    """Rows at 1e4 with neighbours 1e-2 away: the matmul's distances are wrong by more than that."""
    points = rows(600, 8)
    points[:300] += 1e4
    points[:40] = points[40] + 1e-2 * rows(40, 8)
    x = points[20:60] + np.float32(2e-3)
    square, place = nearest(jnp.asarray(x), jnp.asarray(points), jnp.asarray(600), 5)
    every = ((x.astype(float)[:, None] - points) ** 2).sum(-1)
    np.testing.assert_allclose(square, np.sort(every, 1)[:, :5], rtol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(every, np.asarray(place), 1), np.sort(every, 1)[:, :5], rtol=1e-5)


def test_places_without_a_row_are_nobodys_neighbours():
    points, x = rows(500, 6), rows(20, 6)
    some = nearest(jnp.asarray(x), jnp.asarray(points), jnp.asarray(77), 4)
    few = nearest(jnp.asarray(x), jnp.asarray(points[:77]), jnp.asarray(77), 4)
    np.testing.assert_allclose(some[0], few[0], rtol=1e-5)
    np.testing.assert_array_equal(some[1], few[1])


@pytest.mark.parametrize("shape", [(), (2,), (3, 2)])
def test_log_prob_is_the_formula(shape):
    n, k, d = 300, 7, int(np.prod(shape))
    x, at = RNG.normal(size=(n, *shape)).astype(np.float32), RNG.normal(size=(40, *shape)).astype(np.float32)
    model = gl.knn_density(n, shape, k)
    fit = gl.fit(model, x)
    assert fit.status == gl.Status.CONVERGED and np.isnan(fit.log_likelihood) and int(fit.params["rows"]) == n
    r = NearestNeighbors(n_neighbors=k).fit(x.reshape(n, -1)).kneighbors(at.reshape(40, -1))[0][:, -1]
    volume = np.pi ** (d / 2) / special.gamma(d / 2 + 1) * r**d
    np.testing.assert_allclose(gl.log_prob(model, fit.params, at), np.log(k / n / volume), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.log_prob(fit.params, at[0]), np.log(k / n / volume)[0], rtol=1e-5, atol=1e-5)


def test_it_does_not_integrate_to_one_and_cannot_be_sampled():
    """Beyond all rows p(x) = k / (2 n |x − x_k|), whose integral grows like a logarithm: twice over, twice as much."""
    x, model = rows(100, 1)[:, 0], gl.knn_density(100, (), 5)
    params = gl.fit(model, x).params
    mass = []
    for end in (1e3, 1e6):
        at = np.concatenate([np.linspace(-10, 10, 20_001), np.geomspace(10, end, 20_000)[1:]])
        p = np.exp(np.asarray(gl.log_prob(model, params, at.astype(np.float32)), float))
        mass.append(np.trapezoid(p, at))
    assert mass[1] - mass[0] == pytest.approx(5 / (2 * 100) * np.log(1e3), rel=0.01)
    with pytest.raises(TypeError, match="does not integrate to 1: no sample"):
        gl.sample(model, jax.random.key(0), params, 3)


def test_k_equal_rows_are_endless():
    fit = gl.fit(gl.knn_density(5, (), 2), np.array([1.0, 1.0, 4.0, 5.0, 6.0], np.float32))
    p = gl.log_prob(gl.knn_density(5, (), 2), fit.params, np.array([1.0, 4.0], np.float32))
    assert p[0] == np.inf and np.isfinite(p[1])


def labelled(d=4):
    y = RNG.integers(0, 3, 400).astype(np.int32)
    return y, (RNG.normal(size=(400, d)) + 1.5 * y[:, None]).astype(np.float32)


def test_classes_by_bayes_rule():
    """By Bayes' rule the class wins whose k-th neighbour is nearest: the prior n_c / n cancels 1 / n_c."""
    y, x = labelled()
    model = gl.joint(gl.categorical(3), gl.per_class(gl.knn_density(400, (4,), 3), 3))
    fit, at = gl.fit(model, (y, x)), rows(100, 4, 1.5)
    r = [NearestNeighbors(n_neighbors=3).fit(x[y == c]).kneighbors(at)[0][:, -1] for c in range(3)]
    np.testing.assert_array_equal(gl.predict(gl.posterior(model), fit.params, at), np.argmin(r, 0))


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("d", [2, 6])
def test_shares_of_labels_are_those_of_scikit_learn(k, d):
    y, x = labelled(d)
    model, at = gl.nearest_neighbours(400, (d,), k, 3), rows(200, d, 1.5)
    fit = gl.fit(model, y, given=x)
    rival = KNeighborsClassifier(k).fit(x, y).predict_proba(at)
    np.testing.assert_allclose(np.exp(gl.predict_log_prob(model, fit.params, at)), rival, atol=1e-6)
    np.testing.assert_array_equal(gl.predict(model, fit.params, at), rival.argmax(1))
    label = rival.argmax(1).astype(np.int32)
    np.testing.assert_allclose(gl.log_prob(model, fit.params, label, at), np.log(rival.max(1)), atol=1e-6)
    drawn = gl.sample(model, jax.random.key(0), fit.params, given=np.repeat(at[:1], 2000, 0))
    np.testing.assert_allclose(np.bincount(drawn, minlength=3) / 2000, rival[0], atol=0.05)


def test_fewer_rows_than_neighbours_are_refused_and_the_class_is_shown():
    y, x = np.array([0, 0, 0, 1], np.int32), rows(4, 2)
    with pytest.raises(gl.FitError, match=r"\['rows'\] .*2 to 4 rows.*\[3 1\]"):
        gl.fit(gl.joint(gl.categorical(2), gl.per_class(gl.knn_density(4, (2,), 2), 2)), (y, x))
    with pytest.raises(gl.FitError, match="5 to 9 rows"):
        gl.fit(gl.nearest_neighbours(9, (2,), 5, 2), y, given=x)
    with pytest.raises(gl.FitError, match="2 to 3 rows"):
        gl.fit(gl.knn_density(3, (2,), 2), x)


@pytest.mark.parametrize("make", [lambda: gl.knn_density(3, (), 4), lambda: gl.nearest_neighbours(3, (), 4, 2)])
def test_more_neighbours_than_places_are_refused(make):
    with pytest.raises(ValueError, match="neighbours = 4 of at most n = 3"):
        make()


@pytest.mark.parametrize("density", [gl.knn_density(6, (2,), 2), gl.nearest_neighbours(6, (2,), 2, 3)], ids=str)
def test_saved_and_loaded_it_says_the_same(density, tmp_path):
    params = density.init(jax.random.key(0))
    gl.save(tmp_path / "model", density, params)
    again, kept = gl.load(tmp_path / "model")
    assert again is density
    jax.tree.map(np.testing.assert_array_equal, kept, params)


def test_rows_of_no_weight_are_not_kept():
    x, weights = rows(10, 2), np.array([1.0, 0.0] * 5)
    fit = gl.fit(gl.knn_density(10, (2,), 2), x, weights=weights)
    assert int(fit.params["rows"]) == 5
    np.testing.assert_array_equal(fit.params["points"][:5], x[::2])
