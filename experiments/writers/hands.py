"""The fits that answer a question: naive Bayes and LDA, each two ways; and hands, a writer's way with each digit.

    p(z | writer) = Σ_digit p(digit | writer) N(z; μ_{digit, writer}, Σ_writer)

The digit is seen while a hand is learnt, so that a hand is a closed form, and hidden when it is asked: then a hand is
a mixture with the same parameters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import genjax_lab as gl
from experiments.generative_vs_discriminative.pairs import Pair, lda, naive_bayes
from experiments.writers.rows import Directions, Question, Rows
from genjax_lab.evaluate import accuracy, calibration, log_loss, wilson

DIGITS = 10
GENERATIVE, DISCRIMINATIVE = "p(x | y) p(y)", "p(y | x)"


AMOUNTS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Variance to add to a hand, to choose from, in squares of the directions' standard deviations."""


def spread(amount: Any) -> Any:
    """More variance in every hand; each digit counts as written once more."""
    return {"prior": 1.0, "conditional": {"prior": 1.0, "conditional": {"scale_tril": amount}}}


def hand(d: int) -> gl.Density:
    """p(digit, z): a normal density a digit, all of one covariance."""
    return gl.joint(gl.categorical(DIGITS), gl.per_class(gl.mvnormal(d), DIGITS, shared="scale_tril"))


def seen(d: int, k: int) -> gl.Density:
    """A hand for each of k writers, the digit seen: events (writer, (digit, z))."""
    return gl.joint(gl.categorical(k), gl.per_class(hand(d), k))


def hidden(d: int, k: int) -> gl.Density:
    """The same with the digit hidden: events (writer, z), and the same parameters."""
    return gl.joint(gl.categorical(k), gl.per_class(gl.marginal(hand(d)), k))


@dataclass(frozen=True, eq=False)
class Answer:
    """How one fit answers a question.

    Attributes:
      model: the family.
      side: `GENERATIVE` or `DISCRIMINATIVE`.
      right, rows: test rows that are answered right, of how many.
      low, high: ends of Wilson's 95 % interval of the share.
      log_loss: −log p(y | x) of a test row, nats.
      ece: expected calibration error.
      chosen: the smoothing or ridge that validation chose.
      params: fitted to training and validation rows.
    """

    model: str
    side: str
    right: int
    rows: int
    low: float
    high: float
    log_loss: float
    ece: float
    chosen: float
    params: Any


@dataclass(frozen=True, eq=False)
class Contest:
    """A question and the answers of every fit, each of whose choices was made by validation.

    Attributes:
      question: asked.
      answers: of every fit; its smoothing or ridge is the one of least validation log-loss.
      variance: added to the hands where they have the greatest validation p(writer, digit, z): best as a density.
      hands: parameters with this variance, fitted to training and validation rows.
    """

    question: Question
    answers: tuple[Answer, ...]
    variance: float
    hands: Any

    def of(self, model: str, side: str) -> Answer:
        """The answer of one fit."""
        return next(a for a in self.answers if (a.model, a.side) == (model, side))


def contest(question: Question, onto: Directions) -> Contest:
    """Choose by validation, fit again to training and validation rows, and answer the test rows once."""
    k, d = len(question.answers), onto.vectors.shape[1]

    def along(rows: Rows) -> Any:
        return jnp.asarray(onto.project(rows.x))

    pixels = naive_bayes(gl.bernoulli(question.train.x.shape[1:]), k)
    answers, variance, params = _hands(question, d, along)
    both = [*_both(question, pixels, bits), *_both(question, lda(d, k), along)]
    return Contest(question, (*both, *answers), variance, params)


def bits(rows: Rows) -> Any:
    """Black and white."""
    return jnp.asarray((rows.x > 127).astype(np.uint8))


def _both(question: Question, pair: Pair, look: Callable[[Rows], Any]) -> list[Answer]:
    """Both fits of a pair to what it looks at."""
    key, known = jax.random.key(0), question.known
    y, x = jnp.asarray(known.y), look(known)

    def counts(weights: jax.Array, amount: float) -> Any:
        return _generative(pair, y, x, weights, amount, key)

    amount = _best(question, pair.posterior, pair.amounts, counts, look)
    own = counts(jnp.ones(len(y)), amount)

    def climbs(weights: jax.Array, ridge: float) -> Any:
        return _discriminative(pair, y, x, weights, ridge, own)

    ridge = _best(question, pair.conditional, pair.ridges, climbs, look)
    rival = climbs(jnp.ones(len(y)), ridge)
    test = look(question.test)
    return [
        _scored(pair.name, GENERATIVE, pair.posterior, own, test, question.test.y, amount),
        _scored(pair.name, DISCRIMINATIVE, pair.conditional, rival, test, question.test.y, ridge),
    ]


def _hands(question: Question, d: int, along: Callable[[Rows], Any]) -> tuple[list[Answer], float, Any]:
    """A hand for each answer, asked without and with the digit; and the hands that are the best density."""
    k, known, valid, test = len(question.answers), question.known, question.valid, question.test
    model, ask = seen(d, k), gl.posterior(hidden(d, k))
    y, x = jnp.asarray(known.y), (jnp.asarray(known.digit), along(known))

    def counts(weights: jax.Array, amount: float) -> Any:
        return _closed(model, y, x, weights, amount)

    amount = _best(question, ask, AMOUNTS, counts, along)
    own = counts(jnp.ones(len(y)), amount)
    told = jnp.asarray(test.digit), along(test)
    held_out = jnp.asarray(valid.y), (jnp.asarray(valid.digit), along(valid))
    variance = min(AMOUNTS, key=lambda v: float(gl.nll(model, counts(_training(question), v), held_out)))
    answers = [
        _scored("hands", GENERATIVE, ask, own, told[1], test.y, amount),
        _scored("hands, told the digit", GENERATIVE, gl.posterior(model), own, told, test.y, amount),
    ]
    return answers, variance, counts(jnp.ones(len(y)), variance)


def _best(
    question: Question,
    conditional: gl.Conditional,
    grid: Sequence[float],
    fit: Callable[[jax.Array, float], Any],
    look: Callable[[Rows], Any],
) -> float:
    """The number whose fit to the training rows has the least log-loss on the validation rows, which have weight 0."""
    weights = _training(question)
    x, y = look(question.valid), jnp.asarray(question.valid.y)

    def nats(number: float) -> float:
        return float(log_loss(gl.predict_log_prob(conditional, fit(weights, number), x), y))

    return min(grid, key=nats)


def _training(question: Question) -> jax.Array:
    """Weights of the known rows: 1 of a training row, 0 of a validation row."""
    return jnp.concatenate([jnp.ones(len(question.train)), jnp.zeros(len(question.valid))])


@functools.partial(jax.jit, static_argnames="pair")
def _generative(pair: Pair, y: jax.Array, x: Any, weights: jax.Array, amount: Any, key: jax.Array) -> Any:
    return pair.generative(gl.Data((y, x), weights=weights), amount, key)


@functools.partial(jax.jit, static_argnames="pair")
def _discriminative(pair: Pair, y: jax.Array, x: Any, weights: jax.Array, ridge: Any, fitted: Any) -> Any:
    return pair.discriminative(gl.Data((y, x), weights=weights), ridge, fitted)


@functools.partial(jax.jit, static_argnames="model")
def _closed(model: gl.Density, y: jax.Array, x: Any, weights: jax.Array, amount: Any) -> Any:
    data = gl.Data((y, x), weights=weights)
    return gl.run(gl.closed_form(), model, data, smoothing=spread(amount)).params


def _scored(
    model: str, side: str, ask: gl.Conditional, params: Any, x: Any, y: NDArray[np.int32], chosen: float
) -> Answer:
    labels, log_probs = jnp.asarray(y), gl.predict_log_prob(ask, params, x)
    right = round(float(accuracy(log_probs.argmax(1), labels)) * len(y))
    low, high = (float(end) for end in wilson(right, len(y)))
    nats, off = float(log_loss(log_probs, labels)), float(calibration(log_probs, labels).ece)
    return Answer(model, side, right, len(y), low, high, nats, off, chosen, params)
