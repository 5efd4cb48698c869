"""The rival optimum: SciPy's, in float64, from several starts, or a formula."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from experiments.benchmarks.sweep.families import FAMILIES


def rival_of(name: str, rows: tuple[np.ndarray, ...]) -> float:
    """The highest Σ log p that SciPy finds in float64."""
    family = FAMILIES[name]
    rows = tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in rows)
    if family.best is not None:
        return float(family.best(*rows))
    assert family.pack is not None and family.starts is not None
    pack, n = family.pack, len(rows[0])

    def loss(z: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            value = -family.log_likelihood(pack(np.asarray(z)), *rows) / n
        return float(value) if np.isfinite(value) else 1e10

    ends = [optimize.minimize(loss, z, method="L-BFGS-B") for z in family.starts(*rows)]
    best = min(ends, key=lambda end: end.fun)
    fine = optimize.minimize(loss, best.x, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10})
    return -n * min(best.fun, fine.fun)
