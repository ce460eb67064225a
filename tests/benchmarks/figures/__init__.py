"""The figures, a module each. A new one is found by lying here: see tests/benchmarks/figure.py."""
