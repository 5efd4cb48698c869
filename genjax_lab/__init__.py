"""genjax_lab: a small algebra for maximum likelihood in JAX.  `import genjax_lab as gl`."""

from genjax_lab import nets
from genjax_lab.batch import contains, log_prob, nll, per_example_scores, score
from genjax_lab.combinators.affine_coupling import affine_coupling
from genjax_lab.combinators.autoregressive import autoregressive
from genjax_lab.combinators.dequantised import dequantised
from genjax_lab.combinators.iid import iid
from genjax_lab.combinators.joint import joint
from genjax_lab.combinators.latent import latent
from genjax_lab.combinators.logistic_regression import logistic_regression
from genjax_lab.combinators.marginal import marginal, mixture
from genjax_lab.combinators.network import network
from genjax_lab.combinators.partly_labelled import partly_labelled
from genjax_lab.combinators.patches import patches
from genjax_lab.combinators.per_class import per_class
from genjax_lab.combinators.perceptron import perceptron
from genjax_lab.combinators.posterior import posterior
from genjax_lab.combinators.product import product
from genjax_lab.density import Conditional, Density, degrees_of_freedom, factory
from genjax_lab.estimator import Estimator
from genjax_lab.families.bernoulli import bernoulli
from genjax_lab.families.beta import beta
from genjax_lab.families.categorical import categorical
from genjax_lab.families.chow_liu import chow_liu
from genjax_lab.families.dirichlet import dirichlet
from genjax_lab.families.discretised_logistic import discretised_logistic
from genjax_lab.families.factor_analysis import factor_analysis
from genjax_lab.families.gamma import gamma
from genjax_lab.families.hidden_tree import hidden_tree
from genjax_lab.families.histogram import histogram
from genjax_lab.families.kde import kde
from genjax_lab.families.knn_density import knn_density
from genjax_lab.families.multinomial import multinomial
from genjax_lab.families.mvnormal import mvnormal
from genjax_lab.families.nearest_neighbours import nearest_neighbours
from genjax_lab.families.negative_binomial import negative_binomial
from genjax_lab.families.normal import normal
from genjax_lab.families.poisson import poisson
from genjax_lab.families.ppca import ppca
from genjax_lab.families.student_t import student_t
from genjax_lab.families.uniform import uniform
from genjax_lab.families.weibull import weibull
from genjax_lab.fitting.checkpoint import CheckpointError, checkpoint
from genjax_lab.fitting.closed_form import closed_form
from genjax_lab.fitting.data import Data
from genjax_lab.fitting.em import em
from genjax_lab.fitting.fit import fit, fit_statistics
from genjax_lab.fitting.gradient import gradient
from genjax_lab.fitting.lbfgs import lbfgs
from genjax_lab.fitting.newton import newton
from genjax_lab.fitting.online import online_em
from genjax_lab.fitting.problem import Problem
from genjax_lab.fitting.result import Fit, FitError, FitWarning, Status
from genjax_lab.fitting.run import run
from genjax_lab.fitting.schedule import schedule
from genjax_lab.fitting.sufficient import merge, statistics
from genjax_lab.grid import grid
from genjax_lab.groups import Groups
from genjax_lab.io import load, save
from genjax_lab.masked import complete, log_prob_masked
from genjax_lab.normalisation import check_normalised
from genjax_lab.predict import predict, predict_log_prob, sample
from genjax_lab.representation import decode, encode
from genjax_lab.space import Space, binary, categories, count_vectors, counts, fields, pair, reals, simplex
from genjax_lab.statistic import Mean, from_statistic

__all__ = [
    "CheckpointError", "Conditional", "Data", "Density", "Estimator", "Fit", "FitError", "FitWarning", "Groups", "Mean",
    "Problem", "Space", "Status", "affine_coupling", "autoregressive", "bernoulli", "beta", "binary", "categorical",
    "categories", "check_normalised", "checkpoint", "chow_liu", "closed_form", "complete", "contains",
    "count_vectors", "counts", "decode", "degrees_of_freedom", "dequantised", "dirichlet", "discretised_logistic",
    "em", "encode", "factor_analysis", "factory", "fields", "fit", "fit_statistics", "from_statistic", "gamma",
    "gradient", "grid", "hidden_tree", "histogram", "iid", "joint", "kde", "knn_density", "latent", "lbfgs", "load",
    "log_prob", "log_prob_masked", "logistic_regression", "marginal", "merge", "mixture", "multinomial", "mvnormal",
    "nearest_neighbours", "negative_binomial", "nets", "network", "newton", "nll", "normal", "online_em", "pair",
    "partly_labelled", "patches", "per_class", "per_example_scores", "perceptron", "poisson", "posterior", "ppca",
    "predict", "predict_log_prob", "product", "reals", "run", "sample", "save", "schedule", "score", "simplex",
    "statistics", "student_t", "uniform", "weibull",
]  # fmt: skip
