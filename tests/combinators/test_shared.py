"""Classes that share parameters: linear discriminant analysis, tied mixtures and logistic regression are one model."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

import genjax_lab as gl
from genjax_lab.families.mvnormal import mvnormal

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 3, 300)
CORRELATED = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -0.7], [0.0, 0.0, 0.6]])
X = RNG.normal(size=(300, 3)) @ CORRELATED + 1.2 * np.eye(3)[Y]
MEANS = np.stack([X[label == Y].mean(0) for label in range(3)])
LDA = gl.joint(gl.categorical(3), gl.per_class(mvnormal(3), 3, shared=("scale_tril",)))
DIAGONAL = gl.joint(gl.categorical(3), gl.per_class(gl.normal((3,)), 3, shared=("scale",)))


def covariance(params):
    factor = np.asarray(params["conditional"]["scale_tril"], float)
    return factor @ factor.T


def shares(model, params, x):
    return np.exp(gl.predict_log_prob(gl.posterior(model), params, x))


@pytest.mark.slow
def test_closed_form_is_linear_discriminant_analysis():
    """scikit-learn divides the scatter within classes by n, not n − k, with this solver: maximum likelihood."""
    fit = gl.fit(LDA, (Y, X))
    assert fit.method == "closed_form"
    np.testing.assert_allclose(covariance(fit.params), (X - MEANS[Y]).T @ (X - MEANS[Y]) / 300, atol=3e-6)
    np.testing.assert_allclose(fit.params["conditional"]["loc"], MEANS, atol=1e-6)
    rival = LinearDiscriminantAnalysis(solver="lsqr", store_covariance=True).fit(X, Y)
    np.testing.assert_allclose(covariance(fit.params), rival.covariance_, atol=3e-6)
    np.testing.assert_allclose(shares(LDA, fit.params, X), rival.predict_proba(X), atol=5e-6)


@pytest.mark.slow
def test_weights_are_repeated_rows_and_an_empty_class_has_no_say():
    weights = RNG.integers(0, 4, 300)
    model = gl.joint(gl.categorical(4), gl.per_class(mvnormal(3), 4, shared=("scale_tril",)))
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        fit = gl.fit(model, (Y, X), weights=weights)
    y, x = np.repeat(Y, weights), np.repeat(X, weights, 0)
    within = x - np.stack([x[y == label].mean(0) for label in range(3)])[y]
    np.testing.assert_allclose(covariance(fit.params), within.T @ within / len(y), atol=3e-6)
    rival = LinearDiscriminantAnalysis(solver="lsqr").fit(x, y)
    np.testing.assert_allclose(shares(model, fit.params, X)[:, :3], rival.predict_proba(X), atol=5e-6)


@pytest.mark.slow
def test_mixture_of_one_covariance_ends_where_scikit_learn_ends(x64):
    rival = GaussianMixture(
        3, covariance_type="tied", means_init=MEANS + 0.3, weights_init=np.full(3, 1 / 3), precisions_init=np.eye(3),
        tol=1e-13, reg_covar=0.0, max_iter=20_000,
    ).fit(X)  # fmt: skip
    conditional = {"loc": jnp.asarray(MEANS + 0.3), "scale_tril": jnp.eye(3)}
    start = {"prior": {"logits": jnp.zeros(3)}, "conditional": conditional}
    method = gl.em(max_steps=20_000, tol=1e-13, curvature=False)
    fit = gl.fit(gl.marginal(LDA), X, start=start, method=method)
    np.testing.assert_allclose(fit.log_likelihood, 300 * rival.score(X), rtol=1e-10)
    np.testing.assert_allclose(fit.params["conditional"]["loc"], rival.means_, atol=1e-4)
    np.testing.assert_allclose(covariance(fit.params), rival.covariances_, atol=1e-4)
    np.testing.assert_allclose(jax.nn.softmax(fit.params["prior"]["logits"]), rival.weights_, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("model", [LDA, DIAGONAL], ids=["full", "diagonal"])
def test_discriminative_fit_of_shared_scales_is_logistic_regression(model, x64):
    """Both say log p(y | x) is linear in x; the Gaussian has more parameters for it than that takes: FLAT."""
    start = gl.fit(model, (Y, X)).params
    with pytest.warns(gl.FitWarning, match="FLAT"):
        fit = gl.fit(gl.posterior(model), Y, given=X, start=start)
    rival = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(X, Y)
    np.testing.assert_allclose(fit.log_likelihood, rival.predict_log_proba(X)[np.arange(300), Y].sum(), rtol=1e-8)
    np.testing.assert_allclose(shares(model, fit.params, X), rival.predict_proba(X), atol=2e-4)
    assert (np.asarray(gl.predict(gl.posterior(model), fit.params, X)) == rival.predict(X)).all()
    assert fit.log_likelihood > np.log(shares(model, start, X)[np.arange(300), Y]).sum()


@pytest.mark.slow
def test_linear_discriminants_with_hidden_labels_climb_the_likelihood_of_both_kinds_of_rows(x64):
    y = np.where(np.arange(300) < 60, Y, -1)
    start = gl.fit(LDA, (Y[:60], X[:60])).params
    fit = gl.fit(LDA, (y, X), start=start, method=gl.em(max_steps=5000, tol=1e-13, curvature=False))
    assert fit.density is LDA

    def total(params):
        p = jax.tree.map(np.asarray, params["conditional"])
        each = [stats.multivariate_normal(loc, covariance(params)).logpdf(X) for loc in p["loc"]]
        every = np.stack(each, 1) + special.log_softmax(params["prior"]["logits"])
        return np.where(y < 0, special.logsumexp(every, axis=1), every[np.arange(300), y]).sum()

    np.testing.assert_allclose(fit.log_likelihood, total(fit.params), rtol=1e-10)
    assert total(fit.params) > total(start) + 1
    flat, back = jax.flatten_util.ravel_pytree(fit.params)
    steps = 1e-5 * RNG.normal(size=(8, len(flat)))
    slope = [(total(back(flat + h)) - total(back(flat - h))) / 2e-5 for h in steps]
    np.testing.assert_allclose(slope, 0, atol=2e-3)
