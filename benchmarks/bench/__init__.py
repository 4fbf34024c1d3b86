"""The benchmark suite: each step of TWIST beside a plain implementation of the same thing.

``python -m benchmarks.bench`` (``make bench``) writes one table. Ratios are what to compare: both sides run
in turn, in one process, on one thread.
"""
