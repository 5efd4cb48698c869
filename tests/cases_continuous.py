"""Rows of the table of `cases`: positive and heavy-tailed numbers, correlated ones, shares, overdispersed counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special, stats

import genjax_lab as gl
from tests import oracles as o
from tests.case import Case, Edge, arrays, reals

INF = np.inf


def positives(*shape: int) -> np.ndarray:
    """Positive numbers that float32 holds exactly."""
    return np.abs(reals(*shape)) + 1 / 64


def fractions(*shape: int) -> np.ndarray:
    """Numbers between 0 and 1 that float32 holds exactly."""
    return reals(*shape) % 0.9375 + 1 / 32


SHARES = np.array([[8, 16, 40], [1, 31, 32], [60, 2, 2], [20, 22, 22], [5, 50, 9]]) / 64


def columns(cdf: Any, x: Any) -> Any:
    """Cells of independent coordinates from their cumulative probabilities."""
    return o.pit_cells(*np.reshape(cdf, (len(x), -1)).T)


def gamma_cdf(p: Any, x: Any) -> np.ndarray:
    return stats.gamma.cdf(x, p["concentration"], scale=1 / p["rate"])


def beta_cdf(p: Any, x: Any) -> np.ndarray:
    return stats.beta.cdf(x, p["concentration1"], p["concentration0"])


def weibull_cdf(p: Any, x: Any) -> np.ndarray:
    return stats.weibull_min.cdf(x, p["concentration"], scale=p["scale"])


def student_t_cdf(p: Any, x: Any) -> np.ndarray:
    return stats.t.cdf(x, p["df"], p["loc"], p["scale"])


def standardised(p: Any, x: Any) -> np.ndarray:
    """Cumulative probability of the independent coordinates that a normal vector is made of."""
    return stats.norm.cdf(np.linalg.solve(p["scale_tril"], (np.asarray(x) - p["loc"]).T).T)


def low_rank_standardised(p: Any, x: Any) -> np.ndarray:
    """The same of hidden coordinates and noise."""
    w, d = p["cov_factor"], len(p["loc"])
    factor = np.linalg.cholesky(w @ w.T + np.diag(np.broadcast_to(p["scale"], d) ** 2))
    return standardised({"loc": p["loc"], "scale_tril": factor}, x)


def broken(p: Any, x: Any) -> np.ndarray:
    """Cumulative probability of the share that each number takes of what those before it left: independent betas."""
    a, x = p["concentration"], np.asarray(x, float)
    left = np.cumsum(x[:, ::-1], 1)[:, :0:-1]
    return stats.beta.cdf(np.minimum(x[:, :-1] / left, 1), a[:-1], np.cumsum(a[::-1])[-2::-1])


def in_cells(low: Any, high: Any) -> Any:
    """The cell of each point by NumPy's search, and the probability of every cell."""

    def cells(p: Any, x: Any) -> tuple[np.ndarray, np.ndarray]:
        probs, place = special.softmax(p["logits"]), 0
        for column, m, a, b in zip(np.reshape(x, (len(x), -1)).T, probs.shape, low, high, strict=True):
            place = place * m + np.minimum(np.searchsorted(np.linspace(a, b, m + 1), column, side="right") - 1, m - 1)
        return np.asarray(place), probs.ravel()

    return cells


KERNELS = arrays({"points": [-1.0, 0.5, 0.75, 3.0], "logits": [0.0, 0.5, -0.5, 0.25], "scale": 0.5})


def kde_cdf(p: Any, x: Any) -> np.ndarray:
    each = stats.norm.cdf(np.asarray(x)[..., None], p["points"], p["scale"])
    return each @ special.softmax(p["logits"])


def plane_cells(p: Any, x: Any) -> Any:
    """Squares of the first coordinate by bins of the second, given the first by the components' shares."""
    first = stats.norm.cdf(x[:, 0, None], p["points"][:, 0], p["scale"][0])
    weights = special.softmax(p["logits"])
    heights = weights * stats.norm.pdf(x[:, 0, None], p["points"][:, 0], p["scale"][0])
    second = stats.norm.cdf(x[:, 1, None], p["points"][:, 1], p["scale"][1])
    return o.pit_cells(first @ weights, (heights * second).sum(1) / heights.sum(1))


FAMILIES = [
    Case(
        "kde",
        gl.kde(4),
        KERNELS,
        o.kde,
        x=reals(7),
        cells=lambda p, x: o.pit_cells(kde_cdf(p, x), bins=20),
        edges=(
            Edge({**KERNELS, "scale": 0.0}, np.array([-1.0, 0.25]), [INF, -INF]),
            Edge({**KERNELS, "logits": [0.0, -INF, -INF, -INF]}, np.array([2.0]), stats.norm.logpdf([2], -1.0, 0.5)),
        ),
    ),
    Case(
        "kde_plane",
        gl.kde(3, (2,)),
        arrays(
            {"points": [[0.0, 1.0], [2.0, -1.0], [-3.0, 0.5]], "logits": [0.0, 0.5, -0.5], "scale": [0.6, 1.5]},
        ),
        o.kde,
        x=reals(7, 2),
        cells=plane_cells,
        slow=True,
    ),
    Case(
        "histogram",
        gl.histogram(4, -1, 3),
        arrays({"logits": [0.5, -1.0, 2.0, 0.0]}),
        o.histogram([-1], [3]),
        x=np.array([-1.0, -0.75, 0.5, 1.0, 1.9375, 2.0, 2.5]),
        cells=in_cells([-1], [3]),
        impossible=np.array([-1.125, 3.5]),
        edges=(
            Edge(
                {"logits": [0.0, -INF, 0.0, -INF]},
                np.array([-1.0, -0.5, 0.0, 0.5, 1.0, 3.0]),
                [-np.log(2), -np.log(2), -INF, -INF, -np.log(2), -INF],
            ),
            Edge({"logits": [0.0, 0.0, 0.0, 0.0]}, np.array([-1.0, 3.0]), [-np.log(4)] * 2),
        ),
    ),
    Case(
        "histogram_box",
        gl.histogram((3, 2), (0, -2), (6, 2)),
        arrays({"logits": [[0.0, 1.0], [-1.0, 0.5], [2.0, -0.5]]}),
        o.histogram([0, -2], [6, 2]),
        x=np.array([[0.0, -2.0], [1.5, 1.0], [2.0, -0.5], [3.75, 0.0], [5.0, -1.25], [5.5, 1.5], [4.0, 0.25]]),
        cells=in_cells([0, -2], [6, 2]),
        impossible=np.array([[-0.5, 0.0], [1.0, 2.5], [7.0, -3.0]]),
        edges=(
            Edge(
                {"logits": [[0.0, -INF], [-INF, -INF], [-INF, 0.0]]},
                np.array([[0.0, -2.0], [1.0, 0.0], [6.0, 2.0]]),
                [-np.log(8), -INF, -np.log(8)],
            ),
        ),
        slow=True,
    ),
    Case(
        "gamma",
        gl.gamma(),
        arrays({"concentration": 2.5, "rate": 0.7}),
        o.gamma,
        x=positives(7),
        cells=lambda p, x: columns(gamma_cdf(p, x), x),
        impossible=np.array([0.0, -1.0]),
        edges=(
            Edge({"concentration": 0.0, "rate": 1.0}, np.array([0.5, 2.0]), [-INF, -INF]),
            Edge({"concentration": 2.0, "rate": 0.0}, np.array([0.5, 2.0]), [-INF, -INF]),
        ),
        slow_fit=True,
    ),
    Case(
        "gamma_2",
        gl.gamma((2,)),
        arrays({"concentration": [1.5, 30.0], "rate": [2.0, 10.0]}),
        o.gamma,
        x=positives(7, 2),
        cells=lambda p, x: columns(gamma_cdf(p, x), x),
        impossible=np.array([[1.0, 0.0], [-1.0, 2.0]]),
        slow=True,
    ),
    Case(
        "beta",
        gl.beta(),
        arrays({"concentration1": 2.5, "concentration0": 1.5}),
        o.beta,
        x=fractions(7),
        cells=lambda p, x: columns(beta_cdf(p, x), x),
        impossible=np.array([0.0, 1.0, -0.5, 1.5]),
        edges=(Edge({"concentration1": 0.0, "concentration0": 1.0}, np.array([0.25, 0.5]), [-INF, -INF]),),
        slow=True,
    ),
    Case(
        "beta_2",
        gl.beta((2,)),
        arrays({"concentration1": [1.5, 8.0], "concentration0": [2.0, 30.0]}),
        o.beta,
        x=fractions(7, 2),
        cells=lambda p, x: columns(beta_cdf(p, x), x),
        impossible=np.array([[0.5, 1.0], [0.0, 0.5]]),
        slow=True,
    ),
    Case(
        "weibull",
        gl.weibull(),
        arrays({"concentration": 1.75, "scale": 2.5}),
        o.weibull,
        x=positives(7),
        cells=lambda p, x: columns(weibull_cdf(p, x), x),
        impossible=np.array([0.0, -1.0]),
        edges=(
            Edge({"concentration": 0.0, "scale": 1.0}, np.array([0.5, 2.0]), [-INF, -INF]),
            Edge({"concentration": 1.0, "scale": 0.0}, np.array([0.5, 2.0]), [-INF, -INF]),
        ),
        slow=True,
    ),
    Case(
        "weibull_2",
        gl.weibull((2,)),
        arrays({"concentration": [1.25, 4.0], "scale": [0.5, 3.0]}),
        o.weibull,
        x=positives(7, 2),
        cells=lambda p, x: columns(weibull_cdf(p, x), x),
        impossible=np.array([[1.0, 0.0], [-1.0, 2.0]]),
        slow=True,
    ),
    Case(
        "student_t",
        gl.student_t(),
        arrays({"df": 4.0, "loc": 0.4, "scale": 1.7}),
        o.student_t,
        x=reals(7),
        cells=lambda p, x: columns(student_t_cdf(p, x), x),
        edges=(
            Edge({"df": 4.0, "loc": 2.0, "scale": 0.0}, np.array([2.0, 3.0]), [INF, -INF]),
            Edge({"df": 0.0, "loc": 2.0, "scale": 1.0}, np.array([2.0, 3.0]), [-INF, -INF]),
        ),
    ),
    Case(
        "student_t_2",
        gl.student_t((2,)),
        arrays({"df": [5.0, 30.0], "loc": [1.0, -2.0], "scale": [0.5, 3.0]}),
        o.student_t,
        x=reals(7, 2),
        cells=lambda p, x: columns(student_t_cdf(p, x), x),
        edges=(
            Edge(
                {"df": [4.0, 4.0], "loc": [0.0, 2.0], "scale": [1.0, 0.0]},
                np.array([[0.0, 2.0], [0.0, 3.0]]),
                [INF, -INF],
            ),
        ),
        slow=True,
    ),
    Case(
        "negative_binomial",
        gl.negative_binomial(),
        arrays({"mean": 2.5, "concentration": 1.5}),
        o.negative_binomial,
        np.arange(120),
        impossible=np.array([-1, -7]),
        edges=(
            Edge({"mean": 0.0, "concentration": 1.0}, np.array([0, 1, 5]), [0.0, -INF, -INF]),
            Edge({"mean": 1.0, "concentration": 0.0}, np.array([0, 1, 5]), [0.0, -INF, -INF]),
        ),
    ),
    Case(
        "negative_binomial_2",
        gl.negative_binomial((2,)),
        arrays({"mean": [0.3, 4.0], "concentration": [0.5, 6.0]}),
        o.negative_binomial,
        o.grid(range(60), (2,)),
        impossible=np.array([[1, -1]]),
        slow=True,
    ),
    Case(
        "mvnormal",
        gl.mvnormal(2),
        arrays({"loc": [0.5, -1.0], "scale_tril": [[1.5, 0.0], [-0.75, 0.5]]}),
        o.mvnormal,
        x=reals(7, 2),
        cells=lambda p, x: columns(standardised(p, x), x),
        edges=(
            Edge(
                {"loc": [0.0, 1.0], "scale_tril": [[1.0, 0.0], [2.0, 0.0]]},
                np.array([[1.0, 3.0], [1.0, 4.0]]),
                [INF, -INF],
            ),
        ),
        slow_fit=True,
    ),
    Case(
        "ppca",
        gl.ppca(3, 2),
        arrays({"loc": [0.5, -1.0, 2.0], "cov_factor": [[1.5, 0.5], [-0.75, 0.25], [0.5, 1.0]], "scale": 0.75}),
        o.low_rank,
        x=reals(7, 3),
        cells=lambda p, x: columns(low_rank_standardised(p, x), x),
        edges=(
            Edge(
                {"loc": [0.0, 1.0, 0.0], "cov_factor": [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]], "scale": 0.0},
                np.array([[1.0, 3.0, 5.0], [1.0, 4.0, 5.0]]),
                [INF, -INF],
            ),
        ),
        slow_fit=True,
    ),
    Case(
        "factor_analysis",
        gl.factor_analysis(2, 1),
        arrays({"loc": [0.5, -1.0], "cov_factor": [[1.5], [-0.75]], "scale": [0.5, 1.25]}),
        o.low_rank,
        x=reals(7, 2),
        cells=lambda p, x: columns(low_rank_standardised(p, x), x),
        edges=(
            Edge(  # a coordinate that is a point
                {"loc": [0.0, 1.0], "cov_factor": [[1.0], [0.0]], "scale": [1.0, 0.0]},
                np.array([[1.0, 1.0], [1.0, 4.0]]),
                [INF, -INF],
            ),
        ),
        slow_fit=True,
    ),
    Case(
        "dirichlet",
        gl.dirichlet(3),
        arrays({"concentration": [2.5, 1.5, 4.0]}),
        o.dirichlet,
        x=SHARES,
        cells=lambda p, x: columns(broken(p, x), x),
        impossible=np.array([[0.5, 0.5, 0.0], [0.5, 0.25, 0.5], [-0.5, 1.0, 0.5]]),
        edges=(Edge({"concentration": [1.0, 0.0, 1.0]}, SHARES[:2], [-INF, -INF]),),
        slow=True,
    ),
]


GAMMAS = arrays(
    {
        "prior": {"logits": [0.5, -0.5]},
        "conditional": {"concentration": [2.0, 20.0], "rate": [2.0, 4.0]},
    }
)
LDA = arrays(
    {
        "prior": {"logits": [0.25, -0.25]},
        "conditional": {"loc": [[-1.0, 0.0], [2.0, 0.5]], "scale_tril": [[1.5, 0.0], [0.75, 0.5]]},
    }
)
lda_oracle = o.joint(o.categorical, o.per_class(o.mvnormal, shared=("scale_tril",)))


def lda() -> Any:
    """Linear discriminant analysis: normal classes of one covariance."""
    return gl.joint(gl.categorical(2), gl.per_class(gl.mvnormal(2), 2, shared=("scale_tril",)))


def lda_cells(p: Any, event: Any) -> Any:
    y, x = np.asarray(event[0]), np.asarray(event[1])
    own = standardised({**p["conditional"], "loc": p["conditional"]["loc"][y]}, x)
    return o.crossed_cells((y, special.softmax(p["prior"]["logits"])), columns(own, x))


def gammas_cdf(p: Any, x: Any) -> np.ndarray:
    return gamma_cdf(p["conditional"], np.asarray(x)[:, None]) @ special.softmax(p["prior"]["logits"])


def mixed_cells(p: Any, x: Any) -> Any:
    few = stats.nbinom.pmf(np.arange(4), 1.5, 1.5 / (1.5 + p["visits"]["mean"]))
    count = np.minimum(x["visits"], 4), np.append(few, 1 - few.sum())
    return o.crossed_cells(count, o.pit_cells(weibull_cdf(p["wait"], x["wait"]), beta_cdf(p["share"], x["share"])))


COMPOSED = [
    Case(
        "mixture_gammas",
        gl.mixture(gl.gamma(), 2),
        GAMMAS,
        o.mixture(o.gamma, 2),
        x=positives(7),
        cells=lambda p, x: o.pit_cells(gammas_cdf(p, x), bins=20),
        impossible=np.array([0.0, -1.0]),
        edges=(
            Edge(
                {
                    "prior": {"logits": [0.0, 0.0]},
                    "conditional": {"concentration": [1.0, 0.0], "rate": [2.0, 1.0]},
                },
                np.array([1.0, 2.0]),
                [-2.0, -4.0],
            ),
        ),
        slow=True,
    ),
    Case(
        "mixture_histograms",
        gl.mixture(gl.histogram(3, 0, 3), 2),
        arrays({"prior": {"logits": [0.5, -0.5]}, "conditional": {"logits": [[0.0, 1.0, -1.0], [2.0, 0.0, 1.0]]}}),
        o.mixture(o.histogram([0], [3]), 2),
        x=np.array([0.0, 0.5, 1.25, 2.5, 2.0, 1.0, 2.75]),
        cells=lambda p, x: (
            in_cells([0], [3])({"logits": np.zeros(3)}, x)[0],
            special.softmax(p["prior"]["logits"]) @ special.softmax(p["conditional"]["logits"], -1),
        ),
        impossible=np.array([-0.5, 3.5]),
        slow=True,
    ),
    Case("lda", lda(), LDA, lda_oracle, x=(np.array([0, 1, 1]), reals(7, 2)), cells=lda_cells, slow=True),
    Case(
        "product_continuous",
        gl.product(wait=gl.weibull(), visits=gl.negative_binomial(), share=gl.beta()),
        arrays(
            {
                "wait": {"concentration": 1.75, "scale": 2.0},
                "visits": {"mean": 1.0, "concentration": 1.5},
                "share": {"concentration1": 2.0, "concentration0": 3.0},
            }
        ),
        o.product(wait=o.weibull, visits=o.negative_binomial, share=o.beta),
        x={"wait": positives(7), "visits": np.array([0, 1, 2, 9]), "share": fractions(7)},
        cells=mixed_cells,
        impossible={"wait": np.array([1.0, 0.0]), "visits": np.array([-1, 1]), "share": np.array([0.5, 0.5])},
        slow=True,
    ),
    Case(
        "mixture_students",
        gl.mixture(gl.student_t(), 2),
        arrays(
            {
                "prior": {"logits": [0.5, -0.5]},
                "conditional": {"df": [3.0, 8.0], "loc": [-2.0, 3.0], "scale": [0.5, 1.5]},
            }
        ),
        o.mixture(o.student_t, 2),
        x=reals(7),
        cells=lambda p, x: o.pit_cells(
            student_t_cdf(p["conditional"], np.asarray(x)[:, None]) @ special.softmax(p["prior"]["logits"]), bins=20
        ),
        slow=True,
    ),
    Case(
        "classes_of_shares",
        gl.joint(gl.categorical(2), gl.per_class(gl.dirichlet(3), 2)),
        arrays(
            {
                "prior": {"logits": [0.5, -0.5]},
                "conditional": {"concentration": [[2.0, 3.0, 2.5], [6.0, 1.5, 1.5]]},
            }
        ),
        o.joint(o.categorical, o.per_class(o.dirichlet)),
        x=(np.array([0, 1, 1]), SHARES),
        cells=lambda p, e: shares_cells(p, np.asarray(e[0]), np.asarray(e[1])),
        slow=True,
    ),
]


def shares_cells(p: Any, y: np.ndarray, x: np.ndarray) -> Any:
    each = [broken({"concentration": a}, x) for a in p["conditional"]["concentration"]]
    own = np.where((y == 0)[:, None], *each)
    return o.crossed_cells((y, special.softmax(p["prior"]["logits"])), columns(own, x))


def perceptron_at(p: Any, given: Any) -> Any:
    """The mean and standard deviation that it gives."""
    h = np.maximum(np.asarray(given) @ p["hidden_0"]["kernel"] + p["hidden_0"]["bias"], 0)
    z = h @ p["last"]["kernel"] + p["last"]["bias"]
    return z[0], np.exp(z[1])


CONDITIONALS = [
    Case(
        "per_class_lda",
        lda().factors[1],
        LDA["conditional"],
        o.per_class(o.mvnormal, shared=("scale_tril",)),
        x=reals(7, 2),
        cells=lambda p, x: columns(standardised({**p, "loc": p["loc"][1]}, x), x),
        given=np.array([1, 0]),
        slow=True,
    ),
    Case(
        "perceptron",
        gl.perceptron(gl.normal(), gl.reals((2,)), (3,)),
        arrays(
            {
                "hidden_0": {"kernel": [[0.5, -1.0, 0.25], [1.0, 0.75, -0.5]], "bias": [0.1, 0.2, -0.3]},
                "last": {"kernel": [[0.5, 0.25], [-0.5, 0.1], [0.3, -0.2]], "bias": [0.3, -0.4]},
            }
        ),
        o.perceptron(
            lambda p, x: o.normal({"loc": p["loc"], "scale": np.exp(p["scale"])}, x), ("loc", "scale"), (1, 1)
        ),
        x=reals(7),
        given=np.array([[0.5, -1.0], [2.0, 0.25]]),
        cells=lambda p, x: columns(stats.norm.cdf(x, *perceptron_at(p, [0.5, -1.0])), x),
    ),
]
