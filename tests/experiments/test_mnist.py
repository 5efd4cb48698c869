"""The experiment `mnist`: its parts against NumPy and scikit-learn, the whole on the small digits, and on MNIST."""

import json

import numpy as np
import pytest

from experiments.__main__ import main
from experiments.mnist import SMOKE, Config, run
from experiments.mnist.grey import dequantised, gaussian
from experiments.mnist.neighbours import dependence
from genjax_lab.data import DataNotFoundError, Dataset, Split, load

FIGURES = {"class_means", "extremes", "reliability", "errors", "samples", "correlation", "grey"}


@pytest.fixture(scope="module")
def smoke():
    """The result of the seconds-long variant."""
    return run(SMOKE)


def test_the_story_holds_every_figure_and_table(smoke):
    assert {figure.name for figure in smoke.figures} == FIGURES
    assert len(smoke.tables) == 6
    text = " ".join(item for section in smoke.story for item in section.body if isinstance(item, str))
    for word in ("sample space", "density", "parametric family", "likelihood", "p(y | x)", "p(x | y)"):
        assert word in text
    assert "The fixed binarisation is a version of MNIST; this run is on digits." in text


def test_it_agrees_with_scikit_learn(smoke):
    ours, theirs = smoke.metrics["bernoulli"], smoke.metrics["scikit_learn"]
    assert theirs["difference"] < 1e-4
    assert ours["accuracy"] == theirs["scores"]["accuracy"]
    assert ours["log_loss"] == pytest.approx(theirs["scores"]["log_loss"], rel=1e-3)


def test_it_labels_well_and_is_too_sure(smoke):
    found = smoke.metrics["bernoulli"]
    assert 0.85 < found["accuracy"] < 0.95
    assert found["confidence"] > found["accuracy"]
    assert 0.02 < float(found["ece"]) < 0.15
    assert found["nats"] < found["independent_nats"]


def test_pixels_of_images_depend_and_those_of_samples_do_not(smoke):
    found = smoke.metrics["neighbour_correlation"]
    assert found["data"]["vertical"][0] > 0.2
    assert abs(found["samples"]["vertical"][0]) < 0.05 and abs(found["samples"]["horizontal"][0]) < 0.05


@pytest.mark.parametrize("family", ["categorical", "gaussian"])
def test_grey_settings_are_chosen_by_validation_bits(smoke, family):
    found = smoke.metrics[family]
    best = min(found["validation"], key=lambda trial: trial["bits"])
    assert found["smoothing"] == best["amount"]
    assert found["bits_per_dim"] == pytest.approx(found["nats"] / (64 * np.log(2)), rel=1e-5)
    assert found["bits_per_dim"] < np.log2(17)


def test_the_same_seed_gives_the_same_numbers_and_a_complete_folder(smoke, tmp_path, capsys):
    assert main(["run", "mnist", "--smoke", "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "mnist").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == FIGURES
    found = json.loads((folder / "metrics.json").read_text())
    assert found["bernoulli"]["nats"] == smoke.metrics["bernoulli"]["nats"]
    assert found["gaussian"]["bits_per_dim"] == smoke.metrics["gaussian"]["bits_per_dim"]
    assert found["neighbour_correlation"]["samples"]["vertical"] == list(
        smoke.metrics["neighbour_correlation"]["samples"]["vertical"]
    )
    assert capsys.readouterr().out.splitlines()[-1] == str(folder / "report.html")


def test_dependence_is_the_mean_correlation_of_pixels_that_vary():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 200)
    x = (rng.uniform(size=(400, 12)) < 0.5).astype(np.uint8)
    x[:, 1], x[:, 5], x[:, 11] = x[:, 0], 1 - x[:, 4], 0  # a copy, a negative, a pixel that never varies
    found = dependence(x, y, x, (3, 4), 2)
    pairs = {"horizontal": [], "vertical": []}
    for rows in (x[y == 0].astype(float), x[y == 1].astype(float)):
        image = rows.reshape(-1, 3, 4)
        pairs["horizontal"] += [(image[:, i, j], image[:, i, j + 1]) for i in range(3) for j in range(3)]
        pairs["vertical"] += [(image[:, i, j], image[:, i + 1, j]) for i in range(2) for j in range(4)]
    for direction, couples in pairs.items():
        varying = [np.corrcoef(a, b)[0, 1] for a, b in couples if a.std() > 0 and b.std() > 0]
        assert getattr(found, direction)[0] == pytest.approx(np.mean(varying), abs=1e-5)
    assert found.images == 400


def test_dequantised_pixels_stay_in_their_level():
    x = np.arange(256, dtype=np.uint8)[None].repeat(50, 0)
    noisy = dequantised(x, np.random.default_rng(0))
    assert noisy.dtype == np.float32
    np.testing.assert_array_equal(np.floor(noisy), x)
    assert (noisy - x).var() == pytest.approx(1 / 12, rel=0.02)


@pytest.mark.slow
def test_bell_curves_fit_noisy_pixels_with_the_floor_added():
    rng = np.random.default_rng(1)
    split = Split(rng.integers(0, 17, (600, 4)).astype(np.uint8), np.arange(600, dtype=np.int32) % 2)
    data = Dataset("toy", split, split, split, (2, 2), levels=17, num_classes=2, source="random")
    model = gaussian(data, [2.5], seed=3)
    noisy = dequantised(split.x, np.random.default_rng(3))
    expected = np.stack([np.sqrt(noisy[split.y == c].var(axis=0) + 2.5) for c in range(2)])
    np.testing.assert_allclose(model.best.params["conditional"]["scale"], expected, rtol=1e-5)
    assert model.best.bits == pytest.approx(np.log2(17), abs=0.6)


@pytest.mark.parametrize(
    "change",
    [{"smoothing": -1.0}, {"threshold": 1.0}, {"floors": ()}, {"level_smoothing": (-0.1,)}, {"bins": 0}],
    ids=str,
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change)).replace("_", "-")):
        Config(**change)


def test_an_experiment_asked_for_mnist_never_falls_back(tmp_path, monkeypatch, capsys):

    def missing(name):
        raise DataNotFoundError(f"{name} was not found")

    monkeypatch.setattr("experiments.mnist.load", missing)
    assert main(["run", "mnist", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "error: mnist was not found\n"
    assert list((tmp_path / "mnist").iterdir()) == []


def test_the_demo_says_first_which_data_and_last_where(tmp_path, monkeypatch, capsys):
    """Of its experiments here only the last: each has a smoke test of its own."""
    digits = load("digits")
    monkeypatch.setattr("experiments.__main__.first_available", lambda names: (digits, "digits; no mnist"))
    monkeypatch.setattr("experiments.__main__.DEMO", ("mnist",))
    assert main(["demo", "--smoke", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Data: digits; no mnist"
    assert lines[-1] == str(tmp_path / "index.html")
    assert "mnist/" in (tmp_path / "index.html").read_text()


def test_the_demo_leaves_out_what_has_no_data(tmp_path, monkeypatch, capsys):
    def missing(name):
        raise DataNotFoundError(f"{name} was not found")

    digits = load("digits")
    monkeypatch.setattr("experiments.__main__.first_available", lambda names: (digits, "digits; no mnist"))
    monkeypatch.setattr("experiments.mnist.load", missing)
    monkeypatch.setattr("experiments.__main__.DEMO", ("mnist",))
    assert main(["demo", "--smoke", "--out", str(tmp_path)]) == 1  # nothing was run, so there is no page
    assert "mnist is left out: digits was not found" in capsys.readouterr().out


@pytest.mark.slow
def test_mnist_gives_the_expected_numbers():
    found = run(Config()).metrics
    assert 0.841 <= found["bernoulli"]["accuracy"] <= 0.844
    assert found["scikit_learn"]["difference"] < 1e-4
    assert found["scikit_learn"]["scores"]["accuracy"] == found["bernoulli"]["accuracy"]
    assert found["fixed_binarisation"]["nats"] == pytest.approx(170.85, abs=0.05)
    assert found["fixed_binarisation"]["independent_nats"] == pytest.approx(205.79, abs=0.01)
    assert float(found["bernoulli"]["ece"]) == pytest.approx(0.142, abs=0.002)
    assert found["neighbour_correlation"]["data"]["horizontal"][0] == pytest.approx(0.58, abs=0.01)
    assert abs(found["neighbour_correlation"]["samples"]["horizontal"][0]) < 0.01
    assert found["categorical"]["bits_per_dim"] == pytest.approx(1.601, abs=0.003)
    assert found["gaussian"]["bits_per_dim"] == pytest.approx(4.908, abs=0.01)
    assert found["gaussian"]["chosen_by_labels"]["accuracy"] == pytest.approx(0.814, abs=0.005)


@pytest.mark.parametrize("seed", ["-1", "4294967296", "99999999999999999999"])
def test_a_seed_that_is_none_is_refused_in_words(seed, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", "mnist", "--smoke", "--seed", seed, "--out", str(tmp_path / "out")])
    assert stop.value.code == 2
    assert f"seed = {seed} must be a whole number" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()
