"""The experiment `world_map`: its parts against sums by hand, and the whole with few points and with all."""

import json
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from experiments import world_map
from experiments.__main__ import main
from experiments.report import html
from experiments.result import Table, unmarked
from experiments.world_map import SMOKE, Config, richer, run, story
from experiments.world_map.box import BOX, CAIRO, fit_boxes, on_land
from experiments.world_map.findings import Findings
from experiments.world_map.richer import Points
from experiments.world_map.world import GLOBE, World, load_world, outline

FIGURES = {"observations", "boxes", "surface", "model_and_data", "choices", "densities", "scores"}


@pytest.fixture(scope="module")
def smoke():
    """The result of the seconds-long variant, with one histogram and one mixture: compiling takes the time."""
    return run(replace(SMOKE, widths=(15,), smoothing=(0.1, 1.0), components=(12,), restarts=1))


@pytest.fixture(scope="module")
def island():
    """A world of 4 × 2 cells of 90°, two of them land: 90° W to 0° in the south, 0° to 90° E in the north."""
    land = np.zeros((4, 2), bool)
    land[1, 0] = land[2, 1] = True
    return World(land, "made up")


@pytest.mark.slow
def test_the_story_holds_every_figure_and_table(smoke):
    assert {figure.name for figure in smoke.figures} == FIGURES
    assert len(smoke.tables) == 5
    text = " ".join(item for section in smoke.story for item in section.body if isinstance(item, str))
    for word in ("sample space", "density", "parametric family", "likelihood", "Maximum likelihood", "entropy"):
        assert word in text


@pytest.mark.slow
def test_formulas_are_set_and_no_number_is_broken_over_lines(smoke):
    page = html(smoke, {figure.name: b"" for figure in smoke.figures}, {})
    assert "p<sub>data</sub></span> itself" in page and not re.search(r"p_\{?(data|model)", re.sub("<[^>]+>", "", page))
    assert re.search(r"\d\u00a0·\u00a010⁻", page) and re.search(r"\d\u00a0±\u00a0\d", page)
    shown = " ".join(text for table in smoke.tables for text in (table.title, table.note))
    assert "p_data" in unmarked(shown) and "{" not in unmarked(shown)


@pytest.mark.slow
def test_the_best_box_is_the_bounding_box_and_the_left_half_is_impossible(smoke):
    found = smoke.metrics["boxes"]
    assert found["is_bounding_box"]
    assert found["its left half"]["log_likelihood"] == -math.inf
    likelihoods = [found[name]["log_likelihood"] for name in ("the whole map", "between the map and the best")]
    assert likelihoods[0] < likelihoods[1] < found["maximum likelihood"]["log_likelihood"]
    assert all(value["integral"] == pytest.approx(1, abs=1e-5) for value in found.values() if isinstance(value, dict))


@pytest.mark.slow
def test_settings_are_chosen_by_validation_and_no_density_beats_the_truth(smoke):
    scores, entropy = smoke.metrics["scores"], smoke.metrics["world"]["entropy"]
    truth = scores["p_data itself"]
    assert truth["expected"] == pytest.approx(entropy, rel=1e-6)
    assert abs(truth["nats"] - entropy) < 4 * truth["error"]
    assert scores["box"]["nats"] == math.inf and scores["box"]["impossible"] > 0
    for name in ("the whole map", "histogram", "mixture of normals"):
        assert scores[name]["expected"] > entropy
        assert abs(scores[name]["nats"] - scores[name]["expected"]) < 4 * scores[name]["error"] + 1e-5
        assert sum(scores[name]["where"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_a_run_leaves_a_complete_folder(smoke, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("experiments.world_map.run", lambda config: smoke)
    assert main(["run", "world_map", "--smoke", "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "world_map").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == FIGURES
    assert json.loads((folder / "metrics.json").read_text())["boxes"]["its left half"]["log_likelihood"] == "-Infinity"


def test_integrals_clip_cells(island):
    assert island.area == pytest.approx(GLOBE / 4)
    found = island.integrals(island.land, (-45.0, 45.0, 100.0), (-90.0, -30.0, 90.0))
    np.testing.assert_allclose(found, [[45 * 60, 45 * 30 + 45 * 90], [0, 45 * 90]])


def test_the_share_of_a_box_on_land_is_exact(island):
    box = {"low": jnp.array([-45.0, -60.0]), "high": jnp.array([45.0, 30.0])}
    assert on_land(island, box) == pytest.approx((45 * 60 + 45 * 30) / (90 * 90), rel=1e-12)


def test_points_of_p_data_lie_on_land_in_every_cell_alike(island):
    x = np.asarray(island.draw(jax.random.key(0), 4000))
    assert island.is_land(x).all()
    south = x[:, 1] < 0
    assert south.mean() == pytest.approx(0.5, abs=0.04)
    np.testing.assert_allclose(x[south].mean(0), [-45, -45], atol=3)
    assert gl.check_normalised(island.density, island.params) == pytest.approx(1, abs=1e-5)


def test_p_data_is_uniform_by_area_of_the_globe():
    world = World(np.array([[False, True, True], [False, True, False]]), "made up")  # half the globe is within 30°
    shares = np.array([[0, 0.4, 0.2], [0, 0.4, 0]])
    np.testing.assert_allclose(world.p_data * 180 * 60, shares, rtol=1e-12)
    north_west = gl.log_prob(world.density, world.params, [(-90.0, 60.0)])
    np.testing.assert_allclose(north_west, math.log(0.2 / (180 * 60)), rtol=1e-6)
    assert world.area == pytest.approx(GLOBE * (1 / 2 + 1 / 8))
    assert world.entropy == pytest.approx(math.log(180 * 60) - 0.8 * math.log(0.4) - 0.2 * math.log(0.2))
    west, north = (np.asarray(world.draw(jax.random.key(0), 10_000)) > [0, 30]).T
    counts = [(~west & ~north).sum(), (~west & north).sum(), (west & ~north).sum(), (west & north).sum()]
    np.testing.assert_allclose(np.divide(counts, 10_000), [0.4, 0.2, 0.4, 0], atol=0.02)


def test_land_and_antarctica_have_their_share_of_the_globe(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    world = load_world()
    stated = re.search(r"land share [\d.]+ / (\d\.\d+)", (data_dir / "world" / "SOURCE.txt").read_text())
    assert world.area / GLOBE == pytest.approx(float(stated[1]), abs=0.0005)
    antarctica = world.integrals(world.p_data, (-180, 180), (-90, -60)).item()
    assert 0.08 < antarctica < 0.09
    south = np.asarray(world.draw(jax.random.key(0), 10_000))[:, 1] < -60
    assert south.mean() == pytest.approx(antarctica, abs=4 * math.sqrt(0.09 / 10_000))


@pytest.mark.slow
def test_what_is_impossible_is_said_on_the_page_and_not_by_a_warning(island):
    few, many, start = jax.random.split(jax.random.key(0), 3)
    points = Points(island.draw(few, 2), island.draw(many, 8), jnp.array([[-1.0, -1.0], [89.0, 89.0]]))
    histograms, mixtures = richer.histograms(points, (30,), (0.0,)), richer.mixtures(points, (1,), 1, start)
    scored = richer.score(island, points, histograms[0], mixtures[0])
    found = Findings(island, None, points, histograms, mixtures, scored, 1)
    assert histograms[0].status == "BOUNDARY" and scored[2].impossible == scored[3].impossible == 2
    families, beside = story.richer.families(found), story.richer.side_by_side(found)
    (tried,) = (item for item in families.body if isinstance(item, Table))
    assert "BOUNDARY: cells without a point" in tried.note and tried.rows[0][3] == "∞"
    text = " ".join(item for item in beside.body if isinstance(item, str))
    assert "holds none of the 2 test points" in text and "infinitely much: 2 of the test points" in text
    assert "nan" not in text and "inf " not in text


def test_the_surface_is_the_likelihood_of_each_box(island):
    found = fit_boxes(island, 12, 50, jax.random.key(1))
    surface, best = found.surface, found.best
    assert not np.isnan(surface.log_likelihood).any()
    i, j = np.unravel_index(surface.log_likelihood.argmax(), surface.log_likelihood.shape)
    assert (surface.west[i], surface.east[j]) == (best.params["low"][0], best.params["high"][0])
    np.testing.assert_array_equal(np.isneginf(surface.log_likelihood[i + 1 :]), True)
    params = {
        "low": best.params["low"].at[0].set(surface.west[3]),
        "high": best.params["high"].at[0].set(surface.east[-5]),
    }
    assert float(gl.log_prob(BOX, params, jnp.asarray(found.x)).sum()) == pytest.approx(
        surface.log_likelihood[3, -5], rel=1e-5
    )


def test_without_the_data_an_outline_stands_in_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(tmp_path))
    monkeypatch.setattr("genjax_lab.data.locate.cache_folder", lambda: tmp_path / "cache")
    world = load_world()
    assert world.land.shape == (120, 60)
    assert world.stands_in and "outline" in world.source and "land_masks.npz was not found" in world.source
    assert world.area / GLOBE == pytest.approx(0.288, abs=0.01)
    places = np.array(
        [CAIRO, (-40.0, 30.0), (134.0, -25.0), (0.0, -85.0), (-100.0, 50.0)]
    )  # the second in the Atlantic
    assert world.is_land(places).tolist() == [True, False, True, True, True]


@pytest.mark.parametrize("stands_in", [True, False])
def test_the_summary_says_whether_the_outline_stands_in(stands_in):
    world = replace(outline("it is not there"), stands_in=stands_in)
    boxes = SimpleNamespace(x=np.zeros((3, 2)), sea=0.5)
    winner = SimpleNamespace(name="box", nats=1.0, where=SimpleNamespace(sea=0.5))
    found = SimpleNamespace(world=world, boxes=boxes, winner=winner, points=SimpleNamespace(train=boxes.x))
    assert ("coarse outline" in story.summary(found)) == stands_in


def test_the_outline_is_the_published_coast(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    fine, coarse = load_world(), outline("").land
    share = fine.land.reshape(120, 6, 60, 6).mean((1, 3))
    np.testing.assert_array_equal(coarse, share >= 0.45)


@pytest.mark.parametrize(
    "change", [{"widths": (7,)}, {"components": ()}, {"smoothing": (-1.0,)}, {"observations": 1}, {"seed": -1}], ids=str
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Config(**change)


@pytest.mark.slow
def test_the_world_gives_the_expected_numbers(data_dir, monkeypatch, run_in_stated_time):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    found = run_in_stated_time(world_map, Config()).metrics
    boxes, scores = found["boxes"], found["scores"]
    assert found["world"]["entropy"] == pytest.approx(9.7720, abs=1e-4)
    assert boxes["is_bounding_box"] and boxes["sea"] == pytest.approx(0.643, abs=0.001)
    assert abs(boxes["sea_of_new_points"] - boxes["sea"]) < 3 * 0.5 / math.sqrt(200)
    assert scores["the whole map"]["nats"] == pytest.approx(11.0791, abs=1e-4)
    assert scores["box"]["impossible"] == 18
    assert scores["histogram"]["free"] == 449 and scores["mixture of normals"]["free"] == 64 * 6 - 1
    assert scores["histogram"]["nats"] == pytest.approx(10.196, abs=0.005)
    assert scores["histogram"]["where"]["sea"] == pytest.approx(0.239, abs=0.005)
    assert scores["mixture of normals"]["nats"] == pytest.approx(10.111, abs=0.02)
    assert scores["mixture of normals"]["where"]["sea"] == pytest.approx(0.158, abs=0.01)
    for name in ("histogram", "mixture of normals"):
        assert abs(scores[name]["nats"] - scores[name]["expected"]) < 3 * scores[name]["error"]
    assert min(found["mixtures"], key=lambda trial: trial["valid"])["status"] == "CONVERGED"


@pytest.mark.slow
def test_smoke_chooses_between_two_sizes_of_each_family(run_in_stated_time):
    found = run_in_stated_time(world_map, SMOKE).metrics
    assert {trial["size"] for trial in found["mixtures"]} == {2, 12}
    best = min(found["mixtures"], key=lambda trial: trial["valid"])
    assert found["scores"]["mixture of normals"]["free"] == 6 * best["size"] - 1
