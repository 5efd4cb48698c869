"""Fifty outfits of five features, which the experiments `first_model` and `naive_bayes` share.

Published are only the counts of each feature's values: Foster (2019), Generative Deep Learning, 1st ed., chapter 1. How
the values went together is not, so `observations` shuffles each feature on its own, once and for all.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl

COUNTS: dict[str, dict[str, int]] = {
    "topType": {
        "NoHair": 7,
        "LongHairBun": 0,
        "LongHairCurly": 1,
        "LongHairStraight": 23,
        "ShortHairShortWaved": 1,
        "ShortHairShortFlat": 11,
        "ShortHairFrizzle": 7,
    },
    "hairColor": {"Black": 7, "Blonde": 6, "Brown": 2, "PastelPink": 3, "Red": 4, "SilverGray": 28},
    "accessories": {"Blank": 11, "Round": 22, "Sunglasses": 17},
    "clotheType": {"Hoodie": 7, "Overall": 18, "ShirtScoopNeck": 19, "ShirtVNeck": 6},
    "clotheColor": {
        "Black": 0,
        "Blue01": 4,
        "Gray01": 10,
        "PastelGreen": 5,
        "PastelOrange": 2,
        "Pink": 4,
        "Red": 3,
        "White": 22,
    },
}
"""How many of the fifty have each value of each feature."""

EXAMPLE = ("LongHairStraight", "Red", "Round", "ShirtScoopNeck", "White")
"""An outfit that was not observed."""

Outfits = dict[str, jax.Array]
"""Outfits in columns: feature → i32[n], the codes of its values in the order of `COUNTS`."""

SHUFFLE = 2019
"""Seed of the shuffle: the observations are data, and the same in every run."""


def observations() -> Outfits:
    """The fifty outfits: the published counts of every feature, each feature in an order of its own."""
    rng = np.random.default_rng(SHUFFLE)
    columns = {name: np.repeat(np.arange(len(values)), list(values.values())) for name, values in COUNTS.items()}
    return {name: jnp.asarray(rng.permutation(column), jnp.int32) for name, column in columns.items()}


def independent() -> gl.Density:
    """The density of independent features; its sample space is that of an outfit."""
    return gl.product({name: gl.categorical(len(values)) for name, values in COUNTS.items()})


def every_outfit() -> Outfits:
    """All outfits there are, in the order of their places."""
    events: Outfits = independent().space.enumerate()
    return events


@jax.jit
def places(outfits: Outfits) -> jax.Array:
    """The place of each outfit in `every_outfit`: i32[n]."""
    return jax.vmap(independent().space.index)(outfits)


def outfit(*values: str) -> Outfits:
    """One outfit by the names of its values, as a table of one row."""
    codes = (list(COUNTS[name]).index(value) for name, value in zip(COUNTS, values, strict=True))
    return {name: jnp.asarray([code], jnp.int32) for name, code in zip(COUNTS, codes, strict=True)}


def take(outfits: Outfits, rows: jax.Array) -> Outfits:
    """Some rows of a table of outfits."""
    return {name: codes[rows] for name, codes in outfits.items()}


@functools.partial(jax.jit, static_argnames="density")
def leave_one_out(density: gl.Density, x: gl.Data, smoothings: jax.Array) -> jax.Array:
    """−log p of every row under the fit to all the others, one compiled call for all fits.

    Args:
      density: one with a closed form.
      x: n events.
      smoothings: f[m] pseudo-counts of each value.

    Returns:
      f[m, n] in nats; ∞ where the others call a row impossible.
    """
    rows = jnp.arange(len(jax.tree.leaves(x.x)[0]))

    def held_out(row: jax.Array, smoothing: jax.Array) -> jax.Array:
        others = gl.Data(x.x, weights=(rows != row).astype(smoothing.dtype))
        fit = gl.run(gl.closed_form(), density, others, smoothing=smoothing)
        return -density.log_prob(fit.params, jax.tree.map(lambda a: a[row], x.x))

    return jax.lax.map(lambda smoothing: jax.vmap(held_out, (0, None))(rows, smoothing), smoothings)
