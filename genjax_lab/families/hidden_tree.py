"""Hidden trees: categories that depend on one another through hidden ones, which form a tree.

    p(x) = Σ_z Π_j p(z_j | z_π(j)) p(x_j | z_j),   x_j ∈ {0, …, k−1},  z_j ∈ {0, …, s−1},  p(z_0) at the root

The sum is one pass of messages from the leaves, each a matrix product; its slopes in the log-tables are the expected
counts. With one state the coordinates are independent, with a state a category it can be the Chow–Liu tree π that it
starts from.  Liu & Van den Broeck (2021), arXiv:2106.02264 (HCLT); Baum et al. (1970), Ann. Math. Stat. 41, 164–171.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import constraints
from genjax_lab.blocks import map_blocks
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, merged_whole, smoothing_of, start_of
from genjax_lab.families.chow_liu import chow_liu, tree_tables
from genjax_lab.groups import Groups
from genjax_lab.hidden import log_prob_rows, pass_down, pass_up
from genjax_lab.implicit import estimator_of
from genjax_lab.numerics import EXACT, log_normalise, times_log
from genjax_lab.refusal import whole_number
from genjax_lab.seen import kept, may_have
from genjax_lab.space import whole_shape
from genjax_lab.statistic import merge_sums, scale_sums
from genjax_lab.trees import draw_down
from genjax_lab.types import Event, Key, Params, Shape, Smoothing

FLOATS = 1 << 24
"""Numbers that the messages of one block of rows may take."""

SURE = 0.9
"""How sure of its category a state is at the start."""

FEW = 32
"""Of more categories, those that a coordinate has least often are one at the start; and counts are added row by row."""


class Counts(NamedTuple):
    """Expected counts of pairs of states, f[d, s, s], and of categories in states, f[d, s, k]; nats of the rows."""

    transition: jax.Array
    emission: jax.Array
    log_likelihood: jax.Array


@factory
def hidden_tree(shape: Shape, states: int, k: int = 2) -> Density:
    """Density over arrays of categories 0..k−1, each with a hidden state in a tree; its fit finds the tree from data.

    Args:
      shape: shape of an event, of d coordinates in all; taken in C order where a tree is told.
      states: number of states of each hidden coordinate.
      k: number of categories of each that is seen.

    Returns:
      A density with params {"parent": int[d], "transition": f[d, states, states], "emission": f[d, states, k]}: logits
      of a state given the parent's, and of a category given the state. EM fits it; the tree stays that of the start.

    Raises:
      ValueError: for no coordinates or states, or fewer than 2 categories.
      TypeError: for what are no whole numbers.

    Example:
      >>> tree = gl.hidden_tree((3,), states=2)
      >>> round(gl.check_normalised(tree, tree.init(jax.random.key(0))), 4)
      1.0
    """
    d, space = math.prod(whole_shape(shape)), chow_liu(shape, k).space
    whole_number("hidden_tree", "states", states)
    most = max(1, FLOATS // (d * states))

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return jnp.where(space.contains(x), _log_prob(params, x[None])[0], -jnp.inf)

    def pairwise(params: Params, x: jax.Array) -> jax.Array:
        return map_blocks(lambda block: lax.map(lambda one: _log_prob(one, block), params).T, x, most)

    def shown_only(params: Params, may: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The log-tables, the tree, and p of the categories that one event may have in each state."""
        emission = jnp.exp(log_normalise(params["emission"]))
        evidence = jnp.einsum("dk,dsk->ds", may.astype(emission.dtype), emission, precision=EXACT)
        return log_normalise(params["transition"]), params["parent"], evidence[:, None]

    def complete(key: Key, params: Params, x: jax.Array, shown: jax.Array) -> jax.Array:
        may = may_have(x, shown, k)
        messages = pass_up(*shown_only(params, may))[0]
        drawn = _sample(key, params, messages[:, 0], may).reshape(x.shape)
        return kept(x, shown, drawn)

    return Density(
        space=space,
        parameters={
            "parent": constraints.discrete(d, (d,)),
            "transition": tree_tables(d, states),
            "emission": constraints.logits(k, (d, states)),
        },
        init=functools.partial(_init, d, states, k),
        log_prob=log_prob,
        sample=lambda key, params: _sample(key, params, jnp.ones((d, states)), jnp.ones((d, k), bool)).reshape(shape),
        estimator=Estimator(
            lambda params, x, given, groups: _expected(params, x, groups),
            merge_sums,
            _maximise,
            lambda stats, params: stats.log_likelihood,
            exact=False,
            rows=lambda x: most,
            start=functools.partial(_start, d, states, k),
            penalty=_penalty,
            tables={"transition": (), "emission": ()},
            smooths=frozenset({"transition", "emission"}),
            pool=merged_whole(merge_sums),
            scaled=scale_sums,
            separate=True,
        ),
        pairwise=pairwise,
        log_prob_masked=lambda params, x, shown: log_prob_rows(*shown_only(params, may_have(x, shown, k)))[0],
        complete=complete,
        tells_sets=True,
    )


def _evidence(emission: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Codes of rows int[d, n], and p of them in each state, f[d, n, s]."""
    codes = x.reshape(x.shape[0], -1).T.astype(jnp.int32)
    tables = jnp.exp(emission).transpose(0, 2, 1)
    return codes, tables.at[jnp.arange(len(codes))[:, None], codes].get(mode="clip")


def _log_prob(params: Params, x: jax.Array) -> jax.Array:
    """log p of rows: f[n]."""
    evidence = _evidence(log_normalise(params["emission"]), x)[1]
    return log_prob_rows(log_normalise(params["transition"]), params["parent"], evidence)


def _expected(params: Params, x: jax.Array, groups: Groups) -> Counts:
    """Expected counts, one group after another."""

    def of(group: tuple[Params, jax.Array]) -> Counts:
        own, weights = group
        codes, evidence = _evidence(log_normalise(own["emission"]), x)
        told = pass_down(log_normalise(own["transition"]), own["parent"], evidence, weights)
        value = jnp.where(weights > 0, weights * jnp.where(weights > 0, told.log_prob, 0.0), 0.0).sum()
        return Counts(told.pairs, _counted(told.shares, codes, own["emission"].shape[-1]), value)

    return lax.map(of, (params, groups.matrix(x.shape[0], params["emission"].dtype).T))


def _counted(shares: jax.Array, codes: jax.Array, k: int) -> jax.Array:
    """Shares f[d, n, s] added up by code: f[d, s, k]."""
    d, _, s = shares.shape
    if k > FEW:
        return jnp.zeros((d, k, s), shares.dtype).at[jnp.arange(d)[:, None], codes].add(shares).transpose(0, 2, 1)
    each = (codes[:, :, None] == jnp.arange(k)[None, None]).astype(shares.dtype)
    return jnp.einsum("dns,dnk->dsk", shares, each, precision=EXACT)


def _maximise(stats: Counts, params: Params, smoothing: Smoothing) -> Params:
    def shares(counts: jax.Array, name: str) -> jax.Array:
        counts = jnp.maximum(counts, 0) + smoothing_of(smoothing, name, count=True)
        rows = counts.sum(-1, keepdims=True)
        return jnp.where(rows > 0, jnp.log(counts) - jnp.log(jnp.where(rows > 0, rows, 1)), -math.log(counts.shape[-1]))

    transition = stats.transition.at[0].set(stats.transition[0].sum(0, keepdims=True))  # the root's rows are alike
    return {
        "parent": params["parent"],
        "transition": shares(transition, "transition"),
        "emission": shares(stats.emission, "emission"),
    }


def _penalty(stats: Counts, params: Params, smoothing: Smoothing) -> jax.Array:
    """Log-likelihood of the pseudo-counts: of the root, one row of them."""
    names = {name: jnp.asarray(smoothing_of(smoothing, name, count=True)) for name in ("transition", "emission")}
    terms = {name: times_log(alpha, log_normalise(params[name])) for name, alpha in names.items()}
    root = terms["transition"][0, 0].sum() - terms["transition"][0].sum()
    return terms["transition"].sum() + root + terms["emission"].sum()


def _init(d: int, states: int, k: int, key: Key) -> Params:
    first, second, third = jax.random.split(key, 3)
    tree, shares = chow_liu((d,), min(k, FEW)).init(first), jax.nn.softmax(jax.random.normal(second, (d, k)))
    return _grown(tree, jnp.tile(jnp.minimum(jnp.arange(k), FEW - 1), (d, 1)), shares, states, third)


def _start(
    d: int, states: int, k: int, key: Key, x: Event, given: Event, groups: Groups, smoothing: Smoothing
) -> Params:
    """From the Chow–Liu trees of the groups; of many categories, all but the most frequent of a coordinate are one."""
    tree, rest = jax.random.split(key)
    codes, every = x.reshape(x.shape[0], d).astype(jnp.int32), jnp.arange(d)[None]
    counts = jnp.ones((d, k)).at[every, codes].add(1.0)
    alike = jnp.minimum(jnp.argsort(jnp.argsort(-counts)), FEW - 1) if k > FEW else jnp.tile(jnp.arange(k), (d, 1))
    visible = estimator_of(chow_liu((d,), min(k, FEW)))
    seed = start_of(visible, tree, alike[every, codes], given, groups, None)
    shares, keys = counts / counts.sum(-1, keepdims=True), jax.random.split(rest, groups.k)
    return jax.vmap(lambda own, key: _grown(own, alike, shares, states, key))(seed, keys)


def _grown(tree: Params, alike: jax.Array, shares: jax.Array, states: int, key: Key) -> Params:
    """States that each stand for a category, as in a Chow–Liu tree, but for what tells those of one category apart.

    Args:
      tree: of categories of which some are taken for one.
      alike: int[d, k], that one.
      shares: f[d, k], of the categories.
      states: how many a coordinate has.
      key: of what tells them apart.
    """
    (d, _), few = alike.shape, tree["logits"].shape[-1]
    weight = jnp.zeros((d, few)).at[jnp.arange(d)[:, None], alike].add(shares)
    own = _shared_out(jnp.sqrt(weight), states)
    each = own[:, :, None] == jnp.arange(few)[None, None]
    among = jnp.take_along_axis(jnp.log(each.sum(1)), own, 1)
    noise = jax.random.normal(key, (d, states, states))
    rows = jnp.take_along_axis(log_normalise(tree["logits"]), own[tree["parent"]][:, :, None], 1)
    tables = jnp.take_along_axis(rows, own[:, None], 2) - among[:, None]
    inside = jnp.where(alike[:, None] == own[:, :, None], shares[:, None], 0.0)
    emission = jnp.log(SURE * inside / inside.sum(-1, keepdims=True) + (1 - SURE) * shares[:, None])
    tables = (tables + noise).at[0].set(tables[0, :1] + noise[0, :1])
    return {"parent": tree["parent"], "transition": log_normalise(tables), "emission": log_normalise(emission)}


def _shared_out(weight: jax.Array, states: int) -> jax.Array:
    """Which category each state stands for, int[d, states], by weights f[d, few].

    Each category has one first, where there are so many: Adams' method of seats in a parliament.
    """
    seats = jnp.arange(states) + 1e-6  # the first goes to all in the order of their weights
    claims = weight[:, :, None] / seats[None, None]
    return jax.lax.top_k(claims.reshape(len(weight), -1), states)[1] // states


def _sample(key: Key, params: Params, messages: jax.Array, may: jax.Array) -> jax.Array:
    """Draw the states downwards, weighed by messages f[d, s] from below, and then categories of bool[d, k]: int[d]."""
    first, second = jax.random.split(key)
    states = draw_down(first, params["parent"], log_normalise(params["transition"]), jnp.log(messages))
    logits = params["emission"][jnp.arange(len(states)), states]
    return jax.random.categorical(second, jnp.where(may, logits, -jnp.inf), -1).astype(jnp.int32)
