"""Patches of bits as categories: the code is one to one, and all that the density over codes can is kept."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from genjax_lab.combinators.patches import cut, paste

TREE = gl.chow_liu((1, 2), 4)
PATCHES = gl.patches(TREE, (2, 1))  # images of 2 rows and 2 columns
HIDDEN = gl.patches(gl.hidden_tree((2, 2), 3, 16))


def images(n=200, shape=(4, 4), seed=0):
    """Bits of which the right neighbour is often alike."""
    x = np.random.default_rng(seed).random((n, *shape)) < 0.4
    x[:, :, 1::2] |= x[:, :, ::2]
    return jnp.asarray(x.astype(np.uint8))


def codes(x, a, b):
    """Codes one by one."""
    n, height, width = x.shape
    found = np.zeros((n, height // a, width // b), np.int32)
    for i, j in itertools.product(range(height), range(width)):
        found[:, i // a, j // b] += np.asarray(x[:, i, j], np.int32) << (i % a * b + j % b)
    return found


def test_patches_are_cut_and_pasted():
    x = np.arange(24).reshape(1, 4, 6)
    each = cut(jnp.asarray(x), (2, 3))
    assert each[0, 1, 0].tolist() == [12, 13, 14, 18, 19, 20]
    np.testing.assert_array_equal(paste(each, (2, 3)), x)


@pytest.mark.parametrize("sides", [(2, 2), (1, 4), (4, 1), (2, 1)])
def test_log_p_is_that_of_the_codes(sides):
    a, b = sides
    inner = gl.categorical(2 ** (a * b), (4 // a, 4 // b))
    params, x = inner.init(jax.random.key(1)), images(20)
    found = gl.log_prob(gl.patches(inner, sides), params, x)
    np.testing.assert_allclose(found, gl.log_prob(inner, params, codes(x, a, b)), rtol=1e-5)


def test_a_fit_is_that_of_the_codes_weights_and_all():
    x, weights = images(), jnp.arange(200.0) % 3
    inner = gl.chow_liu((2, 2), 16)
    whole = gl.fit(gl.patches(inner), x, weights=weights, smoothing=0.1)
    alone = gl.fit(inner, codes(x, 2, 2), weights=weights, smoothing=0.1)
    np.testing.assert_array_equal(whole.params["parent"], alone.params["parent"])
    np.testing.assert_allclose(whole.params["logits"], alone.params["logits"], rtol=1e-5)
    assert float(whole.log_likelihood) == pytest.approx(float(alone.log_likelihood), rel=1e-5)


def test_pixels_of_a_patch_depend_on_one_another_in_any_way():
    x = jnp.asarray([[[0, 0], [0, 0]], [[0, 1], [1, 0]], [[1, 0], [1, 0]], [[1, 1], [0, 0]]] * 5)  # an exclusive or
    fit = gl.fit(gl.patches(gl.categorical(16, (1, 1))), x, smoothing=1e-6)
    assert float(fit.log_likelihood) / len(x) == pytest.approx(np.log(1 / 4), abs=1e-3)


@pytest.mark.parametrize(
    "density",
    [
        gl.mixture(gl.patches(TREE, (2, 1)), 2),
        gl.patches(gl.mixture(TREE, 2), (2, 1)),
        pytest.param(gl.patches(gl.hidden_tree((1, 2), 2, 4), (2, 1)), marks=pytest.mark.slow),
    ],
    ids=["mixture of patches", "patches of a mixture", "hidden tree"],
)
def test_it_is_mixed_and_fitted_by_em(density):
    x = images(300, (2, 2))
    fit = gl.fit(density, x, key=jax.random.key(0), method=gl.online_em(5, 100), smoothing=0.1)
    bits = gl.bernoulli((2, 2))
    assert float(fit.log_likelihood) / len(x) > -float(gl.nll(bits, gl.fit(bits, x).params, x))
    assert gl.check_normalised(density, fit.params) == pytest.approx(1, abs=1e-4)
    again = gl.nll(density, fit.params, x)
    assert float(again) == pytest.approx(-float(fit.log_likelihood) / len(x), rel=1e-4)


@pytest.mark.slow
def test_minibatches_of_a_hidden_tree_and_classes_of_it():
    y, x = jnp.arange(200) % 2, images()
    model = gl.joint(gl.categorical(2), gl.per_class(HIDDEN, 2))
    fit = gl.fit(model, (y, x), key=jax.random.key(0), method=gl.online_em(2, 50), smoothing=0.1)
    assert np.isfinite(float(fit.log_likelihood))
    assert gl.predict(gl.posterior(model), fit.params, x).shape == (200,)


def test_it_is_saved(tmp_path):
    params = PATCHES.init(jax.random.key(0))
    gl.save(tmp_path / "tree", PATCHES, params)
    density, found = gl.load(tmp_path / "tree")
    assert density is PATCHES
    np.testing.assert_array_equal(found["logits"], params["logits"])


def test_a_part_of_a_patch_is_refused_where_the_density_tells_no_sets():
    apart = gl.patches(gl.categorical(4, (1, 2)), (2, 1))
    params, x = apart.init(jax.random.key(0)), images(3, (2, 2))
    seen = jnp.asarray([[True, True], [True, False]])
    with pytest.raises(ValueError, match="does not know the marginal of what is seen in row 0"):
        gl.log_prob_masked(apart, params, x, seen)
    with pytest.raises(ValueError, match="cannot complete what is seen in row 0"):
        gl.complete(apart, jax.random.key(0), params, x, seen)
    whole = jnp.asarray([[True, False], [True, False]])
    alone = gl.log_prob(gl.categorical(4), {"logits": params["logits"][0, 0]}, codes(x, 2, 1)[:, 0, 0])
    np.testing.assert_allclose(gl.log_prob_masked(apart, params, x, whole), alone, rtol=1e-5)
    np.testing.assert_array_equal(gl.complete(apart, jax.random.key(0), params, x, whole)[:, :, 0], x[:, :, 0])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: gl.patches(gl.chow_liu), TypeError, "call it"),
        (lambda: gl.patches(gl.chow_liu((2, 2), 8)), ValueError, "one of 16 categories"),
        (lambda: gl.patches(gl.chow_liu((4,), 16)), ValueError, "two axes"),
        (lambda: gl.patches(gl.normal((2, 2))), ValueError, "two axes"),
        (lambda: gl.patches(TREE, (2,)), ValueError, "rows and columns"),
        (lambda: gl.patches(TREE, (0, 2)), ValueError, "1 to 16 pixels"),
        (lambda: gl.patches(TREE, (5, 4)), ValueError, "1 to 16 pixels"),
    ],
)
def test_what_cannot_be_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
