"""Chow–Liu trees: categories of which each depends on one other, the tree and its tables by maximum likelihood.

    log p(x; π, ℓ) = Σ_j log p(x_j | x_π(j)),   p(b | a) = exp ℓ_{j, a, b} / Σ_c exp ℓ_{j, a, c},   p(x_0) at the root

T(x) = the counts of pairs of categories in pairs of coordinates, a matmul. The best tree is the spanning tree of
greatest mutual information, its tables are shares of counts. α pseudo-counts a cell of every pair's table are k²α rows
spread evenly; a table f[d, d, k, k] of them is the pairs of rows that were not seen, such as the average of other data.
Chow & Liu (1968), IEEE Trans. Inf. Theory 14, 462–467.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import entr

from genjax_lab import constraints, pairs
from genjax_lab.blocks import map_blocks
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, merged_whole, smoothing_of
from genjax_lab.groups import Groups
from genjax_lab.numerics import EXACT, float_dtype, log_normalise, times_log
from genjax_lab.pairs import Pairs
from genjax_lab.refusal import whole_number
from genjax_lab.seen import kept, may_have
from genjax_lab.space import binary, categories, whole_shape
from genjax_lab.statistic import merge_sums, scale_sums
from genjax_lab.trees import draw_down, pass_up, spanning_tree
from genjax_lab.types import Event, Key, Params, Shape, Smoothing


@factory
def chow_liu(shape: Shape, k: int = 2) -> Density:
    """Tree-structured density over arrays of categories 0..k−1; its fit finds the tree too.

    Args:
      shape: shape of an event, of d coordinates in all; taken in C order where a tree is told.
      k: number of categories of each coordinate.

    Returns:
      A density with params {"parent": int[d], "logits": f[d, k, k]}: coordinate j depends on coordinate parent[j] by
      the logits [parent's category, own category], equal up to a constant; coordinate 0 is the root, its own parent,
      and its rows are alike. Gradient methods leave the tree as it is.

    Raises:
      ValueError: for no coordinates or fewer than 2 categories.
      TypeError: for what are no whole numbers.

    Example:
      >>> x = jnp.array([[0, 1, 0], [1, 1, 1], [0, 0, 0], [1, 0, 1], [1, 1, 1]])
      >>> gl.fit(gl.chow_liu((3,)), x, smoothing=0.5).params["parent"].tolist()
      [0, 0, 0]
    """
    d = math.prod(whole_shape(shape))
    if d < 1 or whole_number("chow_liu", "k", k) < 2:
        raise ValueError(f"chow_liu: shape {shape} and k = {k} must have at least 1 coordinate and 2 categories")
    space = binary(shape) if k == 2 else categories(k, shape)

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        flat = x.reshape(-1).astype(jnp.int32)
        each = log_normalise(params["logits"])[jnp.arange(d), flat[params["parent"]], flat]
        return jnp.where(space.contains(x), each.sum(), -jnp.inf)

    def pairwise(params: Params, x: jax.Array) -> jax.Array:
        def block(rows: jax.Array) -> jax.Array:
            return _bits(params, rows) if k == 2 else _categories(params, rows, k)

        return map_blocks(block, x.reshape(x.shape[0], d))

    return Density(
        space=space,
        parameters={"parent": constraints.discrete(d, (d,)), "logits": tree_tables(d, k)},
        init=functools.partial(_init, d, k),
        log_prob=log_prob,
        sample=lambda key, params: _sample(key, params).reshape(shape),
        estimator=Estimator(
            lambda params, x, given, groups: pairs.gather(x.reshape(x.shape[0], d), groups, k),
            merge_sums,
            functools.partial(_maximise, d, k),
            functools.partial(_log_likelihood, d),
            rows=lambda x: min(x.shape[0], pairs.MOST_ROWS),
            group_rows=pairs.TILE,
            start=functools.partial(_start, d, k),
            penalty=_penalty,
            tables={"logits": (d, d, k, k)},
            smooths=frozenset({"logits"}),
            pool=merged_whole(merge_sums),
            scaled=scale_sums,
        ),
        pairwise=pairwise,
        log_prob_masked=lambda params, x, seen: pass_up(
            params["parent"], log_normalise(params["logits"]), _evidence(k, x, seen)
        )[1],
        complete=lambda key, params, x, seen: _completed(k, key, params, x, seen),
        tells_sets=True,
    )


def tree_tables(d: int, k: int) -> constraints.Constraint:
    """Logits f[d, k, k] of a tree's tables: those of the root have one row, k times over."""
    inner = constraints.logits(k, (1 + (d - 1) * k,))

    def forward(z: jax.Array) -> jax.Array:
        rows = inner.forward(z)
        return jnp.concatenate([jnp.broadcast_to(rows[:1], (k, k)), rows[1:]]).reshape(d, k, k)

    def inverse(p: jax.Array) -> jax.Array:
        return inner.inverse(p.reshape(d * k, k)[k - 1 :])

    def contains(p: jax.Array) -> jax.Array:
        root = log_normalise(p[0])
        return inner.contains(p.reshape(d * k, k)) & jnp.all((jnp.abs(root - root[:1]) < 1e-4) | (root == root[:1]))

    return constraints.Constraint(
        "tree_tables", (d, k, k), inner.degrees_of_freedom, forward, inverse, contains, inner.interior
    )


def _init(d: int, k: int, key: Key) -> Params:
    tree, tables = jax.random.split(key)
    below = jnp.maximum(jnp.arange(d), 1)
    parent = jax.random.randint(tree, (d,), 0, below).astype(jnp.int32)
    logits = jax.random.normal(tables, (d, k, k))
    return {"parent": parent, "logits": log_normalise(logits.at[0].set(logits[0, :1]))}


def _sample(key: Key, params: Params) -> jax.Array:
    return draw_down(
        key, params["parent"], params["logits"], jnp.zeros(params["logits"].shape[::2], params["logits"].dtype)
    )


def _evidence(k: int, x: jax.Array, seen: jax.Array) -> jax.Array:
    """0 for every category that a coordinate may have, −∞ for others than the one that is seen: f[d, k]."""
    return jnp.where(may_have(x, seen, k), 0.0, -jnp.inf)


def _messages(k: int, params: Params, x: jax.Array, seen: jax.Array) -> tuple[jax.Array, jax.Array]:
    return pass_up(params["parent"], log_normalise(params["logits"]), _evidence(k, x, seen))


def _completed(k: int, key: Key, params: Params, x: jax.Array, seen: jax.Array) -> jax.Array:
    messages = _messages(k, params, x, seen)[0]
    drawn = draw_down(key, params["parent"], params["logits"], messages).reshape(x.shape)
    return kept(x, seen, drawn)


def _bits(params: Params, x: jax.Array) -> jax.Array:
    """Of bits, with u the parent's: Σ t00 + (t01 − t00) x + (t10 − t00) u + (t11 − t10 − t01 + t00) u x."""
    tables = log_normalise(params["logits"])
    never = jnp.isneginf(tables)
    columns = x.T.astype(tables.dtype)

    def total(tables: jax.Array) -> jax.Array:
        own, parents = tables[:, :, 0, 1] - tables[:, :, 0, 0], tables[:, :, 1, 0] - tables[:, :, 0, 0]
        every = jnp.arange(len(tables))[:, None]
        weights = own.at[every, params["parent"]].add(parents)
        edges = tables[:, :, 1, 1] - tables[:, :, 1, 0] - own

        def along(model: tuple[jax.Array, jax.Array]) -> jax.Array:
            edge, parent = model
            return jnp.matmul(edge, columns * columns[parent], precision=EXACT)

        both = lax.map(along, (edges, params["parent"]))
        return (jnp.matmul(weights, columns, precision=EXACT) + both + tables[:, :, 0, 0].sum(1)[:, None]).T

    value = total(jnp.where(never, 0.0, tables))

    def possible() -> jax.Array:
        return jnp.where(total(never.astype(tables.dtype)) > 0.5, -jnp.inf, value)

    return lax.cond(never.any(), possible, lambda: value)


def _categories(params: Params, x: jax.Array, k: int) -> jax.Array:
    """By look-ups, one model after another."""
    codes = x.astype(jnp.int32)

    def of_model(model: Params) -> jax.Array:
        tables = log_normalise(model["logits"]).reshape(-1)
        place = (jnp.arange(codes.shape[1], dtype=jnp.int32)[None] * k + codes[:, model["parent"]]) * k + codes
        return jnp.take(tables, place, mode="clip").sum(1)

    return lax.map(of_model, params).T


def _maximise(d: int, k: int, stats: Pairs, params: Params, smoothing: Smoothing) -> Params:
    alpha = _pseudo_counts(smoothing)
    parent = spanning_tree(_information(stats, alpha, d))
    counts = _edges(d, stats, parent).astype(float_dtype(stats.both))
    root = jnp.diagonal(counts[0]) + _edge_counts(alpha, parent, d, k)[0].sum(0)
    counts = (counts + _edge_counts(alpha, parent, d, k)).at[0].set(jnp.broadcast_to(root, (k, k)))
    rows = counts.sum(-1, keepdims=True)
    return {"parent": parent, "logits": jnp.where(rows > 0, jnp.log(counts) - jnp.log(rows), -math.log(k))}


def _information(stats: Pairs, alpha: jax.Array, d: int) -> jax.Array:
    """Mutual information of each pair of coordinates, f[d, d]; of many groups one after another, its tables are big."""

    @jax.custom_batching.sequential_vmap
    def of(stats: Pairs, alpha: jax.Array) -> jax.Array:
        counts = jnp.maximum(stats.tables(d), 0) + alpha
        total = counts[0, 0].sum()
        shares = counts / jnp.where(total > 0, total, 1)
        alone = entr(jnp.diagonal(shares.sum(-1))).sum(0)
        return alone[:, None] + alone[None] - entr(shares).sum((2, 3))

    return of(stats, alpha)


def _pseudo_counts(smoothing: Smoothing) -> jax.Array:
    """Of each pair of categories in each pair of coordinates: one number, or f[d, d, k, k], symmetric."""
    alpha = jnp.asarray(smoothing_of(smoothing, "logits", count=True))
    return (alpha + alpha.transpose(1, 0, 3, 2)) / 2 if alpha.ndim else alpha


def _edge_counts(alpha: jax.Array, parent: jax.Array, d: int, k: int) -> jax.Array:
    """The pseudo-counts of each coordinate's pairs with its parent: f[d, parent's category, own]."""
    return alpha[parent, jnp.arange(d)] if alpha.ndim else jnp.broadcast_to(alpha, (d, k, k))


def _start(d: int, k: int, key: Key, x: jax.Array, given: Event, groups: Groups, smoothing: Smoothing) -> Params:
    """Trees from some rows of each group, and four that are spread evenly: a start makes nothing impossible."""
    alpha, least = _pseudo_counts(smoothing), 4 / k**2
    alpha = alpha + least if alpha.ndim else jnp.maximum(alpha, least)
    stats = pairs.gather(x.reshape(x.shape[0], d), groups, k, key)
    return jax.vmap(lambda one: _maximise(d, k, one, None, {"logits": alpha}))(stats)


def _edges(d: int, stats: Pairs, parent: jax.Array) -> jax.Array:
    """The counts of each coordinate's pairs with its parent, [d, parent's category, own]; of the root with itself."""
    return jnp.maximum(stats.along(d, parent), 0)


def _log_likelihood(d: int, stats: Pairs, params: Params) -> jax.Array:
    return times_log(_edges(d, stats, params["parent"]), log_normalise(params["logits"])).sum()


def _penalty(stats: Pairs, params: Params, smoothing: Smoothing) -> jax.Array:
    """Log-likelihood of the pseudo-counts of each pair with its parent; of the root, of its categories."""
    tables = log_normalise(params["logits"])
    d, k = tables.shape[:2]
    counts = _edge_counts(_pseudo_counts(smoothing), params["parent"], d, k)
    counts = counts.at[0].set(counts[0].sum(0, keepdims=True) / k)  # the root's rows are alike
    return times_log(counts, tables).sum()
