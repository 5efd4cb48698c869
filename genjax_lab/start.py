"""Starts from data for a hidden label: rows far apart, each the seed of a component; or rows whose label is known."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.blocks import rows_of
from genjax_lab.groups import Groups
from genjax_lab.space import HIDDEN
from genjax_lab.types import Event, Key


def seed_shares(key: Key, x: Event, groups: Groups, m: int) -> jax.Array:
    """Share the rows of each group among m components, half of a component its own seed, half of it everyone's.

    Seeds are drawn by D² weighting on standardised features.  Arthur & Vassilvitskii (2007), k-means++, SODA.

    Args:
      key: a typed key.
      x: n events.
      groups: k groups of the rows.
      m: number of components of each group.

    Returns:
      f[n, k, m]; every component of a group has about the same total.
    """
    features = _features(x)
    weights = groups.matrix(rows_of(x), features.dtype)
    keys = jax.random.split(key, groups.k)
    seeds = jax.vmap(_far_apart, (0, None, 1, None))(keys, features, weights, m)  # [k, m]
    own = jax.nn.one_hot(seeds, rows_of(x), axis=0)  # [n, k, m]
    at_seed = (own * weights[:, :, None]).sum(0, keepdims=True)
    return (0.5 / m) * (1.0 + own * weights.sum(0)[None, :, None] / jnp.where(at_seed > 0, at_seed, 1.0))


def labelled_shares(key: Key, y: jax.Array, x: Event, groups: Groups, m: int) -> jax.Array:
    """Share rows some of which have a label: it starts from its own, a label that no row has from a seed as above.

    Beside its own rows a label has all others', together as heavy as one: a class of one or two rows is no point.

    Args:
      key: a typed key.
      y: int[n], labels 0..m−1, −1 where hidden.
      x: n events.
      groups: k groups of the rows.
      m: number of labels.

    Returns:
      f[n, k, m].
    """
    seen, hidden = jax.nn.one_hot(y, m), (y == HIDDEN).astype(jnp.float32)
    weights = groups.matrix(rows_of(x), jnp.float32)
    some = (weights > 0).astype(jnp.float32)
    one_row = some / jnp.maximum(some.sum(0, keepdims=True), 1.0)  # [n, k]
    own = seen[:, None, :] + one_row[:, :, None]
    seeded = hidden[:, None, None] * seed_shares(key, x, groups.share(hidden[:, None]), m)

    mass = jnp.einsum("nk,nm->km", weights, seen)
    known = mass > 0
    usual = mass.sum(1) / jnp.maximum(known.sum(1), 1)  # a seed gets as much as the labels have on average
    left = (weights * hidden[:, None]).sum(0) / m
    scale = jnp.where(known.any(1) & (left > 0), usual / jnp.where(left > 0, left, 1.0), 1.0)
    return jnp.where(known[None], own, seeded * scale[None, :, None])


def _far_apart(key: Key, features: jax.Array, weights: jax.Array, m: int) -> jax.Array:
    """Rows drawn one after another ∝ weight x squared distance to the nearest before it: int[m]."""

    def draw(state: tuple[Key, jax.Array], _: None) -> tuple[tuple[Key, jax.Array], jax.Array]:
        key, nearest = state
        key, pick = jax.random.split(key)
        row = jax.random.categorical(pick, jnp.log(weights * nearest + 1e-30))
        distance = ((features - features[row][None]) ** 2).sum(-1)
        return (key, jnp.minimum(nearest, distance)), row

    far = jnp.full(features.shape[0], 1e18, features.dtype)
    return lax.scan(draw, (key, far), None, length=m)[1]


def _features(x: Event) -> jax.Array:
    """Every number of an event, as one row of standardised floats."""
    wide = jnp.concatenate([a.reshape(a.shape[0], -1).astype(jnp.float32) for a in jax.tree.leaves(x)], 1)
    wide = wide - wide.mean(0, keepdims=True)
    return wide / jnp.maximum(wide.std(0, keepdims=True), 1e-6)
