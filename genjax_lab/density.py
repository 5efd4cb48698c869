"""The two types: `Density`, p(x; θ), and `Conditional`, p(x | given; θ).

Both are frozen tuples of pure functions about **one** event; `gl.log_prob` and its siblings batch them. A family or a
combinator is a plain function, marked `@factory`, that returns one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from genjax_lab import constraints
from genjax_lab.space import Space
from genjax_lab.spec import Static, factory
from genjax_lab.types import Event, Key, Params

if TYPE_CHECKING:
    from genjax_lab.estimator import Estimator

__all__ = ["Conditional", "Density", "degrees_of_freedom", "factory"]


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Density(Static):
    """p(x; θ): a parametric family of densities on one sample space.

    Attributes:
      space: the sample space of an event.
      parameters: pytree of constraints, the parameter space.
      init: (key) -> params, a valid random start.
      log_prob: (params, x) -> f[], log p(x; θ) of one event in nats; −∞ where impossible.
      sample: (key, params) -> one event.
      estimator: expected statistics and their maximiser; None where there is no closed form.
      start: (x[n]) -> params, a start from data.
      pairwise: (params[k], x[n]) -> f[n, k], where it beats the double vmap of `log_prob`, to which it is equal
        for events of the sample space.
      factors: the prior and the conditional of a `joint`, which `marginal` and `posterior` take apart.
      log_prob_masked: (params, x, seen) -> f[], log p of the entries of an event that are seen, the others summed or
        integrated out; `seen` is like x, of bools. What x has where it is not seen is not looked at.
      complete: (key, params, x, seen) -> an event: x where it is seen, and elsewhere a draw given what is seen.
      tells_sets: whether, of an array of k categories, `seen` may also be bools of one more axis, of length k, in
        `log_prob_masked` and `complete`: which categories an entry may have.
      mean: (params) -> the mean of an event, like x but of real numbers.
      encode: (params, x) -> f[k], the mean of the hidden coordinates of an event.
      decode: (params, z f[k]) -> the mean of an event with these hidden coordinates.
      bound: (key, params, x) -> f[], random, its mean at most log p(x; θ): what `gl.gradient` climbs, with new draws at
        each step, where log_prob itself is such a bound by draws that stay the same.
    """

    space: Space
    parameters: Any
    init: Callable[[Key], Params]
    log_prob: Callable[[Params, Event], jax.Array]
    sample: Callable[[Key, Params], Event]
    estimator: Estimator | None = None
    start: Callable[[Event], Params] | None = None
    pairwise: Callable[[Params, Event], jax.Array] | None = None
    factors: tuple[Density, Conditional] | None = None
    log_prob_masked: Callable[[Params, Event, Event], jax.Array] | None = None
    complete: Callable[[Key, Params, Event, Event], Event] | None = None
    tells_sets: bool = False
    mean: Callable[[Params], Event] | None = None
    encode: Callable[[Params, Event], jax.Array] | None = None
    decode: Callable[[Params, jax.Array], Event] | None = None
    bound: Callable[[Key, Params, Event], jax.Array] | None = None

    def __post_init__(self) -> None:
        inner, draw = self.log_prob, self.sample

        def log_prob(params: Params, x: Event) -> jax.Array:
            return inner(_arrays(params), one_event(self, self.space, x))

        object.__setattr__(self, "log_prob", log_prob)
        object.__setattr__(self, "sample", lambda key, params: draw(key, _arrays(params)))


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False, repr=False)
class Conditional(Static):
    """p(x | given; θ): the same with `given` last.

    Attributes:
      space: the sample space of an event.
      given_space: the space of what is given.
      parameters: pytree of constraints, the parameter space.
      init: (key) -> params.
      log_prob: (params, x, given) -> f[] in nats.
      sample: (key, params, given) -> one event.
      estimator: as in `Density`.
      start: (x[n], given[n]) -> params, a start from data.
      pairwise: (params[k], x[n], given[n]) -> f[n, k].
      over_given: (params, x[n]) -> f[n, m], log p(x | g) for each of the m points g of a finite given space.
      over_events: (params, given[n]) -> f[n, m], log p(e | given) for each of the m events e of a finite space.
      best_event: (params, given[n]) -> int[n], the place of the most probable event, where that takes less.
      whiten: (given[n], weights f[n] or None, bend) -> two `jax.tree_util.Partial`s, a linear map onto unconstrained
        coordinates from others in which the mean log-likelihood bends about alike in all directions, and its inverse;
        bend, like the coordinates, is what a penalty adds to the curvature along each.
      log_prob_masked: (params, x, seen, given) -> f[], as of a density.
      complete: (key, params, x, seen, given) -> an event, as of a density.
      tells_sets: as of a density.
      mean: (params, given) -> the mean of an event.
    """

    space: Space
    given_space: Space
    parameters: Any
    init: Callable[[Key], Params]
    log_prob: Callable[[Params, Event, Event], jax.Array]
    sample: Callable[[Key, Params, Event], Event]
    estimator: Estimator | None = None
    start: Callable[[Event, Event], Params] | None = None
    pairwise: Callable[[Params, Event, Event], jax.Array] | None = None
    over_given: Callable[[Params, Event], jax.Array] | None = None
    over_events: Callable[[Params, Event], jax.Array] | None = None
    best_event: Callable[[Params, Event], jax.Array] | None = None
    whiten: Callable[[Event, jax.Array | None, Any], tuple[Partial, Partial]] | None = None
    log_prob_masked: Callable[[Params, Event, Event, Event], jax.Array] | None = None
    complete: Callable[[Key, Params, Event, Event, Event], Event] | None = None
    tells_sets: bool = False
    mean: Callable[[Params, Event], Event] | None = None

    def __post_init__(self) -> None:
        inner = self.log_prob

        def log_prob(params: Params, x: Event, given: Event) -> jax.Array:
            event, known = one_event(self, self.space, x), one_event(self, self.given_space, given, "given")
            return inner(_arrays(params), event, known)

        object.__setattr__(self, "log_prob", log_prob)


def require(caller: str, kind: type, *parts: Any) -> None:
    """Refuse a part that is not of a kind.

    Raises:
      TypeError: naming the part and what was wanted.
    """
    for part in parts:
        if not isinstance(part, kind):
            called = f"; call it: {part.__name__}(...)" if hasattr(part, "__name__") else ""
            raise TypeError(f"{caller}: {part!r} is no {kind.__name__.lower()}{called}")


def degrees_of_freedom(density: Density | Conditional) -> int:
    """Count the free parameters of a density.

    Example:
      >>> gl.degrees_of_freedom(gl.joint(gl.categorical(10), gl.per_class(gl.bernoulli((784,)), 10)))
      7849
    """
    return sum(c.degrees_of_freedom for c in jax.tree.leaves(density.parameters))


def one_event(density: Static, space: Space, x: Event, name: str = "x") -> Event:
    """Return `x` as arrays, one event of the space.

    Raises:
      ValueError: where its structure or a shape is another; a batch is told of `gl.log_prob`.
    """
    for where, leaf, value in space.walk(x, name):
        if jnp.shape(value) != leaf.shape:
            raise ValueError(
                f"{density!r}.log_prob takes one event: {where} must have shape {leaf.shape} and has "
                f"{jnp.shape(value)}. For a batch of events, a row each, use gl.log_prob"
            )
    return _arrays(x)


def one_after_another(rows: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """A `pairwise` from log p of rows under one model, (params, x[n]) or (params, x[n], given[n]) -> f[n]."""

    def each(params: Params, *data: Event) -> jax.Array:
        if jax.tree.leaves(params)[0].shape[0] == 1:  # no batch of one in the way of its matrix products
            return rows(jax.tree.map(lambda p: p[0], params), *data)[:, None]
        return jax.lax.map(lambda one: rows(one, *data), params).T

    return each


def pairwise(density: Density, params: Params, x: Event) -> jax.Array:
    """log p(x_i; θ_j) of n events under k parameter sets: f[n, k]."""
    if density.pairwise is not None:
        return density.pairwise(params, x)
    if not jax.tree.leaves(params):  # nothing to choose: one model
        return jax.vmap(density.log_prob, (None, 0))(params, x)[:, None]
    each = jax.vmap(density.log_prob, (0, None))
    return jax.vmap(each, (None, 0))(params, x)


def pairwise_given(conditional: Conditional, params: Params, x: Event, given: Event) -> jax.Array:
    """log p(x_i | given_i; θ_j): f[n, k]."""
    if conditional.pairwise is not None:
        return conditional.pairwise(params, x, given)
    each = jax.vmap(conditional.log_prob, (0, None, None))
    return jax.vmap(each, (None, 0, 0))(params, x, given)


def log_prob_rows(density: Density | Conditional, params: Params, x: Event, given: Event) -> jax.Array:
    """log p of each row of one block, f[n]; unchecked, for use inside a blocked pass."""
    alone = jax.tree.map(lambda p: p[None], params)
    if isinstance(density, Conditional):
        return pairwise_given(density, alone, x, given)[:, 0]
    return pairwise(density, alone, x)[:, 0]


def over_given(conditional: Conditional, params: Params, x: Event) -> jax.Array:
    """log p(x_i | g) for every point g of the finite given space, in its order: f[n, m]."""
    if conditional.over_given is not None:
        return conditional.over_given(params, x)
    points = conditional.given_space.enumerate()
    each = jax.vmap(conditional.log_prob, (None, None, 0))
    return jax.vmap(each, (None, 0, None))(params, x, points)


def over_events(conditional: Conditional, params: Params, given: Event) -> jax.Array:
    """log p(e | given_i) for every event e of the finite space, in its order: f[n, m]."""
    if conditional.over_events is not None:
        return conditional.over_events(params, given)
    events = conditional.space.enumerate()
    each = jax.vmap(conditional.log_prob, (None, 0, None))
    return jax.vmap(each, (None, None, 0))(params, events, given)


def best_event(conditional: Conditional, params: Params, given: Event) -> jax.Array:
    """Place of the most probable event of a finite space, the first of equals: int[n]."""
    if conditional.best_event is not None:
        return conditional.best_event(params, given)
    return jnp.argmax(over_events(conditional, params, given), -1)


def listing(density: Density, params: Params) -> jax.Array:
    """log p(x; θ) at every event of a finite space, in its order: f[m]."""
    return jax.vmap(density.log_prob, (None, 0))(params, density.space.enumerate())


def param_shapes(density: Density | Conditional) -> Any:
    """The parameters as a pytree of shapes (tuples of whole numbers)."""
    return constraints.shapes(density.parameters)


def _arrays(values: Any) -> Any:
    """Python numbers as arrays."""
    return jax.tree.map(jnp.asarray, values)
