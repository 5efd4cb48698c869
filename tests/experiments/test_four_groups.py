"""The experiment `four_groups`: every group on made-up classes, the whole on the small digits, the numbers on MNIST."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KernelDensity, KNeighborsClassifier

from experiments.__main__ import main
from experiments.four_groups import Config, run, story
from experiments.four_groups.models import ADDED, Cost, Images, Outcome, measure, models

GROUPS = {f"{a}supervised, {b}parametric" for a in ("", "un") for b in ("", "non-")}


EXPECTED_LABELS = {
    "naive Bayes": 0.846,
    "nearest neighbours": 0.939,
    "kernels in each class": 0.942,
    "a mixture in each class": 0.955,
}
EXPECTED_NATS = {
    "naive Bayes": 26.91,
    "kernels in each class": 21.14,
    "a mixture in each class": 19.01,
    "kernels": 22.58,
    "mixture": 19.36,
}


def images():
    """Two classes of normal rows, which overlap."""
    rng = np.random.default_rng(0)

    def part(n):
        y = rng.integers(0, 2, n).astype(np.int32)
        x = (rng.normal(size=(n, 3)) + 1.5 * y[:, None]).astype(np.float32)
        return jnp.asarray(y), jnp.asarray(x)

    return Images(part(200), part(100), part(300), 2)


def named(name):
    return next(m for m in models(3, 2, 2, 1, 5, 3) if m.name == name)


def test_there_is_a_model_of_each_group():
    assert {m.group for m in models(3, 2, 2, 2, 5, 3)} == GROUPS


def test_naive_bayes_and_neighbours_label_as_scikit_learn_does():
    found, key = images(), jax.random.key(0)
    (y, x), (test_y, test_x) = found.train, found.test
    bayes = measure(named("naive Bayes"), found, (100, 200), key)
    rival = GaussianNB(var_smoothing=0.0).fit(x, y)
    rival.var_ += ADDED
    assert bayes.accuracy == pytest.approx(rival.score(test_x, test_y), abs=1e-6)
    assert [cost.numbers for cost in bayes.costs] == [14, 14]
    near = measure(named("nearest neighbours"), found, (100, 200), key)
    assert near.accuracy == pytest.approx(KNeighborsClassifier(5).fit(x, y).score(test_x, test_y), abs=1e-6)
    assert near.nats is None and near.slope("numbers") == pytest.approx(1, abs=0.01)


def test_kernels_have_the_nats_of_scikit_learn_at_their_bandwidth():
    found = images()
    kernels = measure(named("kernels"), found, (100, 200), jax.random.key(0))
    x = np.asarray(found.train[1])
    # the bandwidth of the rule is near enough to the leave-one-out one for the likelihood to be flat there
    scale = x.std(0) * (4 / 5 / 200) ** (1 / 7)
    rival = KernelDensity(bandwidth=1.0).fit(x / scale)
    nats = [-rival.score_samples(np.asarray(part[1]) / scale).mean() + np.log(scale).sum() for part in
            (found.valid, found.test)]  # fmt: skip
    np.testing.assert_allclose(kernels.nats[1:], nats, atol=0.1)
    assert kernels.accuracy is None


def outcome(model, slope):
    costs = tuple(Cost(n, 1e-3 * n**slope, 1e-4 * n, 10 * n) for n in (100, 400))
    return Outcome(
        model.name, model.group, "it", costs, (1.0, 2.0, 3.0), 0.5 if model.supervised else None, "CONVERGED"
    )


def test_a_slope_is_an_exponent_and_the_page_holds_tables_and_figure():
    found = [outcome(model, 2) for model in models(3, 2, 2, 1, 5, 3)]
    assert found[0].slope("fit") == pytest.approx(2)
    items = [item for section in story.sections(found, 3, 300, "made up") for item in section.body]
    figures = [item for item in items if hasattr(item, "draw")]
    assert [figure.name for figure in figures] == ["costs"]
    assert len(figures[0].draw().axes) == 2
    assert len(story.metrics(found)) == 6


@pytest.mark.parametrize("change", [{"sizes": (500,)}, {"sizes": (500, 200)}, {"neighbours": 0}], ids=str)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Config(**change)


@pytest.mark.slow
def test_the_small_digits_leave_a_complete_folder(data_dir, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    assert main(["run", "four_groups", "--smoke", "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "four_groups").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == {"costs"}
    found = json.loads((folder / "metrics.json").read_text())
    assert {model["group"] for model in found.values()} == GROUPS
    assert found["naive Bayes"]["accuracy"] > 0.9
    for name in ("a mixture in each class", "kernels in each class", "nearest neighbours"):
        assert found[name]["accuracy"] > found["naive Bayes"]["accuracy"]
    assert found["kernels"]["train_valid_test_nats"][0] < found["kernels"]["train_valid_test_nats"][2] - 2


@pytest.mark.slow
def test_mnist_gives_the_expected_numbers(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    found = run(Config()).metrics
    for name, accuracy in EXPECTED_LABELS.items():
        assert found[name]["accuracy"] == pytest.approx(accuracy, abs=0.004)
    for name, nats in EXPECTED_NATS.items():
        assert found[name]["train_valid_test_nats"][2] == pytest.approx(nats, abs=0.1)
