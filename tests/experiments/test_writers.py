"""The experiment `writers`: its split and its drawings on made-up rows, its fits beside NumPy."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from experiments.__main__ import main
from experiments.writers import SMOKE, Config, run
from experiments.writers.hands import _closed, hidden, seen
from experiments.writers.rows import PARTS, directions, one_of_us, stratified, which_of
from experiments.writers.strange import letter, made
from genjax_lab.data import Handwriting

FIGURES = {"which", "us", "drawn", "strange"}


def made_up(people: int = 8, each: int = 12, pixels: int = 9) -> Handwriting:
    rng = np.random.default_rng(0)
    writer = np.repeat(np.arange(people, dtype=np.int32) * 7, np.arange(people)[::-1] + each)
    x = rng.integers(0, 256, (len(writer), pixels)).astype(np.uint8)
    return Handwriting(x, (np.arange(len(writer)) % 10).astype(np.int32), writer, (3, 3), 256, "made up")


def test_each_label_is_in_all_parts_alike():
    labels = np.repeat(np.int32([3, 5]), [11, 30])
    part = stratified(labels, 5, 0)
    assert np.bincount(part[labels == 5]).tolist() == [6] * 5
    assert sorted(np.bincount(part[labels == 3]).tolist()) == [2, 2, 2, 2, 3]


def test_a_label_with_fewer_rows_than_parts_is_refused():
    with pytest.raises(ValueError, match="writer 9 has 4 rows, fewer than the 5 parts"):
        stratified(np.int32([1] * 6 + [9] * 4), 5, 0, "writer")


def test_fewer_writers_than_asked_are_refused():
    with pytest.raises(ValueError, match="9 writers are asked for, of 8"):
        which_of(made_up(), 9, 0)
    with pytest.raises(ValueError, match="1 other writers, fewer than the 5 parts"):
        one_of_us(made_up(), 7, 0)


def test_a_question_holds_each_image_once_with_its_writer():
    data = made_up()
    question = which_of(data, 3, 0)
    assert question.answers == ("0", "7", "14")
    rows = np.concatenate([question.known.x, question.test.x])
    assert len(np.unique(rows, axis=0)) == len(rows) == np.isin(data.writer, [0, 7, 14]).sum()
    for image, y in zip(question.test.x, question.test.y, strict=True):
        (place,) = np.flatnonzero((data.x == image).all(1))
        assert data.writer[place] == int(question.answers[y])


def test_the_others_in_the_test_are_strangers():
    data = made_up(people=14)
    question = one_of_us(data, 3, 0)

    def people(rows):
        where = [np.flatnonzero((data.x == image).all(1))[0] for image in rows.x[rows.y == 0]]
        return set(data.writer[where].tolist())

    assert people(question.test) and not people(question.test) & people(question.known)
    assert not people(question.test) & {0, 7, 14}
    assert abs(question.test.y.mean() - 0.5) < 0.1


def test_directions_give_the_image_back_but_for_the_rest():
    x = np.random.default_rng(1).integers(0, 256, (40, 9)).astype(np.uint8)
    onto = directions(x, 4)
    z = onto.project(x)
    np.testing.assert_allclose(z.std(0, ddof=1), 1, rtol=1e-4)
    back = onto.mean + (z * onto.scale) @ onto.vectors.T
    np.testing.assert_allclose(((x - back) ** 2).mean(1) / 255**2, onto.rest(x), rtol=1e-3)
    with pytest.raises(ValueError, match="9 of 40 images of 9 pixels"):
        directions(x, 9)


def test_a_hand_is_the_mean_and_spread_of_each_digit_and_asked_without_it_a_mixture():
    rng = np.random.default_rng(2)
    y, digit = (rng.integers(0, k, 400).astype(np.int32) for k in (2, 10))
    z = (rng.normal(size=(400, 2)) + y[:, None] + 0.3 * digit[:, None]).astype(np.float32)
    weights = (np.arange(400) < 350).astype(np.float32)
    params = _closed(seen(2, 2), jnp.asarray(y), (jnp.asarray(digit), jnp.asarray(z)), jnp.asarray(weights), 0.1)
    own = params["conditional"]["conditional"]
    there = (y == 1) & (weights > 0)
    means = np.stack([z[there & (digit == c)].mean(0) for c in range(10)])
    np.testing.assert_allclose(own["loc"][1], means, rtol=1e-4, atol=1e-4)
    within = z[there] - means[digit[there]]
    covariance = within.T @ within / there.sum() + 0.1 * np.eye(2)
    factor = np.asarray(own["scale_tril"][1])
    np.testing.assert_allclose(factor @ factor.T, covariance, rtol=1e-3, atol=1e-4)
    rows = jnp.asarray(z[:5])
    told = [gl.log_prob(seen(2, 2), params, (jnp.asarray(y[:5]), (jnp.full(5, c, jnp.int32), rows))) for c in range(10)]
    np.testing.assert_allclose(
        gl.log_prob(hidden(2, 2), params, (jnp.asarray(y[:5]), rows)), np.logaddexp.reduce(told), rtol=1e-5
    )


def test_strange_images_are_what_they_are_called():
    real, other = (np.random.default_rng(seed).integers(0, 256, 81).astype(np.uint8) for seed in (0, 1))
    pictures = made(real, other, 9, 0)
    assert len(pictures) == 9 and all(p.shape == (81,) and p.min() >= 0 and p.max() <= 255 for p in pictures.values())
    square = real.reshape(9, 9)
    np.testing.assert_array_equal(pictures["turned\nby 90°"].reshape(9, 9)[::-1].T, square)
    np.testing.assert_array_equal(pictures["negative"], 255.0 - real)
    assert not pictures["blank"].any()
    a = letter(28) > 127
    np.testing.assert_array_equal(a, a[:, ::-1])  # an A is its own mirror image
    assert 50 < a.sum() < 200


@pytest.mark.parametrize("change", [{"writers": 1}, {"directions": 1}, {"drawn": 9}, {"seed": -1}], ids=str)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Config(**change)


@pytest.mark.slow
def test_a_run_leaves_a_complete_folder(data_dir, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    result = run(SMOKE)
    monkeypatch.setattr("experiments.writers.run", lambda config: result)
    assert main(["run", "writers", "--smoke", "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "writers").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == FIGURES
    answers = json.loads((folder / "metrics.json").read_text())["which"]["answers"]
    assert all(found["low"] <= found["accuracy"] <= found["high"] for found in answers.values())


def test_missing_writers_are_one_message(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(tmp_path))
    monkeypatch.setattr("genjax_lab.data.locate.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("genjax_lab.data.locate._download", lambda *args: None)
    assert main(["run", "writers", "--smoke", "--out", str(tmp_path / "out")]) == 1
    assert "qmnist-train-labels-idx2-int.gz was not found" in capsys.readouterr().err


def test_parts_are_a_fifth():
    question = which_of(made_up(each=40), 4, 0)
    assert len(question.test) / (len(question.known) + len(question.test)) == pytest.approx(1 / PARTS, abs=0.03)


@pytest.mark.slow
def test_the_expected_numbers(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    found = run(Config()).metrics
    joint, labels = "p(x | y) p(y)", "p(y | x)"
    expected = {
        "which": {
            f"naive Bayes, {joint}": 0.508, f"naive Bayes, {labels}": 0.619, f"LDA, {joint}": 0.538,
            f"LDA, {labels}": 0.569, f"hands, {joint}": 0.700,
        },
        "one_of_us": {f"naive Bayes, {joint}": 0.594, f"LDA, {labels}": 0.573, f"hands, {joint}": 0.642},
    }  # fmt: skip
    for question, answers in expected.items():
        for name, right in answers.items():
            assert found[question]["answers"][name]["accuracy"] == pytest.approx(right, abs=0.012), name
    assert found["drawn"]["right"] / found["drawn"]["rows"] == pytest.approx(0.537, abs=0.03)
    noticed = {name for name, image in found["strange"].items() if image["noticed"]}
    assert {"turned by 90°", "negative", "noise"} <= noticed and "real" not in noticed
    assert not {"blank", "by a stranger", "two at once"} & noticed
