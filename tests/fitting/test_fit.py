"""`gl.fit` and `gl.run`: statuses, warnings, tracing, and the numbers that float32 must not lose."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import genjax_lab as gl
from genjax_lab import blocks
from tests.case import rest_slow


def naive_bayes(k: int = 2, d: int = 2):
    return gl.joint(gl.categorical(k), gl.per_class(gl.bernoulli((d,)), k))


def test_interior_maximum_converges_without_a_warning():
    fit = gl.fit(gl.bernoulli(), np.array([0, 1, 1]))
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    assert fit.params["logits"] == pytest.approx(np.log(2))
    assert fit.density is gl.bernoulli()


def test_maximum_on_the_boundary_warns_and_is_exact():
    with pytest.warns(gl.FitWarning, match=r"bernoulli\(\): BOUNDARY"):
        fit = gl.fit(gl.bernoulli(), np.array([1, 1, 1]))
    assert gl.Status(int(fit.status)) is gl.Status.BOUNDARY
    assert fit.params["logits"] == np.inf
    assert fit.log_likelihood == 0


def test_equal_rows_have_scale_zero():
    """Trap 14: all-equal columns."""
    x = np.array([[2.0, 1.0], [2.0, 3.0], [2.0, 2.0]])
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(gl.normal((2,)), x)
    np.testing.assert_allclose(fit.params["scale"], [0.0, x[:, 1].std()], rtol=1e-6)
    assert fit.log_likelihood == np.inf


def test_one_row_is_enough():
    """Trap 14: one row."""
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(gl.normal(), np.array([1234.5]))
    assert (float(fit.params["loc"]), float(fit.params["scale"])) == (1234.5, 0.0)
    assert gl.fit(gl.poisson(), np.array([3])).params["rate"] == 3


def test_empty_class_has_prior_zero_and_neutral_parameters():
    """Trap 14: an empty class at α = 0 gives −∞, never NaN."""
    model, y, x = naive_bayes(3), np.array([0, 2, 0, 2]), np.array([[0, 1], [1, 0], [1, 1], [0, 0]])
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(model, (y, x))
    np.testing.assert_allclose(np.exp(fit.params["prior"]["logits"]), [0.5, 0.0, 0.5], rtol=1e-6)
    assert np.all(fit.params["conditional"]["logits"][1] == 0)
    log_p = gl.predict_log_prob(gl.posterior(model), fit.params, np.array([[0, 0], [1, 1]]))
    assert np.all(log_p[:, 1] == -np.inf)
    np.testing.assert_allclose(np.exp(log_p).sum(1), 1, rtol=1e-6)
    assert gl.log_prob(model, fit.params, (np.array([1]), np.array([[0, 0]])))[0] == -np.inf


@pytest.mark.parametrize(
    "density",
    rest_slow([gl.normal(), gl.uniform(), gl.categorical(3), gl.poisson(), gl.multinomial(2)], gl.normal()),
    ids=repr,
)
def test_empty_class_of_every_family_is_neutral(density):
    """Trap 14: the class without rows has finite parameters inside the parameter space, and changes no other class."""
    x = {(): np.array([1, 2, 2, 0])}.get(density.space.shape, np.array([[1, 2], [3, 1], [2, 2], [1, 1]]))
    model = gl.per_class(density, 3)
    fit = gl.run(gl.closed_form(), model, gl.Data(jnp.asarray(x), jnp.array([0, 2, 0, 2])), smoothing=0.5)
    alone = gl.run(gl.closed_form(), density, gl.Data(jnp.asarray(x[[0, 2]])), smoothing=0.5)
    for leaf, own in zip(jax.tree.leaves(fit.params), jax.tree.leaves(alone.params), strict=True):
        assert np.isfinite(leaf[1]).all()
        np.testing.assert_allclose(leaf[0], own, rtol=1e-6)
    assert np.isfinite(fit.log_likelihood)


def test_unusable_result_raises_with_what_there_is():
    x = np.array([1e38, -1e38], np.float32)
    with pytest.raises(gl.FitError, match="NON_FINITE") as caught:
        gl.fit(gl.normal(), x)
    assert caught.value.fit.params["scale"] == np.inf
    with pytest.warns(gl.FitWarning, match="NON_FINITE"):
        assert int(gl.fit(gl.normal(), x, strict=False).status) == gl.Status.NON_FINITE


@pytest.mark.parametrize("transform", [jax.jit, jax.vmap, lambda f: jax.grad(lambda x: f(x).sum())])
def test_fit_on_tracers_says_use_run(transform):
    with pytest.raises(TypeError, match=r"gl\.fit .* use gl\.run"):
        transform(lambda x: gl.fit(gl.normal(), x).params["loc"])(jnp.ones((3, 3)))


def test_run_under_vmap_equals_a_loop_of_fits():
    model, rng = gl.joint(gl.categorical(2), gl.per_class(gl.normal((2,)), 2)), np.random.default_rng(0)
    y, x = np.resize([0, 1], (3, 10)), rng.normal(size=(3, 10, 2)).astype(np.float32)
    many = jax.jit(jax.vmap(lambda y, x: gl.run(gl.closed_form(), model, gl.Data((y, x)))))(y, x)
    assert many.status.shape == (3,)
    assert "batch of (3,)" in repr(many)
    for i in range(3):
        one = gl.fit(model, (y[i], x[i]))
        jax.tree.map(
            lambda a, b, i=i: np.testing.assert_allclose(a[i], b, rtol=1e-5, atol=1e-6), many.params, one.params
        )


def test_run_under_vmap_over_weights_is_a_bootstrap():
    x, weights = np.array([1.0, 2.0, 6.0]), np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    fits = jax.vmap(lambda w: gl.run(gl.closed_form(), gl.normal(), gl.Data(x, weights=w)))(jnp.asarray(weights))
    np.testing.assert_allclose(fits.params["loc"], [1.5, 4.0])
    np.testing.assert_allclose(fits.n, [2.0, 2.0])


def test_fit_is_a_pytree_with_static_density():
    fit = gl.fit(gl.poisson(), np.array([1, 2]))
    doubled = jax.tree.map(lambda a: 2 * a, fit)
    assert doubled.params["rate"] == 3
    assert doubled.density is gl.poisson()
    assert repr(fit).startswith("Fit(poisson(), CONVERGED, log_likelihood=")


def test_counts_go_on_beyond_two_to_the_24th():
    """Trap 6: a float32 counter stops at 2^24."""
    n = 2**24 + 3
    fit = gl.fit(gl.bernoulli(), np.arange(n) % 4 == 0)
    assert int(fit.n) == n
    stats_ = gl.statistics(gl.bernoulli(), np.arange(4) % 4 == 0)
    for _ in range(26):
        stats_ = gl.merge(gl.bernoulli(), stats_, stats_)
    again = gl.merge(gl.bernoulli(), stats_, gl.statistics(gl.bernoulli(), np.array([1])))
    assert int(again.n) == 4 * 2**26 + 1
    assert int(again.values.ones[()]) == 2**26 + 1


@pytest.mark.parametrize("density", [gl.poisson(), gl.normal(), gl.categorical(3)], ids=repr)
def test_statistics_merged_beyond_two_to_the_24th_keep_their_number(density):
    x = np.array([0, 1, 2, 1])
    whole, merge = gl.statistics(density, x), jax.jit(gl.merge, static_argnums=0)
    for _ in range(26):
        whole = merge(density, whole, whole)
    fit, one = gl.fit_statistics(density, whole), gl.fit(density, x)
    assert int(fit.n) == 4 * 2**26
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), fit.params, one.params)
    assert float(fit.log_likelihood) == pytest.approx(2**26 * float(one.log_likelihood), rel=1e-5)


@pytest.mark.slow
def test_likelihood_of_ten_million_rows():
    """Trap 6: totals right to 1e-6 relative, by a pass over the rows and from the statistics."""
    x = np.random.default_rng(0).normal(3, 2, 10**7).astype(np.float32)
    params = {"loc": jnp.float32(3.1), "scale": jnp.float32(1.9)}
    exact = stats.norm.logpdf(x.astype(float), np.float64(np.float32(3.1)), np.float64(np.float32(1.9))).sum()
    device = jnp.asarray(x)
    assert -float(gl.nll(gl.normal(), params, device)) * 10**7 == pytest.approx(exact, rel=1e-6)
    fit = gl.fit(gl.normal(), device)
    best = stats.norm.logpdf(x.astype(float), float(fit.params["loc"]), float(fit.params["scale"])).sum()
    assert float(fit.log_likelihood) == pytest.approx(best, rel=1e-6)
    assert float(fit.params["scale"]) == pytest.approx(x.astype(float).std(), rel=1e-6)


def test_likelihood_of_sixty_thousand_rows_keeps_its_digits():
    """Trap 6: a running float32 sum of MNIST-sized terms is 48 nats out."""
    rng = np.random.default_rng(1)
    x, logits = (rng.random((60_000, 64)) < 0.3).astype(np.uint8), rng.normal(size=64).astype(np.float32)
    exact = (x @ logits.astype(float) - np.logaddexp(0, logits.astype(float)).sum()).sum()
    got = -float(gl.nll(gl.bernoulli((64,)), {"logits": jnp.asarray(logits)}, x)) * 60_000
    assert got == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("rows", [None, 1000])
def test_far_clusters_keep_their_own_scale(rows, monkeypatch):
    """Traps 3 and 17: clusters at ±1000 with σ = 0.1 in float32; a common centre gives a variance of −1.25."""
    if rows is not None:
        monkeypatch.setattr(blocks, "block_rows", lambda x: rows)
    rng, n = np.random.default_rng(2), 4000 if rows is None else 4001
    y = rng.integers(2, size=n)
    x = (np.where(y == 1, 1000.0, -1000.0) + 0.1 * rng.normal(size=n)).astype(np.float32)
    fit = gl.fit(gl.joint(gl.categorical(2), gl.per_class(gl.normal(), 2)), (y, x))
    for label in (0, 1):
        own = x[y == label].astype(float)
        assert float(fit.params["conditional"]["loc"][label]) == pytest.approx(own.mean(), rel=1e-7)
        assert float(fit.params["conditional"]["scale"][label]) == pytest.approx(own.std(), rel=1e-4)


def test_far_clusters_share_their_scale():
    """Trap 17, tied: the pooled scale of clusters at ±1000 is that within them."""
    rng, y = np.random.default_rng(3), np.resize([0, 1, 1], 3000)
    x = (np.where(y == 1, 1000.0, -1000.0) + 0.1 * rng.normal(size=3000)).astype(np.float32)
    fit = gl.fit(gl.per_class(gl.normal(), 2, shared=("scale",)), x, given=y)
    within = [x[y == label].astype(float) for label in (0, 1)]
    pooled = sum(((a - a.mean()) ** 2).sum() for a in within) / 3000
    assert float(fit.params["scale"]) == pytest.approx(pooled**0.5, rel=1e-4)


def test_rows_of_weight_zero_do_not_count_even_impossible_ones():
    params = {"logits": jnp.float32(-jnp.inf)}
    assert float(gl.nll(gl.bernoulli(), params, np.array([0, 1]), weights=np.array([1.0, 0.0]))) == 0
    fit = gl.fit(gl.uniform(), np.array([1.0, 2.0, 99.0]), weights=np.array([1.0, 0.5, 0.0]))
    assert float(fit.params["high"]) == 2.0
    assert float(fit.n) == 1.5


def test_repeated_fits_compile_once():
    """Trap 10: the same fit with a density made again, other data and another α compiles nothing."""
    from tests.test_properties import num_compiles

    rng = np.random.default_rng(4)
    data = [(rng.integers(2, size=9), rng.integers(2, size=(9, 2))) for _ in range(2)]
    before = num_compiles()
    gl.fit(naive_bayes(), data[0], smoothing=1.0)
    first = num_compiles()
    gl.fit(naive_bayes(), data[1], smoothing=0.25)
    assert before < first == num_compiles()


def test_a_start_that_is_none_is_refused_by_a_closed_form_too():
    with pytest.raises(ValueError, match="start: params of normal"):
        gl.fit(gl.normal(), np.array([1.0, 2.0]), start={"mean": 0.0})
