"""Coordinates in which a log-likelihood that is linear in its inputs bends alike in all directions.

Of scores z_c = w_c·x + b_c the mean log-likelihood has, where all classes are equally probable, the Hessian −I ⊗ A with
A = share · mean of (x, 1)(x, 1)ᵀ, plus what a penalty adds. With A = M⁻¹M⁻ᵀ the rows of V in (W, b) = V M see −I. A
climb that starts there needs a fifth of the steps on images, whose pixels go together.
Böhning (1992), Ann. Inst. Statist. Math. 44, 197–200; Nocedal & Wright (2006), Numerical Optimization, §5.1.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from genjax_lab import triangular
from genjax_lab.blocks import reduce_blocks, rows_of
from genjax_lab.numerics import EXACT

LARGEST = 1024
"""More inputs than this are left as they are: the matrix would cost more than the steps that it saves."""

ROWS = 20
"""Rows for each input that the matrix is taken from: its eigenvalues are right to about a factor of 1.5."""

RIDGE = 4
"""Times d ε of the dtype, added to the correlations: what rounding leaves of them."""

SMALLEST = 1e-15
"""An input that stays below this counts as no larger."""


def factor(x: jax.Array, weights: jax.Array | None, bend: tuple[jax.Array, jax.Array], share: float) -> jax.Array:
    """The matrix M above, from rows taken evenly.

    Args:
      x: [n, d], inputs of any dtype.
      weights: f[n], or None for all one.
      bend: (f[d], f[]), what a penalty adds to the curvature of a weight of each input, and of the bias.
      share: p(1 − p) of the Hessian.

    Returns:
      f[d + 1, d + 1], lower triangular; the identity where the rows tell nothing.
    """
    dtype, width = bend[0].dtype, x.shape[1] + 1
    some = slice(None, None, max(1, x.shape[0] // (ROWS * width)))
    x, weights = x[some], jnp.ones(x[some].shape[0], dtype) if weights is None else weights[some].astype(dtype)
    peak = jnp.append(jnp.abs(x.astype(dtype)).max(0), 1.0)
    peak = jnp.where(peak > 0, jnp.maximum(peak, SMALLEST), 1.0)  # squares of any unit are finite

    def block(rows: tuple[jax.Array, jax.Array]) -> jax.Array:
        one = jnp.concatenate([rows[0].astype(dtype), jnp.ones((rows_of(rows), 1), dtype)], 1) / peak[None]
        return jnp.matmul((one * rows[1][:, None]).T, one, precision=EXACT)

    total = weights.sum()
    curvature = share * reduce_blocks(block, jnp.add, (x, weights)) / jnp.where(total > 0, total, 1.0)
    seen = jnp.diagonal(curvature)
    own = seen + seen.mean() / rows_of(x) + jnp.append(*bend) / peak**2  # the mean for an input that these rows lack
    unit = 1 / jnp.sqrt(jnp.where(own > 0, own, 1.0))
    eye = jnp.eye(width, dtype=dtype)
    off = curvature * unit[:, None] * unit[None] * (1 - eye)
    root = triangular.cholesky(off + (1 + RIDGE * width * jnp.finfo(dtype).eps) * eye)
    found = triangular.inverse(root) * (unit / peak)[None]
    return jnp.where(jnp.isfinite(found).all() & (jnp.diagonal(found) > 0).all(), found, eye)


def turned(matrix: jax.Array, coordinates: Any) -> Any:
    """(W, b) = V M, coordinates {"weight": f[m, d], "bias": f[m]}, of whitened ones alike."""
    return _parted(jnp.matmul(_joined(coordinates), matrix, precision=EXACT))


def turned_back(matrix: jax.Array, coordinates: Any) -> Any:
    """V from (W, b) = V M."""
    return _parted(jax.scipy.linalg.solve_triangular(matrix, _joined(coordinates).T, trans=1, lower=True).T)


def _joined(coordinates: Any) -> jax.Array:
    return jnp.concatenate([coordinates["weight"], coordinates["bias"][:, None]], 1)


def _parted(whole: jax.Array) -> Any:
    return {"weight": whole[:, :-1], "bias": whole[:, -1]}
