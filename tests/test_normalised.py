"""`gl.check_normalised` against SciPy's integrals, and that it finds what is wrong."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

import genjax_lab as gl
from genjax_lab.density import Density, factory


@factory
def unfinished(shape: tuple[int, ...] = (), mass: float = 1.0) -> Density:
    """A standard normal whose total is `mass`."""
    right = gl.normal(shape)
    return Density(
        right.space, right.parameters, right.init, lambda p, x: right.log_prob(p, x) + np.log(mass), right.sample
    )


@factory
def forgetful(k: int) -> Density:
    """A categorical that forgot to normalise."""
    right = gl.categorical(k)
    return Density(right.space, right.parameters, right.init, lambda p, x: p["logits"][x], right.sample)


@pytest.mark.parametrize("shape", [(), (2,), (3,)])
def test_integrates_in_one_to_three_dimensions(shape):
    params = {"loc": jnp.full(shape, 100.0), "scale": jnp.full(shape, 0.01)}
    assert gl.check_normalised(gl.normal(shape), params) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("mass", [0.99, 1.01, 2.0])
@pytest.mark.parametrize("shape", [(), (2,)])
def test_wrong_total_is_found_and_named(mass, shape):
    params = {"loc": jnp.zeros(shape), "scale": jnp.ones(shape)}
    with pytest.raises(ValueError, match=rf"unfinished\(.*{mass}\) adds up to {mass:.3g}.*, not 1"):
        gl.check_normalised(unfinished(shape, mass), params)


def test_small_error_passes_a_large_tolerance():
    params = {"loc": 0.0, "scale": 1.0}
    assert gl.check_normalised(unfinished((), 1.01), params, tol=0.02) == pytest.approx(1.01, abs=1e-4)


def test_finite_sum_is_exact():
    with pytest.raises(ValueError, match=r"forgetful\(3\) adds up to 6, not 1"):
        gl.check_normalised(forgetful(3), {"logits": jnp.log(jnp.array([1.0, 2.0, 3.0]))})


def test_narrow_peaks_far_apart_are_not_missed():
    params = {
        "prior": {"logits": jnp.zeros(2)},
        "conditional": {"loc": jnp.array([-500.0, 501.0]), "scale": jnp.array([0.05, 3.0])},
    }
    assert gl.check_normalised(gl.mixture(gl.normal(), 2), params) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("rare", [-3.0, -5.0, -6.0])
def test_a_narrow_rare_component_far_away_is_not_missed(rare):
    """Ten samples of 4096 fall into it, at the rarest, and its tails lie beyond them."""
    params = {
        "prior": {"logits": jnp.array([0.0, rare])},
        "conditional": {"loc": jnp.array([0.0, 1e4]), "scale": jnp.array([1.0, 0.01])},
    }
    assert gl.check_normalised(gl.mixture(gl.normal(), 2), params) == pytest.approx(1, abs=2e-4)


@pytest.mark.parametrize("what", [gl.per_class(gl.normal(), 2), gl.normal, 3], ids=["conditional", "factory", "3"])
def test_what_is_no_density_is_refused_by_name(what):
    with pytest.raises(TypeError, match=r"gl\.check_normalised: .* is (a conditional|not a density)"):
        gl.check_normalised(what, {})


def test_jump_of_a_uniform_lies_between_panels():
    params = {"low": jnp.float32(0.123), "high": jnp.float32(0.456)}
    assert gl.check_normalised(gl.uniform(), params) == pytest.approx(1, abs=1e-4)


def test_agrees_with_scipys_quadrature():
    mixture, log_prob = gl.mixture(gl.normal(), 2), jax.jit(gl.mixture(gl.normal(), 2).log_prob)
    params = {
        "prior": {"logits": jnp.array([0.0, 1.0])},
        "conditional": {"loc": jnp.array([-1.0, 2.0]), "scale": jnp.array([0.5, 2.0])},
    }
    wanted, _ = integrate.quad(
        lambda x: float(jnp.exp(log_prob(params, x))), -20, 25, points=[-1, 2], epsabs=1e-5, limit=60
    )
    assert gl.check_normalised(mixture, params) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize(
    ("density", "message"),
    [
        (gl.normal((4,)), "4 real coordinates; quadrature takes 1 to 3"),
        (gl.multinomial(3, total=None), "total"),
        (gl.bernoulli((30,)), "events, too many to list"),
    ],
    ids=repr,
)
def test_spaces_that_are_too_large_are_refused(density, message):
    with pytest.raises(ValueError, match=message):
        gl.check_normalised(density, jax.jit(density.init)(jax.random.key(0)))
