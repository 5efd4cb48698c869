"""Closed-form naive Bayes beside scikit-learn at its best setting and the machine's own floors.

    python -m experiments.benchmarks.naive_bayes [--quick] [--json FILE]        # 2 minutes on 2 cores, 10 GB of memory

Every line is measured in one process, warm, in turn with its rival; ratios are of medians. scikit-learn reads float32
with `binarize=None`, its fastest. The read floor is the time to sum the bytes as 64-bit words; the GEMM floor is the
float32 matrix product alone. Compile times and the transfer from NumPy stand apart. Unset what chooses a BLAS kernel
by hand (OPENBLAS_CORETYPE), so that the rival runs its best.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB

import genjax_lab as gl
from experiments.record import environment
from genjax_lab.bench import Timing, compare

Calls = dict[str, Callable[[], Any]]
Case = tuple[dict[str, Timing], float | None]
"""Timings, and the temporaries of a fit over the bytes of the data."""


def bernoulli(rows: int, repeats: int) -> Case:
    """Bits: MNIST's shape, with the pixel probabilities of ten made-up classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, rows).astype(np.int32)
    on = (rng.beta(0.3, 1.2, (10, 784)) * 255).astype(np.uint8)
    x = np.concatenate(
        [(rng.integers(0, 255, (len(part), 784), np.uint8) < on[part]) for part in np.array_split(y, 64)]
    )
    model = gl.joint(gl.categorical(10), gl.per_class(gl.bernoulli((784,)), 10))
    wide = x.astype(np.float32)
    rival = BernoulliNB(binarize=None).fit(wide, y)
    weights = np.ascontiguousarray(rng.normal(size=(784, 10)).astype(np.float32))
    return _compare(
        model,
        y,
        x.view(np.uint8),
        repeats,
        {
            "scikit-learn fit": lambda: BernoulliNB(binarize=None).fit(wide, y),
            "scikit-learn predict": lambda: rival.predict(wide),
            "GEMM floor": lambda: wide @ weights,
        },
    )


def categorical(rows: int, repeats: int) -> Case:
    """Twenty features of ten categories, five classes."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 5, rows).astype(np.int32)
    x = rng.integers(0, 10, (rows, 20)).astype(np.int32)
    model = gl.joint(gl.categorical(5), gl.per_class(gl.categorical(10, (20,)), 5))
    rival = CategoricalNB().fit(x, y)
    rivals = {"scikit-learn fit": lambda: CategoricalNB().fit(x, y), "scikit-learn predict": lambda: rival.predict(x)}
    return _compare(model, y, x, repeats, rivals)


def gaussian(rows: int, repeats: int) -> Case:
    """Twenty normal features, five classes."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 5, rows).astype(np.int32)
    x = (rng.normal(size=(rows, 20)) + y[:, None]).astype(np.float32)
    model = gl.joint(gl.categorical(5), gl.per_class(gl.normal((20,)), 5))
    rival = GaussianNB().fit(x, y)
    rivals = {"scikit-learn fit": lambda: GaussianNB().fit(x, y), "scikit-learn predict": lambda: rival.predict(x)}
    return _compare(model, y, x, repeats, rivals)


def _compare(model: gl.Density, y: np.ndarray, x: np.ndarray, repeats: int, rivals: Calls) -> Case:
    """Time the user's own calls, and the pure cores under them, with the data on the device."""
    on_device = (jnp.asarray(y), jnp.asarray(x))
    data, method, alpha = gl.Data(on_device), gl.closed_form(), jnp.float32(1.0)
    run = jax.jit(gl.run)
    posterior = gl.posterior(model)
    params = gl.fit(model, on_device, smoothing=1.0).params
    words = x.reshape(-1).view(np.uint64)
    calls: Calls = {
        "run": lambda: run(method, model, data, smoothing=alpha),
        "fit": lambda: gl.fit(model, on_device, smoothing=1.0),
        "fit from NumPy": lambda: gl.fit(model, (y, x), smoothing=1.0),
        "predict": lambda: gl.predict(posterior, params, on_device[1]),
        "read floor": lambda: words.sum(),
        **rivals,
    }
    memory = jax.jit(gl.run).lower(method, model, data, smoothing=alpha).compile().memory_analysis()
    timings = compare(
        calls, repeats, compiled={"run": (jax.jit(lambda d: gl.run(method, model, d, smoothing=alpha)), (data,))}
    )
    return timings, None if memory is None else memory.temp_size_in_bytes / x.nbytes


def report(title: str, timings: dict[str, Timing]) -> dict[str, float]:
    """Print one case; return its ratios."""
    wall = {name: t.warm for name, t in timings.items()}
    cpu = {name: t.cpu for name, t in timings.items()}
    ratios = {
        "run vs scikit-learn fit": wall["scikit-learn fit"] / wall["run"],
        "fit vs scikit-learn fit": wall["scikit-learn fit"] / wall["fit"],
        "fit from NumPy vs scikit-learn fit": wall["scikit-learn fit"] / wall["fit from NumPy"],
        "predict vs scikit-learn predict": wall["scikit-learn predict"] / wall["predict"],
        "fit vs scikit-learn fit, CPU time": cpu["scikit-learn fit"] / cpu["fit"],
        "predict vs scikit-learn predict, CPU time": cpu["scikit-learn predict"] / cpu["predict"],
        "run / read floor": wall["run"] / wall["read floor"],
        "fit / run": wall["fit"] / wall["run"],
    }
    if "GEMM floor" in wall:
        ratios["predict / GEMM floor"] = wall["predict"] / wall["GEMM floor"]
    print(f"{title}: compile {timings['run'].compile:.2f} s")
    for name, timing in timings.items():
        print(f"  {name:24s} {1e3 * timing.warm:10.2f} ms   CPU {1e3 * timing.cpu:10.2f} ms")
    for name, value in ratios.items():
        print(f"  {name:44s} {value:8.2f}")
    return ratios


def main() -> None:
    """Run every case and print its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    less = 10 if options.quick else 1
    cases: list[tuple[str, Callable[[], Case]]] = [
        ("Bernoulli 60,000 x 784 uint8", lambda: bernoulli(60_000 // less, 9)),
        ("Bernoulli 1,000,000 x 784 uint8", lambda: bernoulli(1_000_000 // less, 3)),
        ("Categorical 1,000,000 x 20 int32", lambda: categorical(1_000_000 // less, 5)),
        ("Gaussian 1,000,000 x 20 float32", lambda: gaussian(1_000_000 // less, 7)),
    ]
    figures: dict[str, Any] = {"environment": environment()}
    for title, case in cases:
        timings, memory = case()
        ratios, seconds = report(title, timings), {name: asdict(timing) for name, timing in timings.items()}
        figures[title] = {"ratios": ratios, "temporaries / data": memory, "seconds": seconds}
        print(f"  {'temporaries of a fit / data':44s} {'unknown' if memory is None else f'{memory:8.3f}'}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, default=str))


if __name__ == "__main__":
    main()
