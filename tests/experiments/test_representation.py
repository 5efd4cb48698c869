"""The experiment `representation`: tins as they should be, hidden coordinates on made-up bits, and the small digits."""

from __future__ import annotations

import json

import jax
import numpy as np
import pytest

import genjax_lab as gl
from experiments.__main__ import main
from experiments.mnist_density.hidden import Coder
from experiments.representation import SMOKE, Config, digits, run, tins
from genjax_lab.data import Dataset, Split

FIGURES = {"tins", "recovered", "new_tins", "nats", "wrong", "plane", "rebuilt", "between", "right"}


def test_a_tin_is_as_high_and_wide_as_it_says():
    """Half dark at the edges; the dark area is height times width."""
    factors = np.array([[8.0, 12.0], [6.0, 15.0]])
    images = tins.pictures(factors)
    np.testing.assert_allclose(images.sum((1, 2)), factors.prod(1), rtol=0.02)
    np.testing.assert_allclose(images[:, :, 10].sum(1), factors[:, 0], rtol=0.02)
    assert images[0, 6, 10] > 0.5 > images[0, 5, 10] and images[0, 10, 4] > 0.5 > images[0, 10, 3]
    np.testing.assert_allclose(images, images[:, ::-1, ::-1])


@pytest.mark.slow
def test_two_hidden_coordinates_are_height_and_width():
    found = tins.learn(400, 40, 20, 0)
    for learnt, expected in zip(found.learnt, (0.978, 0.968, 0.964), strict=True):
        assert min(learnt.correlation) == pytest.approx(expected, abs=0.01) and min(learnt.bent) > 0.97
    goals = np.array([[8.0, 10.0], [12.0, 10.0]])
    for learnt in found.learnt:  # a tin that was never seen: the right one is nearer than the one it started from
        made = learnt.moved(found.x[found.middle], goals)
        off = np.sqrt(((made - tins.pictures(goals)) ** 2).mean((1, 2)))
        stay = np.sqrt(((tins.pictures(goals[::-1]) - tins.pictures(goals)) ** 2).mean((1, 2)))
        assert np.all(off < 0.6 * stay)
    linear, factors, coder = found.learnt
    assert coder.nats < factors.nats < linear.nats  # noise of its own for each pixel; and a surface that is bent


def toy() -> Dataset:
    """Images of 4 × 3 pixels: the left or the right column on, from the top down to a level."""
    rng = np.random.default_rng(0)

    def split(n):
        y, level = rng.integers(0, 2, n).astype(np.int32), rng.integers(1, 5, n)
        x = np.zeros((n, 4, 3), np.uint8)
        for i in range(n):
            x[i, : level[i], 2 * y[i]] = 1
        return Split(x.reshape(n, 12), y)

    return Dataset("digits", split(300), split(100), split(100), (4, 3), levels=2, num_classes=2, source="made up")


@pytest.mark.slow
def test_each_density_is_scored_rebuilt_and_read():
    found = digits.learn(toy(), digits.Effort((1, 3), (2,), (16,), 60, 20, 300, 0))
    assert [one.k for one in found.of("factor analysis")] == [1, 3] and len(found.of("autoencoder")) == 1
    few, more = found.of("principal components")
    assert more.nats < few.nats and more.wrong < few.wrong
    assert found.raw == 1.0 and more.right > 0.9
    assert found.of("autoencoder")[0].nats > np.log(8) - 0.05  # eight images, all as probable: no bound is below


def test_an_autoencoder_starts_as_independent_pixels():
    """Whatever z, coins with one pseudo-count; where the encoder tells nothing the bound is exact."""
    x = toy().train.x
    coder = Coder(3, (8,))
    params = coder.start(x, jax.random.key(0))
    often = (x.sum(0) + 1) / (len(x) + 2)
    exact = -(x * np.log(often) + (1 - x) * np.log1p(-often)).sum(1).mean()
    codes = np.asarray(gl.encode(coder.density(12, 1), params, x))
    assert codes.std(0).min() > 0.05 and float(gl.nll(coder.density(12, 1), params, x)) > exact
    params["encoder"]["last"]["kernel"] = np.zeros((8, 6), np.float32)
    for draws in (1, 3):
        assert float(gl.nll(coder.density(12, draws), params, x)) == pytest.approx(exact, rel=1e-5)
    held = coder.held(params)
    assert held["prior"]["loc"].tolist() == [0, 0, 0] and held["decoder"]["last"]["bias"] is None
    bent = Coder(3, (8,), 2)
    params = bent.start(x, jax.random.key(0))
    assert bent.held(params)["prior"]["base"]["scale"].tolist() == [1, 1, 1]
    flat = {**params["encoder"]["last"], "kernel": np.zeros((8, 6), np.float32)}
    params["encoder"] = {**params["encoder"], "last": flat}
    assert float(gl.nll(bent.density(12, 1), params, x)) == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize(
    "change",
    [{"dataset": "mnist"}, {"linear": ()}, {"coders": (10,)}, {"epochs": 0}, {"tins": 10}],
    ids=str,
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Config(**change)


@pytest.mark.slow
def test_the_small_digits_leave_a_complete_folder(tmp_path, capsys):
    assert SMOKE.dataset == "digits"
    assert main(["run", "representation", "--smoke", "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "representation").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == FIGURES
    found = json.loads((folder / "metrics.json").read_text())
    assert found["digits"]["autoencoder, 10"]["nats_bound"] < found["digits"]["autoencoder, 2"]["nats_bound"]
    assert found["raw_accuracy"] > 0.92
    expected = {"principal components": (31.8, 27.3), "factor analysis": (27.3, 25.2), "autoencoder": (20.6, 19.1)}
    for name, goals in expected.items():
        for k, goal in zip((2, 10), goals, strict=True):
            assert found["digits"][f"{name}, {k}"]["nats_bound"] == pytest.approx(goal, abs=0.4)


@pytest.mark.slow
def test_mnist_gives_the_expected_numbers(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    found = run(Config()).metrics
    least = {"principal components": 0.979, "factor analysis": 0.969, "autoencoder, 50 draws": 0.976}
    for name, expected in least.items():
        both = found["tins"][name]["height_correlation"], found["tins"][name]["width_correlation"]
        assert min(both) == pytest.approx(expected, abs=0.01)
    nats = {
        "principal components": (333.0, 272.9, 213.3), "factor analysis": (253.6, 222.3, 192.4),
        "autoencoder": (140.8, 98.0, 100.8),
    }  # fmt: skip
    for name, expected in nats.items():
        for k, goal in zip((2, 10, 50), expected, strict=True):
            assert found["digits"][f"{name}, {k}"]["nats_bound"] == pytest.approx(goal, abs=1.5)
    for name, goal in (("principal components", 0.799), ("factor analysis", 0.791), ("autoencoder", 0.872)):
        assert found["digits"][f"{name}, 10"]["accuracy"] == pytest.approx(goal, abs=0.015)
    assert found["raw_accuracy"] == pytest.approx(0.897, abs=0.005)
