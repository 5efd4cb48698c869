"""The functions over many rows: under `jit`, `grad` and `vmap`, with keys, and with NumPy or JAX arrays."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl

X = np.array([0.5, -1.0, 2.0], np.float32)
PARAMS = {"loc": jnp.float32(0.3), "scale": jnp.float32(1.5)}
MODEL = gl.joint(gl.categorical(2), gl.per_class(gl.normal(), 2))
MODEL_PARAMS = {
    "prior": {"logits": jnp.array([0.0, 1.0])},
    "conditional": {"loc": jnp.array([-1.0, 1.0]), "scale": jnp.ones(2)},
}


@pytest.mark.parametrize("data", [X, jnp.asarray(X)], ids=["numpy", "jax"])
def test_loss_can_be_jitted_with_the_data_in_a_closure(data):
    """The most common training loop there is."""
    wanted = gl.nll(gl.normal(), PARAMS, data)
    assert float(jax.jit(lambda p: gl.nll(gl.normal(), p, data))(PARAMS)) == pytest.approx(float(wanted))
    slope = jax.jit(jax.grad(lambda p: gl.nll(gl.normal(), p, data)))(PARAMS)
    score = gl.score(gl.normal(), PARAMS, data)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(-3 * a, b, rtol=1e-5), slope, score)


def test_loss_can_be_mapped_over_params_and_data():
    many = jax.tree.map(lambda a: jnp.stack([a, 2 * a]), PARAMS)
    losses = jax.vmap(lambda p: gl.nll(gl.normal(), p, X))(many)
    wanted = [float(gl.nll(gl.normal(), jax.tree.map(lambda a, i=i: a[i], many), X)) for i in (0, 1)]
    np.testing.assert_allclose(losses, wanted, rtol=1e-6)
    losses = jax.vmap(lambda x: gl.nll(gl.normal(), PARAMS, x))(jnp.stack([X, X + 1]))
    np.testing.assert_allclose(losses[1], gl.nll(gl.normal(), PARAMS, X + 1), rtol=1e-6)


def test_nll_is_the_weighted_mean():
    rows = np.asarray(gl.log_prob(gl.normal(), PARAMS, X), float)
    assert float(gl.nll(gl.normal(), PARAMS, X)) == pytest.approx(-rows.mean(), rel=1e-6)
    weights = np.array([2.0, 0.0, 1.0])
    assert float(gl.nll(gl.normal(), PARAMS, X, weights=weights)) == pytest.approx(
        -np.average(rows, weights=weights), rel=1e-6
    )


def test_nll_of_an_impossible_row_is_infinite_and_its_score_leaves_it_out():
    params = {"low": jnp.float32(0), "high": jnp.float32(1)}
    assert float(gl.nll(gl.uniform(), params, np.array([0.5, 2.0]))) == np.inf
    score = gl.score(gl.uniform(), params, np.array([0.5, 2.0]))
    assert (float(score["low"]), float(score["high"])) == (1.0, -1.0)


def test_same_key_same_sample_other_key_another():
    def draw(seed, n=50):
        return gl.sample(gl.normal((2,)), jax.random.key(seed), {"loc": jnp.zeros(2), "scale": jnp.ones(2)}, n)

    np.testing.assert_array_equal(draw(0), draw(0))
    assert not np.any(np.asarray(draw(0)) == np.asarray(draw(1)))
    np.testing.assert_array_equal(draw(0)[:7], draw(0, 7))


def test_samples_of_several_blocks_differ_from_row_to_row(monkeypatch):
    from genjax_lab import blocks

    monkeypatch.setattr(blocks, "block_rows", lambda x: 10)
    x = np.asarray(gl.sample(gl.normal(), jax.random.key(0), PARAMS, 101))
    assert len(np.unique(x)) == 101


def test_prediction_is_the_first_of_equals():
    flat = jax.tree.map(jnp.zeros_like, MODEL_PARAMS)
    flat["conditional"]["scale"] = jnp.ones(2)
    assert gl.predict(gl.posterior(MODEL), flat, X).tolist() == [0, 0, 0]


def test_prediction_matches_bayes_rule_by_hand():
    joint = np.stack([np.asarray(gl.log_prob(MODEL, MODEL_PARAMS, (np.full(3, y), X))) for y in (0, 1)], 1)
    wanted = joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)
    got = gl.predict_log_prob(gl.posterior(MODEL), MODEL_PARAMS, X)
    np.testing.assert_allclose(got, wanted, rtol=1e-5)
    np.testing.assert_array_equal(gl.predict(gl.posterior(MODEL), MODEL_PARAMS, X), joint.argmax(1))


def test_prediction_of_a_product_label_is_a_dict():
    prior = gl.product(u=gl.categorical(2), v=gl.bernoulli())
    model = gl.joint(prior, gl.per_class(gl.normal(), prior.space))
    params = {
        "prior": {"u": {"logits": jnp.zeros(2)}, "v": {"logits": jnp.float32(0)}},
        "conditional": {"loc": jnp.array([0.0, 10.0, 20.0, 30.0]), "scale": jnp.ones(4)},
    }
    got = gl.predict(gl.posterior(model), params, np.array([21.0, 9.0], np.float32))
    assert jax.tree.map(lambda a: a.tolist(), got) == {"u": [1, 0], "v": [0, 1]}


def test_python_numbers_serve_as_params():
    got = gl.log_prob(gl.normal(), {"loc": 0, "scale": 1}, [0.0])
    assert float(got[0]) == pytest.approx(-0.5 * np.log(2 * np.pi))


def test_a_density_of_ones_own_has_all_batch_functions():
    """Fifteen lines make a density; it composes, samples and has a score without an estimator."""

    @gl.factory
    def laplace() -> gl.Density:
        from genjax_lab.constraints import positive

        return gl.Density(
            space=gl.reals(),
            parameters={"scale": positive(())},
            init=lambda key: {"scale": jnp.ones(())},
            log_prob=lambda p, x: -jnp.abs(x) / p["scale"] - jnp.log(2 * p["scale"]),
            sample=lambda key, p: p["scale"] * jax.random.laplace(key),
        )

    params = {"scale": jnp.float32(2)}
    assert gl.check_normalised(laplace(), params) == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(gl.score(laplace(), params, X)["scale"], (np.abs(X) / 4 - 0.5).sum(), rtol=1e-5)
    mixture = gl.mixture(gl.product(a=laplace(), b=gl.bernoulli()), 3)
    fitted = jax.jit(mixture.init)(jax.random.key(0))
    assert np.isfinite(gl.log_prob(mixture, fitted, {"a": X, "b": np.array([0, 1, 1])})).all()
