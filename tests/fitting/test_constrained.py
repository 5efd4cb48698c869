"""Parameters held constant, and penalties: against SciPy on the reduced problem, and scikit-learn's ridge."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special, stats
from sklearn.linear_model import LogisticRegression

import genjax_lab as gl

RNG = np.random.default_rng(3)
X = RNG.normal(2, 1.5, 200).astype(np.float32)


def test_a_fixed_mean_leaves_the_spread_about_it():
    fit = gl.fit(gl.normal(), X, fixed={"loc": 1.0}, key=jax.random.key(0))
    assert float(fit.params["loc"]) == 1.0
    assert float(fit.params["scale"]) == pytest.approx(np.sqrt(((X - 1) ** 2).mean()), rel=1e-4)
    assert fit.method == "newton"


@pytest.mark.slow
def test_fixed_weights_of_a_mixture_match_scipy():
    x = np.concatenate([RNG.normal(-2, 1, 80), RNG.normal(3, 1, 120)]).astype(np.float32)
    start = {"prior": {"logits": jnp.zeros(2)}, "conditional": {"loc": jnp.array([-1.0, 2.0]), "scale": jnp.ones(2)}}
    fit = gl.fit(gl.mixture(gl.normal(), 2), x, fixed={"prior": {"logits": 0.0}}, start=start)

    def loss(z):
        return -np.log(stats.norm.pdf(x[:, None], z[:2], np.exp(z[2:])).mean(1)).mean()

    best = optimize.minimize(loss, [-1, 2, 0, 0], tol=1e-9)
    assert float(fit.log_likelihood) / 200 == pytest.approx(-best.fun, rel=1e-6)
    np.testing.assert_allclose(fit.params["conditional"]["loc"], best.x[:2], atol=2e-3)
    assert fit.params["prior"]["logits"].tolist() == [0.0, 0.0]


def test_ridge_is_scikit_learns():
    """Intercept free, weights penalised: mean loss + λ/2 ‖w‖² is scikit-learn's with C = 1/(nλ)."""
    x = RNG.normal(size=(300, 3)).astype(np.float32)
    y = (RNG.random(300) < special.expit(x @ [1.0, -2.0, 0.5])).astype(int)
    model = logistic(3)
    fit = gl.fit(model, y, given=x, key=jax.random.key(0), penalty=lambda p: 0.05 * (p["weight"] ** 2).sum())
    rival = LogisticRegression(C=1 / (300 * 0.1), tol=1e-10).fit(x, y)
    np.testing.assert_allclose(fit.params["weight"], rival.coef_[0], atol=2e-4)
    whole = gl.fit(model, y, given=x, key=jax.random.key(0), penalty=0.1, fixed={"bias": rival.intercept_[0]})
    np.testing.assert_allclose(whole.params["weight"], rival.coef_[0], atol=2e-4)


@gl.factory
def logistic(d: int) -> gl.Conditional:
    """A user's own conditional: p(y = 1 | x) = σ(w·x + b)."""

    def log_prob(params, y, x):
        z = params["weight"] @ x + params["bias"]
        return y * z - jax.nn.softplus(z)

    def sample(key, params, x):
        return jax.random.bernoulli(key, jax.nn.sigmoid(params["weight"] @ x + params["bias"])).astype(jnp.int32)

    return gl.Conditional(
        space=gl.binary(),
        given_space=gl.reals((d,)),
        parameters={"weight": gl.constraints.real((d,)), "bias": gl.constraints.real(())},
        init=lambda key: {"weight": 0.1 * jax.random.normal(key, (d,)), "bias": jnp.zeros(())},
        log_prob=log_prob,
        sample=sample,
    )


@pytest.mark.parametrize("penalty", [-1.0, np.nan, np.ones(2), "x"])
def test_a_penalty_that_cannot_be_right_is_named(penalty):
    with pytest.raises(ValueError, match=r"gl\.fit: penalty = "):
        gl.fit(gl.normal(), X, penalty=penalty, key=jax.random.key(0))


@pytest.mark.parametrize(
    ("fixed", "match"),
    [
        ({"mean": 1.0}, r"fixed\['mean'\] is no parameter"),
        ({"scale": -1.0}, r"fixed\['scale'\].*outside its parameter space"),
        ({"loc": np.zeros(3)}, r"fixed\['loc'\].*held constant whole"),
        (3.0, "fixed must be a dict"),
    ],
)
def test_what_is_fixed_is_checked(fixed, match):
    with pytest.raises(ValueError, match=match):
        gl.fit(gl.normal(), X, fixed=fixed, key=jax.random.key(0))


def test_half_of_a_joint_constraint_is_refused():
    with pytest.raises(ValueError, match="held constant whole"):
        gl.fit(gl.uniform(), X, fixed={"low": 0.0}, key=jax.random.key(0))


@pytest.mark.parametrize("method", [None, gl.newton(), gl.lbfgs()], ids=["usual", "newton", "lbfgs"])
def test_nothing_free_is_the_likelihood_of_what_is_held(method):
    held = {"loc": 1.0, "scale": 2.0}
    fit = gl.fit(gl.normal(), X, fixed=held, method=method, key=jax.random.key(0))
    assert int(fit.status) == gl.Status.CONVERGED
    assert float(fit.log_likelihood) == pytest.approx(stats.norm.logpdf(X, 1.0, 2.0).sum(), rel=1e-5)


@pytest.mark.parametrize("method", [gl.closed_form(), gl.em()])
def test_methods_that_cannot_say_so(method):
    with pytest.raises(ValueError, match=r"penalty= and no fixed="):
        gl.fit(gl.normal(), X, method=method, penalty=0.1, key=jax.random.key(0))


@pytest.mark.slow
def test_a_sweep_over_penalties_is_one_vmap():
    start = {"loc": jnp.zeros(()), "scale": jnp.ones(())}

    def one(ridge):
        return gl.run(gl.newton(), gl.normal(), gl.Data(jnp.asarray(X)), start, penalty=ridge).params["loc"]

    locs = np.asarray(jax.jit(jax.vmap(one))(jnp.array([0.0, 0.1, 10.0])))
    assert locs[0] == pytest.approx(X.mean(), rel=1e-4)
    assert np.all(np.diff(locs) < 0)
