from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

from genjax_lab import constraints
from genjax_lab.families.student_t import most_normal, student_t
from tests.families import rounds

pytestmark = pytest.mark.slow  # many compilations

MODELS = [(0.5, 5.0, 1e-3), (1.0, 0.0, 1.0), (4.0, 1.0, 2.0), (30.0, 1000.0, 0.1), (2.0, -1e5, 1e3)]


def oracle(x, df, loc, scale):
    return stats.t.logpdf(x, df, loc, scale)


def mle(x):
    """The best of several starts of a general optimiser, on data of order 1."""
    middle, wide = np.median(x), np.subtract(*np.quantile(x, [0.75, 0.25])) / 1.5
    y = (x - middle) / wide

    def loss(z):
        return -oracle(y, np.exp(z[0]), z[1], np.exp(z[2])).mean()

    options = {"xatol": 1e-9, "fatol": 1e-14, "maxiter": 3000, "maxfev": 3000}
    starts = [(np.log(df), 0.0, 0.0) for df in (0.7, 3.0, 20.0)]
    ends = [optimize.minimize(loss, z, method="Nelder-Mead", options=options) for z in starts]
    z = min(ends, key=lambda end: end.fun).x
    return {"df": np.exp(z[0]), "loc": middle + wide * z[1], "scale": wide * np.exp(z[2])}


def assert_maximum(params, x, rtol):
    """As near to the other optimiser's as their likelihoods can tell apart."""
    wanted, scale = mle(x), rounds.one(params)["scale"]
    np.testing.assert_allclose(params["df"][0], wanted["df"], rtol=rtol)
    np.testing.assert_allclose(params["scale"][0], wanted["scale"], rtol=rtol)
    far = 4 * np.finfo(params["loc"].dtype).eps * np.abs(wanted["loc"]) + rtol * scale
    assert abs(float(params["loc"][0]) - wanted["loc"]) <= far


@pytest.mark.parametrize(("df", "loc", "scale"), [*MODELS, (1e-2, 0.0, 1.0), (1e4, 0.0, 1.0)])
def test_log_prob_is_scipys(df, loc, scale):
    z = np.array([0.0, 0.01, -0.5, 1.0, 3.0, -30.0, 1e4])
    x = (loc + scale * z).astype(np.float32)
    params = {"df": jnp.array(df), "loc": jnp.array(loc), "scale": jnp.array(scale)}
    got = [student_t().log_prob(params, jnp.asarray(row)) for row in x]
    wanted = oracle(x.astype(float), *(float(np.float32(p)) for p in (df, loc, scale)))
    np.testing.assert_allclose(got, wanted, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("df", [most_normal(jnp.float32), 1e12])
def test_log_prob_ends_in_normal(df):
    params = {"df": jnp.array(df), "loc": jnp.array(1.0), "scale": jnp.array(2.0)}
    x = np.array([1.0, 0.0, 5.0, -9.0])
    got = [student_t().log_prob(params, jnp.asarray(row, float)) for row in x]
    np.testing.assert_allclose(got, stats.norm.logpdf(x, 1.0, 2.0), rtol=4e-6)


def test_edges():
    pair = student_t((2,))
    params = {"df": jnp.array([3.0, 1.0]), "loc": jnp.array([2.0, 0.0]), "scale": jnp.array([0.0, 1.0])}
    rows = np.array([[2.0, 0.0], [3.0, 0.0], [2.0, 1e38]], np.float32)
    assert [float(pair.log_prob(params, jnp.asarray(row))) for row in rows] == [np.inf, -np.inf, np.inf]
    rounds.check_slopes(pair, params, jnp.asarray(rows))
    for df, scale in [(0.0, 1.0), (1e-6, 1.0), (8e6, 1.0), (1e12, 1.0), (1.0, 1e-15), (3.0, 1e15)]:
        rounds.check_slopes(student_t(), {"df": df, "loc": 0.5, "scale": scale}, jnp.array([0.5, -1.0, 1e30]))


@pytest.mark.parametrize(("df", "loc", "scale"), MODELS)
@pytest.mark.parametrize("n", [50, 1000])
def test_fit_is_the_maximum(df, loc, scale, n):
    x = (np.random.default_rng(n).standard_t(df, n) * scale + loc).astype(np.float32)
    params, values = rounds.fit(student_t(), x)
    assert_maximum(params, x.astype(float), 3e-4)
    assert rounds.rounds_needed(values, n) <= 10


def test_fit_in_float64(x64):
    x = np.random.default_rng(0).standard_t(3, 300) * 2 + 7
    params, _ = rounds.fit(student_t(), x, rounds=12)
    assert_maximum(params, x, 1e-6)


def test_fit_from_a_poor_start():
    x = (np.random.default_rng(0).standard_t(4, 500) * 0.1 + 30).astype(np.float32)
    begin = {"df": jnp.full(1, 3.0), "loc": jnp.zeros(1), "scale": jnp.ones(1)}
    params, _ = rounds.fit(student_t(), x, params=begin)
    assert_maximum(params, x.astype(float), 3e-4)


def test_groups_weights_and_blocks():
    x = np.random.default_rng(1).standard_t(2, 400).astype(np.float32)
    rounds.check_groups(student_t(), x, rtol=1e-3)
    rounds.check_merge(student_t(), x, rounds.start(student_t(), jnp.asarray(x[:50])))


@pytest.mark.parametrize("n", [20, 1000])
def test_light_tails_end_at_the_normal(n):
    x = np.random.default_rng(0).uniform(-1, 5, n).astype(np.float32)
    params, values = rounds.fit(student_t(), x)
    own = {name: p[0] for name, p in params.items()}
    assert float(own["df"]) == most_normal(jnp.float32)
    np.testing.assert_allclose([own["loc"], own["scale"]], [x.mean(), x.std()], rtol=1e-5)
    np.testing.assert_allclose(values[-1], stats.norm.logpdf(x, x.mean(), x.std()).sum(), rtol=1e-5)
    assert constraints.is_allowed(student_t().parameters, own)
    assert not constraints.is_interior(student_t().parameters, own)
    assert rounds.rounds_needed(values, n) <= 8


@pytest.mark.parametrize("value", [0.0, 0.3, -1e6])
@pytest.mark.parametrize("poor", [False, True])
def test_equal_rows_end_in_a_point(value, poor):
    begin = {"df": jnp.full(1, 3.0), "loc": jnp.zeros(1), "scale": jnp.ones(1)} if poor else None
    params, values = rounds.fit(student_t(), jnp.full(20, value), params=begin, rounds=200)
    own = {name: p[0] for name, p in params.items()}
    assert (float(own["scale"]), float(own["loc"])) == (0.0, np.float32(value))
    assert values[-1] == np.inf
    assert not constraints.is_interior(student_t().parameters, own)


def test_nearly_equal_rows_are_no_point():
    """One unit in the last place apart: a narrow density, not an impossible one."""
    x = np.nextafter(np.float32(1e3), np.array([np.inf, -np.inf] * 10, np.float32), dtype=np.float32)
    params, values = rounds.fit(student_t(), x)
    assert float(params["scale"][0]) > 0
    assert np.isfinite(values).all()


def test_an_outlier_moves_nothing():
    x = np.append(np.random.default_rng(0).normal(10, 1, 200), 1e30).astype(np.float32)
    params, _ = rounds.fit(student_t(), x)
    assert abs(float(params["loc"][0]) - 10) < 0.2
    assert 0.2 < float(params["scale"][0]) < 1.2


def test_a_thousand_fits_at_once():
    rng = np.random.default_rng(0)
    df = np.exp(rng.uniform(np.log(0.5), np.log(100), (1000, 1)))
    x = rng.standard_t(np.broadcast_to(df, (1000, 200))) * np.exp(rng.normal(0, 3, (1000, 1)))
    x = (x + rng.normal(0, 5, (1000, 1))).astype(np.float32)
    fits = {name: np.asarray(p, float)[:, None] for name, p in rounds.many(student_t(), x).items()}
    assert all(np.isfinite(p).all() for p in fits.values())
    # An oracle for so many: in float64 no step in any direction, some thousandths long, is uphill.
    x = x.astype(float)
    best = oracle(x, *fits.values()).sum(1)
    for d in (-1e-2, 1e-2):
        for name in fits:
            step = {
                "df": fits["df"] * np.exp(d),
                "loc": fits["loc"] + d * fits["scale"],
                "scale": fits["scale"] * np.exp(d),
            }
            moved = {**fits, name: step[name]}
            inside = (moved["df"] < most_normal(jnp.float32) * 0.99)[:, 0] | (name != "df")
            assert np.all((oracle(x, *moved.values()).sum(1) < best + 1e-3)[inside]), name


@pytest.mark.parametrize(
    "x", [[-2.3743984, -2.34734, -2.2200859], [2.1049383, 2.9296203, 6.6275144], [-2.9918926, 4.4268885, 5.8397503]]
)
def test_few_rows_end_at_the_higher_of_two_maxima(x):
    """Near two of the three rows there is a maximum with df about 1; that of the normal density is higher."""
    x = np.array(x, np.float32)
    params, values = rounds.fit(student_t(), x)
    assert float(params["df"][0]) == most_normal(jnp.float32)
    np.testing.assert_allclose(values[-1, 0], stats.norm.logpdf(x, x.mean(), x.std()).sum(), rtol=1e-5)


def test_few_rows_in_groups_and_coordinates_start_apart():
    x = np.random.default_rng(7).standard_t(2, (12, 2)).astype(np.float32)
    labels = np.arange(12) % 2
    both = rounds.start(student_t((2,)), jnp.asarray(x), rounds.Groups(2, jnp.asarray(labels)))
    assert {p.shape for p in both.values()} == {(2, 2)}
    for group in (0, 1):
        weights = jnp.asarray(labels == group, float)
        alone = rounds.start(student_t(), jnp.asarray(x[:, 1]), rounds.Groups(weights=weights))
        for name, p in alone.items():
            np.testing.assert_allclose(both[name][group, 1], p[0], rtol=1e-4)
