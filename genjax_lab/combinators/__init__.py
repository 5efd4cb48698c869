"""Combinators: densities from densities, one combinator a file."""
