"""What bad input gets: an error before the jit boundary that names the argument, the row and the value."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl

NAN, INF = np.nan, np.inf
NAIVE_BAYES = gl.joint(gl.categorical(3), gl.per_class(gl.bernoulli((2,)), 3))
BITS = np.array([[0, 1], [1, 1], [0, 0]])
POSTERIOR = gl.posterior(NAIVE_BAYES)
PARAMS = {"prior": {"logits": jnp.zeros(3)}, "conditional": {"logits": jnp.zeros((3, 2))}}

FIT = [
    # density, x, message
    (gl.normal(), np.array([0.0, NAN]), r"gl\.fit: x\[1\] = nan is not finite"),
    (gl.normal((2,)), np.array([[0.0, 1.0], [INF, 0.0]]), r"gl\.fit: x\[1, 0\] = inf is not finite"),
    (gl.uniform(), np.array([-INF, 0.0]), r"gl\.fit: x\[0\] = -inf is not finite"),
    (gl.poisson(), np.array([1.0, NAN]), r"gl\.fit: x\[1\] = nan is not finite"),
    (gl.poisson(), np.array([1, -3]), r"gl\.fit: x\[1\] = -3 is outside the sample space counts\(\) of poisson\(\)"),
    (gl.poisson(), np.array([1.0, 0.5]), r"gl\.fit: x\[1\] = 0\.5 is outside the sample space counts\(\)"),
    (
        gl.bernoulli((2,)),
        np.array([[0, 1], [1, 2]]),
        r"gl\.fit: x\[1, 1\] = 2 is outside the sample space binary\(\(2,\)\) of",
    ),
    (
        gl.bernoulli((2,)),
        np.array([[0, 1], [1, 200]], np.uint8),
        r"Grey levels\? Binarise them \(x > 127\), or .*categorical\(256",
    ),
    (gl.bernoulli((2,)), np.array([[0.0, 0.7]]), r"x\[0, 1\] = 0\.7 is .*Grey levels\? Binarise them \(x > 0\.5\)"),
    (gl.bernoulli(), np.array([0.0, 0.7]), r"bernoulli\(\)\. Values must be 0 or 1$"),
    (gl.bernoulli(), np.array([0.0, 0.3], np.float32), r"x\[1\] = 0\.3 is outside"),
    (gl.categorical(2), np.array([0, 7]), r"categorical\(2\)\. Values must be whole numbers 0\.\.1$"),
    (gl.normal(), np.array([0.0, 1e300]), r"x\[1\] = 1e\+300 is beyond float32\. Scale the data, or enable x64"),
    (gl.beta(), np.array([0.5, 0.99999999999]), r"x\[1\] = 0\.99999999999, 1\.0 in float32, is outside"),
    (gl.bernoulli(), np.array([0, -1]), r"x\[1\] = -1 is outside"),
    (
        gl.categorical(3),
        np.array([0, 1, 3]),
        r"gl\.fit: x\[2\] = 3 is outside the sample space categories\(3\).*0\.\.2",
    ),
    (gl.categorical(3, (2,)), np.array([[0, 1], [-1, 2]]), r"x\[1, 0\] = -1 is outside"),
    (
        gl.multinomial(2, total=3),
        np.array([[1, 2], [1, 1]]),
        r"gl\.fit: x\[1\] adds up to 2, not 3, the total of multinomial\(2, 3\)",
    ),
    (gl.multinomial(2, total=3), np.array([[1, 2], [4, -1]]), r"x\[1, 1\] = -1 is outside the .* count_vectors\(2, "),
    (gl.multinomial(2), np.array([[1, -2]]), r"x\[0, 1\] = -2 is outside"),
    (gl.normal((2,)), np.zeros((4, 3)), r"gl\.fit: x must have shape \(n, 2\), a row for each event; got \(4, 3\)"),
    (gl.normal((2,)), np.zeros(2), r"x must have shape \(n, 2\).*got \(2,\): one event\? Add a row axis, x\[None\]"),
    (gl.normal(), np.float32(1.0), r"x must have shape \(n,\)"),
    (gl.normal(), np.zeros(0), r"gl\.fit: x has no rows"),
    (gl.bernoulli((2,)), np.zeros((0, 2), int), r"gl\.fit: x has no rows"),
    (NAIVE_BAYES, (np.array([0, 3, 1]), BITS), r"gl\.fit: y\[1\] = 3 is outside the sample space categories\(3\)"),
    (NAIVE_BAYES, (np.array([0, 1, -2]), BITS), r"gl\.fit: y\[2\] = -2 is outside"),
    (NAIVE_BAYES, (np.array([0, 1]), BITS), r"gl\.fit: rows differ in number: y has 2, x has 3"),
    (NAIVE_BAYES, BITS, r"x must be the tuple \(y, x\)"),
    (NAIVE_BAYES, (np.array([0, 1, 2]), 3 * BITS), r"x\[0, 1\] = 3 is outside the sample space binary\(\(2,\)\)"),
    (
        gl.product(a=gl.normal(), b=gl.poisson()),
        {"a": np.zeros(2)},
        r"x must be a dict with keys \['a', 'b'\].*\['a'\]",
    ),
    (gl.product(a=gl.normal()), {"a": np.array([0.0, NAN])}, r"x\['a'\]\[1\] = nan is not finite"),
    (gl.poisson(), np.array([1, 2**40]), r"x holds whole numbers beyond int32; enable x64 or scale them"),
]


@pytest.mark.parametrize(("density", "x", "message"), FIT, ids=[m[:48] for _, _, m in FIT])
def test_fit_names_argument_row_and_value(density, x, message):
    with pytest.raises(ValueError, match=message):
        gl.fit(density, x)


@pytest.mark.parametrize(
    ("density", "x", "message"),
    [
        (
            NAIVE_BAYES,
            (np.array([0.0, 1.0, 2.0]), BITS),
            r"gl\.fit: y must hold whole numbers 0\.\.2 of an integer dtype.*float64",
        ),
        (gl.normal(), np.array(["a", "b"]), r"gl\.fit: x must hold numbers"),
        (gl.normal(), np.array([1 + 2j]), r"gl\.fit: x must hold numbers; its dtype is complex128"),
        (gl.normal(), np.array([None, 1.0]), r"gl\.fit: x must hold numbers; its dtype is object"),
        (gl.categorical(3), np.array([0.5]), r"gl\.fit: x must hold whole numbers 0\.\.2"),
        (gl.categorical(2), np.array([0.0, 1.0]), r"gl\.fit: x must hold whole numbers 0\.\.1 of an integer dtype"),
        (
            gl.joint(gl.categorical(2), gl.per_class(gl.normal(), 2)),
            (np.array([0.0, 1.0]), np.zeros(2)),
            r"gl\.fit: y must hold whole numbers 0\.\.1 of an integer dtype",
        ),
        (gl.normal(), [1.0, "a"], r"x must hold numbers; its dtype is <U32: x\[1\] = 'a'"),
        (gl.normal((2,)), [[1.0, 2.0], [1.0]], r"x is no array of numbers: x\[1\] has shape \(1,\), x\[0\] \(2,\)"),
        (gl.normal(), np.ma.array([1.0, 2.0], mask=[False, True]), r"gl\.fit: x is a masked array"),
    ],
    ids=str,
)
def test_fit_names_a_wrong_dtype(density, x, message):
    with pytest.raises(TypeError, match=message):
        gl.fit(density, x)


@pytest.mark.parametrize("device", [np.asarray, jnp.asarray], ids=["numpy", "jax"])
def test_the_row_is_found_among_many(device):
    x = np.zeros((2000, 30), np.uint8)
    x[1731, 12] = 7
    with pytest.raises(ValueError, match=r"gl\.fit: x\[1731, 12\] = 7 is outside the sample space binary\(\(30,\)\)"):
        gl.fit(gl.bernoulli((30,)), device(x))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -0.5, 1.0], r"gl\.fit: weights\[1\] = -0\.5 is negative or not finite"),
        ([1.0, NAN, 1.0], r"weights\[1\] = nan is negative or not finite"),
        ([1.0, 1.0, INF], r"weights\[2\] = inf is negative or not finite"),
        ([1.0, -1e300, 1.0], r"weights\[1\] = -1e\+300 is negative or not finite"),
        ([1.0, 1e300, 1.0], r"weights\[1\] = 1e\+300 is beyond float32: scale them"),
        ([0.0, 0.0, 0.0], r"weights are all zero"),
        ([0.0, 1e-50, 1e-60], r"weights as small as 1e-50 vanish in float32"),
        ([1.0, 1.0], r"weights must have shape \(3,\), one for each row of x; got \(2,\)"),
        ([[1.0], [1.0], [1.0]], r"weights must have shape \(3,\)"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        gl.fit(gl.normal(), np.arange(3.0), weights=np.array(weights))
    with pytest.raises(ValueError, match=message.replace("gl\\.fit", "gl\\.nll")):
        gl.nll(gl.normal(), {"loc": 0.0, "scale": 1.0}, np.arange(3.0), weights=np.array(weights))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 1j, 1.0], r"gl\.fit: weights must hold numbers; its dtype is complex128: weights\[1\] = 1j"),
        (["1", 2.0, 3.0], r"weights must hold numbers; .*: weights\[0\] = '1'"),
        ([1.0, None, 3.0], r"weights must hold numbers; .*: weights\[1\] = None"),
        ([[1.0], [2.0, 3.0], [4.0]], r"weights is no array of numbers: weights\[1\] has shape \(2,\)"),
        (np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), r"weights is a masked array"),
    ],
    ids=str,
)
def test_weights_that_are_no_numbers(weights, message):
    with pytest.raises(TypeError, match=message):
        gl.fit(gl.normal(), np.arange(3.0), weights=weights)


@pytest.mark.parametrize("value", [1j, "a", None])
def test_params_that_are_no_numbers(value):
    with pytest.raises(TypeError, match=r"gl\.log_prob: params\['scale'\] must hold numbers"):
        gl.log_prob(gl.normal(), {"loc": 0.0, "scale": np.array(value)}, np.zeros(2))


def test_bits_may_be_floats_also_as_a_label():
    model = gl.joint(gl.bernoulli(), gl.per_class(gl.poisson(), 2))
    fit = gl.fit(model, (np.array([0.0, 1.0, 1.0]), np.array([3, 5, 7])), smoothing=1.0)
    assert fit.params["conditional"]["rate"].tolist() == [3.0, 6.0]


@pytest.mark.parametrize(
    ("smoothing", "message"),
    [
        (-1.0, r"gl\.fit: smoothing = -1\.0 must be one finite number, 0 or more"),
        (NAN, r"gl\.fit: smoothing = nan must be one finite number"),
        (INF, r"gl\.fit: smoothing = inf must be one finite number"),
        (np.ones(2), r"gl\.fit: smoothing = \[1\. 1\.\] must be one finite number"),
        ({"prior": -2.0}, r"gl\.fit: smoothing\['prior'\] = -2\.0 must be"),
        ({"conditional": {"scale": 1.0}}, r"smoothing\['conditional'\]\['scale'\] is no parameter of .*\['logits'\]"),
        ({"rate": 1.0}, r"smoothing\['rate'\] is no parameter of .*; there are \['conditional', 'prior'\]"),
        (
            {"conditional": {"logits": np.ones(5)}},
            r"\['logits'\] = \[1\..*\] must be one finite number, 0 or more, or a table of them of shape \(\d, 2\)",
        ),
        ("a lot", r"gl\.fit: smoothing = '?a lot'? must be one finite number"),
    ],
    ids=str,
)
def test_bad_smoothing(smoothing, message):
    with pytest.raises(ValueError, match=message):
        gl.fit(NAIVE_BAYES, (np.array([0, 1, 2]), BITS), smoothing=smoothing)


@pytest.mark.parametrize("shape", [(5, 3), (3, 1), ()])
def test_a_batch_where_an_event_is_due_is_told_of_gl_log_prob(shape):
    params = {"loc": jnp.zeros(3), "scale": jnp.ones(3)}
    with pytest.raises(
        ValueError, match=r"normal\(\(3,\)\).log_prob takes one event: x must have shape \(3,\).*use gl\.log_prob"
    ):
        gl.normal((3,)).log_prob(params, jnp.zeros(shape))


def test_a_batch_given_to_a_conditional_is_told_of_gl_log_prob():
    with pytest.raises(ValueError, match=r"given must have shape \(2,\) and has \(3, 2\).*use gl\.log_prob"):
        POSTERIOR.log_prob(PARAMS, jnp.array(0), jnp.asarray(BITS))


def test_batch_functions_name_themselves():
    bad = np.array([0, 2])
    params = {"logits": 0.0}
    for function in (gl.log_prob, gl.nll, gl.score, gl.per_example_scores):
        with pytest.raises(ValueError, match=rf"gl\.{function.__name__}: x\[1\] = 2 is outside"):
            function(gl.bernoulli(), params, bad)
    with pytest.raises(ValueError, match=r"gl\.statistics: x\[1\] = 2 is outside"):
        gl.statistics(gl.bernoulli(), bad)


@pytest.mark.parametrize("function", [gl.predict, gl.predict_log_prob])
def test_prediction_names_given(function):
    with pytest.raises(ValueError, match=rf"gl\.{function.__name__}: given\[1, 0\] = 4 is outside"):
        function(POSTERIOR, PARAMS, np.array([[0, 1], [4, 1]]))
    with pytest.raises(TypeError, match=r"is no conditional: make one with gl\.posterior"):
        function(NAIVE_BAYES, PARAMS, BITS)


def test_prediction_needs_events_that_can_be_listed():
    conditional = gl.per_class(gl.poisson(), 2)
    with pytest.raises(ValueError, match=r"counts\(\) has infinitely many events, too many to list"):
        gl.predict(conditional, {"rate": jnp.ones(2)}, np.array([0, 1]))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"logits": jnp.zeros(3)}, r"params\['logits'\] of bernoulli\(\(2,\)\) must have shape \(2,\); got \(3,\)"),
        ({"rate": jnp.zeros(2)}, r"gl\.log_prob: params of bernoulli\(\(2,\)\) have shapes \{'logits': \(2,\)\}; got"),
        (jnp.zeros(2), r"gl\.log_prob: params of bernoulli"),
    ],
)
def test_params_of_another_density(params, message):
    with pytest.raises(ValueError, match=message):
        gl.log_prob(gl.bernoulli((2,)), params, BITS)


def test_given_is_asked_for_and_refused():
    y = np.array([0, 1, 2])
    with pytest.raises(TypeError, match=r"gl\.log_prob: .* is a conditional: pass given="):
        gl.log_prob(POSTERIOR, PARAMS, y)
    with pytest.raises(TypeError, match=r"is not a conditional and takes no given="):
        gl.log_prob(gl.categorical(3), {"logits": jnp.zeros(3)}, y, BITS)
    with pytest.raises(TypeError, match=r"gl\.fit: .* is a conditional: pass given="):
        gl.fit(gl.per_class(gl.bernoulli((2,)), 3), BITS)


def test_sampling_is_asked_rightly():
    key, params = jax.random.key(0), {"logits": 0.0}
    for n in (None, 0, -2):
        with pytest.raises(ValueError, match=rf"gl\.sample: n = {n} must be"):
            gl.sample(gl.bernoulli(), key, params, n)
    with pytest.raises(TypeError, match="pass given=, one row for each event, and no n"):
        gl.sample(POSTERIOR, key, PARAMS, 3)
    with pytest.raises(TypeError, match="takes no given="):
        gl.sample(gl.bernoulli(), key, params, 3, given=BITS)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: gl.joint(gl.categorical(2), gl.per_class(gl.normal(), 3)),
            r"joint: the prior categorical\(2\).*categories\(3\)",
        ),
        (lambda: gl.marginal(gl.normal()), r"marginal: normal\(\) is not a joint"),
        (lambda: gl.posterior(gl.normal()), r"posterior: normal\(\) is not a joint"),
        (lambda: gl.per_class(gl.normal(), gl.counts()), r"counts\(\) has infinitely many events"),
        (lambda: gl.per_class(gl.normal(), gl.binary((40,))), r"has 1\.1e\+12 events, too many to list"),
        (lambda: gl.product(), r"product: name at least one field"),
        (lambda: gl.iid(gl.normal(), 0), r"iid: n = 0 must be .*at least 1"),
        (lambda: gl.normal((2, -1)), r"shape = \(2, -1\) has a negative length"),
        (lambda: gl.categorical(0), r"k = 0 must be .*at least 1"),
        (lambda: gl.categorical(True), r"k = True must be .*at least 1"),
    ],
)
def test_models_that_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("shape", [(2.5,), ("two",), 3])
def test_shape_must_be_a_tuple_of_whole_numbers(shape):
    with pytest.raises(TypeError, match=r"shape = .* must be a tuple of whole numbers, such as \(784,\)"):
        gl.normal(shape)


@pytest.mark.parametrize("k", [2.0, "2", None])
def test_classes_are_a_whole_number_or_a_space(k):
    with pytest.raises(
        TypeError, match=r"per_class: k = .* must be a whole number, or a finite sample space of labels"
    ):
        gl.per_class(gl.normal(), k)


def test_one_shared_name_is_a_tuple_of_it():
    assert gl.per_class(gl.normal(), 3, shared="scale") is gl.per_class(gl.normal(), 3, shared=("scale",))
