"""Autoregressive densities: they sum to 1, sample what they say, fit, compose, save, and go on from what is seen."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

import genjax_lab as gl
from tests.case import rest_slow
from tests.nets.test_nets import NETS

ENTRIES = rest_slow([gl.bernoulli(), gl.categorical(3)], gl.bernoulli())


def shaken(density, key=1):
    """Parameters whose every weight is at random."""
    leaves, tree = jax.tree.flatten(density.init(jax.random.key(key)))
    keys = jax.random.split(jax.random.key(key + 1), len(leaves))
    return tree.unflatten([a + 0.4 * jax.random.normal(k, a.shape) for k, a in zip(keys, leaves, strict=True)])


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
@pytest.mark.parametrize(
    ("shape", "net"),
    [pytest.param(*n, marks=() if i in (0, 3) else pytest.mark.slow) for i, n in enumerate(NETS)],
    ids=str,
)
def test_it_sums_to_one(shape, net, entry):
    if entry is not gl.bernoulli() and np.prod(shape) > 6:
        shape = (2, 3)
    density = gl.autoregressive(shape, net, entry)
    assert gl.check_normalised(density, shaken(density)) == pytest.approx(1, abs=1e-5)


def test_a_network_is_told_which_levels_are_the_ends():
    density = gl.autoregressive((2,), gl.nets.made((5,)), gl.categorical(20))
    params = shaken(density)
    assert params["weights_0"].shape == (6, 5)  # three numbers a level
    assert gl.check_normalised(density, params) == pytest.approx(1, abs=1e-5)
    first = density.sample(jax.random.key(3), params)[0]
    kept = gl.complete(density, jax.random.key(4), params, jnp.array([[first, 0]]), jnp.array([True, False]))
    assert kept[0, 0] == first and gl.contains(density, kept).all()


@pytest.mark.slow
def test_it_integrates_to_one_over_real_numbers():
    density = gl.autoregressive((2,), gl.nets.made((5,)), gl.normal())
    params = jax.tree.map(lambda a: 0.3 * a, shaken(density))
    assert gl.check_normalised(density, params) == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "net"), NETS[:1] + NETS[3:], ids=str)
def test_samples_come_as_often_as_they_should(shape, net):
    shape = shape if np.prod(shape) <= 6 else (2, 3)
    density = gl.autoregressive(shape, net)
    params, n = shaken(density), 4000
    events = np.asarray(density.space.enumerate())
    share = np.exp(np.asarray(gl.log_prob(density, params, jnp.asarray(events)), np.float64))
    events = events.reshape(len(events), -1)
    drawn = np.asarray(gl.sample(density, jax.random.key(5), params, n)).reshape(n, -1)
    seen = (drawn[:, None] == events[None]).all(-1).sum(0)
    often = n * share > 5
    observed, expected = (
        np.append(seen[often], seen[~often].sum()),
        np.append(n * share[often], n * share[~often].sum()),
    )
    some = expected > 0
    assert stats.chisquare(observed[some], (expected * n / expected.sum())[some]).pvalue > 1e-4


def test_orders_are_averaged_in_probability():
    density, net = gl.autoregressive((4,), gl.nets.made((6,), orderings=3)), gl.nets.made((6,), orderings=3)
    params, module = shaken(density), net.build((4,), 1, 1)
    x = density.space.enumerate()
    each = []
    for m in range(3):
        z = module.apply({"params": params}, x.astype(jnp.float32)[..., None], m)[..., 0]
        each.append(np.where(x, jax.nn.sigmoid(z), jax.nn.sigmoid(-z)).prod(1))
    np.testing.assert_allclose(np.exp(gl.log_prob(density, params, x)), np.mean(each, 0), rtol=1e-5)


def test_what_comes_first_has_a_probability_and_can_be_completed():
    density = gl.autoregressive((2, 3), gl.nets.windows(1, 1, width=4, memory=3))
    params, events = shaken(density), density.space.enumerate()
    share = np.exp(np.asarray(gl.log_prob(density, params, events), np.float64))
    x, seen = jnp.array([[1, 0, 1], [0, 7, -3]]), jnp.array([[True] * 3, [True, False, False]])
    agree = (np.asarray(events)[:, np.asarray(seen)] == [1, 0, 1, 0]).all(1)
    masked = jax.jit(density.log_prob_masked)(params, x, seen)
    assert np.exp(masked) == pytest.approx(share[agree].sum(), rel=1e-4)
    keys = jax.random.split(jax.random.key(0), 3000)
    drawn = np.asarray(jax.vmap(density.complete, (0, None, None, None))(keys, params, x, seen))
    codes = drawn[:, 1, 1] * 2 + drawn[:, 1, 2]
    assert (drawn[:, 0] == [1, 0, 1]).all() and (drawn[:, 1, 0] == 0).all()
    expected = share[agree] / share[agree].sum()  # in C order: 00, 01, 10, 11
    assert stats.chisquare(np.bincount(codes, minlength=4), 3000 * expected).pvalue > 1e-4


def test_what_does_not_come_first_has_no_answer():
    density = gl.autoregressive((3,), gl.nets.made((4,)))
    params, seen = shaken(density), jnp.array([False, True, True])
    assert np.isnan(density.log_prob_masked(params, jnp.array([0, 1, 1]), seen))
    assert not density.space.contains(density.complete(jax.random.key(0), params, jnp.array([0, 1, 1]), seen))
    several = gl.autoregressive((3,), gl.nets.made((4,), orderings=2))
    assert several.complete is None and several.log_prob_masked is None


@pytest.mark.slow
def test_it_learns_what_a_tree_of_bits_cannot():
    """Parity: the last bit tells the sum of the others, of which no pair tells anything."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (2000, 3))
    x = jnp.asarray(np.concatenate([bits, bits.sum(1, keepdims=True) % 2], 1))
    density = gl.autoregressive((4,), gl.nets.made((32,)))
    method = gl.gradient(optax.adam, learning_rate=0.02, batch_size=100, epochs=40)
    fit = gl.fit(density, x, method=method, key=jax.random.key(0))
    assert -float(fit.log_likelihood) / 2000 == pytest.approx(3 * np.log(2), abs=0.05)
    assert float(gl.nll(gl.chow_liu((4,)), gl.fit(gl.chow_liu((4,)), x).params, x)) > 4 * np.log(2) - 0.02


@pytest.mark.slow
def test_it_composes_saves_and_loads(tmp_path):
    inner = gl.autoregressive((3,), gl.nets.made((4,)))
    model = gl.joint(gl.categorical(2), gl.per_class(inner, 2))
    y, x = jnp.array([0, 1, 1, 0] * 10), jnp.array([[0, 0, 1], [1, 1, 0], [1, 0, 0], [0, 1, 1]] * 10)
    method = gl.gradient(optax.adam, learning_rate=0.05, batch_size=20, epochs=30)
    fit = gl.fit(model, (y, x), method=method, key=jax.random.key(0))
    assert (gl.predict(gl.posterior(model), fit.params, x) == y).all()
    assert gl.check_normalised(gl.marginal(model), fit.params) == pytest.approx(1, abs=1e-5)
    gl.save(tmp_path / "model.npz", model, fit.params)
    again, params = gl.load(tmp_path / "model.npz")
    assert again is model
    np.testing.assert_array_equal(gl.log_prob(again, params, (y, x)), gl.log_prob(model, fit.params, (y, x)))
    mixed = gl.fit(gl.mixture(inner, 2), x, method=method, key=jax.random.key(1))
    assert float(mixed.log_likelihood) > float(gl.fit(gl.bernoulli((3,)), x).log_likelihood)


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="takes no arrays of shape"):
        gl.autoregressive((9,), gl.nets.windows())
    with pytest.raises(ValueError, match="as an entry is"):
        gl.autoregressive((9,), gl.nets.made(), gl.bernoulli((2,)))
    with pytest.raises(TypeError, match="net"):
        gl.autoregressive((9,), gl.bernoulli())
