"""Histograms: real numbers, or points of a box, with one density in each cell of a regular grid.

    log p(x; ℓ) = ℓ_{c(x)} − log Σ_c exp ℓ_c − log v      x in the box, c(x) its cell, v the volume of a cell

and −∞ outside. T(x) = the counts of the cells; the maximum-likelihood probability of a cell is its share of the points;
with α pseudo-counts a cell, (count + α) / (n + kα).  Scott (1992), Multivariate Density Estimation, §3.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from genjax_lab import constraints
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, merged_whole, smoothing_of
from genjax_lab.grid import Grid, equal_cells, grid
from genjax_lab.groups import Groups
from genjax_lab.numerics import count_dtype, float_dtype, log_normalise, times_log
from genjax_lab.statistic import merge_sums, pseudo_likelihood, scale_sums
from genjax_lab.types import Params, Smoothing


@factory
def histogram(
    cells: int | tuple[int, ...], low: float | tuple[float, ...] = 0.0, high: float | tuple[float, ...] = 1.0
) -> Density:
    """Piecewise constant density on a box: each coordinate cut into cells of equal width.

    A cell holds its lower edges, the last one of a coordinate its upper edge too, as in `numpy.histogramdd`.

    Args:
      cells: number of cells of each of d coordinates; one number, not a tuple, where an event is a number.
      low: the lower end of each coordinate, or one for all, in units of x.
      high: the upper ends.

    Returns:
      A density with params {"logits": f[*cells]}, equal up to a constant; −∞ is probability 0. A fit gives normalised
      log-probabilities of the cells; less log v they are log-densities.

    Raises:
      ValueError: for no cells, an end that is not finite, low ≥ high, or ends of another number of coordinates.

    Example:
      >>> fit = gl.fit(gl.histogram((2, 2), 0, 10), jnp.array([[1.0, 9.0], [2.0, 5.0], [10.0, 4.0]]), smoothing=1.0)
      >>> np.asarray(jnp.exp(fit.params["logits"])).round(4)
      array([[0.1429, 0.4286],
             [0.2857, 0.1429]], dtype=float32)
    """
    equal_cells("histogram", cells, low, high)  # or grid would refuse them in its own name
    space = grid(cells, low, high)
    sizes = space.sizes
    return Density(
        space=space,
        parameters={"logits": constraints.table(sizes)},
        init=lambda key: {"logits": _log_probs(jax.random.normal(key, sizes), 0)},
        log_prob=lambda params, x: _log_prob(params["logits"][None], x, space)[0],
        sample=lambda key, params: _sample(key, params["logits"], space),
        estimator=Estimator(
            lambda params, x, given, groups: _counts(x, groups, space),
            merge_sums,
            _maximise,
            lambda counts, params: _log_likelihood(counts, params, space.volume),
            penalty=_penalty,
            smooths=frozenset({"logits"}),
            tables={"logits": sizes},
            pool=merged_whole(merge_sums),
            scaled=scale_sums,
        ),
        pairwise=lambda params, x: _log_prob(params["logits"], x, space).T,
    )


def _log_probs(logits: jax.Array, lead: int) -> jax.Array:
    """Log-probabilities of the cells of grids that come after `lead` axes."""
    return log_normalise(logits.reshape(*logits.shape[:lead], -1)).reshape(logits.shape)


def _log_prob(logits: jax.Array, x: jax.Array, space: Grid) -> jax.Array:
    """Log-densities under k grids of logits of a point, or of each of a batch: f[k, ...]."""
    place = space.cell_of(x)
    log_density = _log_probs(logits, 1).reshape(len(logits), -1) - math.log(space.volume)
    inside = (place < space.num_cells)[None]
    return jnp.where(inside, jnp.take(log_density, place, 1, mode="clip"), -jnp.inf)


def _sample(key: jax.Array, logits: jax.Array, space: Grid) -> jax.Array:
    choose, place = jax.random.split(key)
    cell = jnp.unravel_index(jax.random.categorical(choose, logits.reshape(-1)), space.sizes)
    edges = [jnp.asarray(each) for each in space.edges(logits.dtype)]
    low = jnp.stack([jnp.take(each, i, mode="clip") for each, i in zip(edges, cell, strict=True)])
    high = jnp.stack([jnp.take(each, i + 1, mode="clip") for each, i in zip(edges, cell, strict=True)])
    x = low + jax.random.uniform(place, low.shape, low.dtype) * (high - low)
    return jnp.minimum(x, jnp.nextafter(high, low)).reshape(space.shape)  # rounding puts no point in the next cell


def _counts(x: jax.Array, groups: Groups, space: Grid) -> jax.Array:
    """The weight of each cell in each group: [groups, *cells]."""
    place, k = space.cell_of(x), space.num_cells
    if groups.soft is not None:  # one scatter of rows: no one-hot matrix of rows by cells
        counts = jnp.zeros((k, groups.k), groups.soft.dtype).at[place].add(groups.soft, mode="drop").T
    else:
        ones = jnp.ones((), count_dtype()) if groups.weights is None else groups.weights
        counts = jnp.zeros(groups.k * k, ones.dtype).at[groups.split(place, k).labels].add(ones, mode="drop")
    return counts.reshape(groups.k, *space.sizes)


def _maximise(counts: jax.Array, params: Params, smoothing: Smoothing) -> Params:
    smoothed = counts.astype(float_dtype(counts)) + smoothing_of(smoothing, "logits", count=True)
    total = smoothed.sum()
    return {"logits": jnp.where(total > 0, jnp.log(smoothed) - jnp.log(total), -math.log(counts.size))}


def _penalty(counts: jax.Array, params: Params, smoothing: Smoothing) -> jax.Array:
    """Log-likelihood of α points in every cell, less their constant log v."""
    return pseudo_likelihood(smoothing, _log_probs(params["logits"], 0))


def _log_likelihood(counts: jax.Array, params: Params, volume: float) -> jax.Array:
    return times_log(counts, _log_probs(params["logits"], 0) - math.log(volume)).sum()
