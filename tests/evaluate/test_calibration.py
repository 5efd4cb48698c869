"""Calibration against a loop over bins in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from genjax_lab.evaluate import calibration


def _by_hand(log_probs, labels, bins):
    confidence = np.exp(log_probs.max(1))
    right = log_probs.argmax(1) == labels
    rows, ece, mce = [], 0.0, 0.0
    for b in range(bins):
        inside = (confidence > np.float32(b) / bins) & (confidence <= np.float32(b + 1) / bins)
        if b == 0:
            inside |= confidence == 0
        count = inside.sum()
        if not count:
            rows.append((np.nan, np.nan, 0))
            continue
        gap = abs(right[inside].mean() - confidence[inside].mean())
        rows.append((confidence[inside].mean(), right[inside].mean(), count))
        ece, mce = ece + count / len(labels) * gap, max(mce, gap)
    return np.array(rows).T, ece, mce


@pytest.mark.parametrize("bins", [1, 5, 15])
@pytest.mark.parametrize("sharpness", [0.3, 1.0, 30.0])
def test_matches_a_loop_over_bins(bins, sharpness):
    rng = np.random.default_rng(bins)
    logits = sharpness * rng.normal(size=(500, 6)).astype(np.float32)
    log_probs, labels = np.asarray(jax.nn.log_softmax(logits)), rng.integers(0, 6, 500)
    ours = calibration(log_probs, labels, bins)
    (confidence, share, counts), ece, mce = _by_hand(log_probs, labels, bins)
    np.testing.assert_allclose(ours.confidence, confidence, rtol=1e-5)
    np.testing.assert_allclose(ours.accuracy, share, rtol=1e-5)
    np.testing.assert_array_equal(ours.counts, counts)
    assert float(ours.ece) == pytest.approx(ece, rel=1e-4)
    assert float(ours.mce) == pytest.approx(mce, rel=1e-4)


def test_a_calibrated_model_has_a_small_error():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), 20_000)
    labels = (rng.uniform(size=20_000)[:, None] > probabilities.cumsum(1)).sum(1)
    assert float(calibration(np.log(probabilities), labels).ece) < 0.015


def test_certain_and_right_is_perfect():
    ours = calibration(jnp.array([[0.0, -jnp.inf]] * 3), jnp.zeros(3, jnp.int32))
    assert float(ours.ece) == 0
    assert ours.counts.tolist() == [0] * 14 + [3]
    assert float(ours.confidence[-1]) == 1


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    half = jnp.log(jnp.array([[0.5, 0.5]]))
    assert calibration(half, jnp.array([0]), bins=2).counts.tolist() == [1, 0]


def test_under_jit():
    log_probs = jnp.log(jnp.array([[0.7, 0.3], [0.2, 0.8]]))
    labels = jnp.array([0, 0])
    jitted = jax.jit(calibration, static_argnames="bins")(log_probs, labels, bins=4)
    assert float(jitted.ece) == pytest.approx(float(calibration(log_probs, labels, 4).ece))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="bins = 0"):
        calibration(jnp.log(jnp.array([[0.5, 0.5]])), jnp.array([0]), 0)
    with pytest.raises(ValueError, match=r"calibration: labels\[0\] = 3"):
        calibration(jnp.log(jnp.array([[0.5, 0.5]])), jnp.array([3]))
    with pytest.raises(ValueError, match="do not sum to one"):
        calibration(jnp.array([[-170.0, -180.0]]), jnp.array([0]))
