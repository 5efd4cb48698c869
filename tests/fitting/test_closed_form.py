"""Closed-form maximum likelihood over the table of cases: it is the maximum, weights are repetition, pieces merge."""

from __future__ import annotations

import contextlib
import warnings

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import genjax_lab as gl
from tests import oracles as o
from tests.cases import EXACT, Case, over

N = 60
every_exact = over(EXACT, fits=True)


def training_rows(case: Case):
    """N rows that look like the density's, and for a conditional what is given with them."""
    given = case.given_rows(N) if case.is_conditional else None
    if case.support is None:
        return gl.sample(
            case.density, jax.random.key(5), case.jax_params(), None if given is not None else N, given
        ), given
    rng = np.random.default_rng(5)
    first = (o.repeat(o.row(case.given, 0), o.num_rows(case.support)),) if case.is_conditional else ()
    chosen = rng.choice(o.num_rows(case.support), N, p=special.softmax(case.oracle(case.params, case.support, *first)))
    return jax.tree.map(lambda a: a[chosen], case.support), given


@contextlib.contextmanager
def boundary_allowed():
    """Where a maximum on the boundary is what it should be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gl.FitWarning)
        yield


def assert_same_params(got, wanted, tol: float) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(wanted)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=tol, atol=tol), got, wanted)


@pytest.mark.slow
@every_exact
def test_no_step_raises_the_likelihood_of_the_oracle(case, x64):
    x, given = training_rows(case)
    with boundary_allowed():
        fit = gl.fit(case.density, x, given=given)
    best = o.log_likelihood(case, fit.params, x)
    assert float(fit.log_likelihood) == pytest.approx(best, rel=1e-9)
    assert int(fit.n) == N
    rng = np.random.default_rng(0)
    for size in [1e-4, 1e-3, 1e-2, 0.1] * 4:
        step = jax.tree.map(lambda a, size=size: np.asarray(a) * (1 + size * rng.normal(size=np.shape(a))), fit.params)
        assert not o.log_likelihood(case, step, x) > best + 1e-9 * abs(best)


@every_exact
def test_weights_are_repeated_rows(case, x64):
    x, given = training_rows(case)
    weights = np.resize([0, 1, 3, 0, 1, 1], N)  # they add up to N
    again = np.repeat(np.arange(N), weights)
    with boundary_allowed():
        weighted = gl.fit(case.density, x, given=given, weights=weights.astype(float), smoothing=0.5)
        repeated = gl.fit(
            case.density,
            jax.tree.map(lambda a: a[again], x),
            given=jax.tree.map(lambda a: a[again], given),
            smoothing=0.5,
        )
    assert_same_params(weighted.params, repeated.params, 1e-10)
    assert float(weighted.log_likelihood) == pytest.approx(float(repeated.log_likelihood), rel=1e-10)
    assert float(weighted.n) == N


def pieces(case: Case, x, given, order):
    """Statistics of the rows in another order, cut in three."""
    x, given = jax.tree.map(lambda a: a[np.asarray(order)], (x, given))
    for start, stop in [(0, 1), (1, 20), (20, N)]:
        own = jax.tree.map(lambda a, start=start, stop=stop: a[start:stop], (x, given))
        yield gl.statistics(case.density, own[0], given=own[1])


merge = jax.jit(gl.merge, static_argnums=0)


def check_merged_pieces(case: Case, tol: float) -> None:
    x, given = training_rows(case)
    with boundary_allowed():
        whole = gl.fit(case.density, x, given=given, smoothing=0.5)

    @hypothesis.settings(max_examples=5)
    @hypothesis.given(st.permutations(range(N)), st.permutations(range(3)), st.booleans())
    def check(order, sequence, to_the_left):
        parts = list(pieces(case, x, given, order))
        a, b, c = (parts[i] for i in sequence)
        joined = merge(case.density, merge(case.density, a, b), c) if to_the_left else merge(case.density, a, b, c)
        with boundary_allowed():
            fit = gl.fit_statistics(case.density, joined, smoothing=0.5)
        assert_same_params(fit.params, whole.params, tol)
        assert float(fit.log_likelihood) == pytest.approx(float(whole.log_likelihood), rel=tol)
        assert int(fit.n) == N

    check()


@pytest.mark.slow
@every_exact
def test_merged_pieces_equal_the_whole_in_float64(case, x64):
    check_merged_pieces(case, 1e-12)


PLAIN = [c for c in EXACT if "per_class" not in c.name and "iid" not in c.name]


@over(PLAIN, fits=True, soon=("categorical", "product_mixed"))
def test_merged_pieces_equal_the_whole_in_float32(case):
    check_merged_pieces(case, 1e-5)


def test_merge_takes_any_number_of_pieces():
    coin = gl.bernoulli()
    parts = [gl.statistics(coin, jnp.array(x)) for x in ([0, 1], [1, 1], [1, 0], [1, 1])]
    fit = gl.fit_statistics(coin, gl.merge(coin, *parts))
    assert float(jax.nn.sigmoid(fit.params["logits"])) == pytest.approx(0.75)
    assert int(gl.merge(coin, parts[0]).n) == 2


def test_statistics_with_weights():
    stats = gl.statistics(gl.normal(), jnp.array([1.0, 3.0, 100.0]), jnp.array([3.0, 1.0, 0.0]))
    fit = gl.fit_statistics(gl.normal(), stats)
    assert float(fit.params["loc"]) == 1.5
    assert float(fit.params["scale"]) == pytest.approx(0.75**0.5)


def test_a_density_without_closed_form_says_so():
    posterior = gl.posterior(gl.joint(gl.categorical(2), gl.per_class(gl.normal(), 2)))
    with pytest.raises(ValueError, match=r"posterior\(.* has no closed-form maximum likelihood"):
        gl.statistics(posterior, np.array([0, 1]), given=np.zeros(2))


@pytest.mark.parametrize(
    ("density", "x", "extra"),
    [
        (gl.bernoulli((2,)), [[0, 1], [1, 1], [0, 1]], [[0, 0], [1, 0]]),
        (gl.categorical(3, (2,)), [[0, 1], [2, 1], [0, 2]], [[0, 0], [1, 0]]),
    ],
    ids=str,
)
def test_a_table_of_pseudo_counts_is_rows_added(density, x, extra):
    x, extra = np.array(x), np.array(extra)
    k = density.estimator.tables["logits"][-1]
    table = (extra[:, :, None] == np.arange(k)).sum(0)
    smoothed = gl.fit(density, x, smoothing={"logits": table}, strict=False)
    added = gl.fit(density, np.concatenate([x, extra]), strict=False)
    np.testing.assert_allclose(smoothed.params["logits"], added.params["logits"], rtol=1e-6)
    each = gl.fit(density, x, smoothing={"logits": np.full(k, 0.5)})
    np.testing.assert_allclose(each.params["logits"], gl.fit(density, x, smoothing=0.5).params["logits"], rtol=1e-6)


def test_a_table_of_pseudo_counts_reaches_the_components_of_a_mixture():
    """Each component sees the pseudo-rows of its table, and EM with them never lowers the penalised likelihood."""
    x = (np.random.default_rng(0).random((200, 3)) < 0.3).astype(np.uint8)
    share = x.mean(0)
    smoothing = {"prior": 1.0, "conditional": {"logits": 2.0 * np.stack([1 - share, share], -1)}}
    density, method = gl.mixture(gl.bernoulli((3,)), 4), gl.em(tol=0.0)
    problem, values = gl.Problem(density, gl.Data(jnp.asarray(x)), smoothing), []
    state = method.init(problem, density.init(jax.random.key(0)))
    step = jax.jit(lambda state: method.step(problem, state))
    for _ in range(20):
        state = step(state)
        values.append(float(state.value))
    assert int(state.halvings) == 0 and np.diff(values).min() > -1e-5
