"""Every command that README, a docstring or a result names is one that the command line takes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from experiments import catalogue
from experiments.__main__ import _order, main

ROOT = Path(__file__).parents[2]
TEXTS = sorted([ROOT / "README.md", *ROOT.glob("experiments/*/__init__.py"), *ROOT.glob("experiments/**/*.json")])
COMMAND = re.compile(r"python -m experiments run ([a-z_]+)([^`#\n\"(]*)")


def commands():
    for text in TEXTS:
        joined = re.sub(r"\\\n\s*", " ", text.read_text(encoding="utf-8"))
        for name, flags in COMMAND.findall(joined):
            yield f"{text.relative_to(ROOT)}: {name} {flags.strip()}"


def test_there_are_commands():
    assert len(list(commands())) > 30


@pytest.mark.parametrize("told", sorted(set(commands())))
def test_a_command_that_is_told_is_taken(told):
    name, *flags = shlex.split(told.split(": ", 1)[1])
    order = _order(catalogue.load(name), name, flags)
    assert order.name == name


@pytest.mark.slow
def test_the_recipe_for_a_gpu_runs_small_on_a_cpu_and_is_kept(tmp_path):
    pytest.importorskip("safetensors")
    (told,) = (c for c in commands() if c.startswith("README") and "attention" in c)
    _, *flags = shlex.split(told.split(": ", 1)[1])
    flags[flags.index("--width") + 1] = "8"
    flags[flags.index("--checkpoint") + 1] = str(tmp_path / "kept")
    first = flags.index("--epochs") + 1
    flags[first : first + 6] = ["1"] * 6
    assert "--half" in flags
    small = ["--dataset", "digits", "--window", "2", "--memory", "8", "--out", str(tmp_path)]
    assert main(["run", "mnist_density", *flags, *small]) == 0
    (metrics,) = tmp_path.glob("mnist_density/*/metrics.json")
    found = json.loads(metrics.read_text())
    assert set(found) == {"convolution", "attention", "windows"}
    assert all(np.isfinite(rung["test_nats"]) for rung in found.values())
    assert len(list((tmp_path / "kept").rglob("checkpoint.safetensors"))) == 3
