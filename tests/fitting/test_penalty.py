"""What smoothing adds to the log-likelihood: a fit is the maximum of the sum, found again by SciPy's optimiser."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy import optimize

import genjax_lab as gl
from genjax_lab import constraints
from tests import oracles as o
from tests.case import rest_slow

RNG = np.random.default_rng(0)
LABELS = np.resize([0, 1, 1], 30)
POSITIVE = RNG.gamma(3.0, 2.0, 30)
REAL = RNG.normal(size=(30, 2)) @ np.array([[1.0, 0.5], [0.0, 2.0]]) + LABELS[:, None]
ROWS = {
    "bernoulli": (gl.bernoulli(), o.bernoulli, LABELS, 0.7),
    "normal": (gl.normal((2,)), o.normal, REAL, {"scale": 0.5}),
    "gamma": (gl.gamma(), o.gamma, POSITIVE, {"concentration": 0.2}),
    "beta": (gl.beta(), o.beta, RNG.beta(2, 5, 30), {"concentration1": 0.1, "concentration0": 0.3}),
    "dirichlet": (gl.dirichlet(3), o.dirichlet, RNG.dirichlet([2, 3, 5], 30), {"concentration": 0.1}),
    "mvnormal": (gl.mvnormal(2), o.mvnormal, REAL, {"scale_tril": 0.5}),
    "ppca": (gl.ppca(2, 1), o.low_rank, REAL, {"scale": 0.5}),
    "naive bayes": (
        gl.joint(gl.categorical(2), gl.per_class(gl.gamma(), 2)),
        o.joint(o.categorical, o.per_class(o.gamma)),
        (LABELS, POSITIVE),
        {"prior": 1.0, "conditional": {"concentration": 0.2}},
    ),
    "lda": (
        gl.joint(gl.categorical(2), gl.per_class(gl.mvnormal(2), 2, shared="scale_tril")),
        o.joint(o.categorical, o.per_class(o.mvnormal, shared=("scale_tril",))),
        (LABELS, REAL),
        {"conditional": {"scale_tril": 0.5}},
    ),
    "everything shared": (
        gl.joint(gl.categorical(2), gl.per_class(gl.bernoulli(), 2, shared="logits")),
        o.joint(o.categorical, o.per_class(o.bernoulli, shared=("logits",))),
        (LABELS, (LABELS + np.arange(30)) % 2),
        2.0,
    ),
}  # fmt: skip
QUICK = ("bernoulli", "normal", "gamma")


@pytest.mark.parametrize("name", rest_slow(ROWS, *QUICK))
def test_a_fit_is_the_maximum_of_likelihood_and_penalty(name, x64):
    density, oracle, x, smoothing = ROWS[name]
    fit = gl.fit(density, x, smoothing=smoothing)
    stats = gl.statistics(density, x).values
    first, back = ravel_pytree(constraints.unconstrain(density.parameters, fit.params))
    penalty = jax.jit(
        lambda z: density.estimator.penalty(stats, constraints.constrain(density.parameters, back(z)), smoothing)
    )
    params = jax.jit(lambda z: constraints.constrain(density.parameters, back(z)))

    def loss(z):
        return -(oracle(jax.tree.map(np.asarray, params(z)), x).sum() + float(penalty(z))) / 30

    end = optimize.minimize(loss, np.asarray(first) + 0.1, method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(end.x, first, atol=3e-5)


MIXTURES = {
    "normal": (gl.mixture(gl.normal(), 2), REAL[:, 1], {"conditional": {"scale": 0.3}}),
    "gamma": (gl.mixture(gl.gamma(), 2), POSITIVE, {"conditional": {"concentration": 0.05}}),
    "beta": (
        gl.mixture(gl.beta(), 2),
        RNG.beta([2, 8], [8, 2], (15, 2)).ravel(),
        {"conditional": {"concentration1": 0.05, "concentration0": 0.05}},
    ),
    "mvnormal": (gl.mixture(gl.mvnormal(2), 2), REAL, {"conditional": {"scale_tril": 0.3}}),
    "ppca": (gl.mixture(gl.ppca(2, 1), 2), REAL, {"conditional": {"scale": 0.3}}),
    "factor analysis": (gl.factor_analysis(2, 1), REAL, {"scale": 0.3}),
    "factor analyses": (gl.mixture(gl.factor_analysis(2, 1), 2), REAL, {"conditional": {"scale": 0.3}}),
}  # fmt: skip


@pytest.mark.parametrize("name", rest_slow(MIXTURES, "gamma"))
def test_em_never_lowers_the_penalised_likelihood(name):
    density, x, smoothing = MIXTURES[name]
    data, method = gl.Data(jnp.asarray(x, jnp.float32)), gl.em(tol=0.0)
    problem = gl.Problem(density, data, smoothing)
    step = jax.jit(lambda state: method.step(problem, state))
    state, values = method.init(problem, density.init(jax.random.key(1))), []
    for _ in range(30):
        state = step(state)
        values.append(float(state.value))
    assert np.diff(values).min() > -1e-5
    assert values[-1] > values[0] + 0.01
