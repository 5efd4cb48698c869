"""How far off a measured share may be: intervals for a probability, from so many right of so many."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from genjax_lab.refusal import is_traced


def wilson(right: ArrayLike, rows: ArrayLike, level: float = 0.95) -> tuple[jax.Array, jax.Array]:
    """Wilson's score interval of a probability.

        (p̂ + z²/2n ± z √(p̂ (1 − p̂)/n + z²/4n²)) / (1 + z²/n)      p̂ = right / n,  z = Φ⁻¹((1 + level)/2)

    Unlike p̂ ± z √(p̂ (1 − p̂)/n) it stays in [0, 1], and is no point where all or none are right.
    Wilson (1927), J. Am. Stat. Assoc. 22, 209–212.

    Args:
      right: how many of the rows are right; any shape.
      rows: how many rows n ≥ 1, independent of each other.
      level: in (0, 1), how often an interval so made covers the probability.

    Returns:
      Lower and upper end, in [0, 1].

    Raises:
      ValueError: a level outside (0, 1), no rows, or more right than there are.

    Example:
      >>> [round(float(end), 3) for end in wilson(8, 10)]
      [0.49, 0.943]
    """
    if not 0 < level < 1:
        raise ValueError(f"wilson: level = {level} must be above 0 and below 1")
    right, n = (jnp.asarray(a, jnp.result_type(float)) for a in (right, rows))
    if not is_traced(right, n) and not bool(jnp.all((n >= 1) & (right >= 0) & (right <= n))):
        raise ValueError(f"wilson: right = {right} of rows = {n}; 0 ≤ right ≤ rows and rows ≥ 1 are due")
    z = jax.scipy.special.ndtri((1 + level) / 2)
    share, some = right / n, z * z / n
    middle = (share + some / 2) / (1 + some)
    reach = z * jnp.sqrt(share * (1 - share) / n + some / (4 * n)) / (1 + some)
    return jnp.clip(middle - reach, 0.0, 1.0), jnp.clip(middle + reach, 0.0, 1.0)
