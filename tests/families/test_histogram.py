"""Histograms: NumPy's cells to the edge, NumPy's counts, and points that stay in the cell they were drawn from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import genjax_lab as gl

WORLD = gl.histogram((36, 18), (-180, -90), (180, 90))
RNG = np.random.default_rng(0)


def on_edges(n, cells, low, high):
    """Points that mostly lie on edges of cells, and their neighbours in float32."""
    edges = np.linspace(low, high, cells + 1).astype(np.float32)
    x = RNG.choice(edges, n)
    x = RNG.choice(np.stack([x, np.nextafter(x, np.float32(low)), np.nextafter(x, np.float32(high))]), axis=0)
    return x, edges


@pytest.mark.parametrize(("cells", "low", "high"), [(7, 0.1, 0.8), (1000, -3.0, 11.0), (1, 5.0, 6.0), (360, -180, 180)])
def test_cells_of_points_on_edges_are_those_of_numpy(cells, low, high):
    x, edges = on_edges(500, cells, low, high)
    counts = gl.statistics(gl.histogram(cells, low, high), x).values
    np.testing.assert_array_equal(counts, np.histogramdd(x[:, None], [edges])[0])
    assert counts.sum() == 500


def test_fit_is_numpys_histogram_of_weighted_points():
    x = np.stack([RNG.uniform(-180, 180, 3000), RNG.uniform(-90, 90, 3000)], 1).astype(np.float32)
    weights = RNG.uniform(0, 2, 3000)
    counted, _ = np.histogramdd(x, (36, 18), ((-180, 180), (-90, 90)), weights=weights)
    fit = gl.fit(WORLD, x, weights=weights, smoothing=0.5)
    assert fit.status == gl.Status.CONVERGED and gl.degrees_of_freedom(WORLD) == 36 * 18 - 1
    wanted = (counted + 0.5) / (weights.sum() + 0.5 * counted.size)
    np.testing.assert_allclose(np.exp(fit.params["logits"]), wanted, rtol=1e-4)
    named = gl.fit(WORLD, x, weights=weights, smoothing={"logits": np.full((36, 18), 0.5)})
    np.testing.assert_allclose(named.params["logits"], fit.params["logits"], rtol=1e-6)


def test_log_density_is_that_of_rv_histogram():
    x = RNG.normal(0, 1, 400).clip(-3, 3).astype(np.float32)
    fit = gl.fit(gl.histogram(12, -3, 3), x, smoothing=1.0)
    rival = stats.rv_histogram((np.histogram(x, 12, (-3, 3))[0] + 1, np.linspace(-3, 3, 13)))
    points = np.linspace(-2.99, 2.99, 200).astype(np.float32)
    got = gl.log_prob(gl.histogram(12, -3, 3), fit.params, points)
    np.testing.assert_allclose(got, rival.logpdf(points.astype(float)), rtol=1e-5)


def test_unseen_cells_are_impossible_and_a_fit_without_smoothing_is_on_the_boundary():
    x = np.array([[1.0, 2.0], [179.0, -80.0]], np.float32)
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(WORLD, x)
    points = np.array([[1.0, 2.0], [0.0, 80.0]], np.float32)
    np.testing.assert_allclose(gl.log_prob(WORLD, fit.params, points), [-np.log(2 * 100), -np.inf], rtol=1e-6)
    assert float(fit.log_likelihood) == pytest.approx(-2 * np.log(200))


def test_points_are_drawn_in_cells_that_have_some_probability():
    """Rounding puts none on the edge of an impossible neighbour, or the sampler would draw what cannot be."""
    density = gl.histogram(5, 1000.0, 1000.01)  # a cell holds some thirty float32 numbers
    params = {"logits": jnp.array([0.0, -jnp.inf, 0.0, -jnp.inf, 0.0])}
    x = gl.sample(density, jax.random.key(0), params, 20_000)
    assert np.isfinite(gl.log_prob(density, params, x)).all()
    assert np.ptp(np.asarray(x)) > 0.0095


@pytest.mark.parametrize("cells", [(36, 18), (5, 4, 3)])
def test_integrates_to_one_between_its_own_edges(cells):
    density = gl.histogram(cells, tuple(-10.0 * m for m in cells), tuple(10.0 * m for m in cells))
    params = {"logits": jnp.asarray(RNG.normal(0, 2, cells), jnp.float32)}
    assert gl.check_normalised(density, params) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_a_mixture_of_histograms_is_one_of_categories():
    """Soft groups and hard ones: the same EM as over the numbers of the cells."""
    x = RNG.uniform(0, 4, (300, 2)).astype(np.float32)
    start = {"prior": {"logits": jnp.zeros(2)}, "conditional": {"logits": jnp.asarray(RNG.normal(size=(2, 4, 4)))}}
    flat = jax.tree.map(jnp.array, start)
    flat["conditional"]["logits"] = flat["conditional"]["logits"].reshape(2, 16)
    codes = (np.floor(x) @ [4, 1]).astype(int)
    method = gl.em(max_steps=5, tol=0.0)  # cut short, and so before either converges
    kwargs = {"method": method, "smoothing": 0.1, "strict": False}
    with pytest.warns(gl.FitWarning):
        got = gl.fit(gl.mixture(gl.histogram((4, 4), 0, 4), 2), x, start=start, **kwargs)
        wanted = gl.fit(gl.mixture(gl.categorical(16), 2), codes, start=flat, **kwargs)
    assert float(got.log_likelihood) == pytest.approx(float(wanted.log_likelihood), rel=1e-5)  # the cells have volume 1
    classes = gl.joint(gl.categorical(2), gl.per_class(gl.histogram((4, 4), 0, 4), 2))
    fit = gl.fit(classes, (codes % 2, x), smoothing=1.0)
    counted = [np.bincount(codes[codes % 2 == y], minlength=16).reshape(4, 4) for y in (0, 1)]
    probs = special.softmax(np.asarray(fit.params["conditional"]["logits"], float), axis=(1, 2))
    np.testing.assert_allclose(probs, [(c + 1) / (c.sum() + 16) for c in counted], rtol=1e-5)


def test_independent_histograms():
    density = gl.iid(gl.histogram((2, 2), 0, 2), 3)
    x = np.array([[[0.5, 0.5], [1.5, 0.5], [2.0, 2.0]]], np.float32)
    fit = gl.fit(density, x, smoothing=1.0)
    np.testing.assert_allclose(np.exp(fit.params["logits"]), np.array([[2, 1], [2, 2]]) / 7, rtol=1e-6)


def test_whole_numbers_and_float64_points(x64):
    density = gl.histogram(10, 0, 10)
    params = {"logits": jnp.arange(10.0)}
    wanted = gl.log_prob(density, params, np.arange(10.0))
    np.testing.assert_allclose(gl.log_prob(density, params, np.arange(10, dtype=np.uint8)), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[0.0, 0.0], [190.0, 0.0]], r"x\[1, 0\] = 190.0 is outside .* Points must lie in the box"),
        ([[0.0, np.nan]], r"x\[0, 1\] = nan is not finite"),
    ],
)
def test_fit_names_the_row_that_lies_outside_the_box(x, message):
    with pytest.raises(ValueError, match=message):
        gl.fit(WORLD, np.array(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "cells = 0 must be a whole number"),
        (((),), r"cells = \(\) must be a whole number"),
        ((True,), "cells = True must be"),
        (((2, 2), 0, (1, 1, 1)), r"high = \(1, 1, 1\) must be one number, or one for each"),
        ((2, (0,), 1), r"low = \(0,\) must be one number"),
        (((2, 2), (0, 1), (1, 1)), "must be below high"),
        ((2, 0, float("inf")), "must be below high = inf, and both finite"),
        ((2, float("nan")), "low = nan must be below"),
    ],
)
@pytest.mark.parametrize("factory", [gl.histogram, gl.grid])
def test_what_is_no_grid_is_refused_in_the_name_of_what_was_called(factory, arguments, message):
    with pytest.raises(ValueError, match=f"^{factory.__name__}: .*{message}"):
        factory(*arguments)


def test_cells_finer_than_float32_are_refused():
    density = gl.histogram(100, 1e6, 1e6 + 1)
    with pytest.raises(ValueError, match="cannot be told apart in float32"):
        gl.log_prob(density, {"logits": jnp.zeros(100)}, np.array([1e6 + 0.5]))
