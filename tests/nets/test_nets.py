"""Causal networks: each output looks at earlier entries only, and one entry at a time gives what a whole pass gives."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from tests.case import rest_slow

NETS = [
    ((2, 3), gl.nets.made((40, 30), orderings=3)),
    ((2, 3), gl.nets.windows(1, 1, width=4, memory=3)),
    ((3, 3), gl.nets.windows(2, 1, 2, width=5, depth=2, memory=0)),
    ((3, 3), gl.nets.convolution(width=4, depth=2, first=(1, 2), near=(1, 1))),
    ((6,), gl.nets.attention(width=8, heads=2, depth=2)),
    ((2, 3), gl.nets.turned(gl.nets.windows(1, 1, width=4, memory=2), orderings=4)),
    ((2, 2), gl.nets.turned(gl.nets.windows(1, 1, width=4, memory=0))),
]
every_net = pytest.mark.parametrize(
    ("shape", "net"),
    [pytest.param(*n, marks=pytest.mark.slow if i in (2, 4, 6) else ()) for i, n in enumerate(NETS)],
    ids=str,
)


def weighted(module, shape, channels):
    """Weights at random everywhere: those that start from zero tell nothing."""
    x = jnp.zeros((1, int(np.prod(shape)), channels))
    start = jax.jit(module.init)(jax.random.key(0), x)
    leaves, tree = jax.tree.flatten(start)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    return tree.unflatten([a + 0.5 * jax.random.normal(k, a.shape) for k, a in zip(keys, leaves, strict=True)])


some_channels = pytest.mark.parametrize("channels", rest_slow((1, 3), 1))


@every_net
@some_channels
def test_an_output_looks_at_all_earlier_entries_and_no_other(shape, net, channels):
    module, d = net.build(shape, channels, 2), int(np.prod(shape))
    weights = weighted(module, shape, channels)
    # Some unit is off at any one point: what is looked at is what a change at some of them changes.
    points = jax.random.normal(jax.random.key(2), (20, 1, d, channels))
    moved = points + 3.0 * jnp.eye(d)[None, :, :, None]
    apply = jax.jit(lambda x, m: module.apply(weights, x.reshape(-1, d, channels), m).reshape(20, -1, d, 2))
    for ordering in range(net.orderings):
        change = np.abs(np.asarray(apply(moved, ordering) - apply(points, ordering))).max((0, 3))
        looks = 1e-4 * change.max() < change.T  # output, entry; less is rounding
        order = net.order(shape, ordering)
        looks = looks[order][:, order]
        assert not np.triu(looks).any() and looks[1, 0]
        if "made" in repr(net) or "attention" in repr(net):
            assert looks[np.tril_indices(d, -1)].all()
        if "memory=3" in repr(net):
            assert looks[3:, :3].all()  # the rows above, however far


@every_net
@some_channels
def test_one_entry_at_a_time_gives_what_the_whole_pass_gives(shape, net, channels):
    module, d = net.build(shape, channels, 2), int(np.prod(shape))
    weights = weighted(module, shape, channels)
    x = jax.random.normal(jax.random.key(3), (d, channels))
    for ordering in range(net.orderings):
        order = jnp.asarray(net.order(shape, ordering))
        whole = module.apply(weights, x[None], ordering)[0][order]
        last = jnp.concatenate([jnp.zeros((1, channels)), x[order][:-1]])

        def step(cache, at, m=ordering):
            return module.apply(weights, cache, *at, m, method="next")

        start = module.apply(weights, ordering, method="cache")
        steps = jax.jit(lambda: jax.lax.scan(step, start, (jnp.arange(d), last))[1])()  # noqa: B023
        np.testing.assert_allclose(steps, whole, rtol=1e-4, atol=1e-5)


def test_orders_are_permutations_and_the_first_is_that_of_reading():
    net = gl.nets.made((5,), orderings=3)
    orders = [net.order((2, 4), m) for m in range(3)]
    assert all(sorted(order.tolist()) == list(range(8)) for order in orders)
    assert orders[0].tolist() == list(range(8)) and orders[1].tolist() != orders[2].tolist()


def test_a_turned_image_is_read_from_another_corner():
    net = gl.nets.turned(gl.nets.windows())
    places = np.arange(9).reshape(3, 3)
    turns = [t[::down, ::right] for t in (places, places.T) for down in (1, -1) for right in (1, -1)]
    for ordering, expected in enumerate(turns):
        assert (net.order((3, 3), ordering).reshape(3, 3) == expected).all()
    with pytest.raises(ValueError, match="4 turns"):
        gl.autoregressive((2, 3), net)


def test_copies_fitted_alone_average_as_one():
    shape, net = (3, 3), gl.nets.windows(1, 1, width=4, memory=2)
    one, whole = gl.autoregressive(shape, net), gl.autoregressive(shape, gl.nets.turned(net))
    params = [{"copies": weighted(net.build(shape, 1, 1), shape, 1)["params"]}]
    params = [jax.tree.map(lambda a, s=s: a * s, params[0]) for s in np.linspace(0.5, 1.5, 8)]
    x = jax.random.bernoulli(jax.random.key(5), 0.5, (6, 9)).astype(int)
    each = []
    for m, own in enumerate(params):
        order = gl.nets.turned(net).order(shape, m)
        each.append(gl.log_prob(one, own["copies"], x[:, order].reshape(-1, 3, 3)))
    stacked = jax.tree.map(lambda *a: jnp.stack(a), *params)
    expected = jax.scipy.special.logsumexp(jnp.stack(each), 0) - np.log(8)
    found = gl.log_prob(whole, stacked, x.reshape(-1, 3, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert gl.contains(whole, gl.sample(whole, jax.random.key(0), stacked, 5)).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: gl.nets.made(()),
        lambda: gl.nets.made((0,)),
        lambda: gl.nets.made((5,), orderings=0),
        lambda: gl.nets.windows(rows=0),
        lambda: gl.nets.windows(left=2),
        lambda: gl.nets.windows(memory=-1),
        lambda: gl.nets.convolution(depth=0),
        lambda: gl.nets.attention(width=10, heads=4),
        lambda: gl.nets.turned(gl.nets.windows(), orderings=9),
        lambda: gl.nets.turned(gl.nets.made((5,), orderings=2)),
    ],
)
def test_impossible_numbers_are_refused(make):
    with pytest.raises(ValueError, match="must"):
        make()


@pytest.mark.parametrize("channels", [1, 3, 9])
def test_a_convolution_elsewhere_is_the_product_on_a_cpu(monkeypatch, channels):
    from genjax_lab.nets.neighbours import Near

    near = Near(2, 1, 3, own=True)
    image = jax.random.normal(jax.random.key(0), (2, 4, 5, channels))
    weights = jax.random.normal(jax.random.key(1), (near.taps * channels, 4))
    product = near.product(image, weights)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    np.testing.assert_allclose(near.product(image, weights), product, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda half: gl.nets.windows(1, 1, width=8, memory=4, half=half),
        lambda half: gl.nets.convolution(width=8, depth=2, first=(1, 1), near=(1, 1), half=half),
        lambda half: gl.nets.attention(width=8, heads=2, depth=1, half=half),
    ],
    ids=["windows", "convolution", "attention"],
)
def test_half_precision_has_the_same_weights_and_nearly_the_same_outputs(make):
    full, half = (make(flag).build((3, 4), 1, 1) for flag in (False, True))
    weights, x = (
        weighted(full, (3, 4), 1),
        jnp.asarray(np.random.default_rng(0).integers(0, 2, (5, 12, 1)), jnp.float32),
    )
    scaled = jax.tree.map(lambda a: 0.3 * a, weights)
    exact, rough = full.apply(scaled, x), half.apply(scaled, x)
    assert rough.dtype == exact.dtype and not np.array_equal(rough, exact)
    np.testing.assert_allclose(rough, exact, atol=0.05 * float(jnp.abs(exact).max()))
