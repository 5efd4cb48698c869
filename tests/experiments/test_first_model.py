"""The experiment `first_model`, and the fifty outfits that it shares with `naive_bayes`."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import genjax_lab as gl
from experiments import first_model, outfits
from experiments.__main__ import main
from experiments.first_model import SMOKE, Config
from experiments.first_model.table import fit_table
from experiments.outfits import figures

FIGURES = {"observations", "copies", "unseen", "masses", "noise", "held_out"}


def test_the_fifty_outfits_have_the_published_counts():
    observed = outfits.observations()
    assert [len(values) for values in outfits.COUNTS.values()] == [7, 6, 3, 4, 8]
    for name, values in outfits.COUNTS.items():
        assert np.bincount(observed[name], minlength=len(values)).tolist() == list(values.values())
        assert sum(values.values()) == 50


def test_places_and_outfits_are_each_others_inverse():
    every = outfits.every_outfit()
    assert outfits.places(every).tolist() == list(range(4032))
    one = outfits.outfit(*outfits.EXAMPLE)
    again = outfits.take(every, outfits.places(one))
    assert {name: int(code[0]) for name, code in again.items()} == {
        "topType": 3, "hairColor": 4, "accessories": 1, "clotheType": 2, "clotheColor": 7
    }  # fmt: skip


@pytest.mark.slow
def test_outfits_that_differ_are_drawn_differently():
    """Hair of every style and colour, clothes of every kind and colour, all glasses: no two pictures are the same."""
    every, pictures = outfits.every_outfit(), {}
    hair, hue, glasses, clothes, colour = (np.asarray(codes) == 2 for codes in every.values())
    rows = (glasses & hair & hue) | (glasses & clothes & colour) | (hair & hue & clothes & colour)
    for place in np.flatnonzero(rows):
        canvas = FigureCanvasAgg(figures.page(outfits.take(every, jnp.array([place])), 10))
        canvas.draw()
        pictures.setdefault(canvas.buffer_rgba().tobytes(), []).append(int(place))
    assert [places for places in pictures.values() if len(places) > 1] == []


def test_leave_one_out_is_a_fit_to_the_others_for_every_row():
    x = jnp.array([0, 0, 2, 1, 2, 2])
    found = outfits.leave_one_out(gl.categorical(4), gl.Data(x), jnp.array([0.0, 0.5]))
    for alpha, nats in zip((0.0, 0.5), found, strict=True):
        for row in range(6):
            others = np.bincount(np.delete(np.asarray(x), row), minlength=4) + alpha
            with np.errstate(divide="ignore"):
                expected = -np.log(others / others.sum())[x[row]]
            assert float(nats[row]) == pytest.approx(expected, rel=1e-5)


def test_a_run_leaves_a_complete_folder(tmp_path, capsys):
    assert main(["run", "first_model", "--smoke", "--out", str(tmp_path)]) == 0
    (folder,) = (tmp_path / "first_model").iterdir()
    assert {file.stem for file in folder.glob("*.png")} == FIGURES
    page = (folder / "report.html").read_text()
    assert "none of these 20 framed" in page  # of the smoothed samples, as the figure shows
    found = json.loads((folder / "metrics.json").read_text())
    assert found["free_parameters"] == 4031 and found["seen"] == 48
    assert found["mle"]["status"] == "BOUNDARY" and found["mle"]["samples_that_are_copies"] == 1
    assert found["mle"]["unseen_mass"] == 0 and found["example_probability"]["mle"] == 0


def test_smoothing_gives_all_unseen_outfits_the_same():
    found = fit_table([0.1], 1.0, 50, 0)
    unseen = np.setdiff1d(np.arange(4032), found.observed)
    np.testing.assert_allclose(found.smoothed.mass[unseen], 1 / 4082, rtol=1e-5)
    for fit in (found.mle, found.smoothed):
        assert fit.mass.sum(dtype=float) == pytest.approx(1, abs=1e-5)
    assert found.impossible == sum(np.bincount(found.observed)[found.observed] == 1)


def test_an_impossible_outfit_has_no_nan():
    density, x = gl.categorical(4032), outfits.places(outfits.observations())
    params = gl.run(gl.closed_form(), density, gl.Data(x)).params
    place = outfits.places(outfits.outfit(*outfits.EXAMPLE))[0]
    value, score = jax.value_and_grad(density.log_prob)(params, place)
    assert float(value) == -math.inf and not np.isnan(score["logits"]).any()


@pytest.mark.parametrize(
    "change", [{"smoothings": ()}, {"smoothings": (0.0,)}, {"smoothing": 0.0}, {"samples": 5}, {"seed": -1}], ids=str
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Config(**change)


@pytest.mark.slow
def test_the_expected_numbers(run_in_stated_time):
    found = run_in_stated_time(first_model, Config()).metrics
    assert found["mle"]["train_nats"] == pytest.approx(3.85, abs=0.005)
    assert found["smoothed"]["unseen_mass"] == pytest.approx(0.976, abs=0.0005)
    held_out = found["leave_one_out"]
    assert held_out["impossible_without"] == 47 and held_out["best_smoothing"] == 0.3
    assert min(held_out["nats"]) == pytest.approx(8.22, abs=0.005)
    assert run_in_stated_time(first_model, SMOKE).metrics["mle"]["train_nats"] == found["mle"]["train_nats"]
