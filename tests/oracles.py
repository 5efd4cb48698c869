"""Log-densities of rows by SciPy and plain loops in float64: what the library is checked against, slow and obvious."""

from __future__ import annotations

import itertools

import jax
import numpy as np
from scipy import special, stats


def event_sum(values):
    """Sum over the coordinates of each row."""
    return np.reshape(values, (len(values), -1)).sum(1)


def row(x, i):
    """Row i of a batch of any structure, as a batch of one."""
    return jax.tree.map(lambda a: np.asarray(a)[i : i + 1], x)


def num_rows(x):
    return len(jax.tree.leaves(x)[0])


def bernoulli(p, x):
    return event_sum(stats.bernoulli.logpmf(x, special.expit(p["logits"])))


def categorical(p, x):
    log_p = special.log_softmax(p["logits"], -1)
    every = np.broadcast_to(log_p, (*x.shape, log_p.shape[-1]))
    return event_sum(np.take_along_axis(every, np.asarray(x)[..., None], -1))


def multinomial(p, x):
    return stats.multinomial.logpmf(x, np.sum(x, -1), special.softmax(p["logits"]))


def poisson(p, x):
    return event_sum(stats.poisson.logpmf(x, p["rate"]))


def normal(p, x):
    return event_sum(stats.norm.logpdf(x, p["loc"], p["scale"]))


def kde(p, x):
    """By `scipy.stats.gaussian_kde` where an event is a number; else term by term."""
    weights = special.softmax(p["logits"])
    if np.ndim(x) == 1:
        own = stats.gaussian_kde(p["points"], weights=weights)
        own.set_bandwidth(p["scale"] / np.sqrt(own._data_covariance[0, 0]))
        return own.logpdf(x)
    each = stats.norm.logpdf(np.asarray(x)[:, None], p["points"][None], p["scale"])
    return special.logsumexp(each.reshape(*each.shape[:2], -1).sum(-1), 1, b=weights)


def uniform(p, x):
    return event_sum(stats.uniform.logpdf(x, p["low"], np.subtract(p["high"], p["low"])))


def histogram(low, high):
    """By `scipy.stats.rv_histogram` for numbers, by `numpy.histogramdd` of each row for points."""

    def log_prob(p, x):
        probs = special.softmax(p["logits"])
        edges = [np.linspace(a, b, m + 1) for m, a, b in zip(probs.shape, low, high, strict=True)]
        if probs.ndim == 1:
            return stats.rv_histogram((probs, edges[0]), density=False).logpdf(np.asarray(x, float))
        volume = np.prod([e[1] - e[0] for e in edges])
        cells = [np.histogramdd(row[None], edges)[0] > 0 for row in np.asarray(x, float)]
        return np.log([probs[cell].sum() / volume for cell in cells])

    return log_prob


def gamma(p, x):
    return event_sum(stats.gamma.logpdf(x, p["concentration"], scale=np.divide(1, p["rate"])))


def beta(p, x):
    return event_sum(stats.beta.logpdf(x, p["concentration1"], p["concentration0"]))


def weibull(p, x):
    return event_sum(stats.weibull_min.logpdf(x, p["concentration"], scale=p["scale"]))


def student_t(p, x):
    return event_sum(stats.t.logpdf(x, p["df"], p["loc"], p["scale"]))


def negative_binomial(p, x):
    r, mean = np.asarray(p["concentration"]), p["mean"]
    return event_sum(stats.nbinom.logpmf(x, r, r / (r + mean)))


def mvnormal(p, x):
    factor = np.tril(p["scale_tril"])
    return np.atleast_1d(stats.multivariate_normal.logpdf(x, p["loc"], factor @ factor.T))


def low_rank(p, x):
    w, d = np.asarray(p["cov_factor"]), len(p["loc"])
    covariance = w @ w.T + np.diag(np.broadcast_to(p["scale"], d) ** 2)
    return np.atleast_1d(stats.multivariate_normal.logpdf(x, p["loc"], covariance))


def perceptron(oracle, names, sizes):
    """Of one hidden layer, by NumPy, row by row; `names` and `sizes` are those of what it gives."""

    def log_prob(p, x, given):
        first, last = p["hidden_0"], p["last"]
        h = np.maximum(np.reshape(given, (len(given), -1)) @ first["kernel"] + first["bias"], 0)
        z = np.split(h @ last["kernel"] + last["bias"], np.cumsum(sizes)[:-1], 1)
        rows = [{n: part[i] for n, part in zip(names, z, strict=True)} for i in range(len(x))]
        return np.array([oracle(own, row(x, i))[0] for i, own in enumerate(rows)])

    return log_prob


def dirichlet(p, x):
    """By its formula: SciPy's refuses rows that add up to 1 in float32 only."""
    a = np.asarray(p["concentration"])
    return special.gammaln(a.sum()) - special.gammaln(a).sum() + ((a - 1) * np.log(np.asarray(x, float))).sum(-1)


def product(**parts):
    return lambda p, x: sum(oracle(p[name], x[name]) for name, oracle in parts.items())


def iid(oracle):
    return lambda p, x: sum(oracle(p, jax.tree.map(lambda a, i=i: a[:, i], x)) for i in range(_copies(x)))


def _copies(x):
    return jax.tree.leaves(x)[0].shape[1]


def per_class(oracle, position=lambda y: int(y), shared=()):
    """Row by row: take the parameters of the row's class, evaluate."""

    def own(p, label):
        if isinstance(p, dict):
            return {name: v if name in shared else own(v, label) for name, v in p.items()}
        return p[label]

    def log_prob(p, x, y):
        labels = [position(jax.tree.map(lambda a: a[0], row(y, i))) for i in range(num_rows(y))]
        return np.array([oracle(own(p, label), row(x, i))[0] for i, label in enumerate(labels)])

    return log_prob


def joint(prior, conditional):
    return lambda p, e: prior(p["prior"], e[0]) + conditional(p["conditional"], e[1], e[0])


def marginal(joint_oracle, labels):
    """Sum the joint over every label, one after another."""

    def log_prob(p, x):
        every = [joint_oracle(p, (repeat(row(labels, i), num_rows(x)), x)) for i in range(num_rows(labels))]
        return special.logsumexp(every, axis=0)

    return log_prob


def posterior(joint_oracle, labels):
    below = marginal(joint_oracle, labels)
    return lambda p, y, x: joint_oracle(p, (y, x)) - below(p, x)


def partly_labelled(joint_oracle, labels):
    """Row by row of a label of -1, the sum of the joint over every label."""
    total = marginal(joint_oracle, labels)

    def log_prob(p, e):
        y, x = np.asarray(e[0]), e[1]
        return np.where(y < 0, total(p, x), joint_oracle(p, (np.maximum(y, 0), x)))

    return log_prob


def mixture(oracle, k):
    return marginal(joint(categorical, per_class(oracle)), np.arange(k))


def repeat(x, n):
    return jax.tree.map(lambda a: np.repeat(a, n, 0), x)


def grid(values, shape=()):
    """Every array of a shape with entries from a list, row by row."""
    cells = list(itertools.product(values, repeat=int(np.prod(shape))))
    return np.array(cells).reshape(len(cells), *shape)


def vectors(k, total):
    """Every vector of k counts that add up to a total."""
    return np.array([v for v in itertools.product(range(total + 1), repeat=k) if sum(v) == total])


def cross(*supports):
    """Every combination of the rows of several supports, as a list of batches."""
    index = np.array(list(itertools.product(*(range(num_rows(s)) for s in supports))))
    return [jax.tree.map(lambda a, i=i: a[i], s) for s, i in zip(supports, index.T, strict=True)]


def pit_cells(*uniforms, bins=5):
    """Cells of equal probability of independent numbers that are uniform on [0, 1] if the sampler is right."""
    index = 0
    for u in uniforms:
        assert np.all((np.asarray(u) >= 0) & (np.asarray(u) <= 1))
        index = index * bins + np.minimum((np.asarray(u) * bins).astype(int), bins - 1)
    return index, np.full(bins ** len(uniforms), float(bins) ** -len(uniforms))


def crossed_cells(first, second):
    """Cells of two independent parts."""
    (i, p), (j, q) = first, second
    return i * len(q) + j, np.outer(p, q).ravel()


def log_likelihood(case, params, x, weights=None):
    """Σ w log p of rows by a case's oracle, with fitted parameters of any float dtype."""
    params = jax.tree.map(lambda a: np.asarray(a, float), params)
    given = () if case.given is None else (case.given_rows(num_rows(x)),)
    rows = case.oracle(params, jax.tree.map(np.asarray, x), *given)
    return float(np.sum(rows if weights is None else weights * rows))
