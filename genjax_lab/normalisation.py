"""Check that a density sums or integrates to 1: exactly over finite coordinates, by quadrature over the others.

∫ p(x) dx ≈ Σ over Gauss–Legendre nodes on panels whose edges are breakpoints: where the density may jump or bend.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.batch import log_prob
from genjax_lab.check import checked_params, require_density
from genjax_lab.density import Density
from genjax_lab.grid import Grid
from genjax_lab.predict import sample
from genjax_lab.space import CountVectors, Integers, Leaf, Reals, Simplex
from genjax_lab.types import ArrayLike, Event, Params

LARGEST_GRID = 20_000_000
FLANKS = (-8, -3, -1, 1, 3, 8)
MOST_FLANKS = 4096
NODES = {1: (256, 12), 2: (40, 6), 3: (16, 4)}
"""Panels and nodes a panel, by the number of real coordinates."""


def check_normalised(
    density: Density, params: Params, *, tol: float = 1e-3, breakpoints: Sequence[float] = ()
) -> float:
    """Sum or integrate p(x; θ) over the sample space and check that it is 1.

    Finite coordinates are summed exactly; counts up to far beyond every sample; at most three real coordinates are
    integrated by composite quadrature, with panels between quantiles of samples and every value in the parameters; of
    one coordinate also between each value ± 1, 3 and 8 times its neighbour in the other parameters, its scale perhaps.

    Args:
      density: the density.
      params: its parameters.
      tol: how far from 1 the total may be.
      breakpoints: further places, on any coordinate, where the density jumps or bends.

    Returns:
      The total.

    Raises:
      ValueError: where the total is further than `tol` from 1, or the space is too large to sum over.
      TypeError: for a conditional.

    Example:
      >>> round(gl.check_normalised(gl.uniform((2,)), {"low": jnp.zeros(2), "high": jnp.array([2.0, 0.5])}), 5)
      1.0
    """
    require_density("gl.check_normalised", density)
    if not isinstance(density, Density):
        raise TypeError(
            f"gl.check_normalised: {density!r} is a conditional: check a density, such as a joint made of it"
        )
    params = checked_params("gl.check_normalised", density, params)
    if density.space.size is not None:
        size = density.space.require_listing()
        points: Event = density.space.enumerate()
        log_weights = np.zeros(size)
    else:
        points, log_weights = _grid(density, params, breakpoints)
    total = float(np.exp(np.asarray(log_prob(density, params, points), float) + log_weights).sum())
    if not abs(total - 1) <= tol:
        raise ValueError(f"gl.check_normalised: {density!r} adds up to {total:.6g}, not 1, at the given params")
    return total


def _grid(density: Density, params: Params, breakpoints: Sequence[float]) -> tuple[Event, np.ndarray]:
    """Nodes over the whole sample space, as a batch of events, and the logarithm of their weights."""
    drawn = sample(density, jax.random.key(0), params, 4096)
    edges = {*_values(*jax.tree.leaves(params)), *breakpoints}
    leaves = [(leaf, np.asarray(a)) for _, leaf, a in density.space.walk(drawn)]
    real = sum(_places(leaf) for leaf, _ in leaves if not leaf.whole)
    if real > 3:
        raise ValueError(f"gl.check_normalised: {density!r} has {real} real coordinates; quadrature takes 1 to 3")
    axes: list[tuple[np.ndarray, np.ndarray]] = []
    for leaf, values in leaves:
        axes += _leaf_axes(leaf, values, sorted(edges), sorted(_flanks(params)) if real == 1 else [], max(real, 1))
    size = math.prod(len(nodes) for nodes, _ in axes)
    if size > LARGEST_GRID:
        raise ValueError(f"gl.check_normalised: {density!r} needs {size:.3g} points, too many")
    index = np.unravel_index(np.arange(size), [len(nodes) for nodes, _ in axes])
    columns = iter([nodes[i] for (nodes, _), i in zip(axes, index, strict=True)])
    log_weights = np.zeros(size) + sum(np.log(weights)[i] for (_, weights), i in zip(axes, index, strict=True))
    events = []
    for leaf, _ in leaves:
        event, log_volume = _assemble(leaf, columns)
        events.append(event)
        log_weights = log_weights + log_volume
    return jax.tree.unflatten(jax.tree.structure(density.space.struct), events), np.asarray(log_weights)


def _values(*arrays: ArrayLike) -> set[float]:
    return {float(v) for array in arrays for v in np.ravel(np.asarray(array)) if np.isfinite(v)}


def _flanks(params: Params) -> set[float]:
    """Where a component may rise and fall that no sample fell into: a value ± a few of its fellow in another array."""
    leaves = [np.asarray(leaf, float) for leaf in jax.tree.leaves(params)]
    pairs = [(a, b) for a, b in itertools.permutations(leaves, 2) if a.shape == b.shape]
    return _values(*(a + step * b for a, b in pairs for step in FLANKS))


def _places(leaf: Leaf) -> int:
    """How many numbers of an event of a leaf are free, a finite cell counted as one."""
    cell = leaf.k - 1 if isinstance(leaf, Simplex) else len(leaf.sizes) if isinstance(leaf, Grid) else 1
    return math.prod(leaf.outer) * cell


def _assemble(leaf: Leaf, columns: object) -> tuple[jax.Array, np.ndarray | float]:
    """Put the columns of a leaf's cells together: (n, *leaf.shape); and the log of the volume they stand for."""
    cells = list(itertools.islice(columns, _places(leaf)))  # type: ignore[call-overload]
    array = np.stack(cells, 1)
    log_volume: np.ndarray | float = 0.0
    if isinstance(leaf, Simplex):
        array, log_volume = _unbroken(array.reshape(len(array), -1, leaf.k - 1))
    array = array.reshape(-1, *leaf.shape)
    return jnp.asarray(array, jnp.int32 if leaf.whole else jnp.result_type(float)), log_volume


def _broken(x: np.ndarray) -> np.ndarray:
    """Vectors of a simplex as free numbers in (0, 1): the share each takes of what those before it left."""
    left = np.cumsum(x[..., ::-1], -1)[..., :0:-1]
    return x[..., :-1] / left


def _unbroken(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Back, and the log of the Jacobian: what was left, for every number."""
    left = np.cumprod(1 - share, -1)
    before = np.concatenate([np.ones_like(left[..., :1]), left[..., :-1]], -1)
    return np.concatenate([share * before, left[..., -1:]], -1), np.log(before).sum((-2, -1))


def _leaf_axes(
    leaf: Leaf, drawn: np.ndarray, edges: list[float], flanks: list[float], real: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For every cell of a leaf its nodes and weights."""
    if leaf.cell_count is not None:
        return [(leaf.cells(), np.ones(leaf.cell_count))] * math.prod(leaf.outer)
    if isinstance(leaf, CountVectors):
        raise ValueError(f"gl.check_normalised: events of {leaf!r} add up to any total; fix it with total=")
    drawn = _broken(drawn) if isinstance(leaf, Simplex) else drawn
    columns = drawn.reshape(len(drawn), -1).T
    if isinstance(leaf, Integers):
        tops = [2 * int(column.max()) + 64 for column in columns]
        return [(np.arange(top), np.ones(top)) for top in tops]
    if isinstance(leaf, Grid):
        own = [list(map(float, each)) for each in leaf.edges()] * math.prod(leaf.outer)
        each = zip(columns, own, strict=True)
        return [_panels(column, edges, [*flanks, *cuts], (cuts[0], cuts[-1]), *NODES[real]) for column, cuts in each]
    ends = (leaf.low, leaf.high) if isinstance(leaf, Reals) else (0.0, 1.0)
    return [_panels(column, edges, flanks, ends, *NODES[real]) for column in columns]


def _panels(
    drawn: np.ndarray, edges: list[float], flanks: list[float], ends: tuple[float, float], panels: int, nodes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Composite Gauss–Legendre between quantiles of samples and the breakpoints near them, with wide outer panels."""
    spread = float(np.ptp(drawn)) or 1.0
    low, high = max(float(drawn.min()) - 2 * spread, ends[0]), min(float(drawn.max()) + 2 * spread, ends[1])
    near = _some([e for e in edges if low < e < high], panels)
    near += _some([e for e in flanks if low < e < high], MOST_FLANKS)
    quantiles = np.quantile(drawn, np.linspace(0, 1, panels // 2 + 1))
    even = np.linspace(low, high, panels // 2 + 1)
    ordered = np.sort(drawn)
    gaps = np.argsort(np.diff(ordered))[-(panels // 8) :]  # between narrow peaks: what lies near is not theirs to span
    cuts = np.unique(np.concatenate([quantiles, even, near, ordered[gaps], ordered[gaps + 1]]))
    x, w = np.polynomial.legendre.leggauss(nodes)
    half = np.diff(cuts)[:, None] / 2
    keep = half[:, 0] > 0
    middle = (cuts[:-1] + cuts[1:])[:, None] / 2
    return (middle + half * x)[keep].ravel(), (half * w)[keep].ravel()


def _some(values: list[float], most: int) -> list[float]:
    return values if len(values) <= most else [values[int(i)] for i in np.linspace(0, len(values) - 1, most)]
