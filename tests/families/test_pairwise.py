"""The matmul form of gamma, beta and Dirichlet is the double vmap, on either side of where it serves."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from genjax_lab.density import pairwise
from tests.case import rest_slow

RNG = np.random.default_rng(0)
ROWS = {
    "gamma": (gl.gamma((2,)), RNG.gamma(2.0, 2.0, (40, 2))),
    "beta": (gl.beta((2,)), RNG.beta(2.0, 3.0, (40, 2))),
    "dirichlet": (gl.dirichlet(3), RNG.dirichlet([2.0, 3.0, 1.0], 40)),
}


@pytest.mark.parametrize("name", rest_slow(ROWS, "gamma"))
def test_matmul_is_the_double_vmap(name):
    density, x = ROWS[name][0], ROWS[name][1].astype(np.float32)
    each = jax.jit(jax.vmap(jax.vmap(density.log_prob, (0, None)), (None, 0)))
    fast = jax.jit(lambda params, x: pairwise(density, params, x))
    low = jax.tree.map(lambda s: jnp.asarray(RNG.uniform(0.3, 2.5, (5, *s)), jnp.float32),
                       gl.density.param_shapes(density), is_leaf=lambda s: isinstance(s, tuple))  # fmt: skip
    for params in (low, jax.tree.map(lambda p: 1e4 * p, low), jax.tree.map(lambda p: p.at[1].set(0.0), low)):
        np.testing.assert_allclose(fast(params, x), each(params, x), rtol=1e-5, atol=1e-5)
    bad = fast(jax.tree.map(lambda p: p.at[2].set(jnp.nan), low), x)
    assert np.isnan(bad[:, 2]).all() and np.isfinite(bad[:, 3]).all()
