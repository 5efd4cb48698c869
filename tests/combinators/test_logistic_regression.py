"""Logistic regression against scikit-learn's, without and with a ridge."""

from __future__ import annotations

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import genjax_lab as gl
from tests.case import rest_slow

IRIS = load_iris()
X, Y = (IRIS.data[:, :2] - IRIS.data[:, :2].mean(0)).astype(np.float32), IRIS.target.astype(np.int32)
MODEL = gl.logistic_regression(2, 3)


either = pytest.mark.parametrize("method", rest_slow([gl.newton(), gl.lbfgs()], gl.newton()), ids=["newton", "lbfgs"])


@either
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


RNG = np.random.default_rng(1)
WIDE = RNG.normal(size=(3000, 5)).astype(np.float32) @ RNG.normal(size=(5, 12)).astype(np.float32)
WIDE = (WIDE + 0.1 * RNG.normal(size=WIDE.shape).astype(np.float32)) * np.logspace(-3, 3, 12, dtype=np.float32)
WIDE_Y = RNG.integers(0, 3, len(WIDE)).astype(np.int32)


@pytest.mark.slow
@pytest.mark.parametrize("weights", [None, np.arange(len(WIDE)) % 2], ids=["unweighted", "weighted"])
def test_whitened_coordinates_bend_alike(weights):
    """At equal probabilities the Hessian of the mean loss with a ridge is 1, whatever the units of the inputs."""
    model = gl.logistic_regression(12, 3)
    weights = None if weights is None else jnp.asarray(weights, jnp.float32)
    ridge = {"weight": jnp.full((2, 12), 0.05), "bias": jnp.zeros(2)}
    turn, inverse = model.whiten(jnp.asarray(WIDE), weights, ridge)
    u, unravel = jax.flatten_util.ravel_pytree(jax.tree.map(jnp.zeros_like, ridge))

    def loss(u):
        z = turn(unravel(u))
        params = gl.constraints.constrain(model.parameters, z)
        each = gl.log_prob(model, params, WIDE_Y, given=WIDE)
        return 0.025 * (z["weight"] ** 2).sum() - jnp.average(each, weights=weights)

    bend = np.linalg.eigvalsh(jax.hessian(loss)(u))
    assert bend[0] > 0.3 and bend[-1] < 3
    some = unravel(jax.random.normal(jax.random.key(0), u.shape))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-3), inverse(turn(some)), some)


@pytest.mark.parametrize("units", [(1e6, 1.0, 1e-6), (1e15, 1.0, 1e-15)], ids=["1e6", "1e15"])
@either
def test_units_of_the_inputs_do_not_move_the_maximum(method, units):
    """Newton's method once ended CONVERGED 35 nats below it."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(400, 3)) + np.array([30.0, 0.0, 0.0])  # an input far from 0 besides, such as a year
    y = (rng.random(400) < 1 / (1 + np.exp(30 - x[:, 0]))).astype(np.int32)
    rival = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(x - x.mean(0), y)
    best = rival.predict_log_proba(x - x.mean(0))[np.arange(400), y].sum()
    given = (x * units).astype(np.float32)
    fit = gl.fit(gl.logistic_regression(3, 2), y, given=given, method=method, key=jax.random.key(0))
    assert int(fit.status) == gl.Status.CONVERGED
    assert float(fit.log_likelihood) == pytest.approx(best, abs=1e-3)


@pytest.mark.slow
def test_units_of_the_inputs_do_not_slow_it():
    """Inputs over six decades that go together; plain L-BFGS has not arrived after 500 steps."""
    model = gl.logistic_regression(12, 3)

    def fit(x):
        return gl.fit(model, WIDE_Y, given=x, key=jax.random.key(0), method=gl.lbfgs())

    raw, scaled = fit(WIDE), fit(WIDE / WIDE.std(0))
    with pytest.warns(gl.FitWarning, match="FLAT"):
        empty = fit(np.pad(WIDE[:, 1:], ((0, 0), (0, 1))))  # its last input holds nothing
    assert max(int(one.steps) for one in (raw, scaled, empty)) < 60
    np.testing.assert_allclose(raw.log_likelihood, scaled.log_likelihood, rtol=1e-5)
    assert np.isfinite(empty.params["weight"]).all()
