"""What the compiler is given: matmuls where they belong, no array over rows × models × coordinates, little memory."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import pytest

import genjax_lab as gl
from genjax_lab.batch import log_prob_rows, total_log_prob
from genjax_lab.combinators.marginal import log_joint
from genjax_lab.density import pairwise

N, K, D = 64, 6, 50


def equations(jaxpr):
    """Every equation of a program, inner programs included."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda v: hasattr(v, "eqns")):
            inner = getattr(inner, "jaxpr", inner)
            if hasattr(inner, "eqns"):
                yield from equations(inner)


def largest(program) -> int:
    return max(math.prod(v.aval.shape) for e in equations(program) for v in e.outvars if hasattr(v.aval, "shape"))


def has_dot(program) -> bool:
    return any(e.primitive.name == "dot_general" for e in equations(program))


def double_vmap(density):
    return jax.vmap(jax.vmap(density.log_prob, (0, None)), (None, 0))


BITS = jnp.zeros((N, D), jnp.uint8)
MODELS = {"logits": jnp.zeros((K, D))}


def test_double_vmap_of_bernoulli_is_a_matmul():
    """Trap 2: element-wise it is 100 times slower."""
    program = jax.make_jaxpr(double_vmap(gl.bernoulli((D,))))(MODELS, BITS).jaxpr
    assert has_dot(program)
    assert largest(program) < N * K * D


@pytest.mark.parametrize("density", [gl.poisson((D,)), gl.multinomial(D)], ids=repr)
def test_many_models_of_counts_are_a_matmul(density):
    """Trap 2."""
    params = {name: jnp.ones((K, D)) for name in density.parameters}
    program = jax.make_jaxpr(lambda p, x: pairwise(density, p, x))(params, BITS).jaxpr
    assert has_dot(program)
    assert largest(program) < N * K * D


def test_the_search_itself_finds_an_element_wise_product():
    """The two tests above can fail: this is the form that they refuse."""
    slow = jax.vmap(jax.vmap(lambda p, x: (x * p - jax.nn.softplus(p)).sum(), (0, None)), (None, 0))
    program = jax.make_jaxpr(slow)(MODELS["logits"], BITS).jaxpr
    assert not has_dot(program)
    assert largest(program) == N * K * D


def naive_bayes(density):
    return gl.joint(gl.categorical(K), gl.per_class(density, K))


@pytest.mark.parametrize("of", [log_joint, lambda m, p, x: total_log_prob(gl.marginal(m), p, x, None, None)])
def test_mixture_of_bernoullis_is_a_matmul(of):
    """Traps 2 and 16: all classes are evaluated at once, by a dot."""
    model = naive_bayes(gl.bernoulli((D,)))
    params = jax.eval_shape(model.init, jax.random.key(0))
    program = jax.make_jaxpr(lambda p, x: of(model, p, x))(params, BITS).jaxpr
    assert has_dot(program)
    assert largest(program) < N * K * D


@pytest.mark.parametrize("density", [gl.bernoulli((D,)), gl.normal((D,)), gl.poisson((D,))], ids=repr)
def test_statistics_of_classes_build_no_outer_product(density):
    """Trap 13: second moments, and all others, without an array over rows × classes × coordinates."""
    model, x = naive_bayes(density), jnp.zeros((N, D), jnp.float32 if density is gl.normal((D,)) else jnp.uint8)
    data = gl.Data((jnp.zeros(N, jnp.int32), x))
    program = jax.make_jaxpr(lambda d: gl.run(gl.closed_form(), model, d).params)(data).jaxpr
    assert largest(program) < N * K * D


@pytest.mark.parametrize("density", [gl.bernoulli((D,)), gl.normal((D,))], ids=repr)
def test_rows_of_a_joint_build_no_array_of_parameters_per_row(density):
    """Trap 16: parameters are not gathered by label, which would be rows × coordinates of them, for every class."""
    model = naive_bayes(density)
    params = jax.eval_shape(model.init, jax.random.key(0))
    x = jnp.zeros((N, D), jnp.float32)
    program = jax.make_jaxpr(lambda p, y, x: log_prob_rows(model, p, (y, x), None))(
        params, jnp.zeros(N, jnp.int32), x
    ).jaxpr
    gathered = [e for e in equations(program) if e.primitive.name == "gather"]
    assert all(math.prod(v.aval.shape) < N * D for e in gathered for v in e.outvars)


def test_classes_of_mixtures_take_little_memory():
    """Trap 16: per_class(mixture(20), 10) once compiled to 7.7 GB."""
    model = gl.joint(gl.categorical(10), gl.per_class(gl.mixture(gl.bernoulli((784,)), 20), 10))
    rows = jax.ShapeDtypeStruct((2000,), jnp.int32), jax.ShapeDtypeStruct((2000, 784), jnp.uint8)
    params = jax.eval_shape(model.init, jax.random.key(0))
    compiled = total_log_prob.lower(model, params, rows, None, None).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 100e6


@pytest.mark.parametrize("dtype", [jnp.uint8, jnp.bool_])
def test_fit_of_bytes_never_widens_them_as_a_whole(dtype):
    """Sixty thousand images as uint8 are 47 MB; as float32 they would be 188. A copy of bools as bytes is 47 more."""
    model = gl.joint(gl.categorical(10), gl.per_class(gl.bernoulli((784,)), 10))
    data = gl.Data((jax.ShapeDtypeStruct((60_000,), jnp.int32), jax.ShapeDtypeStruct((60_000, 784), dtype)))
    compiled = jax.jit(lambda d: gl.run(gl.closed_form(), model, d).params).lower(data).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 0.3 * 60_000 * 784
