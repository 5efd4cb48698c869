"""What the scores ask of their input. Values are looked at only outside a trace, in one compiled pass each."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

_TOLERANCE = 1e-2  # of the log of the sum of a row's probabilities


def checked_labels(caller: str, **labels: ArrayLike) -> list[jax.Array]:
    """Label arrays of one length, as int32.

    Raises:
      ValueError: not the same length, no rows, or not integers.
    """
    arrays = {name: jnp.asarray(values) for name, values in labels.items()}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) > 1 or any(len(shape) != 1 or shape[0] == 0 for shape in shapes):
        found = " and ".join(str(array.shape) for array in arrays.values())
        raise ValueError(f"{caller}: {' and '.join(arrays)} must be (n,) with n ≥ 1; got {found}.")
    for name, array in arrays.items():
        if not jnp.issubdtype(array.dtype, jnp.integer):
            raise ValueError(f"{caller}: {name} must be integers; got {array.dtype}.")
    return [array.astype(jnp.int32) for array in arrays.values()]  # a label in a byte must not wrap round


def require_in_range(caller: str, name: str, labels: jax.Array, num_classes: int) -> None:
    """Refuse a label outside 0..k−1, naming its row.

    Raises:
      ValueError: there is one.
    """
    if isinstance(labels, jax.core.Tracer):
        return
    row = int(_first((labels < 0) | (labels >= num_classes)))
    if row >= 0:
        raise ValueError(f"{caller}: {name}[{row}] = {int(labels[row])} is outside 0..{num_classes - 1}.")


def checked_scores(caller: str, log_probs: ArrayLike, labels: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """The pair log_probs (n, k) and labels (n,).

    Joint log-probabilities log p(x, y) in place of log p(y | x) would give plausible nonsense, so rows that are
    not normalised are refused.

    Raises:
      ValueError: shapes that do not match, rows that are not normalised, a label outside 0..k−1.
    """
    log_probs = jnp.asarray(log_probs)
    if log_probs.ndim != 2 or jnp.shape(labels) != log_probs.shape[:1]:
        raise ValueError(
            f"{caller}: log_probs must be (n, k) and labels (n,) with n ≥ 1; "
            f"got {log_probs.shape} and {jnp.shape(labels)}."
        )
    (labels,) = checked_labels(caller, labels=labels)
    require_in_range(caller, "labels", labels, log_probs.shape[1])
    if not isinstance(log_probs, jax.core.Tracer):
        row = int(_unnormalised(log_probs))
        if row >= 0:
            raise ValueError(
                f"{caller}: the probabilities of row {row} of log_probs do not sum to one (the log of their sum "
                f"is {float(jax.nn.logsumexp(log_probs[row])):.4g}). Pass log p(y | x), for instance from "
                "gl.predict_log_prob."
            )
    return log_probs, labels


@jax.jit
def _first(wrong: jax.Array) -> jax.Array:
    """The first row that is wrong, or −1."""
    return jnp.where(wrong.any(), jnp.argmax(wrong), -1)


@jax.jit
def _unnormalised(log_probs: jax.Array) -> jax.Array:
    return _first(~(jnp.abs(jax.nn.logsumexp(log_probs, axis=1)) < _TOLERANCE))
