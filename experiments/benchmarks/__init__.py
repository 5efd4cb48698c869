"""Benchmarks: each file is a command that prints a table of ratios, library and rival side by side in one process."""
