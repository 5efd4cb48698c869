"""Naive Bayes and its relatives against scikit-learn: another implementation of the same closed forms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import discriminant_analysis, naive_bayes

import genjax_lab as gl

K, D, N = 3, 5, 40
rng = np.random.default_rng(0)
Y = np.resize(np.arange(K), N)
BITS = (rng.random((N, D)) < np.linspace(0.2, 0.8, K)[Y][:, None]).astype(np.uint8)
LEVELS = rng.integers(4, size=(N, D)).astype(np.uint8)
COUNTS = rng.poisson(2.0, (N, D))
NUMBERS = (rng.normal(size=(N, D)) + Y[:, None]).astype(np.float32)


def fitted(density, x, **options):
    model = gl.joint(gl.categorical(K), gl.per_class(density, K))
    return model, gl.fit(model, (Y, x), **options)


def log_posterior(density, x, **options):
    model, fit = fitted(density, x, **options)
    return gl.predict_log_prob(gl.posterior(model), fit.params, x)


@pytest.mark.parametrize("alpha", [1.0, 0.3])
def test_bernoulli_naive_bayes(alpha):
    peer = naive_bayes.BernoulliNB(alpha=alpha, binarize=None).fit(BITS, Y)
    got = log_posterior(gl.bernoulli((D,)), BITS, smoothing=alpha)
    np.testing.assert_allclose(got, peer.predict_log_proba(BITS), rtol=1e-4, atol=1e-5)


def test_categorical_naive_bayes():
    peer = naive_bayes.CategoricalNB(alpha=1.0, min_categories=4).fit(LEVELS, Y)
    got = log_posterior(gl.categorical(4, (D,)), LEVELS, smoothing=1.0)
    np.testing.assert_allclose(got, peer.predict_log_proba(LEVELS), rtol=1e-4, atol=1e-5)


def test_multinomial_naive_bayes():
    peer = naive_bayes.MultinomialNB(alpha=0.5).fit(COUNTS, Y)
    got = log_posterior(gl.multinomial(D), COUNTS, smoothing=0.5)
    np.testing.assert_allclose(got, peer.predict_log_proba(COUNTS), rtol=1e-4, atol=1e-4)


def test_gaussian_naive_bayes_with_a_variance_floor():
    x = NUMBERS.astype(float)
    peer = naive_bayes.GaussianNB(var_smoothing=0.1).fit(x, Y)
    floor = 0.1 * x.var(0).max()
    got = log_posterior(gl.normal((D,)), NUMBERS, smoothing={"conditional": {"scale": floor}})
    np.testing.assert_allclose(got, peer.predict_log_proba(x), rtol=1e-4, atol=1e-4)


def test_predictions_are_those_of_scikit_learn():
    model, fit = fitted(gl.normal((D,)), NUMBERS)
    peer = naive_bayes.GaussianNB(var_smoothing=0.0).fit(NUMBERS.astype(float), Y)
    got = gl.predict(gl.posterior(model), fit.params, NUMBERS)
    assert got.dtype == jnp.int32
    np.testing.assert_array_equal(got, peer.predict(NUMBERS.astype(float)))


def test_tied_scale_in_one_dimension_is_linear_discriminant_analysis():
    x = NUMBERS[:, :1]
    model = gl.joint(gl.categorical(K), gl.per_class(gl.normal((1,)), K, shared=("scale",)))
    fit = gl.fit(model, (Y, x))
    peer = discriminant_analysis.LinearDiscriminantAnalysis(solver="lsqr", store_covariance=True).fit(
        x.astype(float), Y
    )
    assert float(fit.params["conditional"]["scale"][0]) ** 2 == pytest.approx(float(peer.covariance_[0, 0]), rel=1e-5)
    got = gl.predict_log_prob(gl.posterior(model), fit.params, x)
    np.testing.assert_allclose(got, peer.predict_log_proba(x.astype(float)), rtol=1e-3, atol=1e-3)


def test_smoothing_leaves_the_class_prior_alone():
    y = np.array([0, 0, 0, 1])
    fit = gl.fit(gl.joint(gl.categorical(2), gl.per_class(gl.bernoulli((D,)), 2)), (y, BITS[:4]), smoothing=5.0)
    np.testing.assert_allclose(np.exp(fit.params["prior"]["logits"]), [0.75, 0.25], rtol=1e-6)


def test_never_seen_pixel_is_impossible_without_smoothing_and_rare_with_it():
    """Trap 5: pixels that are 0 in every training image."""
    x = BITS.copy()
    x[:, 0] = 0
    model = gl.joint(gl.categorical(K), gl.per_class(gl.bernoulli((D,)), K))
    lit = np.where(np.arange(D) == 0, 1, x[:1]).astype(np.uint8)
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        hard = gl.fit(model, (Y, x))
    assert gl.log_prob(model, hard.params, (Y[:1], lit))[0] == -np.inf
    assert np.isfinite(gl.log_prob(model, hard.params, (Y, x))).all()
    score = gl.score(model, hard.params, (Y[:1], lit))
    assert np.isfinite(score["conditional"]["logits"]).all()
    soft = gl.fit(model, (Y, x), smoothing=1.0)
    assert np.isfinite(gl.log_prob(model, soft.params, (Y[:1], lit))).all()
    p = 1 / (np.bincount(Y)[0] + 2)
    assert float(soft.params["conditional"]["logits"][0, 0]) == pytest.approx(np.log(p / (1 - p)), rel=1e-5)


def test_posterior_of_what_is_impossible_everywhere_is_the_prior():
    """Trap 5: if p(x) = 0 under every class, the posterior is the prior."""
    model = gl.joint(gl.categorical(K), gl.per_class(gl.bernoulli((2,)), K))
    params = {
        "prior": {"logits": jnp.log(jnp.array([0.5, 0.3, 0.2]))},
        "conditional": {"logits": jnp.full((K, 2), -jnp.inf)},
    }
    got = gl.predict_log_prob(gl.posterior(model), params, np.array([[1, 0], [0, 0]]))
    np.testing.assert_allclose(np.exp(got), [[0.5, 0.3, 0.2]] * 2, rtol=1e-6)
    one = jax.jit(gl.posterior(model).log_prob)(params, jnp.array(1), jnp.array([1, 0]))
    assert float(jnp.exp(one)) == pytest.approx(0.3, rel=1e-6)


def test_unseen_category_at_prediction_is_impossible_not_nan():
    """Trap 14: a category that training never showed."""
    x, y = np.array([[0], [1], [0], [1]]), np.array([0, 0, 1, 1])
    model = gl.joint(gl.categorical(2), gl.per_class(gl.categorical(3, (1,)), 2))
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        hard = gl.fit(model, (y, x))
    new = np.array([[2]])
    assert gl.log_prob(gl.marginal(model), hard.params, new)[0] == -np.inf
    np.testing.assert_allclose(np.exp(gl.predict_log_prob(gl.posterior(model), hard.params, new)), 0.5, rtol=1e-6)
    soft = gl.fit(model, (y, x), smoothing=1.0)
    assert float(gl.log_prob(gl.marginal(model), soft.params, new)[0]) == pytest.approx(np.log(1 / 5), rel=1e-5)
