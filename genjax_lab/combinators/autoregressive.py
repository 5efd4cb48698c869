"""p(x) = Π_j p(x_j | x before j): the density of an entry, whose parameters a network gives from the entries before it.

With several orders of the entries the density is the average of those in each order, by the same weights:
p(x) = 1/M Σ_m p_m(x).  Uria, Murray & Larochelle (2014), arXiv:1310.1757; Germain et al. (2015), arXiv:1502.03509.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from genjax_lab import constraints, coordinates
from genjax_lab.blocks import map_blocks
from genjax_lab.density import Density, factory, require
from genjax_lab.families.bernoulli import bernoulli
from genjax_lab.nets.net import Net
from genjax_lab.numerics import logsumexp, sum_logs
from genjax_lab.space import Integers, Leaf, Space, whole_shape
from genjax_lab.types import Event, Key, Params, Shape

ONE_HOT = 16
"""From 3 up to so many categories, a network is told which by an entry for each.

Of more it is told a number from −1 to 1, whether it is the least, and whether the greatest: of levels, black and white.
"""

FLOATS = 1 << 26
"""Numbers that a network may make of one block of rows."""


@factory
def autoregressive(shape: Shape, net: Net, entry: Density | None = None) -> Density:
    """Density over arrays whose every entry depends on those before it, through a network.

    Args:
      shape: shape of an event.
      net: such as `gl.nets.made()` or `gl.nets.windows()`.
      entry: density of one entry, a scalar; the network gives its parameters, in unconstrained coordinates. None is
        `gl.bernoulli()`.

    Returns:
      A density whose params are the network's weights, real numbers in the tree that `flax.linen` gives them;
      `gl.gradient` fits it. Where the network knows one order, what is seen of an event has a probability, and can be
      completed, if all of it comes before what is not; else the answer is NaN, or no event of the space.

    Raises:
      ValueError: where the network does not take arrays of this shape, or an entry is no scalar.

    Example:
      >>> bits = gl.autoregressive((4,), gl.nets.made(hidden=(8,)))
      >>> round(gl.check_normalised(bits, bits.init(jax.random.key(0))), 4)
      1.0
    """
    if entry is None:
        return autoregressive(shape, net, bernoulli())  # one object
    require("autoregressive", Density, entry)
    require("autoregressive", Net, net)
    chain = _Chain(whole_shape(shape), net, entry)
    known = net.orderings == 1
    return Density(
        space=chain.space,
        parameters=jax.tree.map(lambda leaf: constraints.real(leaf.shape), chain.weights),
        init=chain.init,
        log_prob=lambda params, x: jnp.where(
            chain.space.contains(x), chain.log_prob(params, x.reshape(1, -1))[0], -jnp.inf
        ),
        sample=chain.sample,
        pairwise=chain.pairwise,
        log_prob_masked=chain.log_prob_masked if known else None,
        complete=chain.complete if known else None,
    )


class _Chain:
    """An event as a chain of entries, each given to the network, which gives the density of the next."""

    def __init__(self, shape: tuple[int, ...], net: Net, entry: Density) -> None:
        self.shape, self.net, self.entry, self.d = shape, net, entry, math.prod(shape)
        if self.d < 1 or net.axes not in (None, len(shape)):
            raise ValueError(f"autoregressive: {net!r} takes no arrays of shape {shape}")
        if not isinstance(entry.space, Leaf) or entry.space.shape != ():
            raise ValueError(f"autoregressive: the events of {entry!r} are no scalars, as an entry is")
        self.space: Space = entry.space
        for n in reversed(shape):
            self.space = self.space.stack(n)
        self.categories = entry.space.k if isinstance(entry.space, Integers) else None
        self.hot = self.categories is not None and 2 < self.categories <= ONE_HOT
        levels = self.categories is not None and self.categories > ONE_HOT
        self.channels = self.categories if self.hot and self.categories else 3 if levels else 1
        outputs, self.back = _coordinates(entry)
        self.module = net.build(shape, self.channels, outputs)
        self.begin = jax.jit(self.module.init)  # compiled whole: far quicker than one operation after another
        self.orders = np.stack([net.order(shape, m) for m in range(net.orderings)])
        self.rows = max(1, FLOATS // (self.d * net.floats(shape, self.channels)))
        self.weights = jax.eval_shape(lambda: self.init(jax.random.key(0)))

    def init(self, key: Key) -> Params:
        return dict(self.begin(key, jnp.zeros((1, self.d, self.channels)))["params"])

    def encoded(self, x: jax.Array) -> jax.Array:
        """What the network is told of entries [...]: f[..., channels]."""
        if self.hot:
            return (x[..., None] == jnp.arange(self.channels).reshape(*(1,) * x.ndim, -1)).astype(
                jnp.result_type(float)
            )
        value = x.astype(jnp.result_type(float))
        if self.categories is None or self.channels == 1:
            return value[..., None]
        last = self.categories - 1
        ends = [(x == end).astype(value.dtype) for end in (0, last)]
        return jnp.stack([value * (2 / last) - 1, *ends], -1)

    def each(self, params: Params, x: jax.Array, ordering: Any = 0) -> jax.Array:
        """log p of every entry of rows [n, d], given those before it: f[n, d]."""
        out: Any = self.module.apply({"params": params}, self.encoded(x), ordering)
        return jax.vmap(jax.vmap(lambda z, v: self.entry.log_prob(self.back(z), v)))(out, x)

    def log_prob(self, params: Params, x: jax.Array) -> jax.Array:
        """log p of rows [n, d]: f[n]."""
        if self.net.orderings == 1:
            return sum_logs(self.each(params, x))
        every = lax.map(lambda m: sum_logs(self.each(params, x, m)), jnp.arange(self.net.orderings))
        return logsumexp(every.T) - math.log(self.net.orderings)

    def pairwise(self, params: Params, x: Event) -> jax.Array:
        """One network after another, in blocks of rows."""

        def block(x: jax.Array) -> jax.Array:
            if jax.tree.leaves(params)[0].shape[0] == 1:
                return self.log_prob(jax.tree.map(lambda p: p[0], params), x)[:, None]
            return lax.map(lambda one: self.log_prob(one, x), params).T

        return map_blocks(block, x.reshape(x.shape[0], -1), self.rows)

    def sample(self, key: Key, params: Params) -> jax.Array:
        which, key = jax.random.split(key)
        ordering = jax.random.randint(which, (), 0, self.net.orderings)
        return self._drawn(key, params, ordering, None, None)

    def complete(self, key: Key, params: Params, x: Event, seen: Event) -> jax.Array:
        """Entries drawn after those that are seen, which come first; else no event of the space."""
        seen = seen.reshape(-1)
        drawn = self._drawn(key, params, 0, x.reshape(-1), seen)
        nowhere = jnp.asarray(-1 if jnp.issubdtype(drawn.dtype, jnp.integer) else jnp.nan, drawn.dtype)
        return jnp.where(self._first(seen), drawn, nowhere)

    def log_prob_masked(self, params: Params, x: Event, seen: Event) -> jax.Array:
        """log p of the entries that are seen, if they come first; else NaN."""
        seen = seen.reshape(-1)
        x = jnp.where(seen, x.reshape(-1), self._blank().astype(x.dtype))
        each = jnp.where(seen, self.each(params, x[None])[0], 0.0)
        return jnp.where(self._first(seen), sum_logs(each), jnp.nan)

    def _first(self, seen: jax.Array) -> jax.Array:
        """Whether what is seen, bool[d], comes before all else in the first order."""
        ordered = seen[jnp.asarray(self.orders[0])]
        return ~jnp.any(ordered[1:] & ~ordered[:-1])

    def _blank(self) -> jax.Array:
        """Some entry of the space."""
        return self.entry.sample(jax.random.key(0), self.back(jnp.zeros(self.module.outputs)))

    def _drawn(self, key: Key, params: Params, ordering: Any, x: jax.Array | None, seen: jax.Array | None) -> jax.Array:
        """Entries drawn one after another; those that are seen are what x says."""
        module, variables, order = self.module, {"params": params}, jnp.asarray(self.orders)[ordering]
        cache = module.apply(variables, ordering, method="cache")
        blank = self._blank()

        def step(state: Any, t: jax.Array) -> tuple[Any, None]:
            cache, last, drawn = state
            found: Any = module.apply(variables, cache, t, last, ordering, method="next")
            cache, out = found
            value = self.entry.sample(jax.random.fold_in(key, t), self.back(out))
            if x is not None and seen is not None:
                value = jnp.where(seen[order[t]], x[order[t]].astype(value.dtype), value)
            return (cache, self.encoded(value), drawn.at[order[t]].set(value)), None

        start = cache, jnp.zeros(self.channels), jnp.zeros(self.d, blank.dtype)
        return lax.scan(step, start, jnp.arange(self.d))[0][2].reshape(self.shape)


def _coordinates(entry: Density) -> tuple[int, Callable[[jax.Array], Params]]:
    """How many unconstrained coordinates a density has, and the way from a vector of them to its parameters.

    Several coordinates are told from a random start of the entry's own: components that start alike would stay alike.
    """
    with jax.ensure_compile_time_eval():
        z, back = coordinates.free(entry.parameters, entry.init(jax.random.key(0)))
        start = np.asarray(z if z.size > 1 else jnp.zeros_like(z))
    return z.size, lambda out: back(out + jnp.asarray(start, out.dtype))
