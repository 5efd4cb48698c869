"""Hidden coordinates: a prior, what they make of it, and a guess at what they were.

    p(x; θ) = ∫ p(z) p(x | z) dz,   log p(x; θ) ≥ E log 1/S Σ_s p(z_s) p(x | z_s) / q(z_s | x),   z_s ~ q(· | x)

With S = 1 the bound is the variational autoencoder's; it rises with S, towards log p. Its gap is how far q is from
p(z | x).  Kingma & Welling (2014), arXiv:1312.6114; Burda, Grosse & Salakhutdinov (2016), arXiv:1509.00519.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab.density import Conditional, Density, factory, one_after_another, require
from genjax_lab.event_key import event_key
from genjax_lab.numerics import logsumexp
from genjax_lab.refusal import whole_number
from genjax_lab.space import Reals
from genjax_lab.types import Event, Key, Params


@factory
def latent(prior: Density, decoder: Conditional, encoder: Conditional, draws: int = 1) -> Density:
    """Density of what is seen of hidden coordinates.

    Its log_prob is a lower bound in expectation, not exact: S draws of z, by a key that is made of the event, the same
    at every call. Say S with every number: densities that differ in `draws` share parameters, so fit with one, and
    score with more. `gl.gradient` climbs the bound with new draws at each step; the draws of the encoder must move with
    its parameters, as a normal's do.

    Args:
      prior: p(z), over a vector of real numbers.
      decoder: p(x | z).
      encoder: q(z | x).
      draws: S.

    Returns:
      A density on the space of the decoder, with params {"prior", "decoder", "encoder"}; samples are exact. `gl.encode`
      gives the mean of q(z | x) and `gl.decode` that of p(x | z), where the parts know them.

    Raises:
      TypeError: for parts of another kind, or draws that are no whole number.
      ValueError: for spaces that do not fit one another, or no draw.

    Example:
      >>> bits = gl.latent(gl.normal((2,)), gl.perceptron(gl.bernoulli((9,)), gl.reals((2,)), (8,)),
      ...                  gl.perceptron(gl.normal((2,)), gl.binary((9,)), (8,)), draws=100)
      >>> params = bits.init(jax.random.key(0))
      >>> gl.encode(bits, params, jnp.ones((5, 9), int)).shape, gl.decode(bits, params, jnp.zeros((5, 2))).shape
      ((5, 2), (5, 9))
    """
    require("latent", Density, prior)
    require("latent", Conditional, decoder, encoder)
    if not isinstance(prior.space, Reals) or len(prior.space.shape) != 1:
        raise ValueError(f"latent: the events of the prior {prior!r} are no vectors of real numbers")
    for name, one, other in (
        ("decoder's given", decoder.given_space, prior.space),
        ("encoder's events", encoder.space, prior.space),
        ("encoder's given", encoder.given_space, decoder.space),
    ):
        if one != other:
            raise ValueError(f"latent: the {name}, {one!r}, must be {other!r}")
    draws = whole_number("latent", "draws", draws)

    def bound(key: Key, params: Params, x: Event) -> jax.Array:
        def one(key: Key) -> jax.Array:
            z = encoder.sample(key, params["encoder"], x)
            seen = decoder.log_prob(params["decoder"], x, z)
            return prior.log_prob(params["prior"], z) + seen - encoder.log_prob(params["encoder"], z, x)

        if draws == 1:
            return one(key)
        logs = lax.map(lambda s: one(jax.random.fold_in(key, s)), jnp.arange(draws))  # rows side by side, not draws
        return logsumexp(logs) - math.log(draws)

    def log_prob(params: Params, x: Event) -> jax.Array:
        return bound(event_key(x), params, x)

    def init(key: Key) -> Params:
        keys = jax.random.split(key, 3)
        return {"prior": prior.init(keys[0]), "decoder": decoder.init(keys[1]), "encoder": encoder.init(keys[2])}

    def sample(key: Key, params: Params) -> Event:
        hidden, seen = jax.random.split(key)
        return decoder.sample(seen, params["decoder"], prior.sample(hidden, params["prior"]))

    guess, made = encoder.mean, decoder.mean
    return Density(
        space=decoder.space,
        parameters={"prior": prior.parameters, "decoder": decoder.parameters, "encoder": encoder.parameters},
        init=init,
        log_prob=log_prob,
        sample=sample,
        pairwise=one_after_another(jax.vmap(log_prob, (None, 0))),
        encode=None if guess is None else lambda params, x: guess(params["encoder"], x),
        decode=None if made is None else lambda params, z: made(params["decoder"], z),
        bound=bound,
    )
