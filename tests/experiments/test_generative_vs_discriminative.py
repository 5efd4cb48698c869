"""The experiment `generative_vs_discriminative`: its fits beside scikit-learn, its curves on made-up rows."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB

import genjax_lab as gl
from experiments.__main__ import main
from experiments.frame import Order, command
from experiments.generative_vs_discriminative import SMOKE, Config, run, story
from experiments.generative_vs_discriminative.curves import Curves, _capacities, measure
from experiments.generative_vs_discriminative.findings import Findings
from experiments.generative_vs_discriminative.hidden import learn_hidden
from experiments.generative_vs_discriminative.learn import Scores, folds_of, learn
from experiments.generative_vs_discriminative.pairs import COUNTING, lda, naive_bayes
from experiments.generative_vs_discriminative.tasks import Task

FIGURES = {"curves_accuracy", "curves_log_loss", "curves_ece", "hidden"}


def bits(n: int, seed: int = 0, d: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Labels that overlap, so that an unpenalised logistic regression has a maximum."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n).astype(np.int32)
    return y, (rng.random((n, d)) < np.linspace(0.3, 0.5, d) + 0.25 * y[:, None]).astype(np.uint8)


def as_pair(y, x):
    return jnp.asarray(y), jnp.asarray(x)


@pytest.mark.slow
def test_the_posterior_of_naive_bayes_fitted_to_labels_is_logistic_regression():
    y, x = bits(400)
    pair = naive_bayes(gl.bernoulli((6,)), 2)
    sharp = dataclasses.replace(pair, climb=gl.lbfgs(max_steps=500, tol=1e-8))
    theirs = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(x, y).predict_log_proba(x)
    for start in (True, False):  # from 0 and from the generative fit: one maximum
        each = dataclasses.replace(sharp, one_maximum=start)
        fitted = each.generative(gl.Data(as_pair(y, x)), 1.0, jax.random.key(0))
        params = each.discriminative(gl.Data(as_pair(y, x)), 0.0, fitted)
        ours = gl.predict_log_prob(pair.posterior, params, jnp.asarray(x))
        np.testing.assert_allclose(ours, theirs, atol=5e-3)


def test_the_generative_fit_is_scikit_learns():
    y, x = bits(100)
    pair = naive_bayes(gl.bernoulli((6,)), 2)
    assert pair.method is COUNTING
    params = pair.generative(gl.Data(as_pair(y, x)), 0.5, jax.random.key(0))
    theirs = BernoulliNB(alpha=0.5, class_prior=(np.bincount(y) + 1) / (len(y) + 2)).fit(x, y)
    ours = gl.predict_log_prob(pair.posterior, params, jnp.asarray(x))
    np.testing.assert_allclose(ours, theirs.predict_log_proba(x), atol=2e-5)


def test_the_posterior_of_lda_is_a_logistic_regression_and_scikit_learns_lda():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200).astype(np.int32)
    x = (rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4)) + y[:, None]).astype(np.float32)
    pair = lda(4, 3)
    params = gl.run(gl.closed_form(), pair.joint, gl.Data(as_pair(y, x))).params
    ours = np.asarray(gl.predict_log_prob(pair.posterior, params, jnp.asarray(x)))
    theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=np.bincount(y) / 200).fit(x, y)
    np.testing.assert_allclose(ours, np.log(theirs.predict_proba(x)), atol=2e-2, rtol=2e-2)
    loc, factor = (np.asarray(params["conditional"][name], float) for name in ("loc", "scale_tril"))
    weight = np.linalg.solve(factor @ factor.T, loc.T).T
    bias = np.asarray(params["prior"]["logits"]) - 0.5 * (weight * loc).sum(1)
    centred = {"weight": weight - weight.mean(0), "bias": bias - bias.mean()}
    linear = gl.predict_log_prob(pair.conditional, jax.tree.map(jnp.float32, centred), jnp.asarray(x))
    np.testing.assert_allclose(ours, linear, atol=2e-3)


def test_folds_are_weights_of_0_and_rows_beyond_the_size_too():
    weights, there = folds_of(8, jnp.asarray(5), 2)
    assert there.tolist() == [1, 1, 1, 1, 1, 0, 0, 0]
    assert weights.tolist() == [[0, 1, 0, 1, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0, 0, 0]]


@pytest.mark.slow
def test_a_size_below_the_capacity_is_that_size_and_what_is_scored_is_the_choice():
    pool, test = as_pair(*bits(60)), as_pair(*bits(200, 1))
    pair = dataclasses.replace(naive_bayes(gl.bernoulli((6,)), 2), amounts=(0.1, 1.0), ridges=(0.01, 0.1))
    rows = jnp.asarray(np.random.default_rng(0).permutation(60)[None, :40])
    first, second = (jax.random.split(jax.random.key(seed), 1) for seed in (0, 1))
    wide = learn(pair, pool, test, rows, jnp.asarray(20), first, 2)
    tight = learn(pair, pool, test, rows[:, :20], jnp.asarray(20), second, 2)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-3), wide, tight)
    own, _ = tight
    y, x = (np.asarray(a)[np.asarray(rows[0, :20])] for a in pool)
    nats = {}
    for amount in pair.amounts:
        fit = [BernoulliNB(alpha=amount, class_prior=_prior(y[keep])).fit(x[keep], y[keep]) for keep in _halves(20)]
        parts = zip(fit, _halves(20), strict=True)
        nats[amount] = -sum(f.predict_log_proba(x[~k])[np.arange((~k).sum()), y[~k]].sum() for f, k in parts)
    best = min(nats, key=nats.get)
    assert float(own.chosen[0]) == pytest.approx(best)
    final = BernoulliNB(alpha=best, class_prior=_prior(y)).fit(x, y).predict_log_proba(np.asarray(test[1]))
    assert float(own.log_loss[0]) == pytest.approx(-final[np.arange(200), np.asarray(test[0])].mean(), rel=1e-4)


def _halves(n):
    return [np.arange(n) % 2 != fold for fold in range(2)]


def _prior(y):
    return (np.bincount(y, minlength=2) + 1) / (len(y) + 2)


@pytest.mark.slow
def test_hidden_labels_help_where_the_model_is_true():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 700).astype(np.int32)
    x = (rng.random((700, 30)) < np.where(y[:, None] == 1, 0.7, 0.3)).astype(np.uint8)
    pool, test = as_pair(y[:400], x[:400]), as_pair(y[400:], x[400:])
    pair = naive_bayes(gl.bernoulli((30,)), 2)
    order = jnp.asarray(np.stack([rng.permutation(400)[:304] for _ in range(5)]))
    keys, more = (jax.random.split(jax.random.key(seed), 5) for seed in (0, 1))
    alone, _ = learn(pair, pool, test, order[:, :4], jnp.asarray(4), keys, 2)
    fully, chosen = learn_hidden(pair, pool, test, order, jnp.asarray(4), jnp.ones(5), more, 2, 4)
    assert fully.accuracy.mean() > alone.accuracy.mean() + 0.03
    assert set(np.asarray(chosen.chosen).round(3).tolist()) <= {0.0, 0.1, 1.0}


def curves(generative, discriminative, sizes=(10, 20, 40)) -> Curves:
    noise = 0.001 * np.array([-1.0, 1.0, 0.0, 0.5])

    def scores(means, sign):
        values = np.array(means)[:, None] + sign * noise
        return Scores(values, -values, -values, values)

    return Curves("made up", sizes, scores(generative, 1), scores(discriminative, -1))


@pytest.mark.parametrize(
    "generative, discriminative, words, place",
    [
        ([0.7, 0.8, 0.8], [0.6, 0.8, 0.9], "discriminative ahead from 40", 40),
        ([0.6, 0.7, 0.8], [0.7, 0.8, 0.9], "none: discriminative ahead from 10", None),
        ([0.6, 0.9, 0.9], [0.6, 0.8, 0.8], "none: generative ahead from 20", None),
        ([0.7, 0.8, 0.9], [0.7, 0.8, 0.9], "no difference", None),
        ([0.7, 0.8, 0.9], [0.6, 0.9, 0.8], "2 changes, the last at 40", 40),
    ],
    ids=["crossing", "discriminative", "generative", "same", "twice"],
)
def test_a_crossing_is_told_and_its_absence_too(generative, discriminative, words, place):
    found = curves(generative, discriminative)
    for score in ("accuracy", "log_loss"):
        assert found.verdict(score) == (words, place)
    told = Findings((found,), seeds=4, folds=2, hidden=0)
    assert (told.crossing("accuracy") == ["made up"]) == (place is not None)
    assert ("no curves of right labels cross" in story.summary(told)) == (place is None)
    assert ("No curves cross" in story.sections(told)[2].body[0]) == (place is None)
    if place is not None:
        assert words in story.summary(told)


def test_the_command_on_the_page_gives_the_configuration_again(tmp_path):
    told = command(Order("generative_vs_discriminative", SMOKE, tmp_path))
    assert "--families 'naive Bayes' " in told


def test_sizes_are_compiled_three_together():
    assert list(_capacities((10, 20, 40, 80))) == [(10, 10), (20, 80), (40, 80), (80, 80)]
    assert list(_capacities((10, 20, 40))) == [(10, 40), (20, 40), (40, 40)]
    assert list(_capacities((10, 20))) == [(10, 20), (20, 20)]


def test_a_task_with_fewer_rows_than_the_smallest_size_is_refused():
    task = Task("tiny", naive_bayes(gl.bernoulli((6,)), 2), as_pair(*bits(9)), as_pair(*bits(9)))
    with pytest.raises(ValueError, match="tiny, naive Bayes: 9 rows to learn from, fewer than the smallest"):
        measure(task, (10, 20), 2, 2, 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"families": ()},
        {"tables": ("iris",)},
        {"sizes": ()},
        {"folds": 11},
        {"seeds": 1},
        {"hidden": -1},
        {"directions": 65},
        {"components": 1},
    ],
    ids=str,
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Config(**change)


@pytest.mark.slow
def test_a_run_leaves_a_complete_folder(data_dir, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    result = run(SMOKE)
    monkeypatch.setattr("experiments.generative_vs_discriminative.run", lambda config: result)
    assert main(["run", "generative_vs_discriminative", "--smoke", "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "generative_vs_discriminative").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == FIGURES
    found = json.loads((folder / "metrics.json").read_text())["tasks"]
    assert found["digits, naive Bayes"]["discriminative"]["accuracy"][-1] > 0.8
    assert "hidden" in found["digits, naive Bayes"] and "hidden" not in found["vote, naive Bayes"]


@pytest.mark.slow
def test_the_expected_numbers(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    found = run(Config()).metrics["tasks"]
    expected = {  # of the fewest rows and of the most: the joint's fit, its posterior's
        "mushroom, naive Bayes": (0.826, 0.837, 0.962, 0.997),
        "car, naive Bayes": (0.666, 0.587, 0.825, 0.907),
        "mnist, naive Bayes": (0.176, 0.273, 0.811, 0.851),
        "mnist, 30 directions, LDA": (0.262, 0.303, 0.834, 0.846),
    }
    for name, numbers in expected.items():
        both = [found[name][side]["accuracy"][place] for place in (0, -1) for side in ("generative", "discriminative")]
        np.testing.assert_allclose(both, numbers, atol=0.012, err_msg=name)
    mixtures = found["mnist, mixtures"]
    assert mixtures["generative"]["accuracy"][-1] == pytest.approx(0.829, abs=0.015)
    assert mixtures["discriminative"]["accuracy"][-1] == pytest.approx(0.865, abs=0.015)
    crossed = {name for name, task in found.items() if task["crossing_at"]["accuracy"] is not None}
    assert crossed == {"car, naive Bayes"} and found["car, naive Bayes"]["crossing_at"]["accuracy"] == 160
    place = mixtures["hidden"]["sizes"].index(80)
    alone = mixtures["generative"]["accuracy"][mixtures["sizes"].index(80)]
    assert mixtures["hidden"]["counted_fully"]["accuracy"][place] > alone + 0.03
    bayes = found["mnist, naive Bayes"]
    alone = bayes["generative"]["accuracy"][bayes["sizes"].index(80)]
    assert bayes["hidden"]["counted_fully"]["accuracy"][place] < alone - 0.02
    assert bayes["hidden"]["counted_as_chosen"]["accuracy"][place] > alone - 0.015
