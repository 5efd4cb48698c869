"""A toy experiment, found as if it lay in `experiments/`; and runs held to the times that their docstrings state."""

import re
import sys
import time

import pytest

import experiments

TOY = '''
"""A toy: the mean of a few numbers.

    python -m experiments run toy       # instant
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import jax
import numpy as np

from experiments.result import Figure, Formula, Result, Section, Table


@dataclass(frozen=True)
class Config:
    """Settings."""

    rows: int = 5                                      # numbers to draw
    mode: Literal["works", "breaks", "missing", "broken_figure"] = "works"
    seed: int = 0


SMOKE = Config(rows=2)


def run(config: Config) -> Result:
    """Draw numbers."""
    if config.mode == "breaks":
        raise ZeroDivisionError("a bug")
    if config.mode == "missing":
        raise FileNotFoundError("numbers.csv is not there; download it")
    x = jax.random.normal(jax.random.key(config.seed), (config.rows,))
    return Result(
        title="Toy <numbers>",
        summary="A mean of *few* numbers & no more.",
        metrics={"mean": x.mean(), "rows": config.rows, "all": np.asarray(x), "worst": {"nats": np.inf}},
        story=(
            Section("First", ("Plain `a < b` words.", Formula("x_j^2 < x_{jl}"))),
            Section("Second", (
                Table("Numbers", ("what", "value"), [("mean", float(x.mean())), ("none", None)], "A note."),
                Figure("dots", "Some *dots*.", lambda: _draw(config)),
            )),
        ),
    )


def _draw(config):
    from genjax_lab import plots
    if config.mode == "broken_figure":
        raise RuntimeError("cannot draw")
    return plots.curves([1, 2], {"x": [1, 2]}, xlabel="x", ylabel="y")
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The toy experiment in the catalogue."""
    folder = tmp_path / "more_experiments"
    folder.mkdir()
    (folder / "toy.py").write_text(TOY.lstrip())
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(folder)])
    yield folder
    sys.modules.pop("experiments.toy", None)


@pytest.fixture
def run_in_stated_time():
    """Runs an experiment, which may take of the processor what two cores have in the time that its docstring states."""

    def run(module, config):
        flag = "--smoke " if config is module.SMOKE else ""
        stated = re.search(rf"experiments run \w+ {flag}\s*#.*?(\d+) s\b", module.__doc__)
        begin = time.process_time()
        result = module.run(config)
        assert time.process_time() - begin <= 2 * int(stated[1])
        return result

    return run
