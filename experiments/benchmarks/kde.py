"""A kernel density estimate of 20,000 rows at 20,000 others, beside scikit-learn's exact one.

    python -m experiments.benchmarks.kde [--rows N] [--json FILE]        # 4 minutes on 2 cores

scikit-learn's `KernelDensity` runs with atol = rtol = 0, as a tree of either kind and of small, middling and one single
leaf: the fastest of these that is right to 1e-3 nats beside a sum in float64, found on some of the rows, is timed on
all. (In 50 dimensions trees of small leaves are not: the bounds that they add and take off leave errors of several
nats.) Ours has the points as parameters, so it keeps nothing ready either. Measured in turn; ratios are of medians, in
processor time: neither is held to one thread.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.special import logsumexp
from sklearn.neighbors import KernelDensity

import genjax_lab as gl
from experiments.record import environment
from genjax_lab.bench import compare

CASES = ((2, 0.3), (10, 0.6), (50, 1.0))
"""Dimensions and bandwidths: about those that leave-one-out likelihood chooses for standard normal rows."""

TRIED = 500
"""Rows on which the rival's settings are tried."""

RIGHT = 1e-3
"""Nats that a log-density may be off."""


def case(rows: int, d: int, bandwidth: float, repeats: int) -> dict[str, Any]:
    """Time both at standard normal rows."""
    rng = np.random.default_rng(0)
    points, x = rng.normal(size=(rows, d)), rng.normal(size=(rows, d))
    wanted = by_hand(points, x[:TRIED], bandwidth)
    setting, rival, tried = best_rival(points, x[:TRIED], bandwidth, wanted)
    model = gl.kde(rows, (d,))
    params = {"points": jnp.asarray(points, jnp.float32), "logits": jnp.zeros(rows), "scale": jnp.full(d, bandwidth)}
    wide = jnp.asarray(x, jnp.float32)
    timings = compare(
        {"ours": lambda: gl.log_prob(model, params, wide), "scikit-learn": lambda: rival.score_samples(x)},
        repeats,
        settle=0.0,
    )
    return {
        "seconds": {name: asdict(timing) for name, timing in timings.items()},
        "setting of scikit-learn": setting,
        "settings tried: seconds of 500 rows, largest error": tried,
        "our largest error, nats": float(np.abs(gl.log_prob(model, params, wide[:TRIED]) - wanted).max()),
        "processor time: scikit-learn / ours": timings["scikit-learn"].cpu / timings["ours"].cpu,
        "wall time: scikit-learn / ours": timings["scikit-learn"].warm / timings["ours"].warm,
    }


def by_hand(points: np.ndarray, x: np.ndarray, bandwidth: float) -> np.ndarray:
    """Log-densities by a loop over rows in float64."""
    n, d = points.shape
    each = [logsumexp(-0.5 * (((row - points) / bandwidth) ** 2).sum(1)) for row in x]
    return np.array(each) - np.log(n) - d * np.log(bandwidth * np.sqrt(2 * np.pi))


def best_rival(
    points: np.ndarray, x: np.ndarray, bandwidth: float, wanted: np.ndarray
) -> tuple[str, KernelDensity, dict[str, tuple[float, float]]]:
    """The fastest setting of those that are right, and what was tried."""
    tried, made = {}, {}
    for algorithm in ("kd_tree", "ball_tree"):
        for leaf in (40, 400, len(points)):
            name = f"{algorithm}, leaves of {leaf:,}"
            rival = KernelDensity(bandwidth=bandwidth, algorithm=algorithm, leaf_size=leaf, atol=0, rtol=0).fit(points)
            begin = time.process_time()
            error = float(np.abs(rival.score_samples(x) - wanted).max())
            tried[name], made[name] = (time.process_time() - begin, error), rival
    best = min((name for name, (_, error) in tried.items() if error < RIGHT), key=lambda name: tried[name][0])
    return best, made[best], tried


def main() -> None:
    """Time every case and print its line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    figures: dict[str, Any] = {"environment": environment()}
    for d, bandwidth in CASES:
        found = case(options.rows, d, bandwidth, options.repeats)
        figures[f"{options.rows:,} x {options.rows:,}, {d} dimensions"] = found
        ours, theirs = (found["seconds"][name]["cpu"] for name in ("ours", "scikit-learn"))
        print(
            f"{d:3d} dimensions: {ours:6.3f} s of processor time, scikit-learn {theirs:6.2f} s "
            f"({found['setting of scikit-learn']}): {theirs / ours:5.1f} times; "
            f"our largest error {found['our largest error, nats']:.1e} nats"
        )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, default=str))


if __name__ == "__main__":
    main()
