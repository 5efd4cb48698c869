"""Probabilistic principal components against scikit-learn, SciPy and plain loops."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA

import genjax_lab as gl
from genjax_lab import low_rank
from tests import oracles as o

MIX = np.random.default_rng(5).normal(size=(6, 3)) * [3.0, 2.0, 1.0]


def rows(n: int, seed: int = 0, noise: float = 0.5, d: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)) @ MIX[:d].T + noise * rng.normal(size=(n, d)) + np.arange(d)


def plain(params):
    return jax.tree.map(lambda a: np.asarray(a, float), params)


def covariance(params) -> np.ndarray:
    w = np.asarray(params["cov_factor"], float)
    return w @ w.T + float(params["scale"]) ** 2 * np.eye(len(w))


@pytest.mark.parametrize("k", [1, 3, 5])
def test_the_fit_is_scikit_learns(k):
    """Its likelihood by PCA.score, whose covariance has n − 1 below the line: taken out by telling it so."""
    x = rows(400).astype(np.float32)
    fit = gl.fit(gl.ppca(6, k), x)
    rival = PCA(k).fit(np.asarray(x, float))
    share = 399 / 400
    own = rival.mean_, rival.get_covariance() * share
    np.testing.assert_allclose(covariance(fit.params), own[1], rtol=2e-5, atol=2e-5)
    exact = stats.multivariate_normal.logpdf(np.asarray(x, float), *own).sum()
    assert float(fit.log_likelihood) == pytest.approx(exact, rel=4e-6)
    assert -float(gl.nll(gl.ppca(6, k), fit.params, x)) == pytest.approx(exact / 400, rel=4e-6)
    assert exact / 400 == pytest.approx(rival.score(np.asarray(x, float)), abs=1e-4)
    w = np.asarray(fit.params["cov_factor"], float)
    gram = w.T @ w
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-4)  # orthogonal, the longest first
    assert np.all(np.diff(np.diag(gram)) <= 1e-6) and np.all(w[np.abs(w).argmax(0), np.arange(k)] > 0)
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED


@pytest.mark.parametrize("noise", [1e-1, 1e-2, 1e-3])
def test_log_prob_keeps_its_digits_where_noise_is_small(noise):
    """The square by Woodbury's difference would have lost them: |y|² is 10⁶ times what is left of it."""
    params = {"loc": np.arange(6.0), "cov_factor": MIX, "scale": np.asarray(noise)}
    params = jax.tree.map(lambda a: np.asarray(a, np.float32), params)
    x = rows(50, noise=noise).astype(np.float32)
    w = np.asarray(params["cov_factor"], float)
    wide = w @ w.T + float(params["scale"]) ** 2 * np.eye(6)
    exact = stats.multivariate_normal.logpdf(np.asarray(x, float), np.arange(6.0), wide)
    np.testing.assert_allclose(gl.log_prob(gl.ppca(6, 3), params, x), exact, rtol=2e-4, atol=2e-3)


@pytest.mark.slow
def test_weights_merging_groups_and_ties():
    x, weights = rows(60).astype(np.float32), np.random.default_rng(1).integers(0, 4, 60)
    ppca = gl.ppca(6, 2)
    one, many = gl.fit(ppca, x, weights=weights), gl.fit(ppca, np.repeat(x, weights, 0))
    np.testing.assert_allclose(covariance(one.params), covariance(many.params), rtol=1e-4, atol=1e-4)
    parts = [gl.statistics(ppca, x[i : i + 20], weights[i : i + 20]) for i in (0, 20, 40)]
    merged = gl.fit_statistics(ppca, gl.merge(ppca, *parts))
    np.testing.assert_allclose(covariance(merged.params), covariance(one.params), rtol=1e-4, atol=1e-4)
    assert float(merged.log_likelihood) == pytest.approx(float(one.log_likelihood), rel=1e-5)

    y = np.arange(60) % 2
    moved = x + 100 * y[:, None]
    own = gl.fit(gl.per_class(ppca, 2), moved, given=y)
    tied = gl.fit(gl.per_class(ppca, 2, shared=("cov_factor", "scale")), moved, given=y)
    alone = gl.fit(ppca, moved[y == 1])
    np.testing.assert_allclose(
        covariance(jax.tree.map(lambda a: a[1], own.params)), covariance(alone.params), rtol=1e-3, atol=1e-3
    )
    within = moved - np.stack([moved[y == c].mean(0) for c in (0, 1)])[y]
    both = gl.fit(ppca, within)
    np.testing.assert_allclose(covariance(tied.params), covariance(both.params), rtol=1e-3, atol=1e-3)


def test_turning_the_hidden_coordinates_changes_nothing(x64):
    params = {"loc": jnp.arange(6.0), "cov_factor": jnp.asarray(MIX), "scale": jnp.asarray(0.5)}
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turned = {**params, "cov_factor": jnp.asarray(MIX @ turn)}
    x = rows(9)
    np.testing.assert_allclose(gl.log_prob(gl.ppca(6, 3), params, x), gl.log_prob(gl.ppca(6, 3), turned, x), rtol=1e-12)
    rule = low_rank.loading(6, 3)
    np.testing.assert_allclose(rule.inverse(params["cov_factor"]), rule.inverse(turned["cov_factor"]), atol=1e-12)
    flat = rule.inverse(jnp.zeros((6, 3)).at[3:].set(1.0))  # rows of zeros, as pixels at an image's edge have
    assert bool(jnp.isfinite(flat).all())
    w = np.asarray(rule.forward(flat))
    np.testing.assert_allclose(w @ w.T, np.pad(3 * np.ones((3, 3)), ((3, 0), (3, 0))), atol=1e-12)


def test_hidden_coordinates_given_x_are_those_of_the_joint_normal():
    """By the joint covariance of (z, x), in float64."""
    params = {"loc": np.arange(6.0), "cov_factor": MIX, "scale": np.asarray(0.7)}
    x = rows(5).astype(np.float32)
    gain = MIX.T @ np.linalg.inv(MIX @ MIX.T + 0.49 * np.eye(6))
    exact = (np.asarray(x, float) - np.arange(6.0)) @ gain.T
    np.testing.assert_allclose(gl.encode(gl.ppca(6, 3), params, x), exact, rtol=1e-4, atol=1e-4)
    mean, spread = low_rank.posterior(
        jnp.arange(6.0), jnp.asarray(MIX, jnp.float32), jnp.full(6, 0.7), jnp.asarray(x[0])
    )
    np.testing.assert_allclose(mean, exact[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(spread, np.eye(3) - gain @ MIX, atol=1e-4)
    np.testing.assert_allclose(
        gl.decode(gl.ppca(6, 3), params, np.eye(3)), MIX.T + np.arange(6.0), rtol=1e-5, atol=1e-5
    )


def test_what_is_seen_is_normal_too_and_the_rest_is_drawn_from_what_follows():
    params = {"loc": np.arange(6.0), "cov_factor": MIX, "scale": np.asarray(0.7)}
    seen = np.array([True, False, True, True, False, False])
    x = rows(4).astype(np.float32)
    wide = MIX @ MIX.T + 0.49 * np.eye(6)
    own = stats.multivariate_normal(np.arange(6.0)[seen], wide[np.ix_(seen, seen)])
    found = gl.log_prob_masked(gl.ppca(6, 3), params, x, seen)
    np.testing.assert_allclose(found, own.logpdf(np.asarray(x, float)[:, seen]), rtol=1e-4)
    many = np.repeat(x[:1], 20_000, 0)
    drawn = np.asarray(gl.complete(gl.ppca(6, 3), jax.random.key(0), params, many, seen), float)
    np.testing.assert_array_equal(drawn[:, seen], many[:, seen])
    gain = wide[np.ix_(~seen, seen)] @ np.linalg.inv(wide[np.ix_(seen, seen)])
    mean = np.arange(6.0)[~seen] + gain @ (np.asarray(x[0], float) - np.arange(6.0))[seen]
    left = wide[np.ix_(~seen, ~seen)] - gain @ wide[np.ix_(seen, ~seen)]
    np.testing.assert_allclose(drawn[:, ~seen].mean(0), mean, atol=5 * np.sqrt(np.diag(left).max() / 20_000))
    np.testing.assert_allclose(np.cov(drawn[:, ~seen].T), left, atol=0.08 * np.diag(left).max())


def test_a_plane_is_the_boundary_and_smoothing_prevents_it():
    x = rows(50, noise=0.0).astype(np.float32)
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(gl.ppca(6, 3), x)
    assert float(fit.params["scale"]) == 0 and float(fit.log_likelihood) == np.inf
    off = x + np.array([1.0, 0, 0, 0, 0, 0], np.float32)
    assert np.all(gl.log_prob(gl.ppca(6, 3), fit.params, x) == np.inf)
    assert np.all(gl.log_prob(gl.ppca(6, 3), fit.params, off) == -np.inf)
    smooth = gl.fit(gl.ppca(6, 3), x, smoothing={"scale": 0.25})
    assert float(smooth.params["scale"]) == pytest.approx(0.5, rel=1e-4)
    np.testing.assert_allclose(
        covariance(smooth.params), np.cov(np.asarray(x, float).T, bias=True) + 0.25 * np.eye(6), rtol=1e-3, atol=1e-3
    )


@pytest.mark.slow
def test_a_mixture_finds_lines_that_cross():
    """Two lines through one centre: no mixture of round clusters tells them apart."""
    rng = np.random.default_rng(0)
    y, t = rng.integers(0, 2, 600), 3 * rng.normal(size=600)
    directions = np.array([[1.0, 1.0, 0.0], [1.0, -1.0, 1.0]])
    x = (t[:, None] * directions[y] + 0.2 * rng.normal(size=(600, 3))).astype(np.float32)
    mixture = gl.mixture(gl.ppca(3, 1), 2)
    fit = gl.fit(mixture, x, key=jax.random.key(0), restarts=4)
    joint = gl.joint(gl.categorical(2), gl.per_class(gl.ppca(3, 1), 2))
    guess = np.asarray(gl.predict(gl.posterior(joint), fit.params, x))
    assert max(np.mean(guess == y), np.mean(guess != y)) > 0.9
    exact = o.mixture(o.low_rank, 2)(plain(fit.params), x).sum()
    assert float(fit.log_likelihood) == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize(("d", "k"), [(3, 0), (3, 3), (1, 1)], ids=str)
def test_impossible_numbers_of_hidden_coordinates_are_refused(d, k):
    with pytest.raises(ValueError, match=f"k = {k} hidden coordinates .* d = {d}"):
        gl.ppca(d, k)
    with pytest.raises(ValueError, match=f"k = {k} hidden coordinates .* d = {d}"):
        gl.factor_analysis(d, k)


def test_what_has_no_hidden_coordinates_is_neither_encoded_nor_decoded():
    with pytest.raises(ValueError, match=r"gl\.encode: normal\(\) has no hidden coordinates"):
        gl.encode(gl.normal(), {"loc": 0.0, "scale": 1.0}, np.zeros(3))
    with pytest.raises(ValueError, match=r"gl\.decode: normal\(\) has no hidden coordinates"):
        gl.decode(gl.normal(), {"loc": 0.0, "scale": 1.0}, np.zeros((3, 1)))
    params = gl.ppca(3, 2).init(jax.random.key(0))
    with pytest.raises(ValueError, match=r"gl\.decode: z must have shape \(n, 2\).*got \(4, 3\)"):
        gl.decode(gl.ppca(3, 2), params, np.zeros((4, 3)))
