"""p(y, x) = p(y) p(x | y): a prior and a conditional make a density of pairs."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from genjax_lab import space
from genjax_lab.density import Conditional, Density, factory, listing, pairwise, pairwise_given, require
from genjax_lab.estimator import combine
from genjax_lab.implicit import estimator_of
from genjax_lab.numerics import add_logs, logsumexp
from genjax_lab.seen import agrees, completed, fill, masked
from genjax_lab.types import Event, Key, Params


@factory
def joint(prior: Density, conditional: Conditional) -> Density:
    """p(y, x; θ) = p(y; θ_prior) p(x | y; θ_conditional), event `(y, x)`.

    With `per_class` this is naive Bayes, where classes are counted; `marginal` hides y, `posterior` asks for it. A
    scalar smoothing goes to the conditional only, as usual; {"prior": a, "conditional": b} says otherwise.

    Args:
      prior: p(y).
      conditional: p(x | y), given the events of `prior`.

    Returns:
      A density with params {"prior", "conditional"}.

    Raises:
      ValueError: where the prior's events are not what the conditional is given.

    Example:
      >>> model = gl.joint(gl.categorical(2), gl.per_class(gl.poisson(), 2))
      >>> fit = gl.fit(model, (jnp.array([0, 0, 1]), jnp.array([1, 3, 8])))
      >>> fit.params["conditional"]["rate"].tolist()
      [2.0, 8.0]
    """
    require("joint", Density, prior)
    require("joint", Conditional, conditional)
    if prior.space.plain != conditional.given_space.plain:
        raise ValueError(
            f"joint: the prior {prior!r} has events in {prior.space!r}, but {conditional!r} is given "
            f"{conditional.given_space!r}"
        )

    def log_prob(params: Params, event: Event) -> jax.Array:
        y, x = event
        return add_logs(prior.log_prob(params["prior"], y), conditional.log_prob(params["conditional"], x, y))

    def sample(key: Key, params: Params) -> Event:
        first, second = jax.random.split(key)
        y = prior.sample(first, params["prior"])
        return y, conditional.sample(second, params["conditional"], y)

    def init(key: Key) -> Params:
        first, second = jax.random.split(key)
        return {"prior": prior.init(first), "conditional": conditional.init(second)}

    def all_pairs(params: Params, event: Event) -> jax.Array:
        y, x = event
        given_y = pairwise_given(conditional, params["conditional"], x, y)
        return add_logs(pairwise(prior, params["prior"], y), given_y)

    def log_prob_masked(params: Params, event: Event, seen: Event) -> jax.Array:
        return logsumexp(_with_each(prior, conditional, params, event, seen))

    def complete(key: Key, params: Params, event: Event, seen: Event) -> Event:
        first, second = jax.random.split(key)
        every = _with_each(prior, conditional, params, event, seen)
        drawn = _drawn(first, every, prior, event[0], seen[0])
        return drawn, completed(conditional)(second, params["conditional"], event[1], seen[1], drawn)

    return Density(
        space=space.pair(prior.space, conditional.space),
        parameters={"prior": prior.parameters, "conditional": conditional.parameters},
        init=init,
        log_prob=log_prob,
        sample=sample,
        estimator=combine(
            {"prior": estimator_of(prior), "conditional": estimator_of(conditional)},
            lambda name, event, given: (event[0], None) if name == "prior" else (event[1], event[0]),
            unsmoothed="prior",
        ),
        pairwise=all_pairs,
        factors=(prior, conditional),
        log_prob_masked=log_prob_masked if conditional.log_prob_masked and prior.space.listed else None,
        complete=complete if conditional.complete and prior.space.listed else None,
    )


def _with_each(prior: Density, conditional: Conditional, params: Params, event: Event, seen: Event) -> jax.Array:
    """log p(y, x_seen) for every y of a finite prior, −∞ where it is not what is seen of y: f[m]."""
    points = prior.space.enumerate()
    of_x = jax.vmap(masked(conditional), (None, None, None, 0))(params["conditional"], event[1], seen[1], points)
    same = jax.vmap(agrees, (None, None, 0))(event[0], seen[0], points)
    return jnp.where(same, add_logs(of_x, listing(prior, params["prior"])), -jnp.inf)


def _drawn(key: Key, every: jax.Array, prior: Density, y: Event, seen: Event) -> Event:
    """An event of the prior, drawn by log-weights f[m]; where all are −∞, any that agrees with what is seen of y."""
    points = prior.space.enumerate()
    same = jax.vmap(agrees, (None, None, 0))(y, seen, points)
    weights = jnp.where(jnp.any(every > -jnp.inf), every, jnp.where(same, 0.0, -jnp.inf))
    place = jax.random.categorical(key, weights)
    return fill(y, seen, jax.tree.map(lambda a: a[place], points))
