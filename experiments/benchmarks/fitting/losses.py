"""Minus the mean log-likelihood of five families and its slope in free coordinates, for SciPy's L-BFGS-B, in NumPy."""

from __future__ import annotations

import numpy as np
from scipy import special


def gamma(z: np.ndarray, x: np.ndarray, log_x: np.ndarray) -> tuple[float, np.ndarray]:
    """Of (log α, log β)."""
    a, b = np.exp(z)
    value = a * np.log(b) - special.gammaln(a) + (a - 1) * log_x.mean() - b * x.mean()
    return -value, -np.array([a * (np.log(b) - special.digamma(a) + log_x.mean()), a - b * x.mean()])


def beta(z: np.ndarray, log_x: np.ndarray, log_y: np.ndarray) -> tuple[float, np.ndarray]:
    """Of (log a, log b)."""
    a, b = np.exp(z)
    value = -special.betaln(a, b) + (a - 1) * log_x.mean() + (b - 1) * log_y.mean()
    both = special.digamma(a + b)
    slope = [a * (both - special.digamma(a) + log_x.mean()), b * (both - special.digamma(b) + log_y.mean())]
    return -value, -np.array(slope)


def weibull(z: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
    """Of (log c, log λ)."""
    c, log_scale = np.exp(z[0]), z[1]
    log_ratio = np.log(x) - log_scale
    power = np.exp(c * log_ratio)
    value = np.log(c) - log_scale + (c - 1) * log_ratio.mean() - power.mean()
    slope = [1 + c * (log_ratio.mean() - (power * log_ratio).mean()), c * (power.mean() - 1)]
    return -value, -np.array(slope)


def student_t(z: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
    """Of (log ν, μ, log σ)."""
    df, scale = np.exp(z[0]), np.exp(z[2])
    u = (x - z[1]) / scale
    s = u**2 / df
    value = special.gammaln(df / 2 + 0.5) - special.gammaln(df / 2) - 0.5 * np.log(df * np.pi) - z[2]
    value = value - (df + 1) / 2 * np.log1p(s).mean()
    w = (df + 1) / (df + u**2)
    d_df = 0.5 * (special.digamma(df / 2 + 0.5) - special.digamma(df / 2) - 1 / df - np.log1p(s).mean())
    d_df = d_df + 0.5 * (w * u**2).mean() / df
    return -value, -np.array([df * d_df, (w * u).mean() / scale, (w * u**2).mean() - 1])


def negative_binomial(z: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
    """Of (log m, log r)."""
    m, r = np.exp(z)
    value = (special.gammaln(x + r) - special.gammaln(x + 1)).mean() - special.gammaln(r)
    value = value - r * np.log1p(m / r) - x.mean() * np.log1p(r / m)
    d_r = (special.digamma(x + r)).mean() - special.digamma(r) - np.log1p(m / r) + (m - x.mean()) / (r + m)
    return -value, -np.array([m * (x.mean() / m - (x.mean() + r) / (r + m)), r * d_r])
