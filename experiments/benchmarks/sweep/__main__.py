"""The command: draw, fit, ask the rival, judge, print the table."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import genjax_lab as gl
from experiments.benchmarks.sweep import __doc__ as about
from experiments.benchmarks.sweep.families import FAMILIES, Family
from experiments.benchmarks.sweep.rival import rival_of
from experiments.record import environment
from genjax_lab.fitting.choose import usual_method

SIZES = (2, 3, 5, 10, 30, 100, 1000, 10_000)
TOLERANCE = 2e-5


def fits_of(family: Family, rows: list[np.ndarray]) -> gl.Fit:
    """Fit all the sets of a cell in one compiled call, as `gl.fit` would each of them."""
    conditional = isinstance(family.density, gl.Conditional)
    data = gl.Data(jnp.asarray(rows[0]), jnp.asarray(rows[1]) if conditional else None)
    one = jax.tree.map(lambda a: a[0], data)
    method = usual_method(gl.Problem(family.density, one))
    keys = jax.random.split(jax.random.key(0), len(rows[0]))
    return jax.jit(jax.vmap(lambda d, k: gl.run(method, family.density, d, key=k)))(data, keys)


def judge(name: str, fits: gl.Fit, i: int, rows: tuple[np.ndarray, ...], best: float) -> dict[str, Any]:
    """How one fit ended, and how far below the rival it is in nats per event."""
    family, n = FAMILIES[name], len(rows[0])
    wide = tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in rows)
    params = jax.tree.map(lambda p: np.asarray(p[i], np.float64), fits.params)
    with np.errstate(all="ignore"):
        value = family.log_likelihood(params, *wide)
    gap = 0.0 if value == best else (best - value) / n
    status = gl.Status(int(fits.status[i]))
    wrong = not gap <= TOLERANCE * (1 + abs(best) / n)
    silent = status is gl.Status.CONVERGED and (wrong or family.endless(*wide))
    return {"family": name, "n": n, "status": status.name, "gap": gap, "wrong": wrong, "silent": silent, "set": i}


def cell(name: str, n: int, sets: int, pool: ProcessPoolExecutor) -> Iterator[dict[str, Any]]:
    """All sets of one density and size."""
    family = FAMILIES[name]
    rng = np.random.default_rng([n, sum(map(ord, name))])
    drawn = [family.draw(rng, n) for _ in range(sets)]
    each = [d if isinstance(d, tuple) else (d,) for d in drawn]
    rivals = pool.map(rival_of, [name] * sets, each, chunksize=8)
    fits = jax.block_until_ready(fits_of(family, [np.stack(part) for part in zip(*each, strict=True)]))
    for i, (rows, best) in enumerate(zip(each, rivals, strict=True)):
        yield judge(name, fits, i, rows, best)


def table(found: list[dict[str, Any]]) -> str:
    """One line a density, and their sum."""
    lines = [
        f"{'density':18s} {'fits':>6s} {'CONVERGED':>9s} {'told':>6s} {'wrong, told':>11s} {'wrong, silent':>13s} gap"
    ]
    names = [*dict.fromkeys(f["family"] for f in found), "all"]
    for name in names:
        own = [f for f in found if name in (f["family"], "all")]
        done = [f for f in own if f["status"] == "CONVERGED" and not f["silent"]]
        told = Counter(f["status"] for f in own if f["status"] != "CONVERGED")
        wrong = sum(f["wrong"] and not f["silent"] for f in own)
        silent = sum(f["silent"] for f in own)
        worst = max((f["gap"] for f in done), default=0.0)
        said = ", ".join(f"{k} {v}" for k, v in told.most_common())
        counts = f"{len(own):6d} {len(done):9d} {sum(told.values()):6d} {wrong:11d} {silent:13d}"
        lines.append(f"{name:18s} {counts} {worst:.1e}  {said}")
    return "\n".join(lines)


def main() -> None:
    """Run the sweep."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--sets", type=int, default=90, help="data sets of each density and size")
    parser.add_argument("--only", help="densities, with commas")
    parser.add_argument("--json", type=Path, help="also write every fit to this file")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(FAMILIES)
    found: list[dict[str, Any]] = []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for name in names:
            began = time.perf_counter()
            for n in SIZES:
                found += cell(name, n, options.sets, pool)
            print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
            for f in found:
                if f["family"] == name and f["silent"]:
                    print("  wrong and silent:", f, flush=True)
    print(table(found))
    if options.json:
        summary = {
            "environment": environment(),
            "table": table(found).splitlines(),
            "silent": [f for f in found if f["silent"]],
        }
        options.json.write_text(json.dumps(summary, indent=2, default=str))


if __name__ == "__main__":
    main()
