"""EM by minibatches: statistics that forget, s ← (1 − ρ_t) s + ρ_t ŝ, and parameters that maximise them at once.

ŝ are the expected statistics of a batch, as of all the data; ρ_t = (t + 1)^−κ. Every batch improves the parameters,
where a pass over all the data improves them once; κ between ½ and 1 lets the steps die away, but not too soon.
Cappé & Moulines (2009), J. R. Stat. Soc. B 71, 593–613.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from genjax_lab import constraints
from genjax_lab.batch import total_log_prob
from genjax_lab.blocks import rows_of
from genjax_lab.estimator import Estimator
from genjax_lab.fitting.ascent import Iterative, running
from genjax_lab.fitting.batches import shuffled_batches
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.problem import Problem, held
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.fitting.sufficient import gather
from genjax_lab.implicit import estimator_of
from genjax_lab.refusal import whole_number
from genjax_lab.types import Key, Params, Stats


class State(NamedTuple):
    """What continues.

    Attributes:
      params: the parameters.
      value: mean log-likelihood of the last epoch's batches, each before it was learnt from, in nats per event.
      step: epochs done.
      status: a `gl.Status`.
      stats: the statistics that forget.
      batches: how many were learnt from.
      key: shuffles the next epochs.
    """

    params: Params
    value: jax.Array
    step: jax.Array
    status: jax.Array
    stats: Stats
    batches: jax.Array
    key: Key


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class OnlineEM(Iterative):
    """Expectation maximisation by minibatches; a step is an epoch.

    Attributes:
      max_steps: epochs.
      decay: κ, how fast the share ρ_t of a batch falls.
      batch_size: rows of a batch (static).
    """

    max_steps: jax.Array | int
    decay: jax.Array | float
    batch_size: int = field(metadata={"static": True})

    def init(self, problem: Problem, params: Params, key: Key | None = None) -> State:
        """The state before the first epoch."""
        if not problem.plain:
            raise ValueError("gl.online_em takes no penalty= and no fixed=: use gl.gradient(), or smoothing=")
        if key is None:
            raise TypeError("gl.online_em shuffles its batches: pass key=jax.random.key(seed)")
        params = held(problem, params)
        first = jax.tree.map(lambda a: a[:1], problem.data)
        shapes = jax.eval_shape(lambda: self._expected(problem, _estimator(problem), first, jnp.ones(1), params))
        stats = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        zero, value = jnp.zeros((), jnp.int32), jnp.full((), -jnp.inf, jnp.result_type(float))
        return State(params, value, zero, running(), stats, zero, key)

    def step(self, problem: Problem, state: State) -> State:
        """One epoch."""
        key, shuffle = jax.random.split(state.key)
        batches = shuffled_batches(shuffle, rows_of(problem.data.x), self.batch_size)[:2]
        start = state.params, state.stats, state.batches
        (params, stats, count), values = lax.scan(lambda now, batch: self._learn(problem, now, *batch), start, batches)
        value = values.sum() / problem.size
        finite = constraints.is_allowed(problem.density.parameters, params) & ~jnp.isnan(value)
        status = jnp.where(finite, Status.RUNNING, Status.NON_FINITE).astype(jnp.int32)
        return State(params, value, state.step + 1, status, stats, count, key)

    def _learn(self, problem: Problem, now: Any, rows: jax.Array, size: jax.Array) -> Any:
        """From one batch, of which the first `size` rows count."""
        (params, stats, count), estimator = now, _estimator(problem)
        batch = jax.tree.map(lambda a: jnp.take(a, rows, 0), problem.data)
        counts = (jnp.arange(rows.shape[0]) < size).astype(jnp.result_type(float))
        weights = counts if batch.weights is None else counts * batch.weights
        new = self._expected(problem, estimator, batch, weights, params)
        assert estimator.scaled is not None and estimator.log_likelihood is not None
        value = estimator.log_likelihood(new, params)
        share = jnp.minimum(1.0, (count + 1.0) ** -self.decay)
        whole = share * rows_of(problem.data.x) / size
        stats = estimator.merge(estimator.scaled(stats, 1 - share), estimator.scaled(new, whole))
        return (estimator.maximise(stats, params, problem.smoothing), stats, count + 1), value

    def _expected(
        self, problem: Problem, estimator: Estimator, batch: Data, weights: jax.Array, params: Params
    ) -> Stats:
        return gather(problem.density, estimator, Data(batch.x, batch.given, weights), params).values

    def finish(self, problem: Problem, state: State) -> Fit:
        """The result: COMPLETED, and the log-likelihood of all rows.

        NON_FINITE where a row has become impossible: what early batches lacked has probability 0 without smoothing.
        """
        data = problem.data
        total = total_log_prob(problem.density, state.params, data.x, data.given, data.weights)
        status = jnp.where(state.status == Status.RUNNING, Status.COMPLETED, state.status)
        status = jnp.where(jnp.isnan(total) | jnp.isneginf(total), Status.NON_FINITE, status).astype(jnp.int32)
        return Fit(
            state.params, total, problem.size, state.step, status, objective=state.value,
            density=problem.density, method="online_em",
        )  # fmt: skip


def _estimator(problem: Problem) -> Estimator:
    """The density's estimator, whose statistics can be scaled.

    Raises:
      ValueError: where they cannot.
    """
    estimator = estimator_of(problem.density)
    if estimator.scaled is None or estimator.log_likelihood is None:
        raise ValueError(f"gl.online_em: the statistics of {problem.density!r} cannot be scaled: use gl.em()")
    return estimator


def online_em(epochs: int | jax.Array = 10, batch_size: int = 500, decay: float | jax.Array = 0.7) -> OnlineEM:
    """Expectation maximisation by minibatches, for densities with a hidden part and much data.

    Args:
      epochs: passes over the data; all are taken.
      batch_size: rows of a batch.
      decay: κ in ½ < κ ≤ 1; the t-th batch has the share (t + 1)^−κ in what the parameters are made of.

    Returns:
      A method for `gl.fit` and `gl.run`; both need a `key`.

    Raises:
      ValueError: for a number of epochs or rows below 1, or another decay.
      TypeError: for epochs or rows that are no whole numbers.

    Example:
      >>> x = jnp.array([0, 1, 0, 9, 8, 9] * 50)
      >>> fit = gl.fit(gl.mixture(gl.poisson(), 2), x, method=gl.online_em(5, batch_size=30), key=jax.random.key(0))
      >>> np.sort(np.asarray(fit.params["conditional"]["rate"])).round(0)
      array([0., 9.], dtype=float32)
    """
    whole_number("online_em", "batch_size", batch_size)
    if not isinstance(epochs, jax.Array):
        whole_number("online_em", "epochs", epochs)
    if not isinstance(decay, jax.Array) and not 0.5 < decay <= 1:
        raise ValueError(f"online_em: decay = {decay} must be above 0.5 and at most 1")
    return OnlineEM(epochs, decay, batch_size)
