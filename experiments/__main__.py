"""The command line of the experiments: `list`, `run`, `report`, `demo`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from experiments import catalogue, index
from experiments.frame import Order, execute
from experiments.result import Refused
from genjax_lab import CheckpointError
from genjax_lab.data import ChecksumError, DataNotFoundError, first_available

USAGE = """usage: python -m experiments list
       python -m experiments run NAME [flags of its Config] [--smoke] [--seed N] [--out DIR]
       python -m experiments run NAME --help
       python -m experiments report [--out DIR]
       python -m experiments demo [--smoke] [--out DIR]"""

DEMO = ("world_map", "first_model", "naive_bayes", "mnist")
"""What the demonstration runs, small, in the order of the text."""


def main(arguments: Sequence[str]) -> int:
    """Carry out a command line; return the exit status: 0 done, 1 could not be done, 2 not understood."""
    try:
        match list(arguments):
            case ["list"]:
                return _list()
            case ["run", name, *flags] if not name.startswith("-"):
                order = _order(catalogue.load(name), name, flags)
                print(execute(order) / "report.html")
            case ["report", *flags]:
                print(index.write(_folder("report", flags).out))
            case ["demo", *flags]:
                print(_demo(_folder("demo", flags)))
            case ["-h" | "--help"]:
                print(USAGE)
                return 0
            case _:
                print(USAGE, file=sys.stderr)
                return 2
        return 0
    except catalogue.UnknownExperiment as error:
        return _complain(error, 2)
    except (OSError, ImportError, ChecksumError, Refused, CheckpointError) as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted; there is no report", 130)


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
                Annotated[
                    bool,
                    tyro.conf.FlagCreatePairsOff,
                    _about("a small variant: seconds, or minutes where much is compiled"),
                ],
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


@dataclass(frozen=True)
class Folder:
    """Flags of `report` and `demo`."""

    out: Annotated[Path, _about("where the folders of the runs lie")] = Path("results")


@dataclass(frozen=True)
class Demo(Folder):
    """Flags of `demo`."""

    smoke: Annotated[bool, tyro.conf.FlagCreatePairsOff, _about("everything as small as it can be")] = False


def _folder(command: str, flags: Sequence[str]) -> Any:
    kind: Any = Demo if command == "demo" else Folder
    return tyro.cli(kind, args=list(flags), prog=f"python -m experiments {command}")


def _demo(options: Demo) -> Path:
    """The text from its map to its digits, and the page over the reports.

    MNIST if it can be had, and otherwise digits; the first line says which and why. Where an experiment's data cannot
    be had, it is run without them, or else left out, and a line says so.
    """
    dataset, reason = first_available(("mnist", "digits"))
    print(f"Data: {reason}", flush=True)
    for name in DEMO:
        module = catalogue.load(name)
        config = module.SMOKE
        if name == "mnist":
            config = replace(module.SMOKE if options.smoke else module.Config(), dataset=dataset.name)
        try:
            print(execute(Order(name, config, options.out)) / "report.html", flush=True)
        except DataNotFoundError as error:
            spare = getattr(module, "WITHOUT_DATA", None)
            print(f"{name} {'is left out' if spare is None else 'tells what needs no data'}: {error}", flush=True)
            if spare is not None:
                print(execute(Order(name, spare, options.out)) / "report.html", flush=True)
    return index.write(options.out)


def _complain(error: object, status: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
