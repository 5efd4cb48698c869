"""Families of densities, one a file: log-density, sampler, T(x), maximiser."""
