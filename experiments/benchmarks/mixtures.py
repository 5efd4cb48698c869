"""One EM step of a mixture of coins beside its floor: the two float32 matrix products, and nothing else.

    python -m experiments.benchmarks.mixtures [--json FILE]        # 1 minute on 2 cores

The step is the library's own, from uint8 rows, boundaries exact: expected statistics, likelihood, M step. The floor
has its rows widened beforehand. Both are jitted JAX, timed in turn; ratios are of medians.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.record import environment
from genjax_lab.bench import compare


def em_step(rows: int, pixels: int, components: int, smoothing: float | None, repeats: int) -> dict[str, Any]:
    """Time a step from parameters that one step from a start of rows has given."""
    rng = np.random.default_rng(0)
    on = rng.beta(0.3, 1.2, (20, pixels))
    on[:, : pixels // 8] = 0  # a border that is never on: without smoothing its log-odds are −∞
    x = (rng.random((rows, pixels), np.float32) < on[rng.integers(0, 20, rows)]).astype(np.uint8)
    model, method = gl.mixture(gl.bernoulli((pixels,)), components), gl.em(curvature=False)
    data, wide = gl.Data(jnp.asarray(x)), jnp.asarray(x, jnp.float32)
    step = jax.jit(lambda data, state: method.step(gl.Problem(model, data, smoothing), state))
    state = step(data, method.init(gl.Problem(model, data, smoothing), model.init(jax.random.key(0))))
    weights, shares = jnp.ones((pixels, components)), jnp.ones((rows, components)) / components
    products = jax.jit(lambda x, w, r: (x @ w, r.T @ x))
    memory = step.lower(data, state).compile().memory_analysis()
    timings = compare(
        {"step": lambda: step(data, state), "GEMM floor": lambda: products(wide, weights, shares)}, repeats
    )
    return {
        "seconds": {name: asdict(timing) for name, timing in timings.items()},
        "step / GEMM floor": timings["step"].warm / timings["GEMM floor"].warm,
        "temporaries, MB": None if memory is None else memory.temp_size_in_bytes / 1e6,
    }


def main() -> None:
    """Time every case and print its line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    figures: dict[str, Any] = {"environment": environment()}
    for rows, components in ((60_000, 10), (60_000, 50), (20_000, 500)):
        for smoothing in (0.1, None):
            name = f"{rows:,} x 784 uint8, K = {components}, " + ("smoothed" if smoothing else "with log-odds of -inf")
            found = figures[name] = em_step(rows, 784, components, smoothing, options.repeats)
            step, floor = (found["seconds"][part]["warm"] * 1e3 for part in ("step", "GEMM floor"))
            print(
                f"{name:55s} {step:8.1f} ms, floor {floor:8.1f} ms: {found['step / GEMM floor']:.2f}; "
                f"temporaries {found['temporaries, MB']:.1f} MB"
            )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, default=str))


if __name__ == "__main__":
    main()
