"""A static density is known by the call that made it: under `jit`, in print, in pickle and in JSON."""

from __future__ import annotations

import gc
import json
import pickle
import subprocess
import sys
import weakref
from collections import namedtuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from genjax_lab import spec
from genjax_lab.constraints import real
from genjax_lab.density import Density
from genjax_lab.space import reals


@gl.factory
def shifted(by: float = 0.0, *, names: tuple[str, ...] = ()) -> Density:
    """A density with an argument of every kind."""
    return Density(
        reals(()),
        {"loc": real(())},
        lambda key: {"loc": jnp.zeros(())},
        lambda p, x: -((x - p["loc"] - by) ** 2),
        lambda key, p: p["loc"],
    )


def bare(slope: float) -> Density:
    """A density made without a factory."""
    return Density(reals(()), {}, lambda key: {}, lambda p, x: slope * x, lambda key, p: jnp.zeros(()))


def test_keyword_and_positional_calls_are_one_object():
    assert gl.per_class(gl.normal(), 2, ("scale",)) is gl.per_class(density=gl.normal(), k=2, shared=("scale",))
    assert gl.normal() is gl.normal(()) is gl.normal(shape=())
    assert gl.product(a=gl.normal(), b=gl.poisson()) is gl.product({"b": gl.poisson(), "a": gl.normal()})


def test_lists_tuples_and_numpy_numbers_are_one_object():
    assert gl.bernoulli([2, 3]) is gl.bernoulli((2, 3)) is gl.bernoulli((np.int64(2), np.uint8(3)))
    assert gl.categorical(np.int32(4)) is gl.categorical(4)
    assert gl.per_class(gl.normal(), 2, shared=["scale"]) is gl.per_class(gl.normal(), 2, shared=("scale",))


def test_one_true_and_one_point_zero_are_three_objects():
    one, true, float_one = shifted(1), shifted(True), shifted(1.0)
    assert one != true != float_one != one
    assert len({one, true, float_one}) == 3
    assert shifted(0.0) != shifted(-0.0)
    assert [repr(d) for d in (one, true, float_one)] == ["shifted(1)", "shifted(True)", "shifted(1.0)"]


def test_named_tuple_is_not_the_tuple_it_equals():
    point = namedtuple("point", "x y")
    assert shifted(0.0, names=point(1, 2)) != shifted(0.0, names=(1, 2))


def test_two_densities_without_a_factory_differ():
    """Trap 15: they would compare equal by their fields, and jit would return −1 for −2."""
    one, two = bare(-1.0), bare(-2.0)
    assert one == one
    assert one != two
    evaluate = jax.jit(lambda density, x: density.log_prob({}, x))
    assert (float(evaluate(one, 1.0)), float(evaluate(two, 1.0))) == (-1.0, -2.0)
    assert repr(one) == "<Density made without a factory>"


def test_edited_factory_is_never_stale_under_jit():
    """Trap 15: the same name, defined again as in a notebook, gives new results."""
    source = """
@gl.factory
def slope():
    return Density(reals(()), {}, lambda key: {}, lambda p, x: SLOPE * x, lambda key, p: jnp.zeros(()))
"""
    names = {"gl": gl, "Density": Density, "reals": reals, "jnp": jnp, "__name__": "notebook"}
    evaluate = jax.jit(lambda density, x: density.log_prob({}, x))
    made = []
    for value in ("-1.0", "-2.0"):
        exec(source.replace("SLOPE", value), names)
        made.append(names["slope"]())
        assert float(evaluate(made[-1], 1.0)) == float(value)
        assert float(evaluate(gl.iid(made[-1], 2), jnp.ones(2))) == 2 * float(value)
    assert made[0] != made[1]
    assert hash(made[0]) != hash(made[1])
    assert repr(made[0]) == repr(made[1]) == "slope()"


def test_json_and_pickle_of_an_edited_factory_give_the_new_one():
    names = {"gl": gl, "bare": bare, "__name__": __name__}
    source = "@gl.factory\ndef edited():\n    return bare(-1.0)"
    exec(source, names)
    old = names["edited"]()
    exec(source.replace("-1.0", "-2.0"), names)
    assert spec.from_json(spec.to_json(old)) is names["edited"]()
    with pytest.raises(pickle.PicklingError, match="edited"):
        pickle.dumps(old)


def test_equal_densities_are_one_jit_argument():
    """Trap 10: keyword or positional, list or tuple: one trace."""
    traces = []

    @jax.jit
    def evaluate(density, x):
        traces.append(density)
        return density.log_prob({"logits": jnp.zeros(2)}, x)

    for density in (gl.bernoulli((2,)), gl.bernoulli(shape=[2]), gl.bernoulli([np.int64(2)])):
        evaluate(density, jnp.array([0, 1]))
    assert len(traces) == 1


def test_memo_does_not_keep_a_density_alive():
    made = weakref.ref(shifted(123.5))
    gc.collect()
    assert made() is None
    assert shifted(123.5) == shifted(123.5)


@pytest.mark.parametrize(
    "argument", [np.ones(2), jnp.ones(2), [jnp.ones(2)], {"a": np.ones(1)}], ids=lambda v: type(v).__name__
)
def test_array_argument_is_refused(argument):
    with pytest.raises(TypeError, match=r"shifted: by.* is an array.* put arrays in its params"):
        shifted(argument)


def test_traced_argument_is_refused():
    with pytest.raises(TypeError, match="shifted: by is an array"):
        jax.jit(lambda by: shifted(by).log_prob({"loc": 0.0}, 1.0))(2.0)


def test_unhashable_argument_is_refused_by_name():
    with pytest.raises(TypeError, match=r"shifted: by = \{1, 2\} cannot be hashed"):
        shifted({1, 2})


@pytest.mark.parametrize(
    "code",
    [
        "bernoulli()",
        "bernoulli((784,))",
        "categorical(256, (784,))",
        "multinomial(3, 4)",
        "product({'a': normal(), 'b': poisson((2,))})",
        "per_class(normal(), 2, ('scale',))",
        "joint(categorical(10), per_class(bernoulli((784,)), 10))",
        "marginal(joint(categorical(2), per_class(normal(), 2)))",
        "categories(3, (2,))",
        "reals()",
        "fields(u=counts(), v=reals((2,)))",
        "count_vectors(3, 4)",
    ],
)
def test_prints_as_the_code_that_makes_it(code):
    made = eval(code, vars(gl))
    assert repr(made) == code or eval(repr(made), vars(gl)) is made
    assert repr(made).replace("total=", "").replace("shared=", "").replace("binary", "categories") == code


def test_names_that_are_no_identifiers_print_as_code_too():
    made = gl.product({"body mass": gl.normal(), "class": gl.bernoulli()})
    assert eval(repr(made), vars(gl)) is made
    assert eval(repr(made.space), vars(gl)) is made.space


def test_keyword_only_argument_prints_by_name():
    assert repr(shifted(0.0, names=["a"])) == "shifted(names=('a',))"


def test_infinite_and_nan_arguments_round_trip_through_json():
    for value in (np.inf, -np.inf, np.nan, 0.1):
        made = shifted(float(value))
        assert spec.from_json(json.loads(json.dumps(spec.to_json(made)))) is made


def test_pickle_in_a_fresh_process(tmp_path):
    path = tmp_path / "density.pickle"
    model = gl.posterior(gl.joint(gl.categorical(2), gl.per_class(gl.product(a=gl.normal()), 2, shared=("a.scale",))))
    path.write_bytes(pickle.dumps(model))
    code = f"import pickle; print(repr(pickle.loads(open({str(path)!r}, 'rb').read())))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(model)


def test_without_a_factory_there_is_neither_pickle_nor_json():
    with pytest.raises(TypeError, match=r"put @gl\.factory on the function"):
        pickle.dumps(bare(1.0))
    with pytest.raises(TypeError, match=r"put @gl\.factory on the function"):
        spec.to_json(gl.iid(bare(1.0), 2))


def test_json_of_an_unknown_factory_imports_nothing():
    before = set(sys.modules)
    with pytest.raises(ValueError, match="no factory 'this:that' is registered"):
        spec.from_json({"factory": "this:that", "arguments": {}})
    assert "this" not in sys.modules
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    "value",
    [
        {"factory": "genjax_lab.families.normal:normal"},
        {"factory": "genjax_lab.families.normal:normal", "arguments": {"size": [2]}},
        {"factory": "genjax_lab.families.normal:normal", "arguments": []},
        {"factory": ["genjax_lab.families.normal:normal"], "arguments": {}},
        {"factory": "genjax_lab.families.categorical:categorical", "arguments": {}},
        {"factory": "genjax_lab.families.categorical:categorical", "arguments": {"k": "three"}},
        {"factory": "genjax_lab.combinators.iid:iid", "arguments": {"density": 3, "n": 2}},
        {"factory": "os:system", "arguments": {"command": "true"}},
        {"anything": 1},
    ],
    ids=str,
)
def test_json_that_to_json_does_not_write_is_refused(value):
    with pytest.raises(ValueError, match=r"factory|spec|must be"):
        spec.from_json(value)


def test_static_objects_are_immutable():
    with pytest.raises(AttributeError):
        gl.normal().space = gl.reals((2,))


def test_factory_keeps_its_name_signature_and_docstring():
    assert gl.normal.__name__ == "normal"
    assert gl.normal.__doc__.startswith("Normal density")


def test_density_made_while_tracing_holds_no_tracer():
    """A memoised density is used again outside the trace in which it was first made."""

    def model():
        return gl.posterior(gl.joint(gl.categorical(11), gl.per_class(gl.mixture(gl.bernoulli((3,)), 5), 11)))

    jax.jit(lambda x: (model(), x)[1])(1.0)
    params = jax.eval_shape(model().init, jax.random.key(0))
    zeros = jax.tree.map(lambda s: jnp.zeros(s.shape), params)
    got = gl.predict_log_prob(model(), zeros, np.zeros((1, 3), int))
    np.testing.assert_allclose(got, -np.log(11), rtol=1e-6)
