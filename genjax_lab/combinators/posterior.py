"""p(y | x) by Bayes' rule: a joint asked for its label."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from genjax_lab.combinators.marginal import factors, log_joint, log_joint_of_one
from genjax_lab.density import Conditional, Density, factory, listing
from genjax_lab.numerics import contenders, log_share, select
from genjax_lab.types import Event, Key, Params


@factory
def posterior(joint: Density) -> Conditional:
    """p(y | x; θ) = p(y) p(x | y) / Σ_y' p(y') p(x | y'), with the parameters of the joint.

    If p(x) = 0 under every class, the data say nothing and the posterior is the prior.

    Args:
      joint: a density made by `gl.joint`, with a finite prior.

    Returns:
      A conditional of y given x.

    Raises:
      ValueError: where the density is no joint, or y has too many values to sum over.

    Example:
      >>> model = gl.joint(gl.categorical(2), gl.per_class(gl.bernoulli(), 2))
      >>> params = {"prior": {"logits": jnp.zeros(2)}, "conditional": {"logits": jnp.array([-1.0, 1.0])}}
      >>> gl.predict(gl.posterior(model), params, jnp.array([0, 1])).tolist()
      [0, 1]
    """
    prior, conditional = factors(joint, "posterior")

    def over_events(params: Params, given: Event) -> jax.Array:
        return log_share(log_joint(joint, params, given), listing(prior, params["prior"])[None])

    def best_event(params: Params, given: Event) -> jax.Array:
        # What normalises a row does not move its maximum; where every number is finite, nothing else needs a look.
        every = log_joint(joint, params, given)

        def with_edges() -> jax.Array:
            return jnp.argmax(contenders(every, listing(prior, params["prior"])[None]), -1)

        return jax.lax.cond(jnp.isfinite(every.sum()), lambda: jnp.argmax(every, -1), with_edges)

    def of_one(params: Params, given: Event) -> jax.Array:
        return log_share(log_joint_of_one(joint, params, given), listing(prior, params["prior"]))

    def log_prob(params: Params, x: Event, given: Event) -> jax.Array:
        return select(of_one(params, given), prior.space.index(x))

    def sample(key: Key, params: Params, given: Event) -> Event:
        drawn = jax.random.categorical(key, of_one(params, given))
        return jax.tree.map(lambda a: a[drawn], prior.space.enumerate())

    return Conditional(
        space=prior.space,
        given_space=conditional.space,
        parameters=joint.parameters,
        init=joint.init,
        log_prob=log_prob,
        sample=sample,
        over_events=over_events,
        best_event=best_event,
    )
