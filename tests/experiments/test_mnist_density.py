"""The experiment `mnist_density`: rungs on made-up images, the whole on the small digits, and the numbers on MNIST."""

from __future__ import annotations

import json
from dataclasses import replace

import jax
import numpy as np
import pytest

from experiments.__main__ import main
from experiments.mnist_density import NAMES, SMOKE, Config, run
from experiments.mnist_density.effort import Effort
from experiments.mnist_density.measure import climb, upper
from experiments.mnist_density.rungs import RUNGS
from genjax_lab.data import Dataset, Split

FIGURES = {"nats_and_seconds", "samples", "completed", "grey_samples", "grey_completed"}
EFFORT = Effort(5, 1, (2, 3), (2, 2, 2), (0.5,), 2, (3, 2, 2, 2, 2, 2), (2, 2), 8, False, 0, None)


def toy(width=3):
    """Images of 4 rows: two labels, and a stroke that goes down from where it starts."""
    rng = np.random.default_rng(0)

    def split(n):
        y = rng.integers(0, 2, n).astype(np.int32)
        x = np.zeros((n, 4, width), np.uint8)
        x[np.arange(n), :, y * 2] = 1
        x ^= (rng.random(x.shape) < 0.05).astype(np.uint8)
        return Split(x.reshape(n, 4 * width), y)

    return Dataset("digits", split(200), split(80), split(80), (4, width), levels=2, num_classes=2, source="made up")


def climbed(name):
    rung = next(rung for rung in RUNGS if rung.name == name)
    return climb(rung, toy(), EFFORT, jax.random.key(0))


def test_a_rung_is_chosen_by_validation_scored_sampled_and_completed():
    low, high = climbed("independent"), climbed("class_chow_liu")
    assert high.test < low.test - 1 and high.accuracy > 0.95 and low.accuracy is None
    assert high.best.valid == min(trial.valid for trial in high.trials)
    assert high.samples.shape == (10, 4, 3) and high.completed.shape == (2, 4, 3)
    data = toy()
    first = [int(np.argmax(data.test.y == label)) for label in (0, 1)]
    whole = data.test.x[first].reshape(-1, 4, 3)
    np.testing.assert_array_equal(high.completed[:, upper(data)], whole[:, upper(data)])
    assert high.best.seconds >= 0 and high.best.compiling > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ppca", "factor_analysis", "vae", "bent_vae"])
def test_what_has_hidden_coordinates_is_scored_by_a_bound_that_says_its_draws(name):
    effort = replace(EFFORT, factors=(1, 2, 12), coder_epochs=20)
    rung = next(rung for rung in RUNGS if rung.name == name)
    found = climb(rung, toy(), effort, jax.random.key(0))
    assert "a bound" in rung.title and "a bound of 2 draws" in found.best.setting
    assert found.samples.shape == (10, 4, 3) and found.completed is None and found.accuracy is None
    assert len(found.trials) == (2 if name in ("ppca", "factor_analysis") else 1)  # 12 coordinates are no fewer
    truth = np.log(2) + 12 * (-0.05 * np.log(0.05) - 0.95 * np.log(0.95))  # the label, and what is flipped
    assert truth - 0.7 < found.test < 12 * np.log(2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["trees", "class_trees", "patch_tree", "class_patch_trees", "patch_trees", "hidden_tree"]
)
def test_trees_climb_and_are_completed_from_the_part_of_each_that_is_seen(name):
    data = toy(4)
    rung = next(rung for rung in RUNGS if rung.name == name)
    found = climb(rung, data, EFFORT, jax.random.key(0))
    truth = np.log(2) + 16 * (-0.05 * np.log(0.05) - 0.95 * np.log(0.95))  # the label, and what is flipped
    assert truth - 0.5 < found.test < truth + 2
    assert (found.accuracy is not None) == name.startswith("class")
    first = [int(np.argmax(data.test.y == label)) for label in (0, 1)]
    whole = data.test.x[first].reshape(-1, 4, 4)
    np.testing.assert_array_equal(found.completed[:, upper(data)], whole[:, upper(data)])


@pytest.mark.slow
def test_a_network_climbs_too_and_goes_on_from_a_checkpoint(tmp_path):
    pytest.importorskip("safetensors")
    rung = next(rung for rung in RUNGS if rung.name == "windows")
    effort = replace(EFFORT, checkpoint=str(tmp_path))
    first = climb(rung, toy(), effort, jax.random.key(0))
    assert list(tmp_path.rglob("checkpoint.safetensors")) and list(tmp_path.rglob("metrics.jsonl"))
    again = climb(rung, toy(), effort, jax.random.key(0))
    assert again.test == first.test
    assert again.best.seconds > first.best.seconds  # as much before it went on, compiling too, and the reading


@pytest.mark.parametrize(
    "change",
    [
        {"model": ("none",)},
        {"dataset": "mnist"},
        {"passes": 0},
        {"width": 6},
        {"smoothing": ()},
        {"normals": ()},
        {"factors": ()},
        {"batch": 0},
        {"turns": 9},
        {"turned_epochs": (0, 0)},
        {"memory": -1},
        {"depth": -1},
        {"window": 0},
        {"logistics": 0},
        {"deep_epochs": (1, 0)},
        {"features": (0,)},
    ],
    ids=str,
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Config(**change)


@pytest.mark.slow
def test_principal_components_label_the_small_digits(tmp_path):
    assert main(["run", "mnist_density", "--smoke", "--model", "principal", "--out", str(tmp_path)]) == 0
    (metrics,) = tmp_path.glob("mnist_density/*/metrics.json")
    assert json.loads(metrics.read_text())["principal"]["accuracy"] > 0.98


@pytest.mark.slow
def test_the_small_digits_leave_a_complete_folder(tmp_path, capsys):
    assert main(["run", "mnist_density", "--smoke", "--model", *NAMES, "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "mnist_density").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == FIGURES
    found = json.loads((folder / "metrics.json").read_text())
    assert set(found) == set(NAMES)
    assert found["class_chow_liu"]["test_nats"] < found["chow_liu"]["test_nats"] < found["independent"]["test_nats"]


@pytest.mark.slow
def test_mnist_gives_the_expected_numbers(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    found = run(Config()).metrics
    goals = {
        "independent": 205.8, "naive_bayes": 170.9, "mixture": 144.5, "large_mixture": 125.8, "chow_liu": 135.0,
        "class_chow_liu": 114.7, "trees": 103.0, "class_trees": 103.6, "patch_tree": 111.0, "class_patch_trees": 100.5,
        "patch_trees": 98.7, "hidden_tree": 97.0, "made": 99.0, "convolution": 88.5, "windows": 83.0,
        "class_windows": 82.5, "vae": 92.0,
    }  # fmt: skip
    for name, goal in goals.items():
        assert found[name]["test_nats"] <= goal
    assert found["principal"]["accuracy"] >= 0.989
    assert set(SMOKE.model) <= set(NAMES)
