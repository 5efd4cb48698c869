"""The one shared table: a row for every family and for what the combinators make of them; `test_properties` runs it."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from scipy import special, stats

import genjax_lab as gl
from tests import cases_continuous as continuous
from tests import oracles as o
from tests.case import Case, Edge, arrays, over, reals

__all__ = ["ALL", "CONDITIONALS", "DENSITIES", "EXACT", "FAMILIES", "Case", "over"]

INF = np.inf


def normal_pit(p: Any, x: Any) -> list[np.ndarray]:
    return list(stats.norm.cdf(x, p["loc"], p["scale"]).reshape(len(x), -1).T)


def mixture_pit(p: Any, x: Any) -> np.ndarray:
    """Cumulative probability of a mixture of scalar normals."""
    weights = special.softmax(p["prior"]["logits"])
    return stats.norm.cdf(np.asarray(x)[:, None], p["conditional"]["loc"], p["conditional"]["scale"]) @ weights


def label_cells(logits: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(y), special.softmax(logits)


FAMILIES = [
    Case(
        "bernoulli",
        gl.bernoulli(),
        arrays({"logits": 0.7}),
        o.bernoulli,
        o.grid([0, 1]),
        impossible=np.array([2, -1]),
        edges=(
            Edge({"logits": -INF}, np.array([0, 1]), [0.0, -INF]),
            Edge({"logits": INF}, np.array([0, 1]), [-INF, 0.0]),
        ),
    ),
    Case(
        "bernoulli_2x3",
        gl.bernoulli((2, 3)),
        arrays({"logits": [[-3.0, -0.2, 0.0], [0.4, 1.5, 6.0]]}),
        o.bernoulli,
        o.grid([0, 1], (2, 3)),
        impossible=np.array([[[0, 1, 0], [1, 0, 2]]]),
        edges=(
            Edge(
                {"logits": [[-INF, INF, 0.0], [-INF, -INF, INF]]},
                np.array(
                    [[[0, 1, 1], [0, 0, 1]], [[1, 1, 1], [0, 0, 1]], [[0, 0, 0], [0, 0, 1]], [[1, 0, 1], [1, 1, 0]]]
                ),
                [-np.log(2), -INF, -INF, -INF],
            ),
        ),
    ),
    Case(
        "categorical",
        gl.categorical(4),
        arrays({"logits": [-1.0, 0.0, 2.0, 0.5]}),
        o.categorical,
        o.grid(range(4)),
        impossible=np.array([4, -1]),
        edges=(
            Edge({"logits": [-INF, 0.0, 0.0, -INF]}, np.arange(4), [-INF, -np.log(2), -np.log(2), -INF]),
            Edge({"logits": [-INF, 5.0, -INF, -INF]}, np.arange(4), [-INF, 0.0, -INF, -INF]),
        ),
    ),
    Case(
        "categorical_2",
        gl.categorical(3, (2,)),
        arrays({"logits": [[0.1, 0.2, -1.0], [2.0, -2.0, 0.0]]}),
        o.categorical,
        o.grid(range(3), (2,)),
        impossible=np.array([[0, 3], [-1, 0]]),
        edges=(Edge({"logits": [[0.0, 0.0, 0.0], [-INF, 0.0, -INF]]}, np.array([[0, 1], [2, 0]]), [-np.log(3), -INF]),),
        slow=True,
    ),
    Case(
        "multinomial",
        gl.multinomial(3, total=4),
        arrays({"logits": [0.5, -1.0, 0.2]}),
        o.multinomial,
        o.vectors(3, 4),
        impossible=np.array([[4, 1, 0], [5, -1, 0], [0, 0, 0]]),
        edges=(
            Edge({"logits": [-INF, 0.0, 0.0]}, np.array([[0, 2, 2], [1, 2, 1]]), [np.log(6 / 16), -INF]),
            Edge({"logits": [-INF, 0.0, -INF]}, np.array([[0, 4, 0], [0, 3, 1]]), [0.0, -INF]),
        ),
    ),
    Case(
        "multinomial_any_total",
        gl.multinomial(3),
        arrays({"logits": [0.5, -1.0, 0.2]}),
        o.multinomial,
        o.vectors(3, 5),
        x=np.array([[0, 0, 0], [1, 0, 0], [2, 0, 3], [7, 1, 2], [0, 4, 0]]),
        impossible=np.array([[1, 2, -1]]),
        slow=True,
    ),
    Case(
        "poisson",
        gl.poisson(),
        arrays({"rate": 2.5}),
        o.poisson,
        np.arange(60),
        impossible=np.array([-1, -7]),
        edges=(Edge({"rate": 0.0}, np.array([0, 1, 5]), [0.0, -INF, -INF]),),
    ),
    Case(
        "poisson_2",
        gl.poisson((2,)),
        arrays({"rate": [0.3, 4.0]}),
        o.poisson,
        o.grid(range(40), (2,)),
        impossible=np.array([[1, -1]]),
        edges=(Edge({"rate": [0.0, 2.0]}, np.array([[0, 0], [0, 1], [1, 0]]), [-2.0, np.log(2) - 2.0, -INF]),),
        slow=True,
    ),
    Case(
        "normal",
        gl.normal(),
        arrays({"loc": 0.4, "scale": 1.7}),
        o.normal,
        x=reals(7),
        cells=lambda p, x: o.pit_cells(*normal_pit(p, x)),
        edges=(Edge({"loc": 2.0, "scale": 0.0}, np.array([2.0, 3.0]), [INF, -INF]),),
    ),
    Case(
        "normal_2",
        gl.normal((2,)),
        arrays({"loc": [1.0, -2.0], "scale": [0.5, 3.0]}),
        o.normal,
        x=reals(7, 2),
        cells=lambda p, x: o.pit_cells(*normal_pit(p, x)),
        edges=(Edge({"loc": [0.0, 2.0], "scale": [1.0, 0.0]}, np.array([[0.0, 2.0], [0.0, 3.0]]), [INF, -INF]),),
        slow=True,
    ),
    Case(
        "uniform",
        gl.uniform(),
        arrays({"low": -1.0, "high": 3.0}),
        o.uniform,
        x=reals(7) % 3 - 0.5,
        cells=lambda p, x: o.pit_cells((x - p["low"]) / (p["high"] - p["low"])),
        impossible=np.array([-1.1, 3.5]),
        edges=(
            Edge({"low": 0.0, "high": 2.0}, np.array([0.0, 2.0, 1.0, 2.5]), [-np.log(2)] * 3 + [-INF]),
            Edge({"low": 1.0, "high": 1.0}, np.array([1.0, 2.0]), [INF, -INF]),
        ),
    ),
    Case(
        "uniform_box",
        gl.uniform((2,)),
        arrays({"low": [0.0, -4.0], "high": [0.5, 1.0]}),
        o.uniform,
        x=reals(7, 2) % 0.25 + 0.125,
        cells=lambda p, x: o.pit_cells(*((x - p["low"]) / (p["high"] - p["low"])).T),
        impossible=np.array([[0.2, 1.5], [-0.1, 0.0], [0.6, -5.0]]),
        edges=(Edge({"low": [0.0, 1.0], "high": [2.0, 1.0]}, np.array([[1.0, 1.0], [1.0, 2.0]]), [INF, -INF]),),
        slow=True,
    ),
]


TWO_BY_TWO = gl.fields(u=gl.categories(2), v=gl.binary())
PAIR_LABELS = dict(zip("uv", o.cross(np.arange(2), np.arange(2)), strict=True))


def pair_position(y: Any) -> int:
    return int(2 * y["u"] + y["v"])


def naive_bayes() -> Any:
    return gl.joint(gl.categorical(3), gl.per_class(gl.bernoulli((2,)), 3))


NAIVE_BAYES = arrays(
    {
        "prior": {"logits": [0.2, -0.5, 1.0]},
        "conditional": {"logits": [[0.1, -1.0], [2.0, 0.3], [-2.5, 1.0]]},
    }
)
NAIVE_BAYES_EDGE = {
    "prior": {"logits": [0.0, 0.0, -INF]},
    "conditional": {"logits": [[-INF, 0.0], [INF, 0.0], [-INF, 0.0]]},
}
naive_bayes_oracle = o.joint(o.categorical, o.per_class(o.bernoulli))
BITS = o.grid([0, 1], (2,))

NORMALS = arrays(
    {
        "prior": {"logits": [0.0, 1.0, -1.0]},
        "conditional": {"loc": [-3.0, 0.0, 2.0], "scale": [0.5, 1.0, 1.5]},
    }
)
TIED = arrays(
    {
        "prior": {"logits": [0.3, -0.3]},
        "conditional": {"loc": [[-1.0, 0.0], [2.0, 0.5]], "scale": [0.8, 1.6]},
    }
)
tied_oracle = o.joint(o.categorical, o.per_class(o.normal, shared=("scale",)))
MIXED = arrays({"a": {"logits": -0.4}, "b": {"loc": 1.0, "scale": 2.0}, "c": {"rate": 1.5}})
mixed_oracle = o.product(a=o.bernoulli, b=o.normal, c=o.poisson)


def tied() -> Any:
    return gl.joint(gl.categorical(2), gl.per_class(gl.normal((2,)), 2, shared=("scale",)))


def mixed() -> Any:
    return gl.product(a=gl.bernoulli(), b=gl.normal(), c=gl.poisson())


def joint_in_per_class() -> Any:
    inner = gl.joint(gl.categorical(2), gl.per_class(gl.poisson(), 2))
    return gl.joint(gl.bernoulli(), gl.per_class(inner, gl.binary()))


def product_prior() -> Any:
    prior = gl.product(u=gl.categorical(2), v=gl.bernoulli())
    return gl.joint(prior, gl.per_class(gl.normal(), TWO_BY_TWO))


PRODUCT_PRIOR = arrays(
    {
        "prior": {"u": {"logits": [0.0, 0.7]}, "v": {"logits": -0.3}},
        "conditional": {"loc": [-2.0, -1.0, 1.0, 3.0], "scale": [0.5, 0.7, 1.0, 2.0]},
    }
)
product_prior_oracle = o.joint(o.product(u=o.categorical, v=o.bernoulli), o.per_class(o.normal, pair_position))


def product_prior_cells(p: Any, event: Any) -> Any:
    y, x = event
    label, k = 2 * y["u"] + y["v"], p["conditional"]
    share = stats.bernoulli.pmf([0, 1], special.expit(p["prior"]["v"]["logits"]))
    labels = label, np.outer(special.softmax(p["prior"]["u"]["logits"]), share).ravel()
    return o.crossed_cells(labels, o.pit_cells(stats.norm.cdf(x, k["loc"][label], k["scale"][label])))


def tied_cells(p: Any, event: Any) -> Any:
    y, x = np.asarray(event[0]), np.asarray(event[1])
    own = stats.norm.cdf(x, p["conditional"]["loc"][y], p["conditional"]["scale"])
    return o.crossed_cells(label_cells(p["prior"]["logits"], y), o.pit_cells(*own.T))


def mixed_cells(p: Any, x: Any) -> Any:
    bit = np.asarray(x["a"]), stats.bernoulli.pmf([0, 1], special.expit(p["a"]["logits"]))
    few = stats.poisson.pmf(np.arange(4), p["c"]["rate"])
    count = np.minimum(x["c"], 4), np.append(few, 1 - few.sum())
    return o.crossed_cells(o.crossed_cells(bit, count), o.pit_cells(*normal_pit(p["b"], x["b"])))


JOINT_IN_PER_CLASS = arrays(
    {
        "prior": {"logits": 0.5},
        "conditional": {
            "prior": {"logits": [[0.0, 1.0], [0.5, -1.0]]},
            "conditional": {"rate": [[0.5, 2.0], [1.0, 4.0]]},
        },
    }
)
NESTED = arrays(
    {
        "prior": {"logits": [0.1, 0.6]},
        "conditional": {
            "prior": {"logits": [[0.0, 0.4], [1.0, -1.0]]},
            "conditional": {"loc": [[-4.0, -1.0], [1.0, 3.0]], "scale": [[0.5, 1.0], [0.7, 2.0]]},
        },
    }
)


def nested_pit(p: Any, x: Any) -> np.ndarray:
    weights = special.softmax(p["prior"]["logits"])
    return sum(w * mixture_pit(jax.tree.map(lambda a, i=i: a[i], p["conditional"]), x) for i, w in enumerate(weights))


COMPOSED = [
    Case(
        "iid_normal",
        gl.iid(gl.normal(), 2),
        arrays({"loc": 0.5, "scale": 1.2}),
        o.iid(o.normal),
        x=reals(7, 2),
        cells=lambda p, x: o.pit_cells(*normal_pit(p, x)),
        edges=(Edge({"loc": 0.0, "scale": 0.0}, np.array([[0.0, 0.0], [0.0, 1.0]]), [INF, -INF]),),
    ),
    Case(
        "iid_categorical",
        gl.iid(gl.categorical(2, (2,)), 3),
        arrays({"logits": [[0.0, 1.0], [-0.5, 0.5]]}),
        o.iid(o.categorical),
        o.grid([0, 1], (3, 2)),
        impossible=np.full((1, 3, 2), 2),
        slow=True,
    ),
    Case(
        "patches",
        gl.patches(gl.categorical(4, (1, 2)), (2, 1)),
        arrays({"logits": [[[0.0, 1.0, -0.5, 0.3], [-0.5, 0.5, 0.2, 1.5]]]}),
        lambda p, x: o.categorical(p, x[:, :1] + 2 * x[:, 1:]),
        o.grid([0, 1], (2, 2)),
        impossible=np.full((1, 2, 2), 2),
        slow=True,
    ),
    Case(
        "iid_mixture",
        gl.iid(gl.mixture(gl.bernoulli(), 2), 3),
        arrays({"prior": {"logits": [0.4, -0.4]}, "conditional": {"logits": [-1.0, 2.0]}}),
        o.iid(o.mixture(o.bernoulli, 2)),
        o.grid([0, 1], (3,)),
        impossible=np.array([[0, 1, 2]]),
        slow=True,
    ),
    Case(
        "product_mixed",
        mixed(),
        MIXED,
        mixed_oracle,
        x={"a": np.array([0, 1, 1]), "b": reals(7), "c": np.array([0, 1, 2, 5])},
        cells=mixed_cells,
        impossible={"a": np.array([2, 0]), "b": np.zeros(2), "c": np.array([1, -1])},
        edges=(
            Edge(
                {"a": {"logits": -INF}, "b": {"loc": 0.0, "scale": 1.0}, "c": {"rate": 0.0}},
                {"a": np.array([0, 1, 0]), "b": np.zeros(3), "c": np.array([0, 0, 2])},
                [-0.5 * np.log(2 * np.pi), -INF, -INF],
            ),
        ),
    ),
    Case(
        "naive_bayes",
        naive_bayes(),
        NAIVE_BAYES,
        naive_bayes_oracle,
        tuple(o.cross(np.arange(3), BITS)),
        impossible=(np.array([3, 0, -1]), np.array([[0, 0], [0, 2], [1, 1]])),
        edges=(
            Edge(
                NAIVE_BAYES_EDGE,
                (np.array([0, 0, 1, 2]), np.array([[0, 1], [1, 1], [1, 0], [0, 0]])),
                [-np.log(4), -INF, -np.log(4), -INF],
            ),
        ),
    ),
    Case(
        "partly_labelled",
        gl.partly_labelled(naive_bayes()),
        NAIVE_BAYES,
        o.partly_labelled(naive_bayes_oracle, np.arange(3)),
        tuple(o.cross(np.arange(3), BITS)),
        x=(np.array([-1, 0, 2, -1, -1, 1, -1]), np.resize(BITS, (7, 2))),
        impossible=(np.array([3, -2, -1, 0, -1]), np.array([[0, 0], [1, 0], [0, 2], [2, 1], [1, -1]])),
        edges=(
            Edge(
                NAIVE_BAYES_EDGE,
                (np.array([0, 0, 2, -1, -1, -1]), np.array([[0, 1], [1, 1], [0, 0], [0, 1], [1, 1], [1, 0]])),
                [-np.log(4), -INF, -INF, -np.log(4), -np.log(4), -np.log(4)],
            ),
        ),
    ),
    Case(
        "tied_gaussians", tied(), TIED, tied_oracle, x=(np.array([0, 1, 1]), reals(7, 2)), cells=tied_cells, slow=True
    ),
    Case(
        "product_prior",
        product_prior(),
        PRODUCT_PRIOR,
        product_prior_oracle,
        x=(PAIR_LABELS, reals(7)),
        cells=product_prior_cells,
        slow=True,
    ),
    Case(
        "joint_in_per_class",
        joint_in_per_class(),
        JOINT_IN_PER_CLASS,
        o.joint(o.bernoulli, o.per_class(o.joint(o.categorical, o.per_class(o.poisson)))),
        (lambda y, z, x: (y, (z, x)))(*o.cross(np.arange(2), np.arange(2), np.arange(40))),
        slow=True,
    ),
    Case(
        "mixture_bits",
        gl.mixture(gl.bernoulli((3,)), 2),
        arrays({"prior": {"logits": [0.0, 0.8]}, "conditional": {"logits": [[-2.0, 0.0, 1.0], [1.0, 2.0, -3.0]]}}),
        o.mixture(o.bernoulli, 2),
        o.grid([0, 1], (3,)),
        impossible=np.array([[0, 0, 2]]),
        edges=(
            Edge(
                {"prior": {"logits": [0.0, -INF]}, "conditional": {"logits": [[-INF, 0.0, 0.0], [0.0, 0.0, 0.0]]}},
                np.array([[0, 1, 1], [1, 1, 1]]),
                [-np.log(4), -INF],
            ),
        ),
    ),
    Case(
        "mixture_normals",
        gl.mixture(gl.normal(), 3),
        NORMALS,
        o.mixture(o.normal, 3),
        edges=(
            Edge(
                {
                    "prior": {"logits": [0.0, 0.0, -INF]},
                    "conditional": {"loc": [0.0, 9.0, 1.0], "scale": [1.0, 0.0, 0.0]},
                },
                np.array([0.0, 9.0, 1.0]),
                [np.log(0.5) - 0.5 * np.log(2 * np.pi), INF, np.log(0.5) - 0.5 * np.log(2 * np.pi) - 0.5],
            ),
        ),
        x=reals(7),
        cells=lambda p, x: o.pit_cells(mixture_pit(p, x), bins=20),
    ),
    Case(
        "mixture_of_mixtures",
        gl.mixture(gl.mixture(gl.normal(), 2), 2),
        NESTED,
        o.mixture(o.mixture(o.normal, 2), 2),
        x=reals(7),
        cells=lambda p, x: o.pit_cells(nested_pit(p, x), bins=20),
        slow=True,
    ),
    Case(
        "mixture_of_products",
        gl.mixture(gl.product(a=gl.bernoulli(), c=gl.categorical(3)), 2),
        arrays(
            {
                "prior": {"logits": [0.0, 0.4]},
                "conditional": {"a": {"logits": [-1.0, 1.0]}, "c": {"logits": [[0.0, 1.0, 2.0], [1.0, 0.0, -1.0]]}},
            }
        ),
        o.mixture(o.product(a=o.bernoulli, c=o.categorical), 2),
        dict(zip("ac", o.cross(np.arange(2), np.arange(3)), strict=True)),
        slow=True,
    ),
    Case(
        "marginal_product_prior",
        gl.marginal(product_prior()),
        PRODUCT_PRIOR,
        o.marginal(product_prior_oracle, PAIR_LABELS),
        x=reals(7),
        cells=lambda p, x: o.pit_cells(
            stats.norm.cdf(np.asarray(x)[:, None], p["conditional"]["loc"], p["conditional"]["scale"])
            @ np.outer(
                special.softmax(p["prior"]["u"]["logits"]),
                stats.bernoulli.pmf([0, 1], special.expit(p["prior"]["v"]["logits"])),
            ).ravel(),
            bins=20,
        ),
        slow=True,
    ),
]


CONDITIONALS = [
    Case(
        "per_class_bits",
        naive_bayes().factors[1],
        NAIVE_BAYES["conditional"],
        o.per_class(o.bernoulli),
        BITS,
        given=np.array([1, 0, 2]),
    ),
    Case(
        "per_class_tied",
        tied().factors[1],
        TIED["conditional"],
        o.per_class(o.normal, shared=("scale",)),
        x=reals(7, 2),
        cells=lambda p, x: o.pit_cells(*stats.norm.cdf(x, p["loc"][1], p["scale"]).T),
        given=np.array([1, 0]),
    ),
    Case(
        "per_class_mixture",
        gl.per_class(gl.mixture(gl.poisson(), 2), 2),
        arrays({"prior": {"logits": [[0.0, 1.0], [0.5, 0.0]]}, "conditional": {"rate": [[0.5, 2.0], [1.0, 5.0]]}}),
        o.per_class(o.mixture(o.poisson, 2)),
        np.arange(60),
        given=np.array([1, 0]),
        slow=True,
    ),
    Case(
        "per_class_of_pairs",
        product_prior().factors[1],
        PRODUCT_PRIOR["conditional"],
        o.per_class(o.normal, pair_position),
        x=reals(7),
        cells=lambda p, x: o.pit_cells(stats.norm.cdf(x, p["loc"][1], p["scale"][1]), bins=20),
        given={"u": np.array([0, 1, 1, 0]), "v": np.array([1, 0, 1, 0])},
        slow=True,
    ),
    Case(
        "posterior_bits",
        gl.posterior(naive_bayes()),
        NAIVE_BAYES,
        o.posterior(naive_bayes_oracle, np.arange(3)),
        np.arange(3),
        given=np.array([[1, 0], [0, 0], [1, 1], [0, 1]]),
        impossible=np.array([3, -1]),
    ),
    Case(
        "posterior_of_pairs",
        gl.posterior(product_prior()),
        PRODUCT_PRIOR,
        o.posterior(product_prior_oracle, PAIR_LABELS),
        PAIR_LABELS,
        given=np.array([0.3, -2.0, 3.0]),
        impossible={"u": np.array([0, 2, -1]), "v": np.array([2, 0, 3])},
        slow=True,
    ),
]

FAMILIES += continuous.FAMILIES
CONDITIONALS += continuous.CONDITIONALS
DENSITIES = FAMILIES + COMPOSED + continuous.COMPOSED
ALL = DENSITIES + CONDITIONALS
EXACT = [
    case
    for case in ALL
    if case.density.estimator is not None
    and case.density.estimator.exact
    and not case.name.startswith("kde")  # its fit keeps rows and is no maximum: tests/families/test_kde.py
]
