"""A step of EM beside scikit-learn and beside its own matrix products."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

import genjax_lab as gl
from genjax_lab.bench import compare

Figures = dict[str, float]


def _mixture_step(density: gl.Density, x: jax.Array, start: Any, few: int, more: int) -> tuple[Any, Any]:
    """Calls of a few steps and of more, without an end by convergence."""
    data = gl.Data(x)

    def steps(n: int) -> Any:
        method, problem = gl.em(max_steps=n, tol=0.0, curvature=False), gl.Problem(density, data)
        run = jax.jit(lambda problem, start: method.advance(problem, method.init(problem, start), n).value)
        return lambda: run(problem, start)

    return steps(few), steps(more)


def _sklearn_steps(x: np.ndarray, kind: str, k: int, steps: int) -> Any:
    def fit() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return GaussianMixture(
                k, covariance_type=kind, max_iter=steps, tol=0.0, init_params="random_from_data", random_state=0
            ).fit(x)

    return fit


def em() -> dict[str, Figures]:
    """A step of EM: Gaussian mixtures beside scikit-learn in float32, Bernoulli ones beside their matrix products."""
    found, rng = {}, np.random.default_rng(0)
    for title, kind, n, d, density in [
        ("Gaussian diagonal 10^5 x 50, K = 50", "diag", 100_000, 50, gl.normal((50,))),
        ("Gaussian full 10^5 x 20, K = 50", "full", 100_000, 20, gl.mvnormal(20)),
    ]:
        x = (rng.normal(size=(n, d)) + 4 * rng.normal(size=(50, d))[rng.integers(0, 50, n)]).astype(np.float32)
        mixture = gl.mixture(density, 50)
        scale = jnp.full((50, d), 3.0) if kind == "diag" else jnp.tile(3.0 * jnp.eye(d), (50, 1, 1))
        name = "scale" if kind == "diag" else "scale_tril"
        start = {"prior": {"logits": jnp.zeros(50)}, "conditional": {"loc": jnp.asarray(x[:50]), name: scale}}
        few, more = _mixture_step(mixture, jnp.asarray(x), start, 2, 7)
        calls = {"few": few, "more": more, "rival few": _sklearn_steps(x, kind, 50, 2)}
        times = compare({**calls, "rival more": _sklearn_steps(x, kind, 50, 7)}, repeats=3)
        ours = (times["more"].warm - times["few"].warm) / 5
        found[title] = {
            "ours_ms": 1e3 * ours,
            "vs scikit-learn": (times["rival more"].warm - times["rival few"].warm) / 5 / ours,
        }
    logits = jnp.asarray(rng.normal(size=(50, 784)), jnp.float32)
    bits = rng.integers(0, 2, (60_000, 784)).astype(np.uint8)
    start = {"prior": {"logits": jnp.zeros(50)}, "conditional": {"logits": logits}}
    few, more = _mixture_step(gl.mixture(gl.bernoulli((784,)), 50), jnp.asarray(bits), start, 2, 7)
    wide, weights = bits.astype(np.float32), rng.normal(size=(784, 50)).astype(np.float32)
    shares = rng.random((60_000, 50)).astype(np.float32)
    times = compare({"few": few, "more": more, "floor": lambda: (wide @ weights, shares.T @ wide)}, repeats=5)
    ours = (times["more"].warm - times["few"].warm) / 5
    problem = gl.Problem(gl.mixture(gl.bernoulli((784,)), 50), gl.Data(jnp.asarray(bits)))
    method = gl.em(curvature=False)
    memory = jax.jit(method.step).lower(problem, method.init(problem, start)).compile().memory_analysis()
    found["Bernoulli 60,000 x 784 uint8, K = 50"] = {
        "ours_ms": 1e3 * ours, "times the GEMM floor": ours / times["floor"].warm,
        "temporaries_MB": memory.temp_size_in_bytes / 1e6 if memory else float("nan"),
    }  # fmt: skip
    return found
