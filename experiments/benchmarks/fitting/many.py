"""A thousand small fits at once, and one warm fit, of five families."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import optimize, stats
from threadpoolctl import ThreadpoolController

import genjax_lab as gl
from experiments.benchmarks.fitting import losses
from genjax_lab.bench import compare

SETS, ROWS, LOOP = 1000, 1000, 20
KEY = jax.random.key(0)
LIMITS = ThreadpoolController()
Figures = dict[str, float]


def _scipy_loop(loss: Callable[..., Any], start: list[float], *rows: np.ndarray) -> None:
    optimize.minimize(loss, start, args=rows, jac=True, method="L-BFGS-B")


class Many:
    """A family's data sets, and how the rivals fit one of them."""

    def __init__(self, density: gl.Density, x: np.ndarray, loop: Callable[[np.ndarray], Any], peer: Any = None):
        """Keep the density, f32[SETS, ROWS] or whole numbers, SciPy's loop body, and the best peer's `.fit`."""
        self.density, self.x, self.loop, self.peer = density, x, loop, peer


def families() -> dict[str, Many]:
    """The five families."""
    rng = np.random.default_rng(0)
    a = rng.uniform(0.5, 5, (SETS, 1))
    shape = (SETS, ROWS)
    positive = (rng.gamma(a, 1.0, shape) + 1e-6).astype(np.float32)
    shares = rng.beta(a, 2.0, shape).clip(1e-6, 1 - 1e-6).astype(np.float32)
    counts = rng.poisson(5 * rng.gamma(a, 1 / a, shape)).astype(np.int32)
    lives = (rng.weibull(a, shape) + 1e-6).astype(np.float32)
    tails = rng.standard_t(a + 1.5, shape).astype(np.float32)
    zero = [0.0, 0.0]
    return {
        "gamma": Many(
            gl.gamma(), positive, lambda x: _scipy_loop(losses.gamma, zero, x, np.log(x)),
            lambda x: stats.gamma.fit(x, floc=0),
        ),
        "beta": Many(
            gl.beta(), shares, lambda x: _scipy_loop(losses.beta, zero, np.log(x), np.log1p(-x)),
            lambda x: stats.beta.fit(x, floc=0, fscale=1),
        ),
        "negative_binomial": Many(
            gl.negative_binomial(), counts, lambda x: _scipy_loop(losses.negative_binomial, zero, x)
        ),
        "weibull": Many(
            gl.weibull(), lives, lambda x: _scipy_loop(losses.weibull, zero, x),
            lambda x: stats.weibull_min.fit(x, floc=0),
        ),
        "student_t": Many(
            gl.student_t(), tails, lambda x: _scipy_loop(losses.student_t, [1.0, 0.0, 0.0], x), lambda x: stats.t.fit(x)
        ),
    }  # fmt: skip


def _alone(fit: Callable[[np.ndarray], Any], rows: list[np.ndarray]) -> None:
    with LIMITS.limit(limits=1, user_api="blas"):
        for row in rows:
            fit(row)


def many() -> dict[str, Figures]:
    """A thousand fits of a thousand rows, beside a loop over twenty of them, times fifty."""
    found = {}
    for name, one in families().items():
        exact = one.density.estimator is not None and one.density.estimator.exact
        method = gl.closed_form() if exact else gl.em(curvature=False)
        x, keys = jnp.asarray(one.x), jax.random.split(jax.random.key(0), SETS)
        fit = jax.jit(jax.vmap(lambda x, key, m=method, d=one.density: gl.run(m, d, gl.Data(x), key=key)))
        wide = [row.astype(np.float64) for row in one.x[:LOOP]]
        calls: dict[str, Any] = {
            "ours": lambda fit=fit, x=x, keys=keys: fit(x, keys),
            "scipy": lambda one=one, wide=wide: _alone(one.loop, wide),
        }
        if one.peer:
            calls["peer"] = lambda one=one, wide=wide: _alone(one.peer, wide)
        times = compare(calls, repeats=5)
        statuses = np.bincount(np.asarray(fit(x, keys).status), minlength=10)
        found[name] = {"ours_ms": 1e3 * times["ours"].warm, "converged": int(statuses[0])}
        for rival in [n for n in ("scipy", "peer") if n in times]:
            found[name][f"vs {rival} loop"] = times[rival].warm * SETS / LOOP / times["ours"].warm
            found[name][f"vs {rival} loop, CPU time"] = times[rival].cpu * SETS / LOOP / times["ours"].cpu
    return found


def one() -> dict[str, Figures]:
    """One warm `gl.fit` of a thousand rows beside the best peer's `.fit`."""
    found = {}
    for name, family in families().items():
        x, row = jnp.asarray(family.x[0]), family.x[0].astype(np.float64)
        calls: dict[str, Any] = {"ours": lambda f=family, x=x: gl.fit(f.density, x, key=KEY, method=_warm(f.density))}
        calls["peer"] = lambda f=family, row=row: _alone(f.peer or f.loop, [row])
        times = compare(calls, repeats=21)
        found[name] = {"ours_ms": 1e3 * times["ours"].warm, "vs peer": times["peer"].warm / times["ours"].warm}
    return found


def _warm(density: gl.Density) -> Any:
    exact = density.estimator is not None and density.estimator.exact
    return gl.closed_form() if exact else gl.em(curvature=False)
