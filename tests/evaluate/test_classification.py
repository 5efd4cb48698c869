"""Scores of labels and probabilities, against scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from genjax_lab.evaluate import accuracy, brier, confusion_matrix, log_loss


@pytest.fixture(scope="module")
def scored():
    """200 rows of random probabilities over 4 classes, and labels."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), size=200)
    return np.log(probabilities).astype(np.float32), rng.integers(0, 4, 200).astype(np.int32)


def test_accuracy(scored):
    predicted, labels = scored[0].argmax(1), scored[1]
    assert float(accuracy(predicted, labels)) == pytest.approx(metrics.accuracy_score(labels, predicted))


def test_log_loss(scored):
    log_probs, labels = scored
    probabilities = np.exp(log_probs.astype(float))
    probabilities /= probabilities.sum(1, keepdims=True)
    assert float(log_loss(log_probs, labels)) == pytest.approx(
        metrics.log_loss(labels, probabilities, labels=range(4)), rel=1e-5
    )


def test_log_loss_of_an_impossible_truth_is_infinite():
    assert float(log_loss(jnp.array([[0.0, -jnp.inf]]), jnp.array([1]))) == np.inf


def test_brier(scored):
    log_probs, labels = scored
    expected = np.mean(np.sum((np.exp(log_probs) - np.eye(4)[labels]) ** 2, axis=1))
    assert float(brier(log_probs, labels)) == pytest.approx(expected, rel=1e-5)


def test_brier_of_two_classes_is_twice_the_binary_score():
    p, y = np.array([0.1, 0.8, 0.6]), np.array([0, 1, 0])
    log_probs = np.log(np.stack([1 - p, p], 1))
    assert float(brier(log_probs, y)) == pytest.approx(2 * metrics.brier_score_loss(y, p), rel=1e-5)


def test_confusion_matrix(scored):
    predicted, labels = scored[0].argmax(1), scored[1]
    ours = confusion_matrix(predicted, labels, 4)
    np.testing.assert_array_equal(ours, metrics.confusion_matrix(labels, predicted))
    assert ours.dtype == jnp.int32


def test_confusion_matrix_of_small_integers():
    labels = np.array([199, 3], np.uint8)
    assert confusion_matrix(labels, labels, 200)[199, 199] == 1


def test_all_under_jit(scored):
    log_probs, labels = scored
    predicted = log_probs.argmax(1)
    for function, arguments in [
        (accuracy, (predicted, labels)),
        (log_loss, (log_probs, labels)),
        (brier, (log_probs, labels)),
        (lambda p, y: confusion_matrix(p, y, 4), (predicted, labels)),
    ]:
        np.testing.assert_allclose(jax.jit(function)(*arguments), function(*arguments), rtol=1e-6)


def test_log_loss_has_a_gradient():
    logits = jnp.array([[0.3, -0.2, 1.0]])
    gradient = jax.grad(lambda z: log_loss(jax.nn.log_softmax(z), jnp.array([2])))(logits)
    np.testing.assert_allclose(gradient, jax.nn.softmax(logits) - jnp.eye(3)[2:], rtol=1e-5)


@pytest.mark.parametrize("score", [log_loss, brier])
@pytest.mark.parametrize(
    ("log_probs", "labels", "message"),
    [
        (np.log([[0.5, 0.5]]), np.array([2]), r"labels\[0\] = 2"),
        (np.log([[0.5, 0.5]]), np.array([-1]), r"labels\[0\] = -1"),
        (np.log([[0.5, 0.5]]), np.array([0.0]), "integers"),
        (np.log([[0.5, 0.5]]), np.array([0, 1]), "shape|must be"),
        (np.zeros((0, 2)), np.zeros(0, int), "must be"),
        (np.log([[0.5, 0.5], [0.1, 0.1]]), np.array([0, 1]), "row 1 .* do not sum to one"),
        (np.array([[np.nan, 0.0]]), np.array([0]), "row 0"),
    ],
)
def test_bad_input_is_named(score, log_probs, labels, message):
    with pytest.raises(ValueError, match=message):
        score(log_probs, labels)


def test_labels_are_checked():
    with pytest.raises(ValueError, match="must be"):
        accuracy(jnp.array([0, 1]), jnp.array([0]))
    with pytest.raises(ValueError, match="integers"):
        accuracy(jnp.array([0.5]), jnp.array([0]))
    with pytest.raises(ValueError, match=r"predicted\[1\] = 5"):
        confusion_matrix(jnp.array([0, 5]), jnp.array([0, 1]), 3)
