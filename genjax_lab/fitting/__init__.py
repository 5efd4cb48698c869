"""Fitting by maximum likelihood: data, methods, results, and the function that joins them."""
