"""Bits per dimension against hand-made codes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from genjax_lab.evaluate import bits_per_dim


def test_uniform_costs_eight_bits_on_each_scale():
    assert float(bits_per_dim(784 * np.log(256), 784)) == pytest.approx(8)
    assert float(bits_per_dim(0.0, 784, levels_per_unit=256)) == pytest.approx(8)


def test_a_density_scored_on_either_scale_gives_the_same_bits():
    """Scaling x by 1/256 adds ln 256 nats of density a dimension, and levels_per_unit takes it back."""
    d, sigma = 5, 20.0
    x = np.random.default_rng(0).uniform(0, 256, (3, d))
    wide = 0.5 * ((x - 100) / sigma) ** 2 + np.log(sigma * np.sqrt(2 * np.pi))
    narrow = 0.5 * ((x / 256 - 100 / 256) / (sigma / 256)) ** 2 + np.log(sigma / 256 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(
        bits_per_dim(wide.sum(1), d), bits_per_dim(narrow.sum(1), d, levels_per_unit=256), rtol=1e-5
    )


def test_under_jit_and_vmap():
    nats = jnp.array([1.0, 2.0])
    np.testing.assert_allclose(jax.jit(jax.vmap(lambda v: bits_per_dim(v, 3)))(nats), nats / (3 * np.log(2)), rtol=1e-6)


@pytest.mark.parametrize("dims", [0, -1, 2.5])
def test_impossible_dims_are_refused(dims):
    with pytest.raises(ValueError, match="dims"):
        bits_per_dim(1.0, dims)


@pytest.mark.parametrize("levels", [0, -8.0, float("nan")])
def test_impossible_levels_are_refused(levels):
    with pytest.raises(ValueError, match="levels_per_unit"):
        bits_per_dim(1.0, 2, levels_per_unit=levels)
