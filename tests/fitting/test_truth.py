"""A fit tells the truth: each way in which peers end wrong and silent, against an independent optimum."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.optimize import minimize
from scipy import optimize, stats

import genjax_lab as gl
from genjax_lab.families.gamma import gamma
from tests.case import rest_slow

RNG = np.random.default_rng(0)
GAMMA = RNG.gamma(2.98, 1 / 1.3, 2000).astype(np.float32)
FAR = {"concentration": 1.0, "rate": 1.0}
CLIMBERS = {"newton": gl.newton(), "lbfgs": gl.lbfgs(), "em": gl.em()}
climbers = pytest.mark.parametrize("method", rest_slow(CLIMBERS.values(), gl.newton()), ids=CLIMBERS)


def status(fit: gl.Fit) -> str:
    return gl.Status(int(fit.status)).name


def logistic(d: int = 2) -> gl.Conditional:
    """Logistic regression on bits, as the discriminative side of naive Bayes with what is unidentified tied down."""
    return gl.posterior(gl.joint(gl.categorical(2), gl.per_class(gl.bernoulli((d,)), 2)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "method",
    [gl.newton(), gl.lbfgs(), gl.em()],
    ids=["newton", "lbfgs", "em"],
)
def test_gamma_where_jax_scipy_stops_early(method):
    """Trap 1: BFGS in float32 ends far from the maximum; every climber here ends on it."""
    right = stats.gamma.fit(GAMMA.astype(float), floc=0)[0]

    def loss(z):
        params = {"concentration": jnp.exp(z[0]), "rate": jnp.exp(z[1])}
        return -jax.vmap(gamma().log_prob, (None, 0))(params, jnp.asarray(GAMMA)).sum()

    theirs = minimize(loss, jnp.zeros(2), method="BFGS")
    assert not bool(theirs.success)
    fit = gl.fit(gamma(), GAMMA, method=method, start=FAR)
    assert status(fit) == "CONVERGED"
    assert float(fit.params["concentration"]) == pytest.approx(right, rel=3e-5)


@climbers
def test_a_tolerance_below_the_resolution_is_no_failure(method):
    """Trap 8: float32 cannot see 1e-30 nats; the fit has converged all the same, in few steps."""
    from dataclasses import replace

    fit = gl.fit(gamma(), GAMMA, method=replace(method, tol=1e-30), start=FAR)
    assert status(fit) == "CONVERGED"
    assert int(fit.steps) < 60


@climbers
def test_the_step_cap_is_told(method):
    from dataclasses import replace

    with pytest.warns(gl.FitWarning, match="MAX_STEPS"):
        fit = gl.fit(gamma(), GAMMA, method=replace(method, max_steps=1), start={"concentration": 99.0, "rate": 0.01})
    assert int(fit.steps) == 1
    assert np.isfinite(float(fit.params["rate"]))


@climbers
def test_a_bad_start_is_told(method):
    """Trap 7: NaN parameters; nothing usable comes of them, and that is said."""
    mixture = gl.mixture(gl.uniform(), 2)
    impossible = {"prior": {"logits": jnp.zeros(2)}, "conditional": {"low": jnp.zeros(2), "high": jnp.ones(2)}}
    with pytest.raises(gl.FitError, match="BAD_START"):
        gl.fit(mixture, np.array([0.5, 3.0]), method=method, start=impossible)


SEPARABLE = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], 5, 0).astype(np.int32)


@pytest.mark.slow
@pytest.mark.parametrize("method", [gl.newton(), gl.lbfgs()], ids=["newton", "lbfgs"])
def test_separable_classes_have_no_maximum(method):
    """Trap 19: the likelihood rises for ever; a ridge gives it a maximum."""
    y = SEPARABLE[:, 0]
    with pytest.warns(gl.FitWarning, match="FLAT|MAX_STEPS"):
        fit = gl.fit(logistic(), y, given=SEPARABLE, method=method, key=jax.random.key(0))
    assert float(fit.log_likelihood) > -1e-3
    ridge = gl.fit(logistic(), y, given=SEPARABLE, method=method, key=jax.random.key(0), penalty=0.01)
    assert status(ridge) == "CONVERGED"


def test_a_direction_that_the_data_cannot_see_is_flat():
    """A joint has more parameters than its posterior: some of them move nothing."""
    x = RNG.integers(0, 2, (300, 2)).astype(np.int32)
    y = (RNG.random(300) < 0.3 + 0.4 * x[:, 0]).astype(np.int32)
    with pytest.warns(gl.FitWarning, match="FLAT"):
        gl.fit(logistic(), y, given=x, key=jax.random.key(0))


def test_boundary_maxima_are_exact_and_told():
    """Trap 5: the corner of a uniform, a count of zero, a variance of zero."""
    box = gl.fit(gl.uniform(), np.array([1.0, 4.0, 2.0], np.float32))
    assert (float(box.params["low"]), float(box.params["high"])) == (1.0, 4.0)
    for density, x in [
        (gl.poisson(), np.zeros(5, int)),
        (gl.bernoulli(), np.ones(5, int)),
        (gl.categorical(3), np.array([0, 2, 2])),
        (gl.normal(), np.full(4, 2.5, np.float32)),
    ]:
        with pytest.warns(gl.FitWarning, match="BOUNDARY"):
            fit = gl.fit(density, x)
        assert not np.isnan(float(fit.log_likelihood))


@pytest.mark.slow
def test_one_bad_data_set_leaves_999_right():
    """Trap 7: under vmap a lane of NaN is told, and moves no other lane."""
    x = RNG.gamma(2.0, 1.0, (1000, 50)).astype(np.float32)
    x[123, 7] = np.nan
    start = {"concentration": jnp.ones(()), "rate": jnp.ones(())}
    fits = jax.jit(jax.vmap(lambda one: gl.run(gl.newton(), gamma(), gl.Data(one), start)))(jnp.asarray(x))
    good = np.arange(1000) != 123
    assert int(fits.status[123]) == gl.Status.BAD_START
    assert np.all(np.asarray(fits.status)[good] == gl.Status.CONVERGED)
    closed = jax.jit(jax.vmap(lambda one: gl.run(gl.closed_form(), gamma(), gl.Data(one))))(jnp.asarray(x[good]))
    np.testing.assert_allclose(fits.params["rate"][good], closed.params["rate"], rtol=2e-3)


def test_a_component_without_rows_is_degenerate():
    """Trap 9: a mixture of bits one of whose components has nothing, which smoothing brings back."""
    x = np.repeat([[0, 0, 0, 1], [1, 1, 1, 0]], 20, 0)
    start = {"prior": {"logits": jnp.array([0.0, 0.0, -30.0])}, "conditional": {"logits": jnp.array(
        [[-3.0, -3.0, -3.0, 3.0], [3.0, 3.0, 3.0, -3.0], [9.0, -9.0, 9.0, 9.0]])}}  # fmt: skip
    with pytest.raises(gl.FitError, match="DEGENERATE"):
        gl.fit(gl.mixture(gl.bernoulli((4,)), 3), x, start=start, smoothing={"conditional": {"logits": 0.1}})


def best_of_two_normals(x: np.ndarray) -> float:
    """The highest mean log-likelihood of a two-component mixture that SciPy finds from many starts."""

    def loss(z):
        weight = 1 / (1 + np.exp(-z[0]))
        parts = stats.norm.pdf(x[:, None], z[1:3], np.exp(np.clip(z[3:5], -3, 5)))
        return -np.log(parts @ [weight, 1 - weight] + 1e-300).mean()

    rng = np.random.default_rng(1)
    starts = [np.r_[0.0, rng.choice(x, 2), 0.0, 0.0] for _ in range(12)]
    return -min(optimize.minimize(loss, z).fun for z in starts)


@pytest.mark.slow
def test_two_hundred_starts_of_a_mixture_end_on_a_maximum_or_say_not():
    """Trap 20: none may end CONVERGED far below the best, unless on a genuine local maximum."""
    x = np.concatenate([RNG.normal(-1, 1, 100), RNG.normal(2, 0.7, 100)]).astype(np.float32)
    mixture = gl.mixture(gl.normal(), 2)
    keys = jax.random.split(jax.random.key(0), 200)
    starts = jax.vmap(mixture.init)(keys)
    fits = jax.jit(jax.vmap(lambda start: gl.run(gl.em(), mixture, gl.Data(jnp.asarray(x)), start)))(starts)
    best = best_of_two_normals(x.astype(float))
    said = np.asarray(fits.status)
    low = (said == gl.Status.CONVERGED) & (np.asarray(fits.log_likelihood) / 200 < best - 1e-4)
    for i in np.flatnonzero(low):
        assert_is_local_maximum(mixture, jax.tree.map(lambda a, i=i: a[i], fits.params), x)
    assert (said == gl.Status.CONVERGED).sum() > 100


def assert_is_local_maximum(density, params, x):
    """No small move in any of many random directions raises the likelihood in float64."""
    with jax.enable_x64(True):
        params = jax.tree.map(lambda a: jnp.asarray(a, jnp.float64), params)
        here, rng = float(gl.nll(density, params, x.astype(float))), np.random.default_rng(0)
        for _ in range(50):
            moved = jax.tree.map(lambda a: a * (1 + 0.01 * rng.normal(size=a.shape)), params)
            assert float(gl.nll(density, moved, x.astype(float))) > here - 1e-6


@pytest.mark.slow
def test_every_start_is_told():
    x = np.array([0, 1, 1, 9, 8, 9, 2])
    fit = gl.fit(gl.mixture(gl.poisson(), 2), x, key=jax.random.key(0), restarts=4)
    values, said = fit.starts
    assert values.shape == said.shape == (4,)
    assert float(fit.log_likelihood) == float(values.max())


@gl.factory
def own_normal() -> gl.Density:
    """As somebody would write it: no estimator, and no care for a scale of 0."""
    return gl.Density(
        space=gl.reals(),
        parameters={"loc": gl.constraints.real(()), "scale": gl.constraints.positive(())},
        init=lambda key: {"loc": jax.random.normal(key), "scale": jnp.ones(())},
        log_prob=lambda p, x: -0.5 * ((x - p["loc"]) / p["scale"]) ** 2 - jnp.log(p["scale"]),
        sample=lambda key, p: p["loc"] + p["scale"] * jax.random.normal(key),
    )


@pytest.mark.parametrize("method", rest_slow([gl.newton(), gl.lbfgs()], gl.newton()), ids=repr)
def test_a_scale_that_shrinks_for_ever_is_told(method):
    with pytest.warns(gl.FitWarning, match="FLAT"):
        gl.fit(own_normal(), np.ones(20, np.float32), method=method, start={"loc": 0.0, "scale": 1.0})


@gl.factory
def two_tops() -> gl.Density:
    """The likelihood is highest at t = −3, a little lower at 3."""
    return gl.Density(
        space=gl.reals(),
        parameters={"t": gl.constraints.real(())},
        init=lambda key: {"t": 4 * jax.random.normal(key)},
        log_prob=lambda p, x: -0.5 * x**2 - 0.05 * (p["t"] ** 2 - 9) ** 2 / 9 - 0.01 * p["t"],
        sample=lambda key, p: jax.random.normal(key),
    )


@pytest.mark.parametrize("method", rest_slow([gl.newton(), gl.lbfgs()], gl.newton()), ids=repr)
def test_the_best_start_is_that_of_the_penalised_objective(method):
    x = RNG.normal(size=200).astype(np.float32)
    penalty = two_tops_penalty
    fit = gl.fit(two_tops(), x, penalty=penalty, key=jax.random.key(0), restarts=8, method=method)
    assert float(fit.params["t"]) == pytest.approx(3, abs=0.2)
    mean = float(fit.log_likelihood) / 200
    assert float(fit.objective) == pytest.approx(mean - float(penalty(fit.params)), abs=1e-5)


def two_tops_penalty(params):
    return 0.03 * (params["t"] - 3) ** 2 / 9


@climbers
def test_an_impossible_row_has_no_likelihood_under_run_either(method):
    """One bad data set among many is seen in its lane, where nothing looks at values before."""
    x = jnp.array([[1.0, 2.0, 3.0, 0.5], [1.0, 2.0, 3.0, -1.0]])
    start = {"concentration": jnp.ones(()), "rate": jnp.ones(())}
    fits = jax.jit(jax.vmap(lambda one: gl.run(method, gamma(), gl.Data(one), start)))(x)
    assert [gl.Status(int(s)).name for s in fits.status] == ["CONVERGED", "BAD_START"]
    assert np.isneginf(fits.log_likelihood[1]) and np.isfinite(fits.log_likelihood[0])


@pytest.mark.slow
def test_a_hidden_label_of_a_plain_joint_is_no_row_under_run():
    model = gl.joint(gl.categorical(2), gl.per_class(gl.normal(), 2))
    data = gl.Data((jnp.array([0, 1, -1]), jnp.array([1.0, 2.0, 3.0])))
    fit = gl.run(gl.em(curvature=False), model, data, model.init(jax.random.key(0)))
    assert int(fit.status) == gl.Status.BAD_START


def test_rows_far_from_zero_keep_their_spread_and_beyond_the_dtype_there_is_none():
    x = (1e7 + 3 * RNG.normal(size=1000)).astype(np.float32)
    fit = gl.fit(gl.normal(), x)
    assert status(fit) == "CONVERGED"
    assert float(fit.params["scale"]) == pytest.approx(x.astype(float).std(), rel=1e-5)
    with pytest.raises(gl.FitError, match="NON_FINITE"):
        gl.fit(gl.normal(), (1e25 * RNG.normal(size=100)).astype(np.float32))


@pytest.mark.slow
def test_a_count_that_never_varies_within_a_component_is_on_the_boundary():
    with pytest.warns(gl.FitWarning, match="BOUNDARY"):
        gl.fit(gl.mixture(gl.negative_binomial(), 2), np.array([0, 9] * 20), key=jax.random.key(0))


@pytest.mark.slow
def test_separable_classes_of_many_inputs_are_told_without_a_curvature():
    x = RNG.normal(size=(300, 250)).astype(np.float32)
    with pytest.warns(gl.FitWarning, match="FLAT"):
        gl.fit(gl.logistic_regression(250, 2), (x[:, 0] > 0).astype(np.int32), given=x, key=jax.random.key(0))
