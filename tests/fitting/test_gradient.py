"""Stochastic gradients: what optax's own loop gives, unbiased last batches, early stopping, averages, sweeps."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import genjax_lab as gl

RNG = np.random.default_rng(5)
X = RNG.poisson(3.0, 103)
START = {"rate": 1.0}
KEY = jax.random.key(0)


def test_full_batches_are_optaxs_own_loop():
    method = gl.gradient(optax.adam, learning_rate=0.1, batch_size=103, epochs=15)
    fit = gl.fit(gl.poisson(), X, method=method, key=KEY, start=START)

    def loss(z):
        return -(jnp.asarray(X) * z - jnp.exp(z)).mean()

    tx, z = optax.adam(0.1), jnp.zeros(())
    state = tx.init(z)
    for _ in range(15):
        move, state = tx.update(jax.grad(loss)(z), state, z)
        z = z + move
    assert float(fit.params["rate"]) == pytest.approx(float(jnp.exp(z)), rel=1e-5)
    assert gl.Status(int(fit.status)) is gl.Status.COMPLETED


def test_the_last_batch_weighs_what_it_has():
    """103 rows in batches of 50: the three of the last batch pull as three rows; plain SGD nears the mean."""
    method = gl.gradient(optax.sgd, learning_rate=0.02, batch_size=50, epochs=400, average=0.99)
    fit = gl.fit(gl.poisson(), X, method=method, key=KEY, start=START)
    assert float(fit.params["rate"]) == pytest.approx(X.mean(), rel=0.03)


def test_weights_are_repeated_rows_on_average():
    weights = np.where(X > 3, 2.0, 0.0)
    method = gl.gradient(optax.adam, learning_rate=0.05, batch_size=103, epochs=200)
    fit = gl.fit(gl.poisson(), X, weights=weights, method=method, key=KEY, start=START)
    assert float(fit.params["rate"]) == pytest.approx(X[X > 3].mean(), rel=2e-3)


def test_the_best_epoch_on_the_validation_rows_is_kept():
    """Training rows at 9, validation rows at 2: the path passes the best point, and stops soon after."""
    rows = gl.Data(jnp.full(20, 2))
    method = gl.gradient(optax.sgd, learning_rate=0.01, batch_size=20, epochs=300, validation=rows, patience=5)
    fit = gl.fit(gl.poisson(), np.full(40, 9), method=method, key=KEY, start={"rate": 0.5})
    assert float(fit.params["rate"]) == pytest.approx(2.0, rel=0.1)
    assert int(fit.steps) < 300


def test_a_sweep_over_learning_rates_is_one_compiled_call():
    def end(rate):
        method = gl.gradient(optax.adam, learning_rate=rate, batch_size=103, epochs=30)
        return gl.run(method, gl.poisson(), gl.Data(jnp.asarray(X)), {"rate": jnp.ones(())}, key=KEY).log_likelihood

    values = np.asarray(jax.jit(jax.vmap(end))(jnp.array([1e-4, 1e-2, 0.1])))
    assert np.all(np.diff(values) > 0)


def test_the_same_schedule_made_again_compiles_once():
    def method():
        fall = gl.schedule(optax.cosine_decay_schedule, init_value=0.1, decay_steps=300)
        return gl.gradient(optax.adam, learning_rate=fall, batch_size=50, epochs=100)

    assert jax.tree.structure(method()) == jax.tree.structure(method())
    fit = gl.fit(gl.poisson(), X, method=method(), key=KEY, start=START)
    assert float(fit.params["rate"]) == pytest.approx(X.mean(), rel=0.05)


def test_a_rate_that_blows_up_is_told_and_the_best_kept():
    method = gl.gradient(optax.sgd, learning_rate=1e30, batch_size=103, epochs=3)
    with pytest.raises(gl.FitError, match="NON_FINITE") as caught:
        gl.fit(gl.poisson(), X, method=method, key=KEY, start=START)
    assert np.isfinite(float(caught.value.fit.params["rate"]))


def test_the_same_key_gives_the_same_fit():
    method = gl.gradient(batch_size=16, epochs=2)
    one, two = (gl.fit(gl.poisson(), X, method=method, key=KEY, start=START) for _ in range(2))
    assert float(one.params["rate"]) == float(two.params["rate"])


@pytest.mark.parametrize(
    "bad",
    [
        {"batch_size": 0}, {"epochs": 0}, {"patience": 2}, {"batch_size": 1.5}, {"average": 1.0}, {"average": -0.1},
        {"patience": 0, "validation": gl.Data(X)}, {"average": np.float32(1.5)}, {"patience": -2.5},
    ],
)  # fmt: skip
def test_arguments_that_cannot_be_right(bad):
    with pytest.raises(ValueError, match=f"gl.gradient: {next(iter(bad))}"):
        gl.gradient(**bad)


def test_what_is_no_rows_or_no_number_is_refused_by_name():
    with pytest.raises(TypeError, match=r"validation is ndarray; pass the rows as gl\.Data"):
        gl.gradient(validation=X)
    with pytest.raises(TypeError, match="momentum takes a number"):
        gl.gradient(optax.sgd, momentum=gl.schedule(optax.constant_schedule, value=0.9))


def test_an_average_in_double_precision_of_a_single_start(x64):
    start = {"rate": jnp.ones((), jnp.float32)}
    method = gl.gradient(learning_rate=0.1, epochs=2, batch_size=50, average=0.9)
    assert np.isfinite(float(gl.fit(gl.poisson(), X, method=method, key=KEY, start=start).log_likelihood))


def test_validation_rows_are_checked():
    method = gl.gradient(validation=gl.Data(np.array([-1])))
    with pytest.raises(ValueError, match=r"validation: x\[0\] = -1 is outside"):
        gl.fit(gl.poisson(), X, method=method, key=KEY, start=START)


def test_a_key_is_asked_for():
    with pytest.raises(TypeError, match="pass key="):
        gl.fit(gl.poisson(), X, method=gl.gradient(), start=START)


def test_progress_reports_and_gives_the_same_parameters():
    said = []
    method = gl.gradient(batch_size=16, epochs=4)
    seen = gl.fit(gl.poisson(), X, method=method, key=KEY, start=START, progress=said.append)
    unseen = gl.fit(gl.poisson(), X, method=method, key=KEY, start=START)
    assert float(seen.params["rate"]) == float(unseen.params["rate"])
    assert said[-1]["step"] == 4
    x = np.array([0, 1, 1, 9, 8, 9, 2])
    many = gl.fit(gl.mixture(gl.poisson(), 2), x, key=KEY, restarts=2, progress=said.append)
    assert many.starts[0].shape == (2,) and said[-1]["start"] == 1


def test_an_average_does_not_remember_its_start():
    x = jax.random.normal(jax.random.key(1), (512,)) + 3.0
    method = gl.gradient(optax.adam, 0.1, batch_size=64, epochs=100, average=0.9999)
    fit = gl.fit(gl.normal(), x, method=method, key=jax.random.key(0), start={"loc": 0.0, "scale": 1.0})
    assert abs(float(fit.params["loc"]) - 3.0) < 0.3


@pytest.mark.slow
def test_an_optimiser_that_searches_along_lines_is_given_the_loss():
    x = jax.random.normal(jax.random.key(1), (200,)) * 2.0 + 3.0
    method = gl.gradient(optax.lbfgs, learning_rate=None, batch_size=200, epochs=20)
    fit = gl.fit(gl.normal(), x, method=method, key=jax.random.key(0), start={"loc": 0.0, "scale": 1.0})
    best = gl.fit(gl.normal(), x)
    assert float(fit.log_likelihood) == pytest.approx(float(best.log_likelihood), abs=1e-2)


def test_a_bare_schedule_is_refused_with_what_to_write():
    with pytest.raises(TypeError, match=r"gl\.schedule\(optax"):
        gl.gradient(optax.adam, optax.constant_schedule(0.1))
