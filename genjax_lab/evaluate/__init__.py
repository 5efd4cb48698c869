"""How good is a model: bits per dimension, calibration, classification, dependence between coordinates, intervals.

Pure functions of arrays: they know no density and no fit, and run under `jit`, `vmap` and `grad`.
"""

from genjax_lab.evaluate.bits import bits_per_dim
from genjax_lab.evaluate.calibration import Calibration, calibration
from genjax_lab.evaluate.classification import accuracy, brier, confusion_matrix, log_loss
from genjax_lab.evaluate.dependence import correlation, mutual_information
from genjax_lab.evaluate.interval import wilson

__all__ = [
    "Calibration",
    "accuracy",
    "bits_per_dim",
    "brier",
    "calibration",
    "confusion_matrix",
    "correlation",
    "log_loss",
    "mutual_information",
    "wilson",
]
