"""Stochastic gradients: any optax optimiser over shuffled minibatches, in one compiled scan an epoch.

The data lie on the device once; the last batch of an epoch is smaller and weighs what it has. Hyper-parameters are
traced, so that a sweep is one `vmap`. With validation data the best epoch's parameters are kept. Of a density with a
random `bound` that is climbed, with new draws at each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from genjax_lab import constraints
from genjax_lab.batch import total_log_prob
from genjax_lab.blocks import rows_of
from genjax_lab.fitting.ascent import Iterative, running
from genjax_lab.fitting.batches import Batch, batch_loss, is_bound, shuffled_batches
from genjax_lab.fitting.data import Data, size_of
from genjax_lab.fitting.problem import Problem, extra, free, held
from genjax_lab.fitting.result import Fit, Status
from genjax_lab.fitting.schedule import Schedule
from genjax_lab.refusal import is_traced
from genjax_lab.types import Key, Params


class State(NamedTuple):
    """What continues.

    Attributes:
      params: the best parameters so far: of the best epoch where there are validation data, else the latest.
      value: mean log-likelihood of the validation data there, or the objective over the last epoch, in nats per event.
      step: epochs done.
      status: a `gl.Status`.
      z: free coordinates, as they move.
      inner: optax's state.
      average: moving average of z.
      key: shuffles the next epochs, and draws for a bound.
      waited: epochs since the best.
    """

    params: Params
    value: jax.Array
    step: jax.Array
    status: jax.Array
    z: jax.Array
    inner: Any
    average: jax.Array
    key: Key
    waited: jax.Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Gradient(Iterative):
    """An optax optimiser on minibatches; a step is an epoch.

    Attributes:
      max_steps: epochs.
      learning_rate: a number, or a schedule over updates.
      hyper: the optimiser's other numbers, by name.
      average: decay of a moving average of the parameters that is what is returned; None: the parameters themselves.
      validation: rows to choose the epoch by, or None.
      patience: epochs without a better one after which it stops.
      optimiser: (learning_rate=, **hyper) -> optax transformation (static).
      batch_size: rows of a batch (static).
      options: the optimiser's other arguments that are no numbers (static).
    """

    max_steps: jax.Array | int
    learning_rate: Any
    hyper: dict[str, Any]
    average: jax.Array | float | None
    validation: Data | None
    patience: jax.Array | int
    optimiser: Callable[..., Any] = field(metadata={"static": True})
    batch_size: int = field(metadata={"static": True})
    options: tuple[tuple[str, Any], ...] = field(metadata={"static": True})

    def _transform(self) -> optax.GradientTransformationExtraArgs:
        made = self.optimiser(learning_rate=self.learning_rate, **self.hyper, **dict(self.options))
        return optax.with_extra_args_support(made)

    def init(self, problem: Problem, params: Params, key: Key | None = None) -> State:
        """The state before the first epoch."""
        if key is None:
            raise TypeError("gl.gradient shuffles its batches: pass key=jax.random.key(seed)")
        if problem.smoothing is not None:
            raise ValueError("gl.gradient takes no smoothing=: use penalty=, or gl.em()")
        params = held(problem, params)
        z, _ = free(problem, params)
        value, zero = jnp.full((), -jnp.inf, z.dtype), jnp.zeros((), jnp.int32)
        return State(params, value, zero, running(), z, self._transform().init(z), jnp.zeros_like(z), key, zero)

    def step(self, problem: Problem, state: State) -> State:
        """One epoch."""
        back = free(problem, state.params)[1]
        key, shuffle = jax.random.split(state.key)
        batches = shuffled_batches(shuffle, rows_of(problem.data.x), self.batch_size, draws=is_bound(problem.density))
        (z, inner, average), values = lax.scan(
            lambda now, batch: self._update(problem, back, now, batch), (state.z, state.inner, state.average), batches
        )
        sizes = batches.size
        if self.average is None:
            params = back(z)
        else:  # as Adam's averages, free of the zeros that it started from
            decay = jnp.asarray(self.average, z.dtype)
            params = back(average / (1 - decay ** ((state.step + 1) * len(sizes))))
        value = (values * sizes).sum() / sizes.sum() if self.validation is None else self._validate(problem, params)
        finite = constraints.is_allowed(problem.density.parameters, params) & jnp.isfinite(value)
        better = finite & (True if self.validation is None else value > state.value)
        waited = jnp.where(better, 0, state.waited + 1)
        status = jnp.where(waited >= self.patience, Status.COMPLETED, Status.RUNNING)
        status = jnp.where(finite, status, Status.NON_FINITE).astype(jnp.int32)
        return State(
            params=jax.tree.map(lambda a, b: jnp.where(better, a, b), params, state.params),
            value=jnp.where(better, value, state.value),
            step=state.step + 1,
            status=status,
            z=z,
            inner=inner,
            average=average,
            key=key,
            waited=waited,
        )

    def _update(self, problem: Problem, back: Any, now: Any, batch: Batch) -> Any:
        z, inner, average = now

        def of(z: jax.Array) -> jax.Array:
            return batch_loss(problem, z, back, batch)

        loss, slope = jax.value_and_grad(of)(z)
        move, inner = self._transform().update(slope, inner, z, value=loss, grad=slope, value_fn=of)
        z = optax.apply_updates(z, move)
        if self.average is not None:
            decay = jnp.asarray(self.average, z.dtype)
            average = decay * average + (1 - decay) * z
        return (z, inner, average), -loss

    def _validate(self, problem: Problem, params: Params) -> jax.Array:
        held_out = self.validation
        assert held_out is not None
        total = total_log_prob(problem.density, params, held_out.x, held_out.given, held_out.weights)
        return total / size_of(held_out)

    def finish(self, problem: Problem, state: State) -> Fit:
        """The result: COMPLETED, and the log-likelihood of all rows."""
        data = problem.data
        total = total_log_prob(problem.density, state.params, data.x, data.given, data.weights)
        allowed = constraints.is_allowed(problem.density.parameters, state.params)
        status = jnp.where(state.status == Status.RUNNING, Status.COMPLETED, state.status)
        status = jnp.where(allowed & ~jnp.isnan(total), status, Status.NON_FINITE).astype(jnp.int32)
        value = state.value
        if self.validation is None:
            value = total / problem.size + extra(problem, free(problem, state.params)[0], state.params)
        return Fit(
            state.params, total, problem.size, state.step, status, objective=value,
            density=problem.density, method="gradient",
        )  # fmt: skip


def gradient(
    optimiser: Callable[..., Any] = optax.adam,
    learning_rate: float | jax.Array | Schedule = 1e-3,
    *,
    batch_size: int = 256,
    epochs: int = 10,
    validation: Data | None = None,
    patience: int | None = None,
    average: float | None = None,
    **hyper: Any,
) -> Gradient:
    """Stochastic gradient ascent by any optax optimiser.

    Args:
      optimiser: an optax factory, such as `optax.adam` or `optax.sgd`; itself, not its result.
      learning_rate: a number (traced), or `gl.schedule(...)` over updates.
      batch_size: rows of a batch.
      epochs: the most passes over the data.
      validation: rows, as `gl.Data`, to choose the best epoch by.
      patience: epochs without a better one on the validation rows after which it stops; None: never.
      average: decay an update of a moving average of the parameters, such as 0.999, which is then what counts.
      **hyper: more arguments of the optimiser; numbers are traced.

    Returns:
      A method for `gl.fit` and `gl.run`; both need a `key`.

    Raises:
      TypeError: for an optimiser, or a schedule, that was already called, a schedule of another argument, or
        validation rows that are no `gl.Data`.
      ValueError: for a batch size, number of epochs or patience below 1, patience without validation data, or an
        average outside 0 ≤ average < 1.

    Example:
      >>> x = jnp.array([0, 1, 1, 1] * 50)
      >>> method = gl.gradient(optax.adam, learning_rate=0.1, batch_size=50, epochs=60)
      >>> fit = gl.fit(gl.bernoulli(), x, method=method, key=jax.random.key(0), start={"logits": 0.0})
      >>> round(float(jax.nn.sigmoid(fit.params["logits"])), 2)
      0.75
    """
    if not callable(optimiser):
        raise TypeError(f"gl.gradient takes an optax factory, such as optax.adam, not {optimiser!r}")
    if callable(learning_rate) and not isinstance(learning_rate, Schedule):
        raise TypeError("gl.gradient: wrap the schedule, learning_rate=gl.schedule(optax.cosine_decay_schedule, ...)")
    for name, value in (("batch_size", batch_size), ("epochs", epochs)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"gl.gradient: {name} = {value} must be a whole number, at least 1")
    if patience is not None and not is_traced(patience) and not patience >= 1:
        raise ValueError(f"gl.gradient: patience = {patience} must be at least 1")
    if average is not None and not is_traced(average) and not 0 <= average < 1:
        raise ValueError(f"gl.gradient: average = {average} must be at least 0 and less than 1")
    if patience is not None and validation is None:
        raise ValueError("gl.gradient: patience needs validation=gl.Data(...), rows to choose the best epoch by")
    if validation is not None and not isinstance(validation, Data):
        raise TypeError(f"gl.gradient: validation is {type(validation).__name__}; pass the rows as gl.Data(x)")
    for name, argument in hyper.items():
        if isinstance(argument, Schedule):
            raise TypeError(f"gl.gradient: {name} takes a number; only learning_rate takes a schedule")
    numbers = {n: v for n, v in hyper.items() if isinstance(v, float | jax.Array)}
    options = tuple(sorted((n, v) for n, v in hyper.items() if n not in numbers))
    wait = jnp.iinfo(jnp.int32).max if patience is None else patience
    return Gradient(epochs, learning_rate, numbers, average, validation, wait, optimiser, batch_size, options)
