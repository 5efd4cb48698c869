"""Independent fields of mixed type: p(x) = Π_f p_f(x_f), a dict event."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax

from genjax_lab import space
from genjax_lab.density import Density, factory, pairwise, require
from genjax_lab.estimator import combine
from genjax_lab.implicit import estimator_of
from genjax_lab.numerics import add_logs
from genjax_lab.seen import completed, masked
from genjax_lab.types import Event, Key, Params


@factory
def product(densities: Mapping[str, Density] | None = None, /, **fields: Density) -> Density:
    """Independent fields: an event is a dict, and so are the parameters.

    log p(x; θ) = Σ_f log p_f(x_f; θ_f)

    Args:
      densities: a mapping of field name to density; or
      **fields: the same by keyword.

    Returns:
      A density over dict events.

    Raises:
      ValueError: without any field.

    Example:
      >>> person = gl.product(height=gl.normal(), glasses=gl.bernoulli())
      >>> gl.degrees_of_freedom(person)
      3
    """
    if fields:
        return product({**(densities or {}), **fields})
    if not densities:
        raise ValueError("product: name at least one field")

    require("product", Density, *densities.values())

    def each(key: Key, call: Callable[[str, Density, Key], Any]) -> dict[str, Any]:
        keys = jax.random.split(key, len(densities))
        return {name: call(name, d, keys[i]) for i, (name, d) in enumerate(densities.items())}

    def log_prob_masked(params: Params, x: Event, seen: Event) -> jax.Array:
        return _sum(masked(d)(params[name], x[name], seen[name]) for name, d in densities.items())

    def complete(key: Key, params: Params, x: Event, seen: Event) -> Event:
        return each(key, lambda name, d, k: completed(d)(k, params[name], x[name], seen[name]))

    return Density(
        space=space.fields(**{name: d.space for name, d in densities.items()}),
        parameters={name: d.parameters for name, d in densities.items()},
        init=lambda key: each(key, lambda name, d, k: d.init(k)),
        log_prob=lambda params, x: _sum(d.log_prob(params[name], x[name]) for name, d in densities.items()),
        sample=lambda key, params: each(key, lambda name, d, k: d.sample(k, params[name])),
        estimator=combine(
            {name: estimator_of(d) for name, d in densities.items()}, lambda name, x, given: (x[name], given)
        ),
        pairwise=lambda params, x: _sum(pairwise(d, params[name], x[name]) for name, d in densities.items()),
        log_prob_masked=log_prob_masked if all(d.log_prob_masked for d in densities.values()) else None,
        complete=complete if all(d.complete for d in densities.values()) else None,
    )


def _sum(terms: Iterable[Any]) -> Any:
    return functools.reduce(add_logs, terms)
