"""What the experiment found, in one place for the metrics and the story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import genjax_lab as gl
from experiments.stages import Stages
from experiments.writers.hands import DIGITS, DISCRIMINATIVE, Answer, Contest, contest, hand
from experiments.writers.rows import directions, one_of_us, which_of
from experiments.writers.strange import Strange, ask
from genjax_lab.data import Handwriting
from genjax_lab.evaluate import wilson


@dataclass(frozen=True, eq=False)
class Drawn:
    """New digits from p(z | writer, digit).

    Attributes:
      images: (writers, each, pixels) grey levels; the digits 0, 1, …, 9 again and again.
      right: how many the fit to labels, which saw real digits only, gives to the writer they were drawn for.
      rows: of how many.
    """

    images: NDArray[np.float32]
    right: int
    rows: int


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything measured.

    Attributes:
      which, us: the contests on the two questions.
      drawn: new digits.
      strange: images that no writer wrote so.
      writers: how many there are in all.
      image_shape: (height, width).
    """

    which: Contest
    us: Contest
    drawn: Drawn
    strange: Strange
    writers: int
    image_shape: tuple[int, int]

    def metrics(self) -> dict[str, Any]:
        """The numbers, nested by question."""
        strange = self.strange
        return {
            "which": _contest(self.which),
            "one_of_us": _contest(self.us),
            "variance_of_the_density": self.which.variance,
            "drawn": {"right": self.drawn.right, "rows": self.drawn.rows},
            "strange": {
                name.replace("\n", " "): {
                    "sure": float(strange.sure[i]),
                    "generative_sure": float(strange.generative_sure[i]),
                    "log_prob": float(strange.log_prob[i]),
                    "rank": float(strange.rank[i]),
                    "noticed": bool(strange.noticed[i]),
                }
                for i, name in enumerate(strange.names)
            },
            "real_sure": strange.real_sure,
        }


def _contest(found: Contest) -> dict[str, Any]:
    rows = {part: len(getattr(found.question, part)) for part in ("train", "valid", "test")}
    return {"rows": rows, "answers": {f"{a.model}, {a.side}": _answer(a) for a in found.answers}}


def _answer(answer: Answer) -> dict[str, float]:
    return {
        "accuracy": answer.right / answer.rows,
        "low": answer.low,
        "high": answer.high,
        "log_loss": answer.log_loss,
        "ece": answer.ece,
        "chosen": answer.chosen,
    }


def measure(data: Handwriting, writers: int, d: int, drawn: int, seed: int) -> Findings:
    """Both contests, the drawings and the strange images.

    Raises:
      ValueError: for fewer writers than asked, or one with too few digits.
    """
    question, us = which_of(data, writers, seed), one_of_us(data, writers, seed)
    onto, onto_us = directions(question.known.x, d), directions(us.known.x, d)
    stages = Stages(4)
    which = stages("which of them", lambda: contest(question, onto))
    others = stages("one of us, or not", lambda: contest(us, onto_us))
    stranger = us.test.x[us.test.y == 0][0]
    return Findings(
        which=which,
        us=others,
        drawn=stages("new digits", lambda: _draw(which, onto, drawn, seed)),
        strange=stages("strange images", lambda: ask(which, onto, stranger, data.image_shape[0], seed)),
        writers=len(np.unique(data.writer)),
        image_shape=data.image_shape,
    )


def _draw(found: Contest, onto: Any, each: int, seed: int) -> Drawn:
    """Digits of every writer, and whom the fit to labels takes them for."""
    k, d = len(found.question.answers), onto.vectors.shape[1]
    rival = found.of("LDA", DISCRIMINATIVE)
    given = hand(d).factors
    assert given is not None
    digits = jnp.arange(each, dtype=jnp.int32) % DIGITS
    drawn = []
    for writer, key in enumerate(jax.random.split(jax.random.key(seed), k)):
        params = jax.tree.map(lambda a, w=writer: a[w], found.hands["conditional"]["conditional"])
        drawn.append(gl.sample(given[1], key, params, given=digits))
    z = jnp.stack(drawn)
    images = onto.image(np.asarray(z))
    said = gl.predict(
        gl.logistic_regression(d, k), rival.params, jnp.asarray(onto.project(images.reshape(k * each, -1)))
    )
    right = int((np.asarray(said) == np.repeat(np.arange(k), each)).sum())
    return Drawn(images, right, k * each)


def interval(right: int, rows: int) -> str:
    """A share and Wilson's 95 % interval."""
    low, high = (float(end) for end in wilson(right, rows))
    return f"{right / rows:.1%} ({low:.1%} to {high:.1%})"
