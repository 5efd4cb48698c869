"""Logistic regression against scikit-learn's, without and with a ridge."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import genjax_lab as gl

IRIS = load_iris()
X, Y = (IRIS.data[:, :2] - IRIS.data[:, :2].mean(0)).astype(np.float32), IRIS.target.astype(np.int32)
MODEL = gl.logistic_regression(2, 3)


@pytest.mark.parametrize("method", [gl.newton(), gl.lbfgs()], ids=["newton", "lbfgs"])
def test_ridge_agrees_with_scikit_learn(method):
    ridge = 0.02
    fit = gl.fit(
        MODEL, Y, given=X, key=jax.random.key(0), method=method,
        penalty=lambda p: 0.5 * ridge * (p["weight"] ** 2).sum(),
    )  # fmt: skip
    rival = LogisticRegression(C=1 / (len(Y) * ridge), tol=1e-10, max_iter=1000).fit(X.astype(float), Y)
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    np.testing.assert_allclose(gl.predict_log_prob(MODEL, fit.params, X), rival.predict_log_proba(X), atol=2e-3)
    np.testing.assert_allclose(np.asarray(fit.params["weight"]).sum(0), 0, atol=1e-5)
    assert (np.asarray(gl.predict(MODEL, fit.params, X)) == rival.predict(X)).all()


def test_degrees_of_freedom_are_those_of_the_log_odds():
    assert gl.degrees_of_freedom(MODEL) == 2 * 2 + 2


@pytest.mark.slow
def test_it_is_the_discriminative_side_of_naive_bayes():
    """The posterior of naive Bayes on bits is the same family: the two best likelihoods agree."""
    x = (X > 0).astype(np.int32)
    y = np.where(np.arange(len(Y)) % 7 == 0, (Y + 1) % 3, Y)  # every label with every pattern: a finite maximum
    bayes = gl.posterior(gl.joint(gl.categorical(3), gl.per_class(gl.bernoulli((2,)), 3)))
    one = gl.fit(MODEL, y, given=x.astype(np.float32), key=jax.random.key(0))
    with pytest.warns(gl.FitWarning, match="FLAT"):  # some of its parameters are not to be told apart
        other = gl.fit(bayes, y, given=x, key=jax.random.key(0))
    np.testing.assert_allclose(one.log_likelihood, other.log_likelihood, rtol=1e-5)


def test_classes_that_one_pattern_tells_apart_have_no_maximum():
    """A label that never goes with some pattern: its log-odds there fall for ever."""
    x = (X > 0).astype(np.float32)
    with pytest.warns(gl.FitWarning, match="FLAT"):
        gl.fit(MODEL, Y, given=x, key=jax.random.key(0))


@pytest.mark.parametrize(("inputs", "k"), [(0, 2), (3, 1)])
def test_sizes_that_make_no_sense(inputs, k):
    with pytest.raises(ValueError, match="logistic_regression: inputs"):
        gl.logistic_regression(inputs, k)
