"""EM: the same statistics and maximiser, iterated. Oracles: scikit-learn's mixtures, and EM written out in NumPy."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.mixture import GaussianMixture

import genjax_lab as gl
from tests.case import rest_slow

RNG = np.random.default_rng(0)
TWO_BUMPS = np.concatenate([RNG.normal(-2, 1, 150), RNG.normal(3, 0.5, 350)])
BITS = (RNG.random((500, 3)) < np.where(TWO_BUMPS[:, None] > 0, 0.8, 0.2)).astype(np.uint8)
LABELS = (RNG.random(500) < 0.4).astype(np.int32)


def two_hidden_bits():
    labels = gl.product(u=gl.bernoulli(), v=gl.bernoulli())
    return gl.marginal(gl.joint(labels, gl.per_class(gl.normal(), labels.space)))


NESTED = {
    "mixture": (gl.mixture(gl.normal(), 2), TWO_BUMPS),
    "mixture of bits": (gl.mixture(gl.bernoulli((3,)), 2), BITS),
    "mixture of mixtures": (gl.mixture(gl.mixture(gl.normal(), 2), 2), TWO_BUMPS),
    "product of mixtures": (
        gl.product(a=gl.mixture(gl.normal(), 2), b=gl.mixture(gl.bernoulli((3,)), 2)),
        {"a": TWO_BUMPS, "b": BITS},
    ),
    "mixture of products": (
        gl.mixture(gl.product(a=gl.normal(), b=gl.bernoulli((3,))), 2),
        {"a": TWO_BUMPS, "b": BITS},
    ),
    "mixture in classes": (
        gl.joint(gl.categorical(2), gl.per_class(gl.mixture(gl.normal(), 2), 2)),
        (LABELS, TWO_BUMPS),
    ),
    "tied scales": (
        gl.marginal(gl.joint(gl.categorical(2), gl.per_class(gl.normal(), 2, shared=["scale"]))),
        TWO_BUMPS,
    ),
    "prior of two bits": (two_hidden_bits(), TWO_BUMPS),
    "copies of a mixture": (gl.iid(gl.mixture(gl.normal(), 2), 2), TWO_BUMPS.reshape(-1, 2)),
}  # fmt: skip


QUICK = gl.em(curvature=False)
SOON = ("mixture", "mixture of products", "mixture in classes", "tied scales")


def arrays(x):
    return jax.tree.map(jnp.asarray, x)


@pytest.mark.parametrize("name", rest_slow(NESTED, *SOON))
def test_the_penalised_likelihood_never_falls(name):
    density, x = NESTED[name]
    smoothing = 0.5 if "bits" in name or "product" in name else None
    problem, method = gl.Problem(density, gl.Data(arrays(x)), smoothing), gl.em(tol=0.0)
    step = jax.jit(lambda state: method.step(problem, state))
    state = method.init(problem, density.init(jax.random.key(1)))
    values = []
    for _ in range(30):
        state = step(state)
        values.append(float(state.value))
    assert int(state.halvings) == 0
    assert np.diff(values).min() > -1e-5
    assert values[-1] > values[0] + 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mixture of mixtures", "product of mixtures", "mixture in classes"])
def test_the_likelihood_is_that_of_the_parameters(name):
    density, x = NESTED[name]
    fit = gl.fit(density, x, key=jax.random.key(3), smoothing=0.1, method=QUICK)
    n = int(fit.n)
    np.testing.assert_allclose(fit.log_likelihood, -n * gl.nll(density, fit.params, x), rtol=1e-5)


@pytest.mark.slow
def test_ends_where_scikit_learn_ends():
    x = RNG.normal(size=(400, 3)) + 4 * RNG.integers(0, 2, (400, 1))
    means = np.array([[0.0, 0.0, 0.0], [3.0, 3.0, 3.0]])
    rival = GaussianMixture(
        2, covariance_type="diag", means_init=means, weights_init=[0.5, 0.5], precisions_init=np.ones((2, 3)), tol=1e-9,
        reg_covar=0.0, max_iter=1000,
    ).fit(x)  # fmt: skip
    start = {
        "prior": {"logits": jnp.zeros(2)},
        "conditional": {"loc": jnp.asarray(means), "scale": jnp.ones((2, 3))},
    }
    fit = gl.fit(gl.mixture(gl.normal((3,)), 2), x, start=start)
    np.testing.assert_allclose(fit.params["conditional"]["loc"], rival.means_, atol=2e-3)
    np.testing.assert_allclose(fit.params["conditional"]["scale"] ** 2, rival.covariances_, rtol=5e-3)
    np.testing.assert_allclose(fit.log_likelihood, 400 * rival.score(x), rtol=1e-6)


@pytest.mark.slow
def test_one_step_is_em_written_out():
    """Two Poisson components: responsibilities by Bayes' rule, then weighted means."""
    x = np.array([0, 1, 1, 2, 7, 9, 12])
    rates, weights = np.array([1.0, 5.0]), np.array([0.3, 0.7])
    shares = weights * stats.poisson(rates).pmf(x[:, None])
    shares /= shares.sum(1, keepdims=True)
    density, method = gl.mixture(gl.poisson(), 2), gl.em()
    start = {"prior": {"logits": jnp.log(jnp.asarray(weights))}, "conditional": {"rate": jnp.asarray(rates)}}
    problem = gl.Problem(density, gl.Data(jnp.asarray(x)))
    state = method.step(problem, method.init(problem, start))
    np.testing.assert_allclose(state.proposal["conditional"]["rate"], (shares.T @ x) / shares.sum(0), rtol=1e-5)
    np.testing.assert_allclose(jnp.exp(state.proposal["prior"]["logits"]), shares.mean(0), rtol=1e-5)


@pytest.mark.slow
def test_a_scalar_smoothing_counts_as_rows_of_every_component():
    """The weights of a mixture are counts like any other; the prior of labels that are seen is left alone."""
    density, method = gl.mixture(gl.bernoulli((3,)), 2), gl.em()
    start = {
        "prior": {"logits": jnp.zeros(2)},
        "conditional": {"logits": jnp.array([[9.0, 9.0, 9.0], [-9.0, -9.0, -9.0]])},
    }
    x = jnp.array([[1, 1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    problem = gl.Problem(density, gl.Data(x), 0.5)
    state = method.step(problem, method.init(problem, start))
    np.testing.assert_allclose(jnp.exp(state.proposal["prior"]["logits"]), [1.5 / 5, 3.5 / 5], rtol=1e-4)
    shares = jax.nn.sigmoid(state.proposal["conditional"]["logits"][:, 0])
    np.testing.assert_allclose(shares, [1.5 / 2, 0.5 / 4], rtol=1e-3)
    seen = gl.fit(gl.joint(gl.categorical(2), gl.per_class(gl.bernoulli((3,)), 2)), (1 - x[:, 0], x), smoothing=0.5)
    np.testing.assert_allclose(jnp.exp(seen.params["prior"]["logits"]), [1 / 4, 3 / 4], rtol=1e-6)


@pytest.mark.slow
def test_weights_are_repeated_rows():
    x, weights = np.array([0, 1, 2, 8, 9]), np.array([3, 1, 2, 1, 2])
    start = {"prior": {"logits": jnp.zeros(2)}, "conditional": {"rate": jnp.array([1.0, 8.0])}}
    density = gl.mixture(gl.poisson(), 2)
    weighted = gl.fit(density, x, weights=weights, start=start)
    repeated = gl.fit(density, np.repeat(x, weights), start=start)
    np.testing.assert_allclose(
        weighted.params["conditional"]["rate"], repeated.params["conditional"]["rate"], rtol=1e-4
    )
    np.testing.assert_allclose(weighted.log_likelihood, repeated.log_likelihood, rtol=1e-5)


@pytest.mark.parametrize("unit", [1e-20, 1e20])
def test_the_unit_of_the_weights_does_not_matter(unit):
    """Weights that add up to almost nothing once counted as a component that has lost its rows."""
    model = gl.mixture(gl.normal(), 2)
    one, other = (
        gl.fit(model, TWO_BUMPS, weights=np.full(500, w), key=jax.random.key(0), method=QUICK) for w in (1.0, unit)
    )
    assert int(other.status) == gl.Status.CONVERGED
    np.testing.assert_allclose(float(other.log_likelihood) / unit, one.log_likelihood, rtol=1e-5)


@pytest.mark.slow
def test_a_density_of_ones_own_starts_where_it_says():
    """Without it the start is `init`, which knows nothing of the data: one component took all of these."""
    x = (1e5 + 1e3 * TWO_BUMPS).astype(np.float32)
    own = gl.normal()
    user = gl.Density(
        own.space, own.parameters, own.init, own.log_prob, own.sample,
        start=lambda x: {"loc": x.mean(), "scale": x.std()},
    )  # fmt: skip
    fit = gl.fit(gl.mixture(user, 2), x, key=jax.random.key(0), method=QUICK)
    known = gl.fit(gl.mixture(own, 2), x, key=jax.random.key(0), method=QUICK)
    np.testing.assert_allclose(fit.log_likelihood, known.log_likelihood, rtol=1e-5)
    alone = gl.fit(user, x, key=jax.random.key(0))
    assert int(alone.status) == gl.Status.CONVERGED
    np.testing.assert_allclose(alone.log_likelihood, gl.fit(own, x).log_likelihood, rtol=1e-6)


@pytest.mark.slow
def test_a_closed_form_is_em_that_stands_still():
    x = np.array([1.0, 2.0, 6.0])
    start = {"loc": jnp.array(0.0), "scale": jnp.array(1.0)}
    once, again = gl.fit(gl.normal(), x), gl.fit(gl.normal(), x, method=gl.em(), start=start)
    assert int(again.steps) <= 3
    np.testing.assert_allclose(once.params["loc"], again.params["loc"], rtol=1e-6)
    np.testing.assert_allclose(once.params["scale"], again.params["scale"], rtol=1e-6)


def test_every_start_is_told_and_the_best_kept():
    fit = gl.fit(gl.mixture(gl.normal(), 3), TWO_BUMPS, key=jax.random.key(0), restarts=5, method=QUICK)
    likelihoods, statuses = fit.starts
    assert likelihoods.shape == statuses.shape == (5,)
    assert float(fit.log_likelihood) == float(likelihoods.max())


@pytest.mark.parametrize(
    ("shape", "k", "megabytes"), [((784,), 50, 20), pytest.param((), 500, 40, marks=pytest.mark.slow)]
)
def test_the_memory_of_a_step_is_that_of_a_block(shape, k, megabytes):
    """60,000 images are 47 MB as bytes; the responsibilities of 500 components in a column of them are 120."""
    density, method = gl.mixture(gl.bernoulli(shape), k), gl.em(curvature=False)
    x = jax.ShapeDtypeStruct((60_000, *shape), jnp.uint8)
    init = jax.jit(lambda x: method.init(gl.Problem(density, gl.Data(x), 0.1), density.init(jax.random.key(0))))
    state = jax.eval_shape(init, x)
    step = jax.jit(lambda x, state: method.step(gl.Problem(density, gl.Data(x), 0.1), state))
    memory = step.lower(x, state).compile().memory_analysis()
    assert memory.temp_size_in_bytes < megabytes * 1e6


def test_of_short_runs_the_best_goes_on():
    density, short = gl.mixture(gl.normal(), 3), gl.em(curvature=False, short=4)
    fit = gl.fit(density, TWO_BUMPS, key=jax.random.key(0), restarts=5, method=short)
    likelihoods, statuses = fit.starts
    best = int(jnp.argmax(likelihoods))
    assert [int(s) == gl.Status.MAX_STEPS for s in statuses] == [place != best for place in range(5)]
    assert float(fit.log_likelihood) == float(likelihoods.max()) and int(fit.steps) > 4
    whole = gl.fit(density, TWO_BUMPS, key=jax.random.key(0), restarts=5, method=QUICK)
    np.testing.assert_allclose(fit.log_likelihood, whole.starts[0][best], rtol=1e-5)
    with pytest.raises(ValueError, match="short = 0"):
        gl.em(short=0)


@pytest.mark.slow
def test_restarts_find_what_scikit_learn_finds():
    rival = GaussianMixture(2, n_init=5, reg_covar=0.0, tol=1e-8, random_state=0).fit(TWO_BUMPS[:, None])
    fit = gl.fit(gl.mixture(gl.normal(), 2), TWO_BUMPS, key=jax.random.key(0), restarts=5)
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    np.testing.assert_allclose(fit.log_likelihood, 500 * rival.score(TWO_BUMPS[:, None]), rtol=1e-5)


@pytest.mark.slow
def test_many_fits_in_one_vmap():
    x = jnp.asarray(RNG.normal(size=(7, 60)) + 5 * RNG.integers(0, 2, (7, 60)))
    start = {"prior": {"logits": jnp.zeros(2)}, "conditional": {"loc": jnp.array([0.0, 5.0]), "scale": jnp.ones(2)}}
    density = gl.mixture(gl.normal(), 2)
    together = jax.vmap(lambda one: gl.run(QUICK, density, gl.Data(one), start))(x)
    alone = [gl.fit(density, one, start=start, method=QUICK).log_likelihood for one in x]
    np.testing.assert_allclose(together.log_likelihood, alone, rtol=1e-5)


def test_a_collapse_is_never_called_converged():
    """Trap 9: four components on two distinct points."""
    x = np.repeat([[0.0], [1.0]], 10, 0)
    density = gl.mixture(gl.normal((1,)), 4)
    with pytest.raises(gl.FitError, match="DEGENERATE"):
        gl.fit(density, x, key=jax.random.key(0), method=QUICK)
    floor = {"conditional": {"scale": 0.01}}
    fit = gl.fit(density, x, key=jax.random.key(0), smoothing=floor, method=QUICK)
    assert np.isfinite(float(fit.log_likelihood))


@pytest.mark.slow
def test_a_bad_start_is_told():
    """Trap 7: a start under which the data are impossible."""
    start = {"prior": {"logits": jnp.zeros(2)}, "conditional": {"low": jnp.zeros(2), "high": jnp.ones(2)}}
    with pytest.raises(gl.FitError, match="BAD_START"):
        gl.fit(gl.mixture(gl.uniform(), 2), np.array([0.5, 3.0]), start=start)


def test_a_start_or_a_key_is_asked_for():
    with pytest.raises(TypeError, match="pass key="):
        gl.fit(gl.mixture(gl.normal(), 2), TWO_BUMPS)


@pytest.mark.slow
def test_the_steps_run_out():
    with pytest.warns(gl.FitWarning, match="MAX_STEPS"):
        fit = gl.fit(gl.mixture(gl.normal(), 2), TWO_BUMPS, method=gl.em(max_steps=2), key=jax.random.key(0))
    assert int(fit.steps) == 2


def test_a_saddle_is_told():
    """Trap 20: two components that are one stand still, with no slope, far below the maximum."""
    start = {
        "prior": {"logits": jnp.zeros(2)},
        "conditional": {"loc": jnp.full(2, TWO_BUMPS.mean()), "scale": jnp.full(2, TWO_BUMPS.std())},
    }
    with pytest.warns(gl.FitWarning, match="SADDLE"):
        fit = gl.fit(gl.mixture(gl.normal(), 2), TWO_BUMPS, start=start)
    assert float(fit.grad_norm) < 1e-3


def test_slow_steps_are_leapt_over():
    """Two components that overlap: plain EM gains less a step than float32 resolves while still short of the top."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.poisson(3, 1000), rng.poisson(6, 1000)])

    def loss(z):
        rates, share = np.exp(z[:2]), 1 / (1 + np.exp(-z[2]))
        return -np.log(share * stats.poisson.pmf(x, rates[0]) + (1 - share) * stats.poisson.pmf(x, rates[1])).sum()

    best = -optimize.minimize(loss, [np.log(3), np.log(6), 0.0]).fun
    start = {"prior": {"logits": jnp.array([2.0, 0.0])}, "conditional": {"rate": jnp.array([4.0, 5.0])}}
    fit = gl.fit(gl.mixture(gl.poisson(), 2), x, start=start, method=QUICK)
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    assert int(fit.steps) < 50
    assert float(fit.log_likelihood) == pytest.approx(best, abs=0.1)  # 5e-5 nats an event


@pytest.mark.slow
def test_a_start_has_the_smoothing_of_the_fit():
    """A constant column: without a floor its scale is 0 at the start already, and all is lost in the first step."""
    x = np.column_stack([TWO_BUMPS, np.full(500, 3.0)]).astype(np.float32)
    floor = {"conditional": {"scale": 0.1}}
    fit = gl.fit(gl.mixture(gl.normal((2,)), 2), x, key=jax.random.key(0), smoothing=floor, method=QUICK)
    assert gl.Status(int(fit.status)) is gl.Status.CONVERGED
    np.testing.assert_allclose(fit.params["conditional"]["scale"][:, 1], np.sqrt(0.1), rtol=1e-4)


@pytest.mark.slow
def test_a_step_to_minus_infinity_is_stepped_back_from():
    """Clusters so thin that a covariance has no digits left of them: the objective does not fall, nor hides that."""
    rng = np.random.default_rng(1)
    turn, centres = np.linalg.qr(rng.normal(size=(2, 2)))[0], rng.normal(size=(2, 2)) * 6
    x = np.float32(centres[rng.integers(0, 2, 1000)] + (rng.normal(size=(1000, 2)) * [1, 5e-4]) @ turn.T)
    start = {
        "prior": {"logits": jnp.zeros(2)},
        "conditional": {"loc": jnp.float32(centres), "scale_tril": jnp.tile(jnp.eye(2), (2, 1, 1))},
    }
    mixture = gl.mixture(gl.mvnormal(2), 2)
    method, problem = gl.em(curvature=False), gl.Problem(mixture, gl.Data(jnp.asarray(x)))
    state, step, values = method.init(problem, start), jax.jit(method.step), []
    for _ in range(30):
        state = step(problem, state)
        values.append(float(state.value))
    assert np.isfinite(values[0])
    assert all(b >= a - 1e-6 * abs(a) for a, b in itertools.pairwise(values))


def test_a_start_and_restarts_exclude_each_other():
    mixture = gl.mixture(gl.poisson(), 2)
    start = mixture.init(jax.random.key(0))
    with pytest.raises(ValueError, match="one start"):
        gl.fit(mixture, np.array([1, 2, 9]), start=start, restarts=3, key=jax.random.key(0))
