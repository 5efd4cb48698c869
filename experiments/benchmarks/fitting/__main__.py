"""The command: run the parts and print their figures."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from experiments.benchmarks.fitting import __doc__ as about
from experiments.benchmarks.fitting.logistic import logistic
from experiments.benchmarks.fitting.many import Figures, many, one
from experiments.benchmarks.fitting.mixtures import em
from experiments.record import environment

PARTS: dict[str, Callable[[], dict[str, Figures]]] = {"many": many, "one": one, "em": em, "logistic": logistic}


def main() -> None:
    """Run the parts and print their figures."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    jax.config.update("jax_cpu_enable_async_dispatch", False)  # who waits for every end need not wake another thread
    figures: dict[str, Any] = {"environment": environment()}
    for part in options.only.split(","):
        figures[part] = PARTS[part]()
        print(part)
        for name, values in figures[part].items():
            print(f"  {name}: " + ", ".join(f"{k} {v:.4g}" for k, v in values.items()), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, default=str))


if __name__ == "__main__":
    main()
