"""Stages of a long run: what is done is kept, and a run that was stopped does the others."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from experiments.__main__ import main
from experiments.stages import Stages, plain


@dataclass(frozen=True)
class Config:
    size: int = 3
    checkpoint: str | None = None


@dataclass(frozen=True)
class Found:
    values: np.ndarray
    name: str


def back(kept):
    return Found(np.asarray(kept["values"]), kept["name"])


def stages_of(folder, done, config=None, stop=9):
    stages = Stages(3, config or Config(checkpoint=str(folder)), str(folder))

    def make(i):
        if i >= stop:
            raise KeyboardInterrupt
        done.append(i)
        return Found(np.array([0.1, 1 / 3, np.pi * i]), f"stage {i}")

    return [stages(f"stage {i}", lambda i=i: make(i), back) for i in range(3)]


def test_a_run_that_was_stopped_does_the_others_and_ends_the_same(tmp_path, capsys):
    first, second = [], []
    with pytest.raises(KeyboardInterrupt):
        stages_of(tmp_path / "kept", first, stop=2)
    found = stages_of(tmp_path / "kept", second)
    assert (first, second) == ([0, 1], [2])
    whole = stages_of(tmp_path / "other", [])
    for a, b in zip(found, whole, strict=True):
        assert a.name == b.name and (a.values == b.values).all()  # to the last bit
    assert "done before" in capsys.readouterr().out


def test_stages_say_how_many_and_what_is_left(capsys):
    stages = Stages(2)
    assert stages("one", lambda: 5) == 5 and stages("two", lambda: 6) == 6
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("1 of 2, one: 0 s, about") and said[1].endswith("about 0 s left")


@pytest.mark.parametrize("text", ["", '{"stage": "stage 0"', "[]", '{"stage": "stage 0"}'])
def test_a_cut_file_is_refused_by_name_and_left(tmp_path, text):
    file = tmp_path / "01.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"01\.json is no finished stage"):
        stages_of(tmp_path, [])
    assert file.read_text() == text


def test_what_is_not_finite_comes_back():
    from experiments.four_groups.models import Cost, Outcome, kept
    from experiments.record import to_json

    found = Outcome("kernels", "unsupervised", "gl.kde(3)", (Cost(3, 0.1, 0.2, 4),), (-np.inf, 2.0, np.inf), None, "OK")
    assert kept(json.loads(to_json(plain(found)))) == found


def test_the_command_line_says_it_in_a_line(tmp_path, capsys):
    (tmp_path / "01.json").write_text("")
    flags = ["--smoke", "--checkpoint", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["run", "generative_vs_discriminative", *flags]) == 1
    assert "01.json is no finished stage" in capsys.readouterr().err.splitlines()[-1]


def test_another_run_is_refused(tmp_path):
    stages_of(tmp_path, [])
    stages_of(tmp_path, [], Config(checkpoint="moved"))  # where it is kept is no part of what is run
    with pytest.raises(ValueError, match="another configuration"):
        stages_of(tmp_path, [], replace(Config(), size=4))


def test_what_is_kept_is_plain():
    assert plain(Found(np.array([1.0]), "a"))["name"] == "a"
    assert plain((Config(), 2)) == [{"size": 3, "checkpoint": None}, 2]
