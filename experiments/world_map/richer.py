"""Densities with more parameters than four, chosen on validation points and scored once on test points."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.world_map.box import BOX, CAIRO
from experiments.world_map.world import HIGH, LOW, World

STEP = 0.25
"""Degrees between the nodes of the quadrature that tells where a mixture's probability lies."""

FLOOR = 1.0
"""Added to every variance of a component, in square degrees: none can collapse onto a point."""

SHORT = 20
"""Passes that each start of a mixture is given; then the best goes on."""


@dataclass(frozen=True)
class Points:
    """Independent points of p_data: to fit, to choose between fits, to score once."""

    train: jax.Array
    valid: jax.Array
    test: jax.Array


@dataclass(frozen=True)
class Trial:
    """A setting that was tried.

    Attributes:
      size: cells of a histogram, components of a mixture.
      smoothing: pseudo-points a cell; of a mixture the variance added.
      train, valid: mean −log p of the points, in nats.
      model: the density.
      params: fitted to the training points.
      status: how the fit ended.
    """

    size: int
    smoothing: float
    train: float
    valid: float
    model: gl.Density
    params: Any
    status: str


@dataclass(frozen=True)
class Where:
    """Shares of a model's probability."""

    land: float
    sea: float
    off_map: float


@dataclass(frozen=True)
class Scored:
    """A model on the test points and on the map.

    Attributes:
      name: as the report calls it.
      model, params: the density.
      free: how many free parameters it has.
      nats: mean −log p of the test points; ∞ where one is impossible.
      error: standard error of it over the points that are possible; NaN for fewer than two.
      possible: mean −log p of those; NaN for none.
      impossible: how many are not.
      expected: −∫ p_data log p, what `nats` estimates.
      where: its probability on land, in the sea and off the map.
      cairo: its density there, 1 / square degree.
    """

    name: str
    model: gl.Density
    params: Any
    free: int
    nats: float
    error: float
    possible: float
    impossible: int
    expected: float
    where: Where
    cairo: float


def histograms(points: Points, widths: Sequence[int], smoothings: Sequence[float]) -> list[Trial]:
    """A histogram for every width of its cells, in degrees, and every number of pseudo-points a cell."""
    trials = []
    for width in widths:
        cells = round(HIGH[0] - LOW[0]) // width, round(HIGH[1] - LOW[1]) // width
        model = gl.histogram(cells, LOW, HIGH)
        counts = gl.statistics(model, points.train)
        for amount in smoothings:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", gl.FitWarning)  # the status is in the table: α = 0 leaves cells empty
                fit = gl.fit_statistics(model, counts, smoothing=amount)
            trials.append(_trial(model, math.prod(cells), amount, fit, points))
    return trials


def mixtures(points: Points, components: Sequence[int], restarts: int, key: jax.Array) -> list[Trial]:
    """A mixture of normal densities for every number of components, the best of several starts."""
    trials = []
    for k in components:
        model = gl.mixture(gl.mvnormal(2), k)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gl.FitWarning)  # the status is in the table
            fit = gl.fit(
                model,
                points.train,
                key=jax.random.fold_in(key, k),
                restarts=restarts,
                smoothing={"conditional": {"scale_tril": FLOOR}},
                method=gl.em(tol=3e-5, curvature=False, short=SHORT),
                strict=False,  # a component that lost its points leaves a density, which the validation points judge
            )
        trials.append(_trial(model, k, FLOOR, fit, points))
    return trials


def best(trials: Sequence[Trial]) -> Trial:
    """The one with the fewest validation nats; NaN, of a fit that failed, comes last."""
    return min(trials, key=lambda trial: (math.isnan(trial.valid), trial.valid))


def score(world: World, points: Points, histogram: Trial, mixture: Trial) -> tuple[Scored, ...]:
    """Score the truth, the whole map, the box around the training points and what was chosen: each once."""
    box = gl.fit(BOX, points.train).params
    everywhere = {"low": jnp.array(LOW), "high": jnp.array(HIGH)}
    return (
        _score("p_data itself", world.density, world.params, 0, _by_cells, world, points.test),
        _score("the whole map", BOX, everywhere, 0, _by_cells, world, points.test),
        _score("box", BOX, box, gl.degrees_of_freedom(BOX), _by_cells, world, points.test),
        _score("histogram", histogram.model, histogram.params, None, _by_cells, world, points.test),
        _score("mixture of normals", mixture.model, mixture.params, None, _by_nodes, world, points.test),
    )


def _score(
    name: str,
    model: gl.Density,
    params: Any,
    free: int | None,
    measure: Callable[[World, gl.Density, Any], tuple[Where, float]],
    world: World,
    test: jax.Array,
) -> Scored:
    log_probs = np.asarray(gl.log_prob(model, params, jnp.concatenate([test, jnp.array([CAIRO])])), np.float64)
    nats = -log_probs[:-1]
    finite = nats[np.isfinite(nats)]
    where, expected = measure(world, model, params)
    return Scored(
        name=name,
        model=model,
        params=params,
        free=gl.degrees_of_freedom(model) if free is None else free,
        nats=float(nats.mean()),
        error=float(finite.std(ddof=1) / math.sqrt(len(finite))) if len(finite) > 1 else math.nan,
        possible=float(finite.mean()) if len(finite) else math.nan,
        impossible=len(nats) - len(finite),
        expected=expected,
        where=where,
        cairo=math.exp(log_probs[-1]),
    )


def _by_cells(world: World, model: gl.Density, params: Any) -> tuple[Where, float]:
    """Exact sums for a density that is constant in the cells of a grid; a box is a grid of one."""
    if "logits" in params:
        sizes = params["logits"].shape
        edges = [np.linspace(a, b, m + 1) for a, b, m in zip(LOW, HIGH, sizes, strict=True)]
    else:
        edges = [np.stack(ends) for ends in zip(*(np.asarray(params[end]) for end in ("low", "high")), strict=True)]
    middles = np.stack(np.meshgrid(*((each[1:] + each[:-1]) / 2 for each in edges), indexing="ij"), -1)
    cells = middles.reshape(-1, 2).astype(np.float32)
    log_density = np.asarray(gl.log_prob(model, params, cells), np.float64).reshape(middles.shape[:2])
    land, p_data = world.integrals(world.land, *edges), world.integrals(world.p_data, *edges)
    whole = np.multiply.outer(*(np.diff(each) for each in edges))
    density = np.exp(log_density)
    where = Where(float((density * land).sum()), float((density * (whole - land)).sum()), 0.0)
    outside = 1 - p_data.sum() > 1e-6
    needed = np.where(p_data > 0, log_density, 0.0)
    return where, math.inf if outside else -float((p_data * needed).sum())


def _by_nodes(world: World, model: gl.Density, params: Any) -> tuple[Where, float]:
    """Midpoint sums over nodes `STEP` degrees apart."""
    nodes, p_data, area = world.midpoints(STEP)
    log_density = np.asarray(gl.log_prob(model, params, nodes), np.float64)
    share = np.exp(log_density) * area
    land, on_map = float(share[p_data > 0].sum()), float(share.sum())
    return Where(land, on_map - land, 1 - on_map), -float((p_data * log_density).sum()) * area


def _trial(model: gl.Density, size: int, smoothing: float, fit: gl.Fit, points: Points) -> Trial:
    train = -float(fit.log_likelihood) / len(points.train)
    valid = float(gl.nll(model, fit.params, points.valid))
    return Trial(size, smoothing, train, valid, model, fit.params, gl.Status(int(fit.status)).name)
