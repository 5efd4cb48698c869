"""The densities of the sweep: how data are drawn, and what SciPy says of them in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special, stats

import genjax_lab as gl

Params = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """One density.

    Attributes:
      density: what is fitted.
      draw: (rng, n) -> rows, at random parameters; for a conditional (rows, given).
      log_likelihood: (params, *rows) -> Σ log p in float64.
      pack: free coordinates -> params, for the rival; None where `best` is known.
      starts: (*rows) -> coordinates from which the rival starts.
      best: (*rows) -> the maximum of Σ log p, where it has a formula.
      endless: (*rows) -> whether there is no finite maximum.
    """

    density: Any
    draw: Callable[[np.random.Generator, int], Any]
    log_likelihood: Callable[..., float]
    pack: Callable[[np.ndarray], Params] | None = None
    starts: Callable[..., list[list[float]]] | None = None
    best: Callable[..., float] | None = None
    endless: Callable[..., bool] = lambda *rows: False


@gl.factory
def gumbel() -> gl.Density:
    """Gumbel numbers, without an estimator: a user's own density."""

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        z = (x - params["loc"]) / params["scale"]
        return -z - jnp.exp(-z) - jnp.log(params["scale"])

    return gl.Density(
        space=gl.reals(),
        parameters={"loc": gl.constraints.real(()), "scale": gl.constraints.positive(())},
        init=lambda key: {"loc": jax.random.normal(key), "scale": jnp.ones(())},
        log_prob=log_prob,
        sample=lambda key, params: params["loc"] + params["scale"] * jax.random.gumbel(key),
    )


@gl.factory
def logistic() -> gl.Conditional:
    """p(y = 1 | x) = σ(wx + b): a user's own conditional."""

    def log_prob(params: Params, y: jax.Array, x: jax.Array) -> jax.Array:
        z = params["weight"] * x + params["bias"]
        return y * z - jax.nn.softplus(z)

    return gl.Conditional(
        space=gl.binary(),
        given_space=gl.reals(),
        parameters={"weight": gl.constraints.real(()), "bias": gl.constraints.real(())},
        init=lambda key: {"weight": 0.1 * jax.random.normal(key), "bias": jnp.zeros(())},
        log_prob=log_prob,
        sample=lambda key, params, x: jax.random.bernoulli(
            key, jax.nn.sigmoid(params["weight"] * x + params["bias"])
        ).astype(jnp.int32),
    )


def _spread(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _positive(x: np.ndarray) -> np.ndarray:
    return np.maximum(x.astype(np.float32), np.finfo(np.float32).tiny)


def _inside(x: np.ndarray) -> np.ndarray:
    return np.clip(x.astype(np.float32), 1e-30, np.float32(1) - np.finfo(np.float32).epsneg)


def _moments(x: np.ndarray) -> tuple[float, float]:
    return float(x.mean()), float(max(x.std(), 1e-6 * abs(x.mean()), 1e-12))


def _beta_starts(x: np.ndarray) -> list[list[float]]:
    m, s = _moments(x)
    size = max(m * (1 - m) / s**2 - 1, 1e-2)
    return [[np.log(max(m * size, 1e-2)), np.log(max((1 - m) * size, 1e-2))], [0.0, 0.0], [2.0, 2.0], [-1.0, -1.0]]


def _t_starts(x: np.ndarray) -> list[list[float]]:
    m, s = float(np.median(x)), _moments(x)[1]
    return [[np.log(df), c, np.log(w * s)] for df in (1.5, 5.0, 100.0) for c, w in ((m, 0.7), (float(x.mean()), 1.0))]


def _binomial_starts(x: np.ndarray) -> list[list[float]]:
    m, s = max(float(x.mean()), 1e-3), _moments(x)[1]
    r = m**2 / max(s**2 - m, 1e-3 * m)
    return [[np.log(m), np.log(r)], [np.log(m), 0.0], [np.log(m), 5.0], [np.log(m), 12.0]]


def _dirichlet(rng: np.random.Generator, n: int) -> np.ndarray:
    x = rng.dirichlet([_spread(rng, 0.3, 30) for _ in range(3)], n).clip(1e-12)
    return (x / x.sum(1, keepdims=True)).astype(np.float32)


def _dirichlet_value(p: Params, x: np.ndarray) -> float:
    a, x = p["concentration"], x / x.sum(1, keepdims=True)
    return float(len(x) * (special.gammaln(a.sum()) - special.gammaln(a).sum()) + (np.log(x) @ (a - 1)).sum())


def _normal_best(x: np.ndarray) -> float:
    return -0.5 * len(x) * (np.log(2 * np.pi * x.var()) + 1)


def _mvnormal(rng: np.random.Generator, n: int) -> np.ndarray:
    factor = np.array([[1.0, 0.0], [rng.normal(), _spread(rng, 0.1, 3)]]) * _spread(rng, 0.1, 10)
    return (rng.normal(size=(n, 2)) @ factor.T + rng.normal(0, 5, 2)).astype(np.float32)


def _mvnormal_value(p: Params, x: np.ndarray) -> float:
    factor = np.tril(p["scale_tril"])
    if np.any(np.diagonal(factor) <= 0):
        return np.inf  # a plane: what `best` says of two rows too
    z = np.linalg.solve(factor, (x - p["loc"]).T)
    return float(-0.5 * (z**2).sum() - len(x) * (np.log(np.diagonal(factor)).sum() + np.log(2 * np.pi)))


def _mvnormal_best(x: np.ndarray) -> float:
    if len(x) < 3:
        return np.inf
    log_det = np.linalg.slogdet(np.cov(x.T, bias=True))[1]
    return -0.5 * len(x) * (2 * np.log(2 * np.pi) + log_det + 2)


def _counts_value(counts: np.ndarray, log_p: np.ndarray) -> float:
    return float(np.where(counts > 0, counts * np.where(counts > 0, log_p, 0.0), 0.0).sum())


def _entropy(counts: np.ndarray) -> float:
    return _counts_value(counts, np.log(np.maximum(counts, 1) / counts.sum()))


def _bits(x: np.ndarray) -> np.ndarray:
    return np.array([(x == 0).sum(), (x == 1).sum()])


def _logistic(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(0, _spread(rng, 0.3, 3), n).astype(np.float32)
    y = rng.random(n) < special.expit(rng.normal(0, 2) * x + rng.normal())
    return y.astype(np.int32), x


def _logistic_value(p: Params, y: np.ndarray, x: np.ndarray) -> float:
    z = p["weight"] * x + p["bias"]
    return float((y * z - np.logaddexp(0, z)).sum())


def _separable(y: np.ndarray, x: np.ndarray) -> bool:
    on, off = x[y == 1], x[y == 0]
    return len(on) == 0 or len(off) == 0 or bool(on.min() >= off.max() or off.min() >= on.max())


def _exp(*names: str) -> Callable[[np.ndarray], Params]:
    return lambda z: dict(zip(names, np.exp(np.clip(z, -60, 60)), strict=True))


FAMILIES = {
    "gamma": Family(
        gl.gamma(),
        lambda rng, n: _positive(rng.gamma(_spread(rng, 0.3, 100), _spread(rng, 0.01, 100), n)),
        lambda p, x: stats.gamma.logpdf(x, p["concentration"], scale=1 / p["rate"]).sum(),
        _exp("concentration", "rate"),
        lambda x: [[np.log(a), np.log(a / x.mean())] for a in ((x.mean() / _moments(x)[1]) ** 2, 0.5, 3.0, 100.0)],
    ),
    "beta": Family(
        gl.beta(),
        lambda rng, n: _inside(rng.beta(_spread(rng, 0.4, 50), _spread(rng, 0.4, 50), n)),
        lambda p, x: stats.beta.logpdf(x, p["concentration1"], p["concentration0"]).sum(),
        _exp("concentration1", "concentration0"),
        _beta_starts,
    ),
    "weibull": Family(
        gl.weibull(),
        lambda rng, n: _positive(_spread(rng, 0.01, 100) * rng.weibull(_spread(rng, 0.4, 20), n)),
        lambda p, x: stats.weibull_min.logpdf(x, p["concentration"], scale=p["scale"]).sum(),
        _exp("concentration", "scale"),
        lambda x: [[np.log(c), np.log(x.mean())] for c in (1.2 * x.mean() / _moments(x)[1], 1.0, 5.0)],
    ),
    "student_t": Family(
        gl.student_t(),
        lambda rng, n: (rng.normal(0, 5) + _spread(rng, 0.1, 10) * rng.standard_t(_spread(rng, 1, 50), n)).astype("f4"),
        lambda p, x: stats.t.logpdf(x, p["df"], p["loc"], p["scale"]).sum(),
        lambda z: {"df": np.exp(np.clip(z[0], -0.1, 15)), "loc": z[1], "scale": np.exp(np.clip(z[2], -40, 40))},
        _t_starts,
    ),
    "negative_binomial": Family(
        gl.negative_binomial(),
        lambda rng, n: rng.poisson(_spread(rng, 0.3, 100) * rng.gamma(r := _spread(rng, 0.2, 50), 1 / r, n)).astype(
            "i4"
        ),
        lambda p, x: stats.nbinom.logpmf(x, r := p["concentration"], r / (r + p["mean"])).sum(),
        lambda z: {"mean": np.exp(np.clip(z[0], -40, 40)), "concentration": np.exp(np.clip(z[1], -15, 18))},
        _binomial_starts,
    ),
    "dirichlet": Family(
        gl.dirichlet(3),
        _dirichlet,
        _dirichlet_value,
        lambda z: {"concentration": np.exp(np.clip(z, -30, 30))},
        lambda x: [[a] * 3 for a in (-1.0, 0.0, 2.0)] + [list(np.log(5 * x.mean(0) + 1e-3))],
    ),
    "gumbel": Family(
        gumbel(),
        lambda rng, n: (rng.normal(0, 5) + _spread(rng, 0.1, 10) * rng.gumbel(size=n)).astype("f4"),
        lambda p, x: stats.gumbel_r.logpdf(x, p["loc"], p["scale"]).sum(),
        lambda z: {"loc": z[0], "scale": np.exp(np.clip(z[1], -40, 40))},
        lambda x: [[x.mean() - 0.45 * (s := _moments(x)[1]), np.log(0.78 * s)], [float(np.median(x)), np.log(s)]],
    ),
    "logistic": Family(
        logistic(),
        _logistic,
        _logistic_value,
        lambda z: {"weight": z[0], "bias": z[1]},
        lambda y, x: [[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]],
        endless=_separable,
    ),
    "normal": Family(
        gl.normal(),
        lambda rng, n: rng.normal(rng.normal(0, 100), _spread(rng, 0.1, 10), n).astype(np.float32),
        lambda p, x: stats.norm.logpdf(x, p["loc"], p["scale"]).sum(),
        best=_normal_best,
    ),
    "mvnormal": Family(gl.mvnormal(2), _mvnormal, _mvnormal_value, best=_mvnormal_best),
    "poisson": Family(
        gl.poisson(),
        lambda rng, n: rng.poisson(_spread(rng, 0.1, 1000), n).astype(np.int32),
        lambda p, x: stats.poisson.logpmf(x, p["rate"]).sum(),
        best=lambda x: stats.poisson.logpmf(x, x.mean()).sum(),
    ),
    "bernoulli": Family(
        gl.bernoulli(),
        lambda rng, n: (rng.random(n) < rng.random()).astype(np.uint8),
        lambda p, x: _counts_value(_bits(x), special.log_expit([-p["logits"], p["logits"]])),
        best=lambda x: _entropy(_bits(x)),
    ),
    "categorical": Family(
        gl.categorical(4),
        lambda rng, n: rng.choice(4, n, p=rng.dirichlet(np.ones(4))).astype(np.int32),
        lambda p, x: _counts_value(np.bincount(x, minlength=4), special.log_softmax(p["logits"])),
        best=lambda x: _entropy(np.bincount(x, minlength=4)),
    ),
    "uniform": Family(
        gl.uniform(),
        lambda rng, n: (rng.normal(0, 10) + _spread(rng, 0.1, 10) * rng.random(n)).astype(np.float32),
        lambda p, x: np.where((x >= p["low"]) & (x <= p["high"]), -np.log(p["high"] - p["low"]), -np.inf).sum(),
        best=lambda x: -len(x) * np.log(x.max() - x.min()),
    ),
}
