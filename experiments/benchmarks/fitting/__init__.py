"""Iterative fits beside their best peers: a thousand at once, one warm, EM a step, logistic regression on MNIST.

    python -m experiments.benchmarks.fitting [--only many,one,em,logistic] [--json FILE]    # 6 minutes on 2 cores, 3 GB

Measured warm, in turn with the rival in one process; ratios are of medians. The SciPy loop is L-BFGS-B in float64 on
the whole data with the analytic slope in NumPy; the peer is the family's own `.fit` in scipy.stats; both with one BLAS
thread, with which they are fastest. A step of EM is the difference between runs of a few and of more steps. Unset what
chooses a BLAS kernel by hand (OPENBLAS_CORETYPE), so that the rivals run their best.
"""
