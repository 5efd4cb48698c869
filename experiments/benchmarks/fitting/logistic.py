"""Multinomial logistic regression on MNIST to equal training loss, beside scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

import genjax_lab as gl
from genjax_lab.bench import compare
from genjax_lab.data import load

Figures = dict[str, float]


def logistic() -> dict[str, Figures]:
    """Multinomial logistic regression on MNIST's 50,000 training images to the training loss scikit-learn ends at."""
    digits = load("mnist")
    x, y = digits.train.x.reshape(-1, 784).astype(np.float32) / 255, digits.train.y.astype(np.int32)
    ridge = 1e-4
    model = gl.logistic_regression(784, 10)

    def rival() -> LogisticRegression:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return LogisticRegression(C=1 / (len(y) * ridge), max_iter=100, tol=1e-4).fit(x, y)

    theirs = rival()
    log_p = special.log_softmax(x @ theirs.coef_.T + theirs.intercept_, -1)
    wanted = log_p[np.arange(len(y)), y].mean() - 0.5 * ridge * (theirs.coef_**2).sum()
    data, params = gl.Data(jnp.asarray(y), jnp.asarray(x)), {"weight": jnp.zeros((10, 784)), "bias": jnp.zeros(10)}
    problem = gl.Problem(model, data, penalty=_ridge)
    method = gl.lbfgs()
    steps, state = 0, jax.jit(method.init)(problem, params)
    step = jax.jit(method.step)
    while float(state.value) < wanted and steps < 500:
        state, steps = step(problem, state), steps + 1
    run = jax.jit(lambda problem, params: method.advance(problem, method.init(problem, params), steps).value)
    times = compare({"ours": lambda: run(problem, params), "rival": rival}, repeats=3)
    return {
        "MNIST, equal training loss": {
            "loss": -wanted, "steps": steps, "scikit-learn's steps": int(theirs.n_iter_[0]),
            "ours_s": times["ours"].warm, "vs scikit-learn": times["rival"].warm / times["ours"].warm,
        }
    }  # fmt: skip


def _ridge(params: Any) -> jax.Array:
    return 0.5e-4 * (params["weight"] ** 2).sum()
