"""The command line of the experiments: `list`, `run`, `demo`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import make_dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from experiments import catalogue
from experiments.frame import Order, execute
from genjax_lab.data import ChecksumError, first_available

USAGE = """usage: python -m experiments list
       python -m experiments run NAME [flags of its Config] [--smoke] [--seed N] [--out DIR]
       python -m experiments run NAME --help
       python -m experiments demo [--smoke] [--out DIR]"""


def main(arguments: Sequence[str]) -> int:
    """Carry out a command line; return the exit status: 0 done, 1 could not be done, 2 not understood."""
    try:
        match list(arguments):
            case ["list"]:
                return _list()
            case ["run", name, *flags] if not name.startswith("-"):
                order = _order(catalogue.load(name), name, flags)
            case ["demo", *flags]:
                order = _demo(flags)
            case ["-h" | "--help"]:
                print(USAGE)
                return 0
            case _:
                print(USAGE, file=sys.stderr)
                return 2
        print(execute(order) / "report.html")
        return 0
    except catalogue.UnknownExperiment as error:
        return _complain(error, 2)
    except (OSError, ImportError, ChecksumError) as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted; nothing was kept", 130)


def _list() -> int:
    for name, line in catalogue.names().items():
        print(f"{name:24} {line}")
    return 0


def _order(module: Any, name: str, flags: Sequence[str], **fixed: Any) -> Order:
    """Flags are the fields of the experiment's Config, with `--smoke` choosing other defaults."""
    start = replace(module.SMOKE if "--smoke" in flags else module.Config(), **fixed)
    options = make_dataclass(
        "Options",
        [
            ("config", Annotated[module.Config, tyro.conf.OmitArgPrefixes], start),
            (
                "smoke",
                Annotated[bool, tyro.conf.FlagCreatePairsOff, _about("a variant that takes seconds")],
                False,
            ),
            ("out", Annotated[Path, _about("where the folders of the runs lie")], Path("results")),
        ],
        frozen=True,
    )
    program = f"python -m experiments run {name}"
    chosen: Any = tyro.cli(options, args=list(flags), prog=program, description=module.__doc__)
    return Order(name, chosen.config, chosen.out)


def _about(text: str) -> Any:
    return tyro.conf.arg(help=text)


def _demo(flags: Sequence[str]) -> Order:
    """MNIST if it can be had, and otherwise digits; the first line says which and why."""
    dataset, reason = first_available(("mnist", "digits"))
    print(f"Data: {reason}", flush=True)
    return _order(catalogue.load("mnist"), "mnist", flags, dataset=dataset.name)


def _complain(error: object, status: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
