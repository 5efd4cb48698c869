"""Ten thousand random fits against an independent optimum: how many are wrong, and how many of those say nothing.

    python -m experiments.benchmarks.sweep [--sets 90] [--only gamma,beta] [--json FILE]     # 14 minutes on 2 cores

Fourteen densities x eight sizes from 2 to 10,000 rows x 90 data sets drawn at random parameters: 10,080 fits in
float32, each by the method that `gl.fit` would choose, all the sets of a cell in one compiled call. The rival optimum
is SciPy's in float64, from several starts, on SciPy's own log-densities. A fit is wrong where it lies more than
2e-5 (1 + |value|) nats per event below the rival, or calls a maximum at infinity a maximum; silent where it is wrong
and its status is CONVERGED.
"""
