"""p(x) = Σ_y p(y) p(x | y): hide the label of a joint. A mixture is naive Bayes with the label hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from genjax_lab.blocks import block_rows
from genjax_lab.combinators.joint import joint
from genjax_lab.combinators.per_class import per_class
from genjax_lab.density import Conditional, Density, factory, listing, one_after_another, over_given, require
from genjax_lab.estimator import Estimator, combine, part_of, start_of
from genjax_lab.families.categorical import categorical
from genjax_lab.groups import Groups
from genjax_lab.implicit import estimator_of
from genjax_lab.numerics import add_logs, logsumexp, shares
from genjax_lab.seen import completed, masked
from genjax_lab.space import HIDDEN
from genjax_lab.start import labelled_shares, seed_shares
from genjax_lab.types import Event, Key, Params, Smoothing, Stats

T = TypeVar("T")


@factory
def marginal(joint: Density) -> Density:
    """p(x; θ) = Σ_y p(y) p(x | y), with the parameters of the joint.

    Args:
      joint: a density made by `gl.joint`, with a finite prior.

    Returns:
      A density of x alone.

    Raises:
      ValueError: where the density is no joint, or y has too many values to sum over.

    Example:
      >>> gl.marginal(gl.joint(gl.categorical(2), gl.per_class(gl.normal(), 2))) is gl.mixture(gl.normal(), 2)
      True
    """
    prior, conditional = factors(joint, "marginal")

    def log_prob(params: Params, x: Event) -> jax.Array:
        return logsumexp(log_joint_of_one(joint, params, x))

    def sample(key: Key, params: Params) -> Event:
        return joint.sample(key, params)[1]

    def beside(x: Event, seen: Event) -> tuple[Event, Event]:
        """An event and what is seen of it, beside a label of which nothing is."""
        label = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), prior.space.struct)
        return (label, x), (jax.tree.map(lambda a: jnp.zeros(a.shape, bool), label), seen)

    def log_prob_masked(params: Params, x: Event, seen: Event) -> jax.Array:
        return masked(joint)(params, *beside(x, seen))

    def complete(key: Key, params: Params, x: Event, seen: Event) -> Event:
        whole: Event = completed(joint)(key, params, *beside(x, seen))[1]
        return whole

    def of_rows(params: Params, x: Event) -> jax.Array:
        return logsumexp(log_joint(joint, params, x))

    return Density(
        space=conditional.space,
        parameters=joint.parameters,
        init=joint.init,
        log_prob=log_prob,
        sample=sample,
        estimator=expected(joint, lambda x: (None, x)),
        pairwise=one_after_another(of_rows),  # the memory of one; each is a matmul over its components
        log_prob_masked=log_prob_masked if conditional.log_prob_masked else None,
        complete=complete if conditional.complete else None,
        tells_sets=conditional.tells_sets,
    )


def expected(
    joint: Density, split: Callable[[Event], tuple[jax.Array | None, Event]], unsmoothed: str | None = None
) -> Estimator | None:
    """Expected statistics of a label hidden in some rows or all: the E step of EM; the maximiser is the joint's.

    Dempster, Laird & Rubin (1977), J. R. Stat. Soc. B 39, 1–38.

    Args:
      joint: a density made by `gl.joint`, with a finite prior.
      split: (events[n]) -> (labels int[n], −1 where hidden; None: all are), x[n].
      unsmoothed: the factor to which a scalar smoothing does not go.

    Returns:
      The estimator of the density whose events `split` takes; None where the conditional has none.
    """
    prior, conditional = factors(joint, "marginal")
    of_y, of_x, size = estimator_of(prior), conditional.estimator, prior.space.require_listing()
    both = combine({"prior": of_y, "conditional": of_x}, _no_route, unsmoothed)
    if both is None or of_y is None or of_x is None:
        return None

    def by_label(groups: Groups, shares: jax.Array) -> tuple[Groups, Groups]:
        """Groups of rows split by the hidden label; and groups of labels, weighed by the rows they have."""
        split = groups.share(shares)
        mass = split.totals(shares.shape[0]).reshape(groups.k, -1)
        return split, Groups(groups.k, soft=mass.T)

    def statistics(params: Params, event: Event, given: Event, groups: Groups) -> Stats:
        y, x = split(event)

        def share(one: Params) -> tuple[jax.Array, jax.Array]:
            return shares(possible(log_joint(joint, one, x), y), listing(prior, one["prior"]))

        each, totals = map_groups(share, params)  # [g, n, m], [g, n]
        rows, masses = by_label(groups, each.transpose(1, 0, 2))
        return {
            "prior": of_y.statistics(params["prior"], prior.space.enumerate(), None, masses),
            "conditional": of_x.statistics(params["conditional"], x, None, rows),
            "log_likelihood": groups.total_of(totals.T),
        }

    def start(key: Key, event: Event, given: Event, groups: Groups, smoothing: Smoothing) -> Params:
        y, x = split(event)
        seed, first, second = jax.random.split(key, 3)
        drawn = seed_shares(seed, x, groups, size) if y is None else labelled_shares(seed, y, x, groups, size)
        rows, masses = by_label(groups, drawn)
        return {
            "prior": start_of(of_y, first, prior.space.enumerate(), None, masses, part_of(smoothing, "prior")),
            "conditional": start_of(of_x, second, x, None, rows, part_of(smoothing, "conditional")),
        }

    def merge(a: Stats, b: Stats) -> Stats:
        value = a["log_likelihood"] + b["log_likelihood"]
        return {**both.merge(a, b), "log_likelihood": value}

    def smallest(params: Params) -> jax.Array:
        weights = listing(prior, params["prior"]).min()
        return weights if both.smallest is None else jnp.minimum(weights, both.smallest(params))

    return replace(
        both,
        statistics=statistics,
        merge=merge,
        log_likelihood=lambda stats, params: stats["log_likelihood"],
        exact=False,
        start=start,
        smallest=smallest,
        rows=lambda x: max(block_rows(x, max(30, 2 * size)), size * both.group_rows),
        pool=lambda names: None,
        separate=True,
        scaled=_scaled(both),
    )


def _scaled(both: Estimator) -> Callable[[Stats, Any], Stats] | None:
    inner = both.scaled
    return inner and (lambda stats, c: {**inner(stats, c), "log_likelihood": stats["log_likelihood"] * c})


def map_groups(f: Callable[[Params], T], params: Params) -> T:
    """f of the parameters of every group, one group after another: the memory of one, and no copy of a lone one's."""
    if jax.tree.leaves(params)[0].shape[0] > 1:
        return jax.lax.map(f, params)
    return jax.tree.map(lambda a: a[None], f(jax.tree.map(lambda p: p[0], params)))


def _no_route(name: str, x: Event, given: Event) -> tuple[Event, Event]:
    raise AssertionError("a marginal gathers its own statistics")


def mixture(density: Density, k: int) -> Density:
    """A mixture of `k` components: the short form of `marginal(joint(categorical(k), per_class(density, k)))`.

    Example:
      >>> mixture = gl.mixture(gl.poisson(), 2)
      >>> params = {"prior": {"logits": jnp.zeros(2)}, "conditional": {"rate": jnp.array([1.0, 9.0])}}
      >>> np.asarray(gl.log_prob(mixture, params, jnp.array([0, 9]))).round(3)
      array([-1.693, -2.72 ], dtype=float32)
    """
    return marginal(joint(categorical(k), per_class(density, k)))


def log_joint(joint: Density, params: Params, x: Event) -> jax.Array:
    """log p(y, x_i) for every y of a joint's finite prior: f[n, m]."""
    prior, conditional = factors(joint, "log_joint")
    return add_logs(over_given(conditional, params["conditional"], x), listing(prior, params["prior"])[None])


def possible(every: jax.Array, y: jax.Array | None) -> jax.Array:
    """Of log p(y, x) for every y, f[..., m], those that labels int[...] leave possible: −∞ beside a known label."""
    if y is None:
        return every
    own = jnp.arange(every.shape[-1]).reshape(*(1,) * y.ndim, -1) == y[..., None]
    return jnp.where(own | (y == HIDDEN)[..., None], every, -jnp.inf)


def log_joint_of_one(joint: Density, params: Params, x: Event) -> jax.Array:
    """log p(y, x) of one event for every y of a joint's finite prior: f[m]; −∞ outside the sample space."""
    every = log_joint(joint, params, jax.tree.map(lambda a: a[None], x))[0]
    return jnp.where(factors(joint, "log_joint")[1].space.contains(x), every, -jnp.inf)


def factors(joint: Density, asked_by: str) -> tuple[Density, Conditional]:
    """The prior and the conditional of a joint whose prior can be summed over.

    Raises:
      ValueError: where there are none, or the prior has too many events.
    """
    require(asked_by, Density, joint)
    if joint.factors is None:
        raise ValueError(f"{asked_by}: {joint!r} is not a joint; make one with gl.joint(prior, conditional)")
    joint.factors[0].space.require_listing()
    return joint.factors
