"""The normal vector against NumPy and SciPy in float64: far clusters, planes, weights, groups, LDA, the matmul form."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import genjax_lab as gl
from genjax_lab import blocks, constraints
from genjax_lab.density import pairwise
from genjax_lab.families.mvnormal import mvnormal

pytestmark = pytest.mark.slow  # many compilations

FACTOR = np.array([[2.0, 0.0, 0.0], [-1.0, 0.5, 0.0], [0.3, 0.2, 1.0]])


def rows(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3)) @ FACTOR.T + [1.0, -2.0, 0.5]


def covariance(x, weights=None) -> np.ndarray:
    return np.cov(np.asarray(x, float).T, bias=True, aweights=weights)


def assert_covariance(factor, wanted, rtol) -> None:
    factor = np.asarray(factor, float)
    scale = np.sqrt(np.diag(wanted))
    np.testing.assert_allclose(factor @ factor.T / np.outer(scale, scale), wanted / np.outer(scale, scale), atol=rtol)
    assert np.all(np.triu(factor, 1) == 0)


@pytest.mark.parametrize("n", [4, 1000, 100_000])
def test_fit_is_mean_and_covariance(n):
    x = rows(n).astype(np.float32)
    fit = gl.fit(mvnormal(3), x)
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    np.testing.assert_allclose(fit.params["loc"], x.astype(float).mean(0), atol=1e-6)
    assert_covariance(fit.params["scale_tril"], covariance(x), 1e-5)
    exact = stats.multivariate_normal.logpdf(x.astype(float), x.astype(float).mean(0), covariance(x)).sum()
    assert float(fit.log_likelihood) == pytest.approx(exact, rel=1e-5)


def test_log_prob_in_float64(x64):
    x, params = rows(50), {"loc": jnp.array([1.0, -2.0, 0.5]), "scale_tril": jnp.asarray(FACTOR)}
    exact = stats.multivariate_normal.logpdf(x, params["loc"], FACTOR @ FACTOR.T)
    np.testing.assert_allclose(gl.log_prob(mvnormal(3), params, x), exact, rtol=1e-12)
    np.testing.assert_allclose(mvnormal(3).log_prob(params, x[0]), exact[0], rtol=1e-12)


def models(k: int, d: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    factor = np.tril(rng.normal(size=(k, d, d))) + 2 * np.eye(d)
    return {
        "loc": jnp.asarray(3 * rng.normal(size=(k, d)), jnp.float32),
        "scale_tril": jnp.asarray(factor, jnp.float32),
    }


@pytest.mark.parametrize("d", [1, 2, 20])
def test_pairwise_is_the_double_vmap(d):
    """Trap 18."""
    x, params = np.random.default_rng(1).normal(size=(40, d)).astype(np.float32), models(5, d)
    each = jax.vmap(mvnormal(d).log_prob, (0, None))
    slow = jax.jit(jax.vmap(each, (None, 0)))(params, x)
    fast = jax.jit(pairwise, static_argnums=0)(mvnormal(d), params, x)
    np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=2e-5)


def test_the_matmul_form_takes_no_array_of_rows_by_rows():
    """Traps 13 and 18: neither a factor for each row nor an outer product of each row is ever held."""
    n, d, k = 20_000, 20, 4
    x, params = jax.ShapeDtypeStruct((n, d), jnp.float32), models(k, d)
    forward = jax.jit(pairwise, static_argnums=0).lower(mvnormal(d), params, x).compile()
    soft = jax.ShapeDtypeStruct((n, k), jnp.float32)
    gather = jax.jit(lambda x, soft: mvnormal(d).estimator.statistics(None, x, None, gl.Groups(k, soft=soft)))
    for compiled in (forward, gather.lower(x, soft).compile()):
        assert compiled.memory_analysis().temp_size_in_bytes < 12 * n * d * 4 < n * d * d * 4


@pytest.mark.parametrize("block", [None, 700])
def test_far_clusters_keep_their_digits(block, monkeypatch):
    """Trap 17: clusters at ±1000, σ = 0.1, float32."""
    if block:
        monkeypatch.setattr(blocks, "block_rows", lambda x: block)
    rng, y = np.random.default_rng(2), np.resize([0, 1, 1], 4001)
    x = 0.1 * rng.normal(size=(4001, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]]) + np.where(y == 1, 1000, -1000)[:, None]
    x = x.astype(np.float32)
    fit = gl.fit(gl.per_class(mvnormal(2), 2), x, given=y)
    tied = gl.fit(gl.per_class(mvnormal(2), 2, shared=("scale_tril",)), x, given=y)
    within = [covariance(x[y == label]) for label in (0, 1)]
    for label in (0, 1):
        assert_covariance(fit.params["scale_tril"][label], within[label], 1e-4)
    assert tied.params["scale_tril"].shape == (2, 2)
    assert_covariance(tied.params["scale_tril"], np.average(within, axis=0, weights=np.bincount(y)), 1e-4)


def test_soft_hard_and_weighted_groups(x64):
    x, rng = rows(60), np.random.default_rng(3)
    labels, weights, estimator = rng.integers(3, size=60), rng.random(60), mvnormal(3).estimator
    soft = np.eye(3)[labels] * weights[:, None]
    hard = estimator.statistics(None, x, None, gl.Groups(3, labels=jnp.asarray(labels), weights=jnp.asarray(weights)))
    easy = estimator.statistics(None, x, None, gl.Groups(3, soft=jnp.asarray(soft)))
    params = jax.vmap(lambda one: estimator.maximise(one, None, None))(easy)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12), hard, easy)
    for k in range(3):
        assert_covariance(params["scale_tril"][k], covariance(x, soft[:, k]), 1e-12)


def test_weights_are_repeated_rows_and_pieces_merge(x64):
    x, weights = rows(8), np.array([0, 1, 3, 0, 2, 1, 1, 2])
    weighted, repeated = gl.fit(mvnormal(3), x, weights=weights), gl.fit(mvnormal(3), np.repeat(x, weights, 0))
    pieces = [gl.statistics(mvnormal(3), x[part], weights[part]) for part in (slice(0, 2), slice(2, 3), slice(3, 8))]
    merged = gl.fit_statistics(mvnormal(3), gl.merge(mvnormal(3), *pieces))
    for other in (repeated, merged):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12), weighted.params, other.params
        )
        assert float(weighted.log_likelihood) == pytest.approx(float(other.log_likelihood), rel=1e-10)


def plane(name: str) -> np.ndarray:
    rng = np.random.default_rng(4)
    base = rng.integers(-8, 9, size=(50, 2)).astype(np.float32)
    return {
        "few rows": rng.normal(size=(3, 4)).astype(np.float32),
        "one row": np.array([[1234.5, -0.1, 3.0]], np.float32),
        "equal rows": np.full((1000, 2), 1234.5, np.float32),
        "a column twice": np.stack([base[:, 0], base[:, 1], base[:, 0]], 1),
        "a constant column": np.stack([np.full(50, 7.7, np.float32), *base.T], 1),
        "a sum of columns": np.stack([*base.T, base.sum(1) + 100], 1),
    }[name]


@pytest.mark.parametrize("name, rank", [("few rows", 2), ("one row", 0), ("equal rows", 0), ("a column twice", 2),
                                        ("a constant column", 2), ("a sum of columns", 2)])  # fmt: skip
def test_rows_in_a_plane_have_zeros_on_the_diagonal(name, rank):
    x = plane(name)
    d = x.shape[1]
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(mvnormal(d), x)
    factor = np.asarray(fit.params["scale_tril"])
    assert np.isfinite(factor).all()
    assert (np.diag(factor) > 0).sum() == rank
    wanted = covariance(x).reshape(d, d) if len(x) > 1 else np.zeros((d, d))
    np.testing.assert_allclose(factor @ factor.T, wanted, rtol=1e-4, atol=1e-4)
    assert fit.log_likelihood == np.inf
    assert np.all(gl.log_prob(mvnormal(d), fit.params, x) == np.inf)
    off = x + np.float32(0.7) * np.arange(1, d + 1, dtype=np.float32) ** 2
    assert np.all(gl.log_prob(mvnormal(d), fit.params, off) == -np.inf)


def test_smoothing_adds_to_every_variance():
    x = plane("a column twice")
    fit = gl.fit(mvnormal(3), x, smoothing={"scale_tril": 0.25})
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    assert_covariance(fit.params["scale_tril"], covariance(x) + 0.25 * np.eye(3), 1e-5)
    exact = stats.multivariate_normal.logpdf(x.astype(float), x.mean(0), covariance(x) + 0.25 * np.eye(3)).sum()
    assert float(fit.log_likelihood) == pytest.approx(exact, rel=1e-5)


def test_an_empty_class_is_neutral():
    fit = gl.fit(gl.per_class(mvnormal(3), 2), rows(10), given=np.zeros(10, int))
    assert np.all(fit.params["loc"][1] == 0)
    np.testing.assert_array_equal(fit.params["scale_tril"][1], np.eye(3))


def test_a_thousand_fits_and_a_flat_one():
    x = np.random.default_rng(5).normal(size=(1000, 40, 3)).astype(np.float32)
    x[7, :, 2] = x[7, :, 0] + x[7, :, 1]
    fits = jax.jit(jax.vmap(lambda x: gl.run(gl.closed_form(), mvnormal(3), gl.Data(x))))(x)
    assert np.flatnonzero(np.asarray(fits.status)).tolist() == [7]
    for i in (0, 7, 999):
        assert_covariance(fits.params["scale_tril"][i], covariance(x[i]), 1e-5)


def test_the_factor_has_free_coordinates():
    space = constraints.scale_tril(3)
    there = space.inverse(jnp.asarray(FACTOR, jnp.float32))
    assert there.shape == (gl.degrees_of_freedom(mvnormal(3)) - 3,) == (6,)
    np.testing.assert_allclose(space.forward(there), FACTOR, rtol=1e-6)
    assert not space.contains(jnp.asarray(FACTOR.T))
    assert not space.contains(-jnp.asarray(FACTOR))
    singular = jnp.asarray(FACTOR).at[1, 1].set(0)
    assert space.contains(singular) and not space.interior(singular)


def thin_rows(thin: float, mean: float = 0.0) -> np.ndarray:
    """A thousand rows that spread `thin` as far in one direction as in the other."""
    rng = np.random.default_rng(6)
    wide, noise = rng.normal(size=(2, 1000))
    return (np.stack([wide, wide + thin * noise], 1) + mean).astype(np.float32)


def best(x) -> float:
    """The greatest log-likelihood of rows, by the QR factor of them in float64."""
    (n, d), wide = x.shape, np.asarray(x, float)
    factor = np.linalg.qr((wide - wide.mean(0)) / np.sqrt(n), mode="r")
    return -n * (np.log(np.abs(np.diag(factor))).sum() + d / 2 * (np.log(2 * np.pi) + 1))


def float64_sum(params, x) -> float:
    loc, factor = np.asarray(params["loc"], float), np.asarray(params["scale_tril"], float)
    z = np.linalg.solve(factor, (np.asarray(x, float) - loc).T)
    return -0.5 * (z**2).sum() - len(x) * (np.log(np.diag(factor)).sum() + loc.size / 2 * np.log(2 * np.pi))


@pytest.mark.parametrize("thin, mean", [(0.1, 0), (4e-3, 0), (4e-3, 10), (1e-3, 0), (1e-3, 10), (1e-4, 0), (1e-5, 0)])
def test_a_thin_direction_keeps_its_digits(thin, mean):
    """What squares in float32 lose: correlations up to 1 − 1e-10; and the log-likelihood said is that of the params."""
    x = thin_rows(thin, mean)
    fit = gl.fit(mvnormal(2), x)
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    assert float(fit.log_likelihood) == pytest.approx(best(x), abs=0.1)  # of 1,000 rows
    assert float64_sum(fit.params, x) == pytest.approx(best(x), abs=0.1)
    assert float(gl.log_prob(mvnormal(2), fit.params, x).sum()) == pytest.approx(best(x), abs=0.1)


def test_below_the_rounding_of_the_rows_a_direction_is_flat():
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(mvnormal(2), thin_rows(1e-7))
    assert fit.log_likelihood == np.inf
    assert np.all(gl.log_prob(mvnormal(2), fit.params, thin_rows(1e-7)) == np.inf)


def test_thin_pieces_merge():
    x = thin_rows(1e-3, 10.0)
    pieces = [gl.statistics(mvnormal(2), x[i : i + 100]) for i in range(0, 1000, 100)]
    fit = gl.fit_statistics(mvnormal(2), gl.merge(mvnormal(2), *pieces))
    assert float64_sum(fit.params, x) == pytest.approx(best(x), abs=0.1)


def test_thin_classes_that_share_their_scale():
    x, y = thin_rows(1e-3), np.resize([0, 1], 1000)
    shift = np.array([[0.0, 0.0], [4.0, -4.0]], np.float32)
    fit = gl.fit(gl.per_class(mvnormal(2), 2, shared=("scale_tril",)), x + shift[y], given=y)
    within = np.concatenate([x[y == k] - x[y == k].mean(0) for k in (0, 1)])
    assert float64_sum({"loc": np.zeros(2), "scale_tril": fit.params["scale_tril"]}, within) == pytest.approx(
        best(within), abs=0.2
    )


@pytest.mark.parametrize("added", [1e-8, 1e-4])
def test_thin_rows_are_smoothed(added):
    x = thin_rows(1e-3)
    fit = gl.fit(mvnormal(2), x, smoothing={"scale_tril": added})
    wanted = np.linalg.cholesky(covariance(x) + added * np.eye(2))
    np.testing.assert_allclose(fit.params["scale_tril"], wanted, rtol=1e-3)


@pytest.mark.filterwarnings("ignore::genjax_lab.FitWarning")
@pytest.mark.parametrize("thin, status", [(1e-2, gl.Status.CONVERGED), (1e-3, gl.Status.FLAT)])
def test_a_mixture_of_thin_components(thin, status):
    """EM comes to the optimum that float64 finds; the curvature of the thinner one is under the rounding of float32."""
    a, b = thin_rows(thin), thin_rows(thin)[:, ::-1] * np.array([1, -1], np.float32) + 20
    x = np.concatenate([a, b]).astype(np.float32)
    density = gl.mixture(mvnormal(2), 2)
    start = gl.fit(gl.per_class(mvnormal(2), 2), x, given=np.repeat([0, 1], 1000)).params
    start = {"conditional": start, "prior": {"logits": jnp.zeros(2)}}
    fit = gl.fit(density, x, method=gl.em(), start=start)
    assert gl.Status(int(fit.status)) is status
    assert float(fit.log_likelihood) == pytest.approx(best(a) + best(b) - 2000 * np.log(2), abs=0.5)


@pytest.mark.parametrize("d", [5, 50])
def test_a_sum_of_many_columns_is_flat(d):
    x = np.random.default_rng(7).normal(size=(400, d)).astype(np.float32)
    x = np.concatenate([x, x.sum(1, keepdims=True), x[:, :1] - x[:, 1:2], np.full((400, 1), 7.7, np.float32)], 1)
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(mvnormal(d + 3), x)
    assert (np.diag(fit.params["scale_tril"]) > 0).tolist() == [True] * d + [False] * 3
    assert np.all(gl.log_prob(mvnormal(d + 3), fit.params, x) == np.inf)


def test_columns_that_do_not_vary_and_are_small_leave_the_factor_finite():
    """Their floor, 2·10⁻⁸, was once added to 1 and taken from it again, which left 0 to be divided by."""
    x = np.array([[1.2, 0.6, -0.065, -1.0, -0.036], [1.0, 0.9, -0.065, -0.5, -0.036]], np.float32)
    params = gl.run(gl.closed_form(), gl.mvnormal(5), gl.Data(jnp.asarray(x))).params
    factor = np.asarray(params["scale_tril"], np.float64)
    np.testing.assert_allclose(factor @ factor.T, np.cov(x, rowvar=False, bias=True), atol=1e-6)
