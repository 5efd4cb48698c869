"""Hidden coordinates with a decoder and an encoder: against what is exact where all is linear and normal."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import integrate, stats

import genjax_lab as gl
from genjax_lab import constraints
from genjax_lab.density import Conditional, factory
from genjax_lab.event_key import event_key

W = np.array([[1.5, 0.5], [-0.75, 0.25], [0.5, 1.0]])
LOC, NOISE = np.array([0.5, -1.0, 2.0]), 0.75


@factory
def linear(inputs: int, outputs: int) -> Conditional:
    """A vector that is linear in another, plus normal noise of a full covariance."""
    inside = gl.mvnormal(outputs)

    def at(params, given):
        return {"loc": params["weight"] @ given + params["bias"], "scale_tril": params["scale_tril"]}

    return Conditional(
        space=gl.reals((outputs,)),
        given_space=gl.reals((inputs,)),
        parameters={
            "weight": constraints.real((outputs, inputs)),
            "bias": constraints.real((outputs,)),
            "scale_tril": constraints.scale_tril(outputs),
        },
        init=lambda key: {
            "weight": jax.random.normal(key, (outputs, inputs)),
            "bias": jnp.zeros(outputs),
            "scale_tril": jnp.eye(outputs),
        },
        log_prob=lambda params, x, given: inside.log_prob(at(params, given), x),
        sample=lambda key, params, given: inside.sample(key, at(params, given)),
        mean=lambda params, given: at(params, given)["loc"],
    )


def exact_params():
    """Those of PPCA: the encoder is p(z | x)."""
    m = np.linalg.inv(W.T @ W + NOISE**2 * np.eye(2))
    back, spread = m @ W.T, NOISE**2 * m
    return {
        "prior": {"loc": jnp.zeros(2), "scale": jnp.ones(2)},
        "decoder": {"weight": jnp.asarray(W), "bias": jnp.asarray(LOC), "scale_tril": NOISE * jnp.eye(3)},
        "encoder": {
            "weight": jnp.asarray(back),
            "bias": jnp.asarray(-back @ LOC),
            "scale_tril": jnp.asarray(np.linalg.cholesky(spread)),
        },
    }


def vague_params():
    """The same decoder, and an encoder that knows little."""
    return {**exact_params(), "encoder": {"weight": jnp.zeros((2, 3)), "bias": jnp.zeros(2), "scale_tril": jnp.eye(2)}}


def model(draws=1):
    return gl.latent(gl.normal((2,)), linear(2, 3), linear(3, 2), draws)


def ppca_params():
    return {"loc": LOC, "cov_factor": W, "scale": np.asarray(NOISE)}


def test_with_the_exact_posterior_the_bound_is_log_p_for_every_draw(x64):
    x = 2 * np.random.default_rng(0).normal(size=(30, 3))
    exact = gl.log_prob(gl.ppca(3, 2), ppca_params(), x)
    for draws in (1, 3):
        np.testing.assert_allclose(gl.log_prob(model(draws), exact_params(), x), exact, rtol=1e-10)
    for seed in range(3):
        keys = jax.random.split(jax.random.key(seed), 30)
        bounds = jax.vmap(model().bound, (0, None, 0))(keys, exact_params(), x)
        np.testing.assert_allclose(bounds, exact, rtol=1e-10)


def test_the_bound_rises_with_the_draws_towards_log_p():
    x = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32) + LOC.astype(np.float32)
    exact = float(gl.nll(gl.ppca(3, 2), ppca_params(), x))
    found = [float(gl.nll(model(draws), vague_params(), x)) for draws in (1, 5, 50, 1000)]
    assert found[0] > found[1] + 0.1 > found[2] + 0.1 > found[3] + 0.1 - 0.02
    assert found[0] > exact + 0.3 and found[3] == pytest.approx(exact, abs=0.02)


def test_one_draw_is_below_by_the_divergence(x64):
    """E bound = log p − KL(q(z | x) ‖ p(z | x)), in closed form between normals."""
    x = jnp.asarray([1.0, -0.5, 2.5])
    keys = jax.random.split(jax.random.key(0), 40_000)
    found = float(jax.vmap(model().bound, (0, None, None))(keys, vague_params(), x).mean())
    own = exact_params()["encoder"]
    mean, factor = np.asarray(own["weight"] @ x + own["bias"]), np.asarray(own["scale_tril"])
    wide = np.linalg.inv(factor @ factor.T)
    divergence = 0.5 * (np.trace(wide) + mean @ wide @ mean - 2 - np.linalg.slogdet(wide)[1])
    exact = stats.multivariate_normal.logpdf(np.asarray(x), LOC, W @ W.T + NOISE**2 * np.eye(3))
    assert found == pytest.approx(exact - divergence, abs=0.05)


def test_the_slope_is_that_of_finite_differences(x64):
    x = jnp.asarray([1.0, -0.5, 2.5])
    flat, back = jax.flatten_util.ravel_pytree(vague_params())
    value = jax.jit(lambda z: model(4).log_prob(back(z), x))
    step = 1e-5 * jnp.eye(len(flat))
    off = [float((value(flat + s) - value(flat - s)) / 2e-5) for s in step]
    np.testing.assert_allclose(jax.grad(value)(flat), off, rtol=1e-6, atol=1e-6)


def test_samples_are_those_of_the_density():
    drawn = np.asarray(gl.sample(model(), jax.random.key(0), exact_params(), 20_000), float)
    np.testing.assert_allclose(np.cov(drawn.T), W @ W.T + NOISE**2 * np.eye(3), atol=0.15)
    np.testing.assert_allclose(drawn.mean(0), LOC, atol=0.05)


def test_codes_are_the_encoders_means_and_means_the_decoders():
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_allclose(
        gl.encode(model(), exact_params(), x), gl.encode(gl.ppca(3, 2), ppca_params(), x), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(gl.decode(model(), exact_params(), np.eye(2)), W.T + LOC, rtol=1e-5)


def bits(draws=1, hidden=(16,)):
    """Nine bits from one hidden number."""
    return gl.latent(
        gl.normal((1,)),
        gl.perceptron(gl.bernoulli((9,)), gl.reals((1,)), hidden),
        gl.perceptron(gl.normal((1,)), gl.binary((9,)), hidden),
        draws,
    )


def thermometer(n, seed=0):
    """Bits that are on up to a level: a curve through the corners of a cube."""
    rng = np.random.default_rng(seed)
    level = rng.integers(0, 10, n)
    x = (np.arange(9) < level[:, None]) ^ (rng.random((n, 9)) < 0.02)
    return x.astype(np.uint8), level


@pytest.mark.slow
def test_a_learnt_one_bounds_the_integral_and_finds_the_hidden_number():
    """The integral over the one hidden coordinate by SciPy."""
    x, _ = thermometer(2000)
    method = gl.gradient(optax.adam, learning_rate=5e-3, batch_size=50, epochs=60)
    fit = gl.fit(bits(), x, method=method, key=jax.random.key(0))
    new, held = thermometer(300, 1)
    one, many = (float(gl.nll(bits(s), fit.params, new)) for s in (1, 500))
    alone = float(gl.nll(gl.bernoulli((9,)), gl.fit(gl.bernoulli((9,)), x).params, new))
    assert many < one < alone - 1.5
    z = np.linspace(-8, 8, 4001)
    at = np.clip(np.asarray(gl.decode(bits(), fit.params, z[:, None]), float), 1e-12, 1 - 1e-7)
    prior = {name: float(a[0]) for name, a in fit.params["prior"].items()}
    log_prior = stats.norm.logpdf(z, prior["loc"], prior["scale"])
    log_seen = np.log(at) @ new.T + np.log1p(-at) @ (1 - new.T)
    exact = -np.log(integrate.simpson(np.exp(log_prior[:, None] + log_seen), x=z, axis=0)).mean()
    assert exact - 0.02 < many < exact + 0.1
    code = np.asarray(gl.encode(bits(), fit.params, new))[:, 0]
    assert abs(stats.spearmanr(code, held).statistic) > 0.95


def test_training_draws_anew_at_each_step():
    """With the same batch twice the loss differs; the score of the same rows does not."""
    x, _ = thermometer(64)
    density = bits()
    start = density.init(jax.random.key(1))
    how = {"method": gl.gradient(optax.sgd, learning_rate=0.0, batch_size=64, epochs=1), "start": start}
    values = [float(gl.fit(density, x, key=jax.random.key(seed), **how).log_likelihood) for seed in (0, 1)]
    assert values[0] == values[1]  # scored by draws that stay the same
    keys = jax.random.split(jax.random.key(0), 2)
    bounds = [float(density.bound(key, start, jnp.asarray(x[0]))) for key in keys]
    assert bounds[0] != bounds[1]


def test_a_key_of_an_event_depends_on_every_entry_and_not_on_the_dtype():
    x = np.zeros((3, 4), np.uint8)
    key = jax.random.key_data(event_key(x))
    for i in np.ndindex(x.shape):
        other = x.copy()
        other[i] = 1
        assert np.any(jax.random.key_data(event_key(other)) != key)
        np.testing.assert_array_equal(
            jax.random.key_data(event_key(other)), jax.random.key_data(event_key(other.astype(np.int32)))
        )
    real = np.zeros(3, np.float32)
    assert np.any(jax.random.key_data(event_key(real)) != jax.random.key_data(event_key(real + np.float32(1e-3))))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: gl.latent(gl.bernoulli((2,)), linear(2, 3), linear(3, 2)), "vectors of real numbers"),
        (lambda: gl.latent(gl.normal(), linear(2, 3), linear(3, 2)), "vectors of real numbers"),
        (lambda: gl.latent(gl.normal((2,)), linear(1, 3), linear(3, 2)), "decoder's given"),
        (lambda: gl.latent(gl.normal((2,)), linear(2, 3), linear(3, 1)), "encoder's events"),
        (lambda: gl.latent(gl.normal((2,)), linear(2, 3), linear(4, 2)), "encoder's given"),
        (lambda: gl.latent(gl.normal((2,)), linear(2, 3), linear(3, 2), 0), "draws = 0"),
        (lambda: gl.latent(gl.normal((2,)), linear(2, 3), linear(3, 2), 2.5), "draws = 2.5 must be a whole number"),
        (lambda: gl.ppca(4, 1.5), "k = 1.5 must be a whole number"),
        (lambda: gl.factor_analysis(4, "2"), "k = '2' must be a whole number"),
        (lambda: gl.perceptron(gl.normal(), gl.reals((2,)), (3, 0)), "hidden = 0 must be at least 1"),
        (lambda: gl.perceptron(gl.normal(), gl.reals((2,)), (0,)), "hidden"),
        (lambda: gl.perceptron(gl.normal(), gl.pair(gl.reals(), gl.reals())), "no array"),
    ],
)
def test_what_cannot_be_is_refused(make, said):
    with pytest.raises((ValueError, TypeError), match=said):
        make()


def test_parts_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="latent"):
        gl.latent(gl.normal((2,)), gl.normal((3,)), linear(3, 2))
    with pytest.raises(TypeError, match="perceptron"):
        gl.perceptron(gl.normal(), 3)
