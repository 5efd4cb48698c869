"""EM by minibatches: where it ends, what a batch counts, and what it refuses."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl

MIXTURE = gl.mixture(gl.bernoulli((6,)), 2)


def rows(n=1000):
    rng = np.random.default_rng(0)
    on = np.array([[0.9, 0.8, 0.9, 0.1, 0.2, 0.1], [0.1, 0.2, 0.3, 0.8, 0.9, 0.7]])
    return jnp.asarray(rng.random((n, 6)) < on[rng.integers(0, 2, n)], jnp.uint8)


def test_few_epochs_come_near_to_what_all_rows_at_a_time_find():
    x = rows()
    full = gl.fit(MIXTURE, x, key=jax.random.key(0), smoothing=0.5, method=gl.em(curvature=False))
    online = gl.fit(MIXTURE, x, key=jax.random.key(0), smoothing=0.5, method=gl.online_em(6, batch_size=50))
    assert gl.Status(int(online.status)) is gl.Status.COMPLETED and int(online.steps) == 6
    assert float(online.log_likelihood) / 1000 == pytest.approx(float(full.log_likelihood) / 1000, abs=2e-3)


@pytest.mark.slow
def test_one_batch_of_all_rows_is_one_step_of_em():
    x, start = rows(64), MIXTURE.init(jax.random.key(3))
    problem = gl.Problem(MIXTURE, gl.Data(x), 0.5)
    method = gl.online_em(1, batch_size=64)
    state = method.step(problem, method.init(problem, start, jax.random.key(0)))
    plain = gl.em(curvature=False)
    expected = plain.step(problem, plain.init(problem, start)).proposal
    for a, b in zip(jax.tree.leaves(state.params), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_row_of_weight_two_counts_as_two():
    x = rows(60)
    weights = jnp.concatenate([jnp.full(20, 2.0), jnp.zeros(20), jnp.ones(20)])
    start = MIXTURE.init(jax.random.key(3))
    twice = jnp.concatenate([x[:20], x[:20], x[40:]])
    method = gl.online_em(8, batch_size=60)
    key, again = jax.random.key(0), jax.random.key(0)
    one = gl.run(method, MIXTURE, gl.Data(x, weights=weights), start, key=key)
    other = gl.run(method, MIXTURE, gl.Data(twice), start, key=again)
    assert float(one.log_likelihood) == pytest.approx(float(other.log_likelihood), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "density",
    [
        gl.mixture(gl.normal((2,)), 2),
        gl.mixture(gl.poisson(), 2),
        gl.joint(gl.categorical(2), gl.per_class(MIXTURE, 2)),
    ],
    ids=["normal", "poisson", "classes"],
)
def test_other_statistics_can_be_scaled_too(density):
    params = density.init(jax.random.key(0))
    x = gl.sample(density, jax.random.key(1), params, 300)
    how = {"start": params, "smoothing": None}
    fit = gl.fit(density, x, key=jax.random.key(2), method=gl.online_em(5, batch_size=60), **how)
    assert float(fit.log_likelihood) > float(gl.log_prob(density, params, x).sum()) - 1


def test_what_cannot_be_scaled_or_asked_is_refused():
    x, how = jnp.ones((20, 2)), {"key": jax.random.key(0), "method": gl.online_em(2, batch_size=5)}
    with pytest.raises(ValueError, match="cannot be scaled"):
        gl.fit(gl.mixture(gl.gamma((2,)), 2), x, **how)
    with pytest.raises(ValueError, match="takes no penalty"):
        gl.fit(MIXTURE, rows(20), penalty=1.0, **how)
    with pytest.raises(TypeError, match="shuffles its batches"):
        gl.fit(MIXTURE, rows(20), start=MIXTURE.init(jax.random.key(0)), method=gl.online_em(2, batch_size=5))
    for bad in ({"batch_size": 0}, {"decay": 0.4}, {"epochs": 0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            gl.online_em(**bad)


def test_a_row_that_early_batches_made_impossible_is_told():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (2000, 5)).astype(np.uint8)
    x[:, 4] = 0
    x[-1, 4] = 1
    tree, key = gl.hidden_tree((5,), 2), jax.random.key(0)
    with pytest.raises(gl.FitError, match="smoothing prevents it") as told:
        gl.fit(tree, x, key=key, method=gl.online_em(3, 50))
    assert told.value.fit.log_likelihood == -np.inf
    smooth = gl.fit(tree, x, key=jax.random.key(0), method=gl.online_em(3, 50), smoothing=0.01)
    assert np.isfinite(smooth.log_likelihood) and gl.Status(int(smooth.status)) is gl.Status.COMPLETED


@pytest.mark.parametrize(
    "call",
    [{"epochs": 2.5}, {"epochs": True}, {"epochs": "3"}, {"epochs": 0}, {"batch_size": 1.0}, {"decay": 2}],
    ids=str,
)
def test_numbers_that_make_no_sense_are_refused(call):
    with pytest.raises((TypeError, ValueError), match=f"online_em: {next(iter(call))} = "):
        gl.online_em(**call)
