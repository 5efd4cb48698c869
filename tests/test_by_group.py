"""Rows of hard groups one group at a time: the statistics that all groups at all rows give, for less."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from genjax_lab.by_group import start_by_group, statistics_by_group
from genjax_lab.groups import Groups
from tests.case import rest_slow

RNG = np.random.default_rng(0)
BITS = jnp.asarray((RNG.random((700, 5)) < 0.4).astype(np.uint8))
LABELS = jnp.asarray(RNG.choice([0, 1, 3, 4], 700, p=[0.6, 0.3, 0.05, 0.05]))  # group 2 is empty, 4 is none of 0..3
INNER = {
    "mixture": gl.mixture(gl.bernoulli((5,)), 3),
    "product of mixtures": gl.product(a=gl.mixture(gl.bernoulli((5,)), 2), b=gl.bernoulli((5,))),
    "mixture in classes": gl.joint(gl.bernoulli(), gl.per_class(gl.mixture(gl.bernoulli((5,)), 2), gl.binary())),
}


def rows_for(name):
    if name == "product of mixtures":
        return {"a": BITS, "b": BITS}
    return (BITS[:, 0], BITS) if "classes" in name else BITS


@pytest.mark.parametrize("weighted", rest_slow((False, True), True))
@pytest.mark.parametrize("name", rest_slow(INNER, "mixture"))
def test_the_statistics_are_those_of_all_groups_at_all_rows(name, weighted):
    inner, x = INNER[name], rows_for(name)
    params = jax.vmap(inner.init)(jax.random.split(jax.random.key(0), 4))
    weights = jnp.asarray(RNG.random(700), jnp.float32) * (np.arange(700) % 7 > 0) if weighted else None
    hard = Groups(4, LABELS, weights)
    found = statistics_by_group(inner.estimator, params, x, hard)
    expected = inner.estimator.statistics(params, x, None, Groups(4, soft=hard.matrix(700, jnp.float32)))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-3), found, expected)


def test_a_start_is_made_of_the_rows_of_its_group():
    inner = INNER["mixture"]
    of_two = jnp.where((LABELS == 1)[:, None], 1 - BITS * 0, 0 * BITS)  # group 1 is all ones, the others all zeros
    params = start_by_group(inner.estimator, jax.random.key(0), of_two, Groups(4, LABELS), None)
    assert float(params["conditional"]["logits"][1].min()) > 0 > float(params["conditional"]["logits"][0].max())
    assert all(bool(jnp.isfinite(p).all()) for p in jax.tree.leaves(params))


@pytest.mark.slow
def test_one_fit_is_the_fits_of_the_classes():
    """EM of classes that share nothing, from one start, goes where EM of each class goes."""
    one = gl.mixture(gl.bernoulli((5,)), 2)
    model, keep = gl.joint(gl.categorical(2), gl.per_class(one, 2)), LABELS < 2
    y, x = LABELS[keep], BITS[keep]
    start = model.init(jax.random.key(1))
    method = gl.em(max_steps=2, tol=0.0, curvature=False)  # the first leap is the whole's or the class's own
    with pytest.warns(gl.FitWarning, match="MAX_STEPS"):
        whole = gl.fit(model, (y, x), start=start, smoothing=0.5, method=method)
        for c in range(2):
            own = jax.tree.map(lambda p, c=c: p[c], start["conditional"])
            alone = gl.fit(one, x[y == c], start=own, smoothing=0.5, method=method)
            found = jax.tree.map(lambda p, c=c: p[c], whole.params["conditional"])
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-4), found, alone.params)


@pytest.mark.slow
def test_the_memory_of_many_classes_is_bounded():
    """Trap 16: mixtures of 20 in 10 classes once compiled to 7.7 GB; 50,000 images are 39 MB."""
    model = gl.joint(gl.categorical(10), gl.per_class(gl.mixture(gl.bernoulli((784,)), 20), 10))
    y, x = jax.ShapeDtypeStruct((50_000,), jnp.int32), jax.ShapeDtypeStruct((50_000, 784), jnp.uint8)
    params = jax.eval_shape(model.init, jax.random.key(0))
    step = jax.jit(lambda y, x, params: gl.run(gl.em(curvature=False), model, gl.Data((y, x)), params, smoothing=0.1))
    memory = step.lower(y, x, params).compile().memory_analysis()
    assert memory.temp_size_in_bytes < 100e6
