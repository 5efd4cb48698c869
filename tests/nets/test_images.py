"""Convolutions between an image and a vector, against the sums that define them; and the conditional made of them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl


def at_random(params, seed=7):
    leaves, tree = jax.tree.flatten(params)
    rng = np.random.default_rng(seed)
    return tree.unflatten([jnp.asarray(rng.normal(0, 0.4, a.shape), jnp.float32) for a in leaves])


def convolved(h, layer, stride=1):
    """Sum by sum; borders are zeros, and of an even side that is halved there is one after the last."""
    kernel, bias = (np.asarray(layer[name], np.float64) for name in ("kernel", "bias"))
    before = 1 if stride == 1 else 0
    wide = np.pad(h, ((before, 1), (before, 1), (0, 0)))
    rows, columns = (side // stride for side in h.shape[:2])
    out = np.empty((rows, columns, kernel.shape[-1]))
    for i in range(rows):
        for j in range(columns):
            near = wide[stride * i : stride * i + 3, stride * j : stride * j + 3]
            out[i, j] = np.einsum("abc,abcd->d", near, kernel) + bias
    return out


def elu(h):
    return np.where(h > 0, h, np.expm1(np.minimum(h, 0)))


def residual(h, layers):
    return h + convolved(elu(convolved(elu(h), layers["first"])), layers["second"])


def patches(image, p):
    rows, columns = (side // p for side in image.shape)
    return np.stack(
        [[image[p * i : p * i + p, p * j : p * j + p].ravel() for j in range(columns)] for i in range(rows)]
    )


@pytest.mark.parametrize("patch", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_numbers_of_an_image_are_those_sums(patch):
    image = np.random.default_rng(0).integers(0, 2, (8, 4))
    net = gl.network(gl.normal((3,)), gl.binary((32,)), gl.nets.contracting((8, 4), (2, 3), 1, patch))
    params = at_random(net.init(jax.random.key(0)))
    own = params["net"]
    h = residual(convolved(2.0 * patches(image, patch) - 1, own["level_0"]), own["residual_0_0"])
    h = residual(convolved(elu(h), own["level_1"], 2), own["residual_1_0"])
    z = elu(h).ravel() @ np.asarray(own["last"]["kernel"]) + own["last"]["bias"] + params["bias"]
    found = jax.jit(net.mean)(params, jnp.asarray(image.ravel()))
    np.testing.assert_allclose(found, z[:3], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("patch", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_an_image_of_numbers_is_those_sums(patch):
    z = np.random.default_rng(1).normal(size=2)
    net = gl.network(gl.bernoulli((8, 4)), gl.reals((2,)), gl.nets.expanding((8, 4), (2, 3), 1, patch))
    params = at_random(net.init(jax.random.key(0)))
    own = params["net"]
    small = (8 // patch // 2, 4 // patch // 2, 3)
    h = residual((z @ np.asarray(own["first"]["kernel"]) + own["first"]["bias"]).reshape(small), own["residual_1_0"])
    h = convolved(elu(h).repeat(2, 0).repeat(2, 1), own["level_0"])
    h = convolved(elu(residual(h, own["residual_0_0"])), own["last"])
    logits = np.block([[h[i, j].reshape(patch, patch) for j in range(h.shape[1])] for i in range(h.shape[0])])
    logits = logits + np.asarray(params["bias"]).reshape(8, 4)
    found = jax.jit(net.mean)(params, jnp.asarray(z, jnp.float32))
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), rtol=1e-4, atol=1e-5)


def test_at_first_what_is_given_tells_nothing_and_it_is_learnt():
    rng = np.random.default_rng(2)
    label = rng.integers(0, 3, 300)
    images = rng.normal(0, 0.3, (300, 4, 4)).astype(np.float32)
    images[np.arange(300), label, label] += 3
    net = gl.network(gl.categorical(3), gl.reals((4, 4)), gl.nets.contracting((4, 4), (4,)))
    start = net.init(jax.random.key(0))
    before = gl.log_prob(net, start, jnp.zeros(300, int), images)
    np.testing.assert_allclose(before, before[0], rtol=1e-6)
    import optax

    method = gl.gradient(optax.adam, learning_rate=0.01, batch_size=50, epochs=20)
    found = gl.fit(net, label, given=images, method=method, key=jax.random.key(1))
    assert (np.asarray(gl.predict(net, found.params, images)) == label).mean() > 0.97


def test_a_perceptron_takes_a_density_with_fewer_coordinates_than_parameters():
    net = gl.perceptron(gl.categorical(3), gl.reals((2,)), (4,))
    total = jnp.exp(gl.log_prob(net, net.init(jax.random.key(0)), jnp.arange(3), jnp.zeros((3, 2)))).sum()
    assert round(float(total), 5) == 1


@pytest.mark.slow
def test_half_precision_has_the_same_weights_and_nearly_the_same_outputs():
    whole, half = (
        gl.network(gl.normal(), gl.reals((8, 8)), gl.nets.contracting((8, 8), (4, 8), 1, 2, half=h))
        for h in (False, True)
    )
    params = at_random(whole.init(jax.random.key(0)))
    x = jnp.asarray(np.random.default_rng(3).normal(size=(8, 8)), jnp.float32)
    a, b = (float(net.mean(params, x)) for net in (whole, half))
    assert abs(a - b) < 0.1 * (1 + abs(a)) and a != b


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gl.nets.contracting((8,)), "a height and a width"),
        (lambda: gl.nets.contracting((8, 8), ()), "one level"),
        (lambda: gl.nets.expanding((8, 8), (4, 0)), "at least 1"),
        (lambda: gl.nets.expanding((8, 8), blocks=0), "at least 1"),
        (lambda: gl.nets.contracting((9, 8), patch=2), "patches"),
        (lambda: gl.network(gl.normal((5,)), gl.reals((2,)), gl.nets.expanding((2, 2))), "each pixel"),
        (
            lambda: gl.network(gl.normal(), gl.pair(gl.reals((2,)), gl.reals((2,))), gl.nets.expanding((2, 2))),
            "array",
        ),
    ],
)
def test_impossible_nets_are_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()
