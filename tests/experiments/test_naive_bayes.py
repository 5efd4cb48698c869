"""The experiment `naive_bayes`: its parts against NumPy, SciPy and scikit-learn, the whole on one table and on all."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.naive_bayes import CategoricalNB

import genjax_lab as gl
from experiments import naive_bayes
from experiments.__main__ import main
from experiments.naive_bayes import SMOKE, Config, rivals, run
from experiments.naive_bayes.columns import unseen
from experiments.naive_bayes.combinations import fit_outfits
from experiments.naive_bayes.features import candidates, categories, choose, model_of
from experiments.naive_bayes.folds import stratified_folds
from experiments.naive_bayes.tables import predictions
from genjax_lab.data import OTHER, Column, Table, load

FIGURES = {"samples", "new", "held_out", "reliability"}
NAMES = tuple("abcd")


def made_up(rows: int = 120, numbers: bool = False) -> Table:
    rng = np.random.default_rng(rows)
    y = rng.permutation(np.arange(rows) % 3 % 2).astype(np.int32)
    columns = {
        "kind": Column("kind", "categorical", ((rng.integers(0, 3, rows) + y) % 4).astype(np.int32), NAMES),
        "rare": Column("rare", "categorical", (np.arange(rows) == 5).astype(np.int32), NAMES),
    }
    if numbers:
        columns["bell"] = Column("bell", "integer", rng.normal(500 + 50 * y, 60).round().astype(np.int64))
        columns["tail"] = Column("tail", "integer", rng.lognormal(3 + y, 1.2).round().astype(np.int64))
    columns["class"] = Column("class", "categorical", y, ("no", "yes"))
    return Table("made_up", columns, "class", "made up", np.arange(rows))


@pytest.fixture(scope="module")
def smoke(data_dir):
    """The result of the seconds-long variant."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENJAX_LAB_DATA", str(data_dir))
        yield run(SMOKE)


@pytest.mark.slow
def test_a_run_leaves_a_complete_folder(smoke, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("experiments.naive_bayes.run", lambda config: smoke)
    assert main(["run", "naive_bayes", "--smoke", "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "naive_bayes").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == FIGURES | {"dependence_vote"}
    assert json.loads((folder / "metrics.json").read_text())["outfits"]["free_parameters"] == 23


def test_a_table_is_labelled_as_by_scikit_learn_and_too_surely(smoke):
    vote = smoke.metrics["tables"]["vote"]
    (model,) = vote["models"].values()
    assert model["largest_difference"] < 1e-5
    assert model["ours"]["accuracy"] == model["scikit_learn"]["accuracy"] > 0.88
    assert model["ours"]["confidence"] - model["ours"]["accuracy"] > 0.06
    assert abs(vote["independent_rows"]["confidence"] - vote["independent_rows"]["accuracy"]) < 0.01
    assert vote["mutual_information"]["mean"] > 3 * vote["mutual_information"]["by_chance"]


@pytest.mark.slow
def test_independent_outfits_are_judged_by_their_parts():
    found = fit_outfits([0.5], 50, 0)
    assert found.free == 23 and gl.degrees_of_freedom(found.table) == 4031
    assert found.example == pytest.approx(0.46 * 0.08 * 0.44 * 0.38 * 0.44, rel=1e-5)
    assert round(found.example, 4) == 0.0027
    assert found.mass.sum(dtype=float) == pytest.approx(1, abs=1e-5)
    assert found.nats[0] < found.table_nats[0] < np.log(4032)
    assert not found.known(found.new).any() and found.mass[found.new[0]] > 0.01


def test_held_out_labels_are_those_of_a_fit_to_the_other_folds():
    table = made_up().with_other()
    features = {name: categories(column) for name, column in table.features.items()}
    fold = stratified_folds(table, 4, 0)
    ours = predictions(table, features, fold, 0.5)
    x = np.stack(list(table.x.values()), 1)
    for number in range(4):
        model = CategoricalNB(alpha=0.5, min_categories=[5, 5]).fit(x[fold != number], table.y[fold != number])
        np.testing.assert_allclose(ours[fold == number], model.predict_log_proba(x[fold == number]), atol=1e-5)
    some = predictions(table, features, fold, 0.5, [2, 0])
    asked = np.isin(fold, [0, 2])
    np.testing.assert_allclose(some[asked], ours[asked], atol=1e-6)
    assert np.isnan(some[~asked]).all()


def test_categories_and_numbers_together_are_scikit_learns_two_models():
    table = made_up(numbers=True).with_other()
    features = {
        name: categories(column) if column.kind == "categorical" else candidates(column)[0]
        for name, column in table.features.items()
    }
    fold = stratified_folds(table, 3, 1)
    np.testing.assert_allclose(predictions(table, features, fold, 1.0), rivals.held_out(table, fold, 1.0), atol=2e-4)


def test_folds_hold_their_share_of_every_class():
    table = made_up()
    fold = stratified_folds(table, 4, 0)
    for c in (0, 1):
        counts = np.bincount(fold[table.y == c], minlength=4)
        assert counts.max() - counts.min() <= 1


def test_a_class_with_fewer_rows_than_folds_is_refused():
    table = made_up().take(np.r_[np.flatnonzero(made_up().y == 0), np.flatnonzero(made_up().y == 1)[:2]])
    with pytest.raises(ValueError, match="made_up: the class 'yes' has 2 rows, fewer than the 3 folds"):
        stratified_folds(table, 3, 0)
    with pytest.raises(ValueError, match="at least 2"):
        stratified_folds(table, 1, 0)


def test_an_unseen_category_is_counted_and_has_the_probability_of_its_pseudo_counts():
    table = made_up().with_other()
    assert unseen(table, stratified_folds(table, 4, 0)) == 1  # the one row that is rare
    features = {name: categories(column) for name, column in table.features.items()}
    fit = gl.fit(model_of(features, 2), (table.y, table.x), smoothing=1.0)
    other = table["kind"].categories.index(OTHER)
    share = jnp.exp(fit.params["conditional"]["kind"]["logits"])[:, other]
    np.testing.assert_allclose(share, 1 / (np.bincount(table.y) + 5), rtol=1e-5)


@pytest.mark.slow
def test_numbers_choose_the_density_they_came_from_within_the_training_rows():
    table = made_up(1500, numbers=True)
    fold = stratified_folds(table, 3, 0)
    found = choose(table, fold, 1.0)
    names = {column: {choice.features[place].name for place in choice.best} for column, choice in found.items()}
    assert names["bell"] <= {"normal", "gamma"} and names["tail"] == {"log-normal"}
    x, y = table["tail"].values.astype(float), table.y
    expected = []
    for held_out in range(3):
        nats = 0.0
        for scored in {0, 1, 2} - {held_out}:
            for c in (0, 1):
                logs = np.log1p(x[(fold != held_out) & (fold != scored) & (y == c)])
                those = x[(fold == scored) & (y == c)]
                nats -= stats.lognorm(logs.std(), -1, np.exp(logs.mean())).logpdf(those).sum()
        expected.append(nats / (fold != held_out).sum())
    np.testing.assert_allclose(found["tail"].nats[:, 1], expected, rtol=1e-4)


def test_every_candidate_is_a_density_of_the_same_number():
    column = Column("n", "integer", np.r_[0, 0, 3, 40, 900].astype(np.int64))
    for feature in candidates(column):
        data, fit = gl.Data(jnp.asarray(feature.z)), jax.jit(gl.run)
        params = fit(gl.closed_form(), feature.density, data, smoothing=1.0).params
        x = np.linspace(-0.5 + 1e-3, 5000, 200_001)
        place = np.log1p(x) if feature.name.startswith("log") else x + (feature.name == "gamma")
        slope = -np.log1p(x) if feature.name.startswith("log") else 0.0
        log_prob = jax.jit(jax.vmap(feature.density.log_prob, (None, 0)))
        height = np.exp(np.asarray(log_prob(params, jnp.asarray(place, jnp.float32))))
        total = np.trapezoid(height * np.exp(slope), x)
        assert total < 1.01  # a normal density has some of its mass below 0 and above the last place
        if "cells" in feature.name or feature.name == "table":
            assert total == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("values", [[1, 1, 1], [0, -1, 2]], ids=str)
def test_numbers_that_no_candidate_takes_are_refused(values):
    with pytest.raises(ValueError, match="n: numbers must be"):
        candidates(Column("n", "integer", np.array(values)))


@pytest.mark.parametrize(
    "change",
    [
        {"tables": ("iris",)},
        {"tables": ("car", "car")},
        {"folds": 1},
        {"smoothing": 0.0},
        {"smoothings": ()},
        {"samples": 3},
    ],
    ids=str,
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Config(**change)


def test_the_demo_tells_of_the_outfits_where_there_are_no_tables(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(tmp_path))
    monkeypatch.setattr("genjax_lab.data.locate.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("experiments.__main__.first_available", lambda names: (load("digits"), "digits; no mnist"))
    monkeypatch.setattr("experiments.__main__.DEMO", ("naive_bayes",))
    assert main(["demo", "--smoke", "--out", str(tmp_path)]) == 0
    assert "naive_bayes tells what needs no data: vote.arff.gz was not found" in capsys.readouterr().out
    (folder,) = (tmp_path / "naive_bayes").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == {"samples", "new", "held_out"}
    assert "No table was labelled." in (tmp_path / "index.html").read_text()


def test_an_unknown_table_is_one_message(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["run", "naive_bayes", "--tables", "iris", "--out", str(tmp_path / "out")])
    assert "there is no iris" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_expected_numbers(data_dir, monkeypatch, run_in_stated_time):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    found = run_in_stated_time(naive_bayes, Config()).metrics
    assert found["outfits"]["unseen_mass"] == pytest.approx(0.886, abs=0.001)
    assert min(found["outfits"]["leave_one_out"]["nats"]) == pytest.approx(7.13, abs=0.005)
    tables = found["tables"]
    expected = {"mushroom": (0.953, 0.984), "vote": (0.901, 0.986), "car": (0.845, 0.792), "nursery": (0.903, 0.837)}
    for name, (right, sure) in expected.items():
        (model,) = tables[name]["models"].values()
        assert model["ours"]["accuracy"] == pytest.approx(right, abs=0.005)
        assert model["ours"]["confidence"] == pytest.approx(sure, abs=0.005)
    for table in tables.values():
        for model in table["models"].values():
            if model["scikit_learn"] is not None:
                assert model["ours"]["accuracy"] == pytest.approx(model["scikit_learn"]["accuracy"], abs=2e-4)
                assert model["ours"]["log_loss"] == pytest.approx(model["scikit_learn"]["log_loss"], rel=1e-4)
                assert model["largest_difference"] < 2e-3
        drawn = table["independent_rows"]
        assert abs(drawn["confidence"] - drawn["accuracy"]) < 0.02
    adult = tables["adult"]["models"]
    assert adult["all, numbers normal"]["ours"]["accuracy"] == pytest.approx(0.833, abs=0.002)
    assert adult["all, densities chosen"]["ours"]["log_loss"] == pytest.approx(0.456, abs=0.005)
    assert tables["adult"]["without_repeats"]["log_loss"] == pytest.approx(0.378, abs=0.005)
    assert tables["adult"]["mutual_information"]["largest"]["features"] == ["education", "education-num"]
    assert tables["adult"]["unseen_cells"] == 1
