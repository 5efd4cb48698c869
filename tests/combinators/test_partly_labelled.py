"""Labels of -1 are hidden: between the closed form, where all are seen, and the mixture, where none is."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import genjax_lab as gl
from genjax_lab.combinators.partly_labelled import with_hidden_labels
from genjax_lab.data import load
from genjax_lab.fitting.run import start_from
from tests.case import rest_slow

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 3, 300)
X = (RNG.normal(size=(300, 2)) * [0.7, 1.0] + 2.5 * np.eye(3)[TRUTH][:, :2]).astype(np.float32)
Y = np.where(np.arange(300) < 40, TRUTH, -1)
BITS = (RNG.random((300, 4)) < np.array([0.2, 0.5, 0.9])[TRUTH][:, None]).astype(np.uint8)
GAUSSIANS = gl.joint(gl.categorical(3), gl.per_class(gl.normal((2,)), 3))
NAIVE_BAYES = gl.joint(gl.categorical(3), gl.per_class(gl.bernoulli((4,)), 3))
BERNOULLI_LABEL = gl.joint(gl.bernoulli(), gl.per_class(gl.poisson(), gl.binary()))
QUICK = gl.em(curvature=False)


def same(got, wanted, rtol=1e-5, atol=1e-6):
    """Equal parameters; logits that differ by a constant are equal."""
    got, wanted = (p | {"prior": jax.tree.map(jax.nn.log_softmax, p["prior"])} for p in (got, wanted))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=atol), got, wanted)


def log_likelihood(params, y, x, weights=None):
    """Σ over seen rows of log p(y, x), over hidden ones of log Σ_y p(y, x), in NumPy."""
    p = jax.tree.map(lambda a: np.asarray(a, float), params)
    own = p["conditional"]
    every = stats.norm.logpdf(x[:, None], own["loc"], own["scale"]).sum(-1) + special.log_softmax(p["prior"]["logits"])
    rows = np.where(y < 0, special.logsumexp(every, axis=1), every[np.arange(len(y)), np.maximum(y, 0)])
    return np.sum(rows if weights is None else weights * rows)


def test_the_likelihood_is_that_of_brute_force():
    fit = gl.fit(GAUSSIANS, (Y, X), key=jax.random.key(0), method=QUICK)
    assert fit.density is GAUSSIANS and fit.method == "em" and fit.n == 300
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    np.testing.assert_allclose(fit.log_likelihood, log_likelihood(fit.params, Y, X), rtol=1e-6)


@pytest.mark.slow
def test_it_ends_where_the_likelihood_has_no_slope(x64):
    method = gl.em(tol=1e-13, max_steps=5000, curvature=False)
    fit = gl.fit(GAUSSIANS, (Y, X.astype(float)), key=jax.random.key(0), method=method)
    flat, back = jax.flatten_util.ravel_pytree(jax.tree.map(np.asarray, fit.params))
    steps = 1e-5 * np.eye(len(flat))
    slope = [(log_likelihood(back(flat + h), Y, X) - log_likelihood(back(flat - h), Y, X)) / 2e-5 for h in steps]
    np.testing.assert_allclose(slope, 0, atol=1e-3)


NESTED = {
    "in classes": (
        gl.joint(gl.categorical(3), gl.per_class(gl.partly_labelled(BERNOULLI_LABEL), 3)),
        (TRUTH, (np.minimum(Y, 1), BITS.sum(1))),
    ),
    "naive Bayes": (gl.partly_labelled(NAIVE_BAYES), (Y, BITS)),
    "a label of one bit": (gl.partly_labelled(BERNOULLI_LABEL), (np.minimum(Y, 1), BITS.sum(1))),
    "classes that are mixtures": (
        gl.partly_labelled(gl.joint(gl.categorical(3), gl.per_class(gl.mixture(gl.normal((2,)), 2), 3))), (Y, X),
    ),
    "tied classes": (
        gl.partly_labelled(gl.joint(gl.categorical(3), gl.per_class(gl.normal((2,)), 3, shared=["scale"]))), (Y, X),
    ),
    "in a product": (gl.product(a=gl.partly_labelled(GAUSSIANS), b=gl.bernoulli((4,))), {"a": (Y, X), "b": BITS}),
    "in a mixture": (gl.mixture(gl.partly_labelled(GAUSSIANS), 2), (Y, X)),
    "in copies": (gl.iid(gl.partly_labelled(GAUSSIANS), 2), (Y.reshape(-1, 2), X.reshape(-1, 2, 2))),
}  # fmt: skip


@pytest.mark.parametrize("name", rest_slow(NESTED, "in classes"))
def test_the_penalised_likelihood_never_falls(name):
    density, x = NESTED[name]
    data, method = gl.Data(jax.tree.map(jnp.asarray, x)), gl.em(tol=0.0)
    start = jax.jit(lambda key: start_from(density, data, key))(jax.random.key(1))
    problem = gl.Problem(density, data, 0.5)
    step = jax.jit(lambda state: method.step(problem, state))
    state, values = method.init(problem, start), []
    for _ in range(15):
        state = step(state)
        values.append(float(state.value))
    assert int(state.halvings) == 0
    assert np.diff(values).min() > -1e-5
    assert values[-1] > values[0]
    total = -len(jax.tree.leaves(x)[0]) * gl.nll(density, state.params, x)
    np.testing.assert_allclose(state.log_likelihood, total, rtol=1e-5)


@pytest.mark.parametrize("smoothing", rest_slow((0.0, 0.7), 0.7))
def test_with_no_hidden_label_it_is_the_closed_form(smoothing):
    data = (TRUTH, BITS)
    wanted = gl.fit(NAIVE_BAYES, data, smoothing=smoothing)
    got = gl.fit(gl.partly_labelled(NAIVE_BAYES), data, key=jax.random.key(0), smoothing=smoothing, method=QUICK)
    assert wanted.method == "closed_form" and int(got.steps) <= 6
    same(got.params, wanted.params, rtol=1e-6)
    np.testing.assert_allclose(got.log_likelihood, wanted.log_likelihood, rtol=1e-6)


@pytest.mark.slow
def test_one_step_from_anywhere_is_the_closed_form_where_all_labels_are_seen():
    density, weights = gl.partly_labelled(GAUSSIANS), jnp.asarray(RNG.integers(0, 4, 300), jnp.float32)
    data = gl.Data((jnp.asarray(TRUTH), jnp.asarray(X)), weights=weights)
    problem = gl.Problem(density, data)
    state = jax.jit(QUICK.step)(problem, QUICK.init(problem, density.init(jax.random.key(0))))
    same(state.proposal, gl.fit(GAUSSIANS, data.x, weights=weights).params)


def test_with_every_label_hidden_it_is_the_mixture():
    got = gl.fit(GAUSSIANS, (np.full(300, -1), X), key=jax.random.key(0), method=QUICK)
    wanted = gl.fit(gl.marginal(GAUSSIANS), X, key=jax.random.key(0), method=QUICK)
    assert int(got.steps) == int(wanted.steps)
    same(got.params, wanted.params, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(got.log_likelihood, wanted.log_likelihood, rtol=1e-6)


@pytest.mark.slow
def test_weights_are_repeated_rows():
    weights = RNG.integers(0, 3, 300)
    start = gl.fit(GAUSSIANS, (TRUTH, X)).params
    weighted = gl.fit(GAUSSIANS, (Y, X), weights=weights, start=start, method=QUICK)
    repeated = gl.fit(GAUSSIANS, (np.repeat(Y, weights), np.repeat(X, weights, 0)), start=start, method=QUICK)
    same(weighted.params, repeated.params, rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(weighted.log_likelihood, repeated.log_likelihood, rtol=1e-6)
    np.testing.assert_allclose(weighted.log_likelihood, log_likelihood(weighted.params, Y, X, weights), rtol=1e-6)


@pytest.mark.slow
def test_a_hidden_row_of_no_weight_does_not_count():
    start = gl.fit(GAUSSIANS, (TRUTH, X)).params
    got = gl.fit(GAUSSIANS, (Y, X), weights=(Y >= 0).astype(int), start=start, method=QUICK)
    same(got.params, gl.fit(GAUSSIANS, (Y[:40], X[:40])).params, rtol=1e-4, atol=1e-5)


def test_only_signed_whole_numbers_hide_a_label():
    for y in (Y.astype(np.int8), Y.astype(np.int64), jnp.asarray(Y), Y.tolist()):
        assert with_hidden_labels(GAUSSIANS, (y, X)) is gl.partly_labelled(GAUSSIANS)
    for y in (TRUTH, TRUTH.astype(np.uint8), Y.astype(np.uint8), Y.astype(float), TRUTH > 0, [[1], 2], {"a": Y}):
        assert with_hidden_labels(GAUSSIANS, (y, X)) is GAUSSIANS
    assert bool(jax.vmap(gl.partly_labelled(GAUSSIANS).space.contains)((TRUTH.astype(np.uint8), X)).all())


def test_one_label_a_class_is_enough():
    rows = [int(np.flatnonzero(label == TRUTH)[0]) for label in range(3)]
    y = np.full(300, -1)
    y[rows] = TRUTH[rows]
    fit = gl.fit(GAUSSIANS, (y, X), key=jax.random.key(0), method=QUICK)
    assert np.mean(gl.predict(gl.posterior(GAUSSIANS), fit.params, X) == TRUTH) > 0.7


def test_a_class_without_a_label_is_found():
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    x = (RNG.normal(size=(300, 2)) + centres[TRUTH]).astype(np.float32)
    y = np.where((np.arange(300) < 60) & (TRUTH != 1), TRUTH, -1)
    fit = gl.fit(GAUSSIANS, (y, x), key=jax.random.key(0), method=QUICK)
    assert np.mean(gl.predict(gl.posterior(GAUSSIANS), fit.params, x) == TRUTH) > 0.99


def test_one_label_a_class_among_many_rows_starts_in_place_and_off_the_edge():
    """A class of one row has no spread; with all rows, as heavy as one, it has, and its mean is near that row."""
    x = np.tile(X, (40, 1))
    y, rows = np.full(len(x), -1), [6000 + int(np.flatnonzero(label == TRUTH)[0]) for label in range(3)]
    y[rows] = [0, 1, 2]
    density = gl.partly_labelled(GAUSSIANS)
    start = jax.jit(lambda x, key: start_from(density, gl.Data(x), key))(
        (jnp.asarray(y), jnp.asarray(x)), jax.random.key(0)
    )
    np.testing.assert_allclose(start["conditional"]["loc"], (x[rows] + x.mean(0)) / 2, atol=0.1)
    assert np.min(start["conditional"]["scale"]) > 0.3


def test_it_is_a_density_of_x_where_all_labels_are_hidden():
    params = {"prior": {"logits": 0.4}, "conditional": {"rate": jnp.array([0.5, 4.0])}}
    density = gl.partly_labelled(BERNOULLI_LABEL)
    log_p = gl.log_prob(density, params, (np.full(60, -1), np.arange(60)))
    assert np.exp(np.asarray(log_p, float)).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, -1, 3], r"gl\.fit: y\[2\] = 3 is outside the sample space labels\(3\) of partly_labelled\(.*"
         r"0\.\.2, or -1 for a hidden label"),
        ([0, -1, -2], r"gl\.fit: y\[2\] = -2 is outside the sample space labels\(3\)"),
        ([0, 1, -2], r"gl\.fit: y\[2\] = -2 is outside the sample space categories\(3\)"),
        ([0, 1, 3], r"gl\.fit: y\[2\] = 3 is outside the sample space categories\(3\)"),
    ],
    ids=str,
)  # fmt: skip
def test_other_labels_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        gl.fit(NAIVE_BAYES, (np.array(y), BITS[:3]), key=jax.random.key(0))


def test_only_a_fit_takes_a_hidden_label_of_a_plain_joint():
    params = gl.fit(NAIVE_BAYES, (TRUTH, BITS)).params
    for call in (lambda x: gl.log_prob(NAIVE_BAYES, params, x), lambda x: gl.statistics(NAIVE_BAYES, x)):
        with pytest.raises(ValueError, match=r"y\[1\] = -1 is outside the sample space categories\(3\)"):
            call((np.array([0, -1]), BITS[:2]))
    with pytest.raises(TypeError, match="y must hold whole numbers"):
        gl.fit(NAIVE_BAYES, (np.array([0.0, -1.0]), BITS[:2]), key=jax.random.key(0))
    with pytest.raises(ValueError, match=r"y\[1\] = -1"):
        gl.fit(gl.product(a=NAIVE_BAYES), {"a": (np.array([0, -1]), BITS[:2])})


def test_a_key_is_asked_for_and_a_closed_form_refused():
    with pytest.raises(TypeError, match=r"pass key="):
        gl.fit(NAIVE_BAYES, (Y, BITS))
    with pytest.raises(ValueError, match=r"partly_labelled\(.*has no closed-form"):
        gl.fit(NAIVE_BAYES, (Y, BITS), method=gl.closed_form())


def product_prior():
    labels = gl.product(u=gl.categorical(2), v=gl.bernoulli())
    return gl.joint(labels, gl.per_class(gl.normal(), labels.space))


@pytest.mark.parametrize(
    ("density", "message"),
    [
        (product_prior(), r"partly_labelled: the prior product\(.* not one whole number"),
        (gl.joint(gl.bernoulli((2,)), gl.per_class(gl.normal(), gl.binary((2,)))), r"the prior bernoulli\(\(2,\)\)"),
        (gl.normal(), r"partly_labelled: normal\(\) is not a joint"),
        (gl.partly_labelled(NAIVE_BAYES), r"is not a joint"),
    ],
    ids=lambda v: repr(v)[:40],
)  # fmt: skip
def test_only_a_label_of_one_whole_number_can_be_hidden(density, message):
    with pytest.raises(ValueError, match=message):
        gl.partly_labelled(density)


def test_a_product_label_of_minus_one_is_no_event():
    with pytest.raises(ValueError, match=r"y\['u'\]\[1\] = -1 is outside"):
        gl.fit(product_prior(), ({"u": np.array([0, -1]), "v": np.array([0, 1])}, np.zeros(2)), key=jax.random.key(0))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::genjax_lab.FitWarning")  # a mixture of five rows may leave a component empty
def test_unlabelled_digits_help_where_fifty_labels_are_seen():
    """Binarised 8×8 digits, 5 labels each and 1,147 images without: 10 draws of the labels.

    Naive Bayes gains little, as its classes are not its clusters; with two kinds of each digit and the unlabelled at a
    fifth of their weight much.  Nigam et al. (2000), §5, found the same of texts.
    """
    data = load("digits").binarised()
    pixels = gl.bernoulli((64,))
    for one, hidden, gain in ((pixels, 1.0, 0.0), (gl.mixture(pixels, 2), 0.2, 0.05)):
        model = gl.joint(gl.categorical(10), gl.per_class(one, 10))
        accuracy = np.array([digits_accuracy(model, hidden, data.train, data.test, seed) for seed in range(10)])
        only, semi = accuracy.mean(0)
        assert semi > only + gain, accuracy


def digits_accuracy(model, hidden, train, test, seed):
    """Of the held-out digits, the share of right labels: by the fifty labelled alone, and by all."""
    draw = np.random.default_rng(seed)
    seen = np.concatenate([draw.choice(np.flatnonzero(train.y == label), 5, replace=False) for label in range(10)])
    y = np.full(len(train.y), -1)
    y[seen] = train.y[seen]
    about = {"smoothing": 1.0, "method": QUICK}
    only = gl.fit(model, (train.y[seen], train.x[seen]), key=jax.random.key(seed), **about)
    weights = np.where(y < 0, hidden, 1.0)
    semi = gl.fit(model, (y, train.x), weights=weights, key=jax.random.key(seed + 100), **about)
    return [float(np.mean(gl.predict(gl.posterior(model), f.params, test.x) == test.y)) for f in (only, semi)]
