"""Wilson's interval against SciPy's, and what it promises: its level."""

import jax
import numpy as np
import pytest
from scipy import stats

from genjax_lab.evaluate import wilson


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("right, rows", [(0, 1), (0, 7), (8, 10), (10, 10), (700, 1000)])
def test_it_is_scipys(right, rows, level):
    theirs = stats.binomtest(right, rows).proportion_ci(level, method="wilson")
    np.testing.assert_allclose(wilson(right, rows, level), theirs, atol=2e-6)


def test_many_at_once_and_compiled():
    right, rows = np.array([1, 5]), np.array([10, 10])
    compiled = jax.jit(wilson)(right, rows)
    np.testing.assert_allclose(compiled, np.transpose([wilson(1, 10), wilson(5, 10)]), rtol=1e-6)


def test_it_covers_as_often_as_it_says():
    right = np.random.default_rng(0).binomial(50, 0.3, 20_000)
    low, high = wilson(right, 50)
    assert ((low <= 0.3) & (high >= 0.3)).mean() == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("right, rows, level", [(11, 10, 0.95), (-1, 10, 0.95), (0, 0, 0.95), (1, 2, 1.0), (1, 2, 0.0)])
def test_what_cannot_be_is_refused(right, rows, level):
    with pytest.raises(ValueError, match="wilson"):
        wilson(right, rows, level)
