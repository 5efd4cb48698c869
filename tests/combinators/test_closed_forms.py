"""Closed forms of composed densities against plain NumPy: sharing, nesting, smoothing, degrees of freedom."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl

rng = np.random.default_rng(0)
Y = np.resize([0, 1, 1, 2], 24)
X = (rng.normal(size=(24, 2)) * [1.0, 3.0] + Y[:, None]).astype(np.float32)
BITS = rng.integers(2, size=(24, 2))


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


def by_class(x, statistic, k=3):
    return np.stack([statistic(x[label == Y].astype(float)) for label in range(k)])


def probability(logits):
    return jax.nn.sigmoid(logits)


def test_tied_scale_is_the_pooled_deviation_within_classes():
    fit = gl.fit(gl.per_class(gl.normal((2,)), 3, shared=("scale",)), X, given=Y)
    means = by_class(X, lambda a: a.mean(0))
    close(fit.params["loc"], means)
    close(fit.params["scale"], np.sqrt(((X - means[Y]) ** 2).mean(0)))


def test_tied_scale_takes_weights_and_a_variance_floor():
    weights = rng.uniform(0.5, 2.0, 24).astype(np.float32)
    conditional = gl.per_class(gl.normal((2,)), 3, shared=("scale",))
    fit = gl.fit(conditional, X, given=Y, weights=weights, smoothing={"scale": 0.25})
    means = np.stack([np.average(X[c == Y], axis=0, weights=weights[c == Y]) for c in range(3)])
    close(fit.params["loc"], means)
    close(fit.params["scale"], np.sqrt(np.average((X - means[Y]) ** 2, axis=0, weights=weights) + 0.25))


def test_everything_shared_ignores_the_label():
    fit = gl.fit(gl.per_class(gl.normal((2,)), 3, shared=("loc", "scale")), X, given=Y)
    close(fit.params["loc"], X.mean(0))
    close(fit.params["scale"], X.std(0))
    fit = gl.fit(gl.per_class(gl.bernoulli((2,)), 3, shared=("logits",)), BITS, given=Y)
    close(probability(fit.params["logits"]), BITS.mean(0))


def test_shared_in_a_product_by_dotted_names():
    field = gl.product(age=gl.normal(), bit=gl.bernoulli())
    conditional = gl.per_class(field, 3, shared=("age.scale", "bit"))
    fit = gl.fit(conditional, {"age": X[:, 0], "bit": BITS[:, 0]}, given=Y)
    means = by_class(X[:, 0], np.mean)
    close(fit.params["age"]["loc"], means)
    close(fit.params["age"]["scale"], np.sqrt(np.mean((X[:, 0] - means[Y]) ** 2)))
    close(probability(fit.params["bit"]["logits"]), BITS[:, 0].mean())
    assert gl.degrees_of_freedom(conditional) == 3 + 1 + 1


def test_tied_scale_ignores_an_empty_class():
    fit = gl.fit(gl.per_class(gl.normal((2,)), 4, shared=("scale",)), X, given=Y)
    means = by_class(X, lambda a: a.mean(0))
    close(fit.params["scale"], np.sqrt(((X - means[Y]) ** 2).mean(0)))
    assert np.isfinite(fit.params["loc"]).all()


def test_tied_loc_has_no_closed_form():
    with pytest.raises(ValueError, match="no closed-form"):
        gl.statistics(gl.per_class(gl.normal(), 2, shared=("loc",)), X[:, 0], given=Y % 2)


def test_shared_name_that_is_no_parameter_is_refused():
    with pytest.raises(
        ValueError, match=r"shared='variance' is no parameter of normal\(\); they are \['loc', 'scale'\]"
    ):
        gl.per_class(gl.normal(), 2, shared=("variance",))


def test_one_end_of_an_interval_cannot_be_shared():
    with pytest.raises(ValueError, match="ordered_pair"):
        gl.per_class(gl.uniform(), 2, shared=("low",))


def test_tied_interval_is_the_range_of_all_classes():
    fit = gl.fit(gl.per_class(gl.uniform((2,)), 3, shared=("low", "high")), X, given=Y)
    close(fit.params["low"], X.min(0))
    close(fit.params["high"], X.max(0))


def test_product_in_per_class_in_joint():
    model = gl.joint(gl.categorical(3), gl.per_class(gl.product(a=gl.normal((2,)), b=gl.bernoulli((2,))), 3))
    fit = gl.fit(model, (Y, {"a": X, "b": BITS}), smoothing=1.0)
    close(np.exp(fit.params["prior"]["logits"]), np.bincount(Y) / 24)
    close(fit.params["conditional"]["a"]["scale"], by_class(X, lambda a: a.std(0)))
    close(
        probability(fit.params["conditional"]["b"]["logits"]), by_class(BITS, lambda b: (b.sum(0) + 1) / (len(b) + 2))
    )


def test_joint_in_per_class():
    inner = gl.joint(gl.categorical(2), gl.per_class(gl.poisson(), 2))
    z, x = BITS[:, 0], rng.poisson(3, 24)
    fit = gl.fit(gl.per_class(inner, 3), (z, x), given=Y)
    for label in range(3):
        own = label == Y
        close(np.exp(fit.params["prior"]["logits"][label]), np.bincount(z[own], minlength=2) / own.sum())
        close(fit.params["conditional"]["rate"][label], [x[own & (z == value)].mean() for value in (0, 1)])


def test_product_prior():
    prior = gl.product(u=gl.categorical(2), v=gl.bernoulli())
    model = gl.joint(prior, gl.per_class(gl.normal(), prior.space))
    y = {"u": BITS[:, 0], "v": BITS[:, 1]}
    fit = gl.fit(model, (y, X[:, 0]))
    close(np.exp(fit.params["prior"]["u"]["logits"]), np.bincount(y["u"]) / 24)
    close(probability(fit.params["prior"]["v"]["logits"]), y["v"].mean())
    means = [X[:, 0][(y["u"] == u) & (y["v"] == v)].mean() for u in (0, 1) for v in (0, 1)]
    close(fit.params["conditional"]["loc"], means)


def test_iid_shares_parameters_between_copies():
    x = rng.normal(size=(8, 3, 2)).astype(np.float32)
    fit = gl.fit(gl.iid(gl.normal((2,)), 3), x)
    close(fit.params["loc"], x.mean((0, 1)))
    close(fit.params["scale"], x.std((0, 1)))
    labelled = gl.fit(gl.per_class(gl.iid(gl.normal((2,)), 3), 2), x, given=np.resize([0, 1], 8))
    close(labelled.params["loc"], [x[::2].mean((0, 1)), x[1::2].mean((0, 1))])


def test_label_may_be_bernoulli():
    model = gl.joint(gl.bernoulli(), gl.per_class(gl.poisson(), gl.binary()))
    y, x = np.array([0, 1, 1, 1]), np.array([4, 1, 2, 3])
    fit = gl.fit(model, (y, x))
    close(probability(fit.params["prior"]["logits"]), 0.75)
    close(fit.params["conditional"]["rate"], [4.0, 2.0])


MODEL = gl.joint(gl.categorical(3), gl.per_class(gl.product(a=gl.normal((2,)), b=gl.bernoulli((2,))), 3))
DATA = (Y, {"a": X, "b": BITS})


@pytest.mark.parametrize(
    ("smoothing", "prior", "variance", "pseudo"),
    [
        (None, 0.0, 0.0, 0.0),
        (0.0, 0.0, 0.0, 0.0),
        (0.7, 0.0, 0.0, 0.7),
        ({"prior": 2.0}, 2.0, 0.0, 0.0),
        ({"conditional": 0.7}, 0.0, 0.0, 0.7),
        ({"prior": 2.0, "conditional": {"a": {"scale": 0.5}, "b": 0.7}}, 2.0, 0.5, 0.7),
        ({"conditional": {"b": {"logits": 0.7}}}, 0.0, 0.0, 0.7),
    ],
)
def test_smoothing_goes_where_it_says(smoothing, prior, variance, pseudo):
    fit = gl.fit(MODEL, DATA, smoothing=smoothing)
    close(np.exp(fit.params["prior"]["logits"]), (np.bincount(Y) + prior) / (24 + 3 * prior))
    close(fit.params["conditional"]["a"]["scale"], by_class(X, lambda a: np.sqrt(a.var(0) + variance)))
    share = by_class(BITS, lambda b: (b.sum(0) + pseudo) / (len(b) + 2 * pseudo))
    close(probability(fit.params["conditional"]["b"]["logits"]), share)


def test_smoothing_is_pseudo_rows():
    """α pseudo-counts of a categorical are α further rows of each category."""
    x = np.array([0, 0, 2, 1, 0])
    close(
        gl.fit(gl.categorical(3), x, smoothing=2.0).params["logits"],
        gl.fit(gl.categorical(3), np.concatenate([x, np.tile([0, 1, 2], 2)])).params["logits"],
    )


def test_sweep_over_smoothing_is_one_vmap():
    alphas = jnp.array([0.5, 1.0, 4.0])
    data = gl.Data(jax.tree.map(jnp.asarray, DATA))
    fits = jax.jit(jax.vmap(lambda a: gl.run(gl.closed_form(), MODEL, data, smoothing=a)))(alphas)
    for i, alpha in enumerate([0.5, 1.0, 4.0]):
        share = by_class(BITS, lambda b, alpha=alpha: (b.sum(0) + alpha) / (len(b) + 2 * alpha))
        close(probability(fits.params["conditional"]["b"]["logits"][i]), share)


@pytest.mark.parametrize(
    ("density", "degrees"),
    [
        (gl.bernoulli((2, 3)), 6),
        (gl.categorical(4), 3),
        (gl.categorical(4, (5,)), 15),
        (gl.multinomial(3), 2),
        (gl.poisson((2,)), 2),
        (gl.normal((3,)), 6),
        (gl.uniform((2,)), 4),
        (gl.iid(gl.normal(), 7), 2),
        (gl.product(a=gl.normal(), b=gl.categorical(3)), 4),
        (gl.per_class(gl.normal((2,)), 3, shared=("scale",)), 8),
        (gl.mixture(gl.categorical(3, (2,)), 5), 4 + 20),
        (gl.posterior(gl.joint(gl.categorical(2), gl.per_class(gl.poisson(), 2))), 3),
    ],
    ids=repr,
)
def test_degrees_of_freedom(density, degrees):
    assert gl.degrees_of_freedom(density) == degrees
