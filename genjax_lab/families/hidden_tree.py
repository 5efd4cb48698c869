"""Hidden trees: categories that depend on one another through hidden ones, which form a tree.

    p(x) = Σ_z Π_j p(z_j | z_π(j)) p(x_j | z_j),   x_j ∈ {0, …, k−1},  z_j ∈ {0, …, s−1},  p(z_0) at the root

The sum is one pass of messages from the leaves, each a matrix product; its slopes in the log-tables are the expected
counts. With one state the coordinates are independent, with a state a category it can be the Chow–Liu tree π that it
starts from.  Liu & Van den Broeck (2021), arXiv:2106.02264 (HCLT); Baum et al. (1970), Ann. Math. Stat. 41, 164–171.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import constraints
from genjax_lab.blocks import map_blocks
from genjax_lab.density import Density, factory
from genjax_lab.estimator import Estimator, merged_whole, smoothing_of, start_of
from genjax_lab.families.chow_liu import chow_liu, tree_tables
from genjax_lab.groups import Groups
from genjax_lab.hidden import Counts, log_prob_rows, pass_down, pass_up
from genjax_lab.implicit import estimator_of
from genjax_lab.numerics import log_normalise, times_log
from genjax_lab.statistic import merge_sums, scale_sums
from genjax_lab.trees import draw_down
from genjax_lab.types import Event, Key, Params, Shape, Smoothing

FLOATS = 1 << 24
"""Numbers that the messages of one block of rows may take."""

SURE = 0.9
"""How sure of its category a state is at the start."""


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

    Example:
      >>> tree = gl.hidden_tree((3,), states=2)
      >>> round(gl.check_normalised(tree, tree.init(jax.random.key(0))), 4)
      1.0
    """
    visible = chow_liu(shape, k)
    d, space = math.prod(shape), visible.space
    if states < 1:
        raise ValueError(f"hidden_tree: states = {states} must be at least 1")

    def seen(x: jax.Array) -> jax.Array:
        return x.reshape(-1, 1) == jnp.arange(k)[None]

    def log_prob(params: Params, x: jax.Array) -> jax.Array:
        return jnp.where(space.contains(x), _log_prob(params, seen(x)[None])[0], -jnp.inf)

    def rows(params: Params, x: jax.Array) -> jax.Array:
        return _log_prob(params, jax.vmap(seen)(x))

    def pairwise(params: Params, x: jax.Array) -> jax.Array:
        each = max(1, FLOATS // (d * states))
        return map_blocks(lambda block: lax.map(lambda one: rows(one, block), params).T, x, each)

    return Density(
        space=space,
        parameters={
            "parent": constraints.discrete(d, (d,)),
            "transition": tree_tables(d, states),
            "emission": constraints.logits(k, (d, states)),
        },
        init=functools.partial(_init, visible, d, states, k),
        log_prob=log_prob,
        sample=lambda key, params: _sample(key, params, jnp.ones((d, states))).reshape(shape),
        estimator=Estimator(
            lambda params, x, given, groups: _expected(params, jax.vmap(seen)(x), groups),
            merge_sums,
            _maximise,
            lambda stats, params: stats.log_likelihood,
            exact=False,
            rows=lambda x: max(1, FLOATS // (d * states)),
            start=functools.partial(_start, visible, d, states, k),
            penalty=_penalty,
            tables={"transition": (), "emission": ()},
            smooths=frozenset({"transition", "emission"}),
            pool=merged_whole(merge_sums),
            scaled=scale_sums,
            separate=True,
        ),
        pairwise=pairwise,
        log_prob_masked=lambda params, x, shown: _log_prob(params, (seen(x) | ~shown.reshape(-1, 1))[None])[0],
        complete=lambda key, params, x, shown: _complete(key, params, x, shown, seen(x)),
    )


def _log_prob(params: Params, possible: jax.Array) -> jax.Array:
    """log p of the rows' categories that are possible, bool[n, d, k]: f[n]."""
    logs = log_normalise(params["transition"]), log_normalise(params["emission"])
    return log_prob_rows(*logs, params["parent"], possible)


def _expected(params: Params, possible: jax.Array, groups: Groups) -> Counts:
    """Expected counts, one group after another."""

    def of(group: tuple[Params, jax.Array]) -> Counts:
        own, weights = group
        return pass_down(
            log_normalise(own["transition"]), log_normalise(own["emission"]), own["parent"], possible, weights
        )

    return lax.map(of, (params, groups.matrix(possible.shape[0], params["emission"].dtype).T))


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


def _init(visible: Density, d: int, states: int, k: int, key: Key) -> Params:
    tree, rest = jax.random.split(key)
    return _grown(visible.init(tree), d, states, k, rest)


def _start(
    visible: Density, d: int, states: int, k: int, key: Key, x: Event, given: Event, groups: Groups, smooth: Smoothing
) -> Params:
    """From the Chow–Liu trees of the groups."""
    tree, rest = jax.random.split(key)
    seed = start_of(estimator_of(visible), tree, x, given, groups, None)
    keys = jax.random.split(rest, groups.k)
    return jax.vmap(lambda own, key: _grown(own, d, states, k, key))(seed, keys)


def _grown(tree: Params, d: int, states: int, k: int, key: Key) -> Params:
    """States that each stand for a category, as in a Chow–Liu tree, but for what tells those of one category apart."""
    first, second = jax.random.split(key)
    noise = jax.random.normal(first, (d, states, states))
    noise = noise.at[0].set(noise[0, :1])
    own = jnp.arange(states) % k
    even = jnp.full((d, states, k), -math.log(k)) + jax.random.normal(second, (d, states, k)) * (states > 1)
    if states < k:
        return {"parent": tree["parent"], "transition": log_normalise(noise), "emission": log_normalise(even)}
    among = jnp.log(jnp.zeros(k).at[own].add(1.0))[own]
    tables = log_normalise(tree["logits"])[:, own][:, :, own] - among[None, None]
    sure = jnp.log(SURE * (own[:, None] == jnp.arange(k)[None]) + (1 - SURE) / k)
    emission = jnp.broadcast_to(sure[None], (d, states, k))
    return {"parent": tree["parent"], "transition": log_normalise(tables + noise), "emission": log_normalise(emission)}


def _sample(key: Key, params: Params, messages: jax.Array) -> jax.Array:
    """Draw the states downwards, weighed by messages f[d, s] from below, and then the categories: int[d]."""
    first, second = jax.random.split(key)
    states = draw_down(first, params["parent"], log_normalise(params["transition"]), jnp.log(messages))
    logits = params["emission"][jnp.arange(len(states)), states]
    return jax.random.categorical(second, logits, -1).astype(jnp.int32)


def _complete(key: Key, params: Params, x: jax.Array, shown: jax.Array, seen: jax.Array) -> jax.Array:
    logs = log_normalise(params["transition"]), log_normalise(params["emission"])
    messages = pass_up(*logs, params["parent"], (seen | ~shown.reshape(-1, 1))[None])[0]
    drawn = _sample(key, params, messages[:, 0]).reshape(x.shape)
    return jnp.where(shown, x.astype(drawn.dtype), drawn)
