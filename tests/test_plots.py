"""Figures are drawn without a screen or pyplot, hold what they were given, and refuse what does not fit."""

import io
import subprocess
import sys

import numpy as np
import pytest

from genjax_lab import plots


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "figure",
    [
        lambda: plots.image_grid(np.zeros((2, 3, 8, 8))),
        lambda: plots.image_grid(
            np.random.default_rng(0).uniform(size=(2, 2, 4, 4)),
            row_labels=["0", "1"],
            column_labels=["a", "b"],
            low=0,
            high=1,
            scale="probability",
        ),
        lambda: plots.reliability_diagram([np.nan, 0.8], [np.nan, 0.6], [0, 10]),
        lambda: plots.bars(["a", "b"], {"x": [1.0, -2.0], "y": [0.0, 3.0]}, ylabel="nats"),
        lambda: plots.curves([1, 2, 4], {"x": [1.0, np.nan, 2.0]}, xlabel="v", ylabel="bits"),
    ],
    ids=["grid", "labelled grid", "reliability", "bars", "curves"],
)
def test_draws(figure):
    assert _png(figure()).startswith(b"\x89PNG")


def test_an_image_grid_shows_every_image_in_its_place():
    images = np.arange(6.0).reshape(2, 3, 1, 1) * np.ones((2, 3, 5, 4))
    page = plots.image_grid(images).axes[0].images[0].get_array()
    assert page.shape == (5 * 2 + 1, 4 * 3 + 2)
    assert page[0, 0] == 0 and page[0, -1] == 2 and page[-1, -1] == 5
    assert np.ma.getmaskarray(page)[5].all()


def test_bars_are_as_high_as_their_numbers_say():
    axes = plots.bars(["a", "b"], {"x": [0.25, -0.001]}, ylabel="share").axes[0]
    assert [bar.get_height() for bar in axes.containers[0]] == [0.25, -0.001]
    assert [text.get_text() for text in axes.texts] == ["0.25", "0.00"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="image_grid: images must be"):
        plots.image_grid(np.zeros((3, 8, 8)))
    with pytest.raises(ValueError, match="1 row_labels for 2"):
        plots.image_grid(np.zeros((2, 1, 8, 8)), row_labels=["only"])
    with pytest.raises(ValueError, match="series 'x'"):
        plots.bars(["a", "b"], {"x": [1.0]}, ylabel="nats")


def test_matplotlib_is_imported_by_plots_only():
    code = "import sys, genjax_lab, genjax_lab.evaluate; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = "import sys, genjax_lab.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
