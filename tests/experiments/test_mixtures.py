"""The experiment `mixtures`: the whole on the small digits, its parts on made-up bits, and the numbers on MNIST."""

import json

import jax
import numpy as np
import pytest

import genjax_lab as gl
from experiments.__main__ import main
from experiments.mixtures import SMOKE, Config, run
from experiments.mixtures.bits import fit_mixture, imaginary
from genjax_lab.data import Dataset, Split

FIGURES = {"gap", "components", "samples", "geyser", "galaxies"}


@pytest.fixture(scope="module")
def smoke(data_dir):
    """The result of the seconds-long variant."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENJAX_LAB_DATA", str(data_dir))
        yield run(SMOKE)


@pytest.mark.slow
def test_the_story_holds_every_figure_and_table(smoke):
    assert {figure.name for figure in smoke.figures} == FIGURES
    assert len(smoke.tables) == 4


@pytest.mark.slow
def test_more_components_describe_digits_better_and_label_them(smoke):
    found = smoke.metrics
    few, many = found["mixtures"][2], found["mixtures"][8]
    assert many["nats"] < few["nats"] < found["independent_nats"]
    assert len(many["nats_of_seeds"]) == 2
    assert found["classes"]["tested"][3]["accuracy"] > 0.87


@pytest.mark.slow
def test_numbers_end_where_scikit_learn_ends(smoke):
    for found in smoke.metrics["bumps"].values():
        assert found["nats"] <= found["scikit_learn_nats"] * (1 + 1e-4)
        assert found["smallest"] > 2


@pytest.mark.slow
def test_a_run_leaves_a_complete_folder(smoke, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("experiments.mixtures.run", lambda config: smoke)
    assert main(["run", "mixtures", "--smoke", "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "mixtures").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == FIGURES
    assert json.loads((folder / "metrics.json").read_text())["naive_bayes_nats"] == smoke.metrics["naive_bayes_nats"]


def test_imaginary_images_are_rows_of_average_pixels():
    x = np.array([[0, 1], [0, 1], [0, 0]], np.uint8)
    table = imaginary(x, 2.0)["conditional"]["logits"]
    np.testing.assert_allclose(table[:, 1], 2.0 * np.array([0.5, 2.5]) / 4, rtol=1e-5)
    np.testing.assert_allclose(table.sum(1), 2.0, rtol=1e-6)


@pytest.mark.slow
def test_the_smoothing_is_chosen_by_validation_and_every_seed_is_tested():
    rng = np.random.default_rng(0)
    means = rng.random((3, 6))

    def split(n):
        y = rng.integers(0, 3, n).astype(np.int32)
        return Split((rng.random((n, 6)) < means[y]).astype(np.uint8), y)

    data = Dataset("toy", split(60), split(60), split(60), (2, 3), levels=2, num_classes=3, source="random")
    found = fit_mixture(data, 3, [0.1, 3.0], range(3), 2, 1e-3)
    first = [trial for trial in found.trials if trial.seed == 0]
    assert found.images == min(first, key=lambda trial: trial.valid).images
    assert len(found.tested) == 3 and len(found.trials) == 4
    nats = float(gl.nll(found.model, found.params, jax.numpy.asarray(data.valid.x)))
    assert found.best.valid == pytest.approx(nats, rel=1e-6)


@pytest.mark.parametrize(
    "change", [{"components": ()}, {"images": (0.0,)}, {"class_images": ()}, {"seeds": 0}], ids=str
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change)).replace("_", "-")):
        Config(**change)


@pytest.mark.slow
def test_mnist_gives_the_expected_numbers(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    found = run(Config()).metrics
    mixtures = found["mixtures"]
    assert mixtures[10]["median_nats"] <= 167.5 and mixtures[50]["median_nats"] <= 144.5
    assert mixtures[500]["nats"] == pytest.approx(125.5, abs=0.15)
    assert found["naive_bayes_nats"] == pytest.approx(170.85, abs=0.05)
    assert found["classes"]["tested"][found["classes"]["best"]]["accuracy"] >= 0.962
    for bumps in found["bumps"].values():
        assert bumps["nats"] <= bumps["scikit_learn_nats"] * (1 + 1e-4)
        assert bumps["smallest"] > 2
