"""The benchmark suite: each step of TWIST beside a plain implementation of the same thing.

``python -m benchmarks.bench`` (``make bench``) writes one table. Ratios are what to compare: both sides run
in turn, in one process, on one thread.
"""

import os

# BLAS reads this when it is loaded, before ``main`` runs; a second thread's waiting would count as work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
